"""trimtab log verify: what it says of a good log, and of one that somebody touched."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import SHOP, a_policy, an_entry, at
from tests.cli.operating import Terminal
from trimtab.adapters.chain import head_key
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.tables import Key, Put, Remove, Table
from trimtab.model.entry import Kind


@pytest.fixture
def chained(terminal: Terminal) -> Terminal:
    """A shop with five entries."""
    entry = an_entry(when=at(-60), kind=Kind.POLICY, seed="policy")
    terminal.state.store.apply_policy(a_policy(), frozenset(), entry)
    for number in range(4):
        assert terminal.state.ledger.append(an_entry(when=at(number)))
    return terminal


def edit(terminal: Terminal, key: Key, **changes: str | int) -> None:
    item = terminal.state.tables.get(key)
    assert item is not None
    terminal.state.tables.write([Put(key.table, {**item, **changes}, "an edit", None)])


def third() -> Key:
    return Key(Table.LOG, SHOP, an_entry(when=at(1)).id)


def an_anchor(terminal: Terminal, tmp_path: Path, **changes: object) -> Path:
    head = terminal.state.store.heads([SHOP])[SHOP]
    line = {"message": "anchor.heads", "heads": [{"service": SHOP, "n": head.n, "hash": head.hash}]}
    line["heads"][0].update(changes)  # type: ignore[attr-defined]
    file = tmp_path / "anchor.json"
    file.write_text(json.dumps({"events": [{"message": json.dumps(line)}]}))
    return file


def test_a_good_log_holds(chained: Terminal) -> None:
    lines = chained.lines("log", "verify")
    assert lines[0].startswith("#all: 0 entries hold, no chain yet")
    assert lines[1].startswith("shop: 5 entries hold, head ")


def test_an_edited_entry_is_named_and_the_exit_code_says_so(chained: Terminal) -> None:
    edit(chained, third(), kind="refused")
    result = chained.run("log", "verify", "--service", "shop")
    assert result.exit_code == 1
    assert f"shop: BROKEN at 3 (entry {third().sort}): edited" in result.stdout
    assert "kind was changed" in result.stdout


def test_json_says_the_same_for_machines(chained: Terminal) -> None:
    edit(chained, third(), body="{}")
    result = chained.run("log", "verify", "--service", "shop", "--json")
    said = json.loads(result.stdout)
    assert (said["fault"]["kind"], said["fault"]["n"], said["n"]) == ("edited", 3, 5)


def test_a_head_that_is_no_head_is_a_fault(chained: Terminal) -> None:
    edit(chained, head_key(SHOP), n=2)
    result = chained.run("log", "verify", "--service", "shop")
    assert result.exit_code == 1
    assert "head" in result.stdout


def test_the_log_is_held_against_an_anchor(chained: Terminal, tmp_path: Path) -> None:
    good = an_anchor(chained, tmp_path)
    assert "as 1 anchor said" in chained.lines("log", "verify", "--anchor", good)[-1]
    bad = an_anchor(chained, tmp_path, hash="0" * 64)
    result = chained.run("log", "verify", "--anchor", bad)
    assert result.exit_code == 1
    assert "BROKEN at 5" in result.stdout
    assert "anchor" in result.stdout


@pytest.mark.parametrize("text", ["", "{}", "no", '{"heads": [{}]}', '{"heads": [1]}', "[[]]"])
def test_what_is_no_anchor_is_refused(chained: Terminal, tmp_path: Path, text: str) -> None:
    file = tmp_path / "anchor.json"
    file.write_text(text)
    result = chained.run("log", "verify", "--anchor", file)
    assert result.exit_code == 2
    assert "anchor" in result.stderr


def test_an_unknown_service_is_said(chained: Terminal) -> None:
    assert chained.run("log", "verify", "--service", "shopp").exit_code == 1


def test_what_expired_is_told_apart_from_what_holds(terminal: Terminal) -> None:
    ledger = TableLedger(terminal.state.tables, keep_log=timedelta(days=30))
    terminal.state.store.apply_policy(
        a_policy(), frozenset(), an_entry(when=at(-90 * 1440), kind=Kind.POLICY, seed="policy")
    )
    old = [an_entry(when=at(-50 * 1440 + n), seed=str(n)) for n in range(3)]
    for entry in (*old, an_entry(when=at(-1))):
        assert ledger.append(entry)
    terminal.state.tables.write([Remove(Key(Table.LOG, SHOP, old[1].id), "expired")])
    line = terminal.lines("log", "verify", "--service", "shop")[0]
    assert line.startswith("shop: 3 entries hold, head ")
    assert line.endswith("; 1 expired; 1 due to expire, not covered any more")
    told = json.loads(terminal.run("log", "verify", "--service", "shop", "--json").stdout)
    assert (told["entries"], told["expired"], told["overdue"], told["fault"]) == (3, 1, 1, None)
    policy = an_entry(when=at(-90 * 1440), seed="policy").id
    terminal.state.tables.write([Remove(Key(Table.LOG, SHOP, policy), "a deletion")])
    result = terminal.run("log", "verify", "--service", "shop")
    assert result.exit_code == 1
    assert "BROKEN at 1: deleted: no entry has number 1, which is to be kept for ever" in (
        result.stdout
    )
