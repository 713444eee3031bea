"""trimtab approve, reject, undo, request."""

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    MAIN,
    RULE,
    SHOP,
    an_eject,
    an_entry,
    at,
    two_fleets,
)
from tests.cli.operating import ANN, Terminal
from trimtab.model.change import Change, Resize, Reweight, inverse_of
from trimtab.model.entry import Kind, outcome_id
from trimtab.model.ids import InstanceId
from trimtab.model.policy import EjectMethod
from trimtab.model.request import (
    Approve,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Reject,
    Release,
    Request,
    RestoreTarget,
    Undo,
)
from trimtab.model.tick import Remembered
from trimtab_cli.order import in_safe_order

AWAITING = an_entry(when=at(-5), seed="waits", kind=Kind.AWAITING, deadline=None)
OLDER = an_entry(when=at(-30), seed="older")
NEWER = an_entry(when=at(-10), seed="newer")


@pytest.fixture
def shop_is_run(terminal: Terminal) -> Terminal:
    """A shop with a proposal that awaits approval and two actions that were applied."""
    entry = an_entry(when=at(-600), seed="policy", kind=Kind.POLICY, change=None, inverse=None)
    terminal.state.store.apply_policy(two_fleets(), frozenset(), entry)
    for intent in (OLDER, NEWER):
        done = replace(intent, id=outcome_id(intent.id), kind=Kind.APPLIED, intent=intent.id)
        assert terminal.state.ledger.append(intent)
        assert terminal.state.ledger.append(replace(done, deadline=None))
    assert terminal.state.ledger.append(AWAITING)
    return terminal


def asked(terminal: Terminal) -> list[Request]:
    held = terminal.state.store.recall([SHOP])[SHOP]
    assert isinstance(held, Remembered)
    return list(held.requests.open)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("approve", AWAITING.id), Approve(AWAITING.id)),
        (("reject", AWAITING.id), Reject(AWAITING.id)),
        (("undo", NEWER.id), Undo(NEWER.id)),
        (("undo", outcome_id(NEWER.id)), Undo(NEWER.id)),
        (("request", "restore", "shop", "blue", "i-1:80"), RestoreTarget("blue", "i-1", 80)),  # type: ignore[arg-type]
        (
            ("request", "eject", "shop", "blue", "fd00::1:80", "--for", "2h"),
            EjectTarget("blue", "fd00::1", 80, at(120)),  # type: ignore[arg-type]
        ),
        (
            ("request", "hold-capacity", "shop", "blue", "6", "--for", "30m"),
            HoldCapacity("blue", 6, at(30)),  # type: ignore[arg-type]
        ),
        (
            ("request", "hold-weights", "shop", "main", "blue=90", "green=10"),
            HoldWeights("main", {"blue": 90, "green": 10}, at(60)),  # type: ignore[arg-type,dict-item]
        ),
        (("request", "release", "shop", "size of blue"), Release("size of blue")),
        (("request", "protect", "shop", "blue", "--for", "2h"), ProtectFleet(BLUE, at(120))),
        (("request", "protect", "shop", "fleet:blue"), ProtectFleet(BLUE, at(60))),
        (("request", "protect", "shop", "main"), ProtectRoute(MAIN, at(60))),
        (
            ("request", "protect", "shop", "blue/fd00::1:80", "--until", "2026-03-02T13:00"),
            ProtectTarget(BLUE, InstanceId("fd00::1"), 80, at(60)),
        ),
    ],
)
def test_what_is_asked_is_stored_with_who_and_why(
    shop_is_run: Terminal, words: tuple[str, ...], what: object
) -> None:
    first, *_ = shop_is_run.lines(*words, "--why", "because")
    (request,) = asked(shop_is_run)
    assert (request.what, request.by, request.why) == (what, ANN, "because")
    entry = shop_is_run.state.ledger.entry(SHOP, request.id)
    assert entry is not None
    assert (entry.kind, entry.asked, entry.by) == (Kind.REQUESTED, what, ANN)
    assert first.startswith("shop: asked to ")


def test_everything_since_a_time_is_undone_newest_first(shop_is_run: Terminal) -> None:
    shop_is_run.lines("undo", "--since", "1h", "--why", "a bad day")
    assert [r.what for r in asked(shop_is_run)] == [Undo(NEWER.id), Undo(OLDER.id)]


def test_undo_gives_back_first_and_takes_away_last_and_keeps_each_things_order() -> None:
    eject, shift = an_eject(1), Reweight(MAIN, RULE, {BLUE_ARN: 100}, {BLUE_ARN: 80})
    standby = an_eject(2, method=EjectMethod.STANDBY, group="blue-asg")
    up, down = Resize(BLUE, "blue-asg", 4, 6), Resize(GREEN, "green-asg", 3, 2)
    changes: tuple[Change, ...] = (eject, down, standby, shift, up)
    done = [
        an_entry(when=at(minute), seed=str(minute), change=change, inverse=inverse_of(change))
        for minute, change in enumerate(changes)
    ]
    assert [e.change for e in in_safe_order(done)] == [down, eject, shift, up, standby]


def test_a_dry_run_of_undo_asks_nothing(shop_is_run: Terminal) -> None:
    (line,) = shop_is_run.lines("undo", "--since", "15m", "--dry-run")
    assert NEWER.id[-10:] in line
    assert asked(shop_is_run) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("reject", AWAITING.id), "needs a reason"),
        (("approve", NEWER.id, "--why", "x"), "awaits no approval"),
        (("undo", AWAITING.id, "--why", "x"), "did nothing that could be undone"),
        (("undo", "--why", "x"), "one entry, or --since"),
        (("undo", "--since", "1m", "--why", "x"), "nothing was done since then"),
        (("request", "eject", "shop", "blue", "i-1", "--why", "x"), "is no target"),
        (("request", "eject", "shop", "blue", "i-1:99999", "--why", "x"), "is no target"),
        (("request", "hold-weights", "shop", "main", "blue", "--why", "x"), "is no weight"),
        (("request", "release", "shop", "a\x1b[2Jb", "--why", "x"), "cannot be a name"),
        (("request", "release", "shopp", "size of blue", "--why", "x"), "no service 'shopp'"),
        (("request", "release", "shop", "x", "--why", "y" * 501), "--why has 501 characters"),
        (("request", "protect", "shop", "bleu", "--why", "x"), "no fleet or route 'bleu'"),
        (("request", "protect", "shop", "route:blue", "--why", "x"), "no fleet or route 'blue'"),
        (("request", "protect", "shop", "grey/i-1:80", "--why", "x"), "no fleet 'grey'"),
        (("request", "protect", "shop", "blue/i-1", "--why", "x"), "is no target"),
        (("request", "protect", "shop", "blue"), "needs a reason"),
        (("request", "protect", "shop", "blue", "--until", "1h", "--why", "x"), "is over"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_line_and_nothing_is_stored(
    shop_is_run: Terminal, words: tuple[str, ...], told: str
) -> None:
    result = shop_is_run.run(*words)
    assert result.exit_code in (1, 2)
    assert told in result.stderr
    assert "\x1b" not in result.stderr
    assert asked(shop_is_run) == []


def test_explain_shows_the_stage_and_who_asked_what(shop_is_run: Terminal) -> None:
    shop_is_run.lines("undo", NEWER.id, "--why", "a bad idea")
    told = "\n".join(shop_is_run.lines("explain", NEWER.id))
    assert "stage: applied" in told
    assert f"undo {NEWER.id}" in told
    assert "a bad idea" in told
