"""What the commands say of a log whose beginning has expired; and that they do not act on it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import SHOP, a_policy, an_entry, at
from tests.cli.operating import Terminal
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Key, Remove, Table
from trimtab.model.entry import Kind, outcome_id
from trimtab.model.ids import EntryId

DAY = 24 * 60
OLD = an_entry(when=at(-40 * DAY), seed="old")
DUE = an_entry(when=at(-31 * DAY), seed="due")
NEW = an_entry(when=at(-1), seed="new")


@pytest.fixture
def aged(terminal: Terminal) -> Terminal:
    """A shop kept for a month: the first action is gone, of the second the outcome, one is new."""
    keep = timedelta(days=30)
    ledger = TableLedger(terminal.state.tables, keep_log=keep)
    policy = an_entry(when=at(-41 * DAY), kind=Kind.POLICY, seed="policy")
    TableStore(terminal.state.tables, keep).apply_policy(a_policy(), frozenset(), policy)
    for intent in (OLD, DUE, NEW):
        assert ledger.append(intent)
        done = replace(intent, id=outcome_id(intent.id), kind=Kind.APPLIED, intent=intent.id)
        assert ledger.append(replace(done, deadline=None, by="act"))
    forget(terminal, policy.id, OLD.id, outcome_id(OLD.id), outcome_id(DUE.id))
    return terminal


def forget(terminal: Terminal, *names: str) -> None:
    keys = [Key(Table.LOG, SHOP, name) for name in names]
    terminal.state.tables.write([Remove(key, "expired") for key in keys])


def awaited(terminal: Terminal, intent: EntryId) -> list[str]:
    [row] = terminal.state.store.recall([SHOP]).values()
    return [] if not hasattr(row, "requests") else [str(r.what) for r in row.requests.open]


def test_the_log_and_its_chain_hold(aged: Terminal) -> None:
    told = json.loads(aged.run("log", "verify", "--service", "shop", "--json").stdout)
    assert (told["expired"], told["overdue"], told["fault"]) == (4, 1, None)


def test_an_action_from_before_the_log_has_expired_and_is_said_to(aged: Terminal) -> None:
    for command in (("explain",), ("undo",), ("approve",)):
        why = () if command == ("explain",) else ("--why", "I must")
        result = aged.run(*command, OLD.id, *why)
        assert result.exit_code != 0
        assert "what was before has expired" in result.output
        assert "2026-01-21" in result.output, "the day it was of"
        assert "2026-01-30" in result.output, "the day the log begins"
    assert awaited(aged, OLD.id) == []


def test_half_a_story_is_told_as_half_and_nothing_is_done_on_it(aged: Terminal) -> None:
    text = "\n".join(aged.lines("explain", DUE.id))
    assert "outcome: not in the log any more" in text
    assert "expired: it has expired, and what became of it may be gone" in text
    assert "to undo" not in text
    told = json.loads(aged.run("explain", DUE.id, "--json").stdout)
    assert told["expired"].startswith("it has expired")
    result = aged.run("undo", DUE.id, "--why", "I must")
    assert result.exit_code != 0
    assert "nothing is done on half a story" in result.output
    assert awaited(aged, DUE.id) == []


def test_an_outcome_whose_intent_expired_before_it_is_told_alone(aged: Terminal) -> None:
    ends = replace(DUE, id=outcome_id(DUE.id), kind=Kind.APPLIED, intent=DUE.id)
    TableLedger(aged.state.tables, keep_log=timedelta(days=30)).append(ends)
    forget(aged, DUE.id)
    text = "\n".join(aged.lines("explain", outcome_id(DUE.id), "--since", "40d"))
    assert f"expired: {DUE.id} is not in the log" in text


def test_undoing_all_since_then_says_where_the_log_begins(aged: Terminal) -> None:
    result = aged.run("undo", "--since", "45d", "--dry-run", "--why", "all of it")
    assert result.exit_code == 0, result.output
    assert "the log begins on 2026-01-30" in result.output
    assert NEW.id[-8:] in result.output


def test_a_story_that_is_all_there_is_told_as_ever(aged: Terminal) -> None:
    text = "\n".join(aged.lines("explain", NEW.id))
    assert "expired" not in text
    assert "to undo" in text


@pytest.mark.parametrize("layout", ["jsonl", "csv"])
def test_an_export_tells_beside_its_lines_how_many_are_gone(
    aged: Terminal, layout: str, tmp_path: Path
) -> None:
    result = aged.run("log", "export", "--format", layout, "--service", "shop")
    assert "shop: 4 entries are not in the log any more" in result.stderr
    assert "any more" not in result.stdout
    whole = aged.run("log", "export", "--out", tmp_path / "log.jsonl")
    assert "shop: 4 entries are not in the log any more" in whole.stderr
