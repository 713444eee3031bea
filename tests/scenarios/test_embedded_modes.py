"""Observing writes the same proposals and touches nothing (law 9)."""

from __future__ import annotations

from tests.scenarios.embedded_shop import A_TARGET_DIES, RISING, of_kind, running, shop, stored
from trimtab.model.entry import Entry, Kind
from trimtab.model.policy import Lever, Mode
from trimtab.model.tick import Pause

WANTED = (Kind.INTENDED, Kind.SHADOWED)


def test_observe_mode_logs_what_enforce_mode_does_first_and_writes_nothing() -> None:
    minutes = 14
    scenario = shop(A_TARGET_DIES, load=RISING)
    with running(scenario) as aws:
        enforced = list(aws.run(minutes).entries)
        assert aws.calls.writes() != []
    with running(scenario, Mode.OBSERVE) as aws:
        observed = list(aws.run(minutes).entries)

        assert aws.calls.writes() == []
        assert of_kind(observed, Kind.INTENDED) == []
    first = of_kind(enforced, Kind.INTENDED)[0].at
    assert proposals(observed, first) == proposals(enforced, first) != []


def test_a_pause_set_before_act_runs_keeps_it_from_writing() -> None:
    with running(shop(load=RISING)) as aws:

        def paused(_: str, record: dict[str, object]) -> list[dict[str, object]]:
            note = stored(aws)[0]
            pause = Pause(frozenset(Lever), "somebody", "wait", aws.now)
            aws.connections.store.set_pause(None, pause, note_of(note, aws.now.isoformat()))
            aws.tamper("act", None)
            return [record]

        aws.tamper("act", paused)
        entries = aws.run(12).entries

        assert aws.calls.writes() == []
        assert [e.reason.code for e in of_kind(entries, Kind.FAILED)] == ["paused"]


def proposals(entries: list[Entry], until: object) -> list[tuple[object, ...]]:
    return [
        (e.subject, e.change, e.wanted, e.lever) for e in of_kind(entries, *WANTED) if e.at == until
    ]


def note_of(entry: Entry, name: str) -> Entry:
    from dataclasses import replace

    from trimtab.model.ids import EntryId

    return replace(entry, id=EntryId(f"{name}#pause"), kind=Kind.PAUSE)
