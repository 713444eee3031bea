"""What others saw is in a tick's observation, if the policy reads it, and in the tick's record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    NOON,
    SHOP,
    a_group,
    a_policy,
    a_report,
    an_entry,
    at,
    targets,
)
from tests.fakes import SmallWorld
from trimtab.adapters import records
from trimtab.adapters.reports import TableReports
from trimtab.loop import Loop, think
from trimtab.model.entry import Kind
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.memory import Memory
from trimtab.model.observation import Observation
from trimtab.model.policy import HealthPolicy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Source
from trimtab.model.tick import Ask, Remembered, Tick
from trimtab.observe import observe
from trimtab.ports import Reported, Reports
from trimtab_lab.simulator.stores import DictTables, InMemory

PROBED = a_policy(health=HealthPolicy(probe=ProbePolicy()))
WORLD = SmallWorld(members={"blue-asg": a_group(3)}, registered={BLUE_ARN: targets(3)})


class Held:
    """Port ``Reports`` that counts its reads."""

    def __init__(self, *reports: Report) -> None:
        self.inner, self.reads = TableReports(DictTables()), 0
        for report in reports:
            self.inner.keep(report)

    def keep(self, report: Report) -> None:
        self.inner.keep(report)

    def recent(
        self, fleets: Sequence[tuple[ServiceId, FleetId]], since: datetime
    ) -> Mapping[tuple[ServiceId, FleetId], Reported]:
        self.reads += 1
        return self.inner.recent(fleets, since)


class Answers(Held):
    """Port ``Reports`` that answers the same to everything."""

    def __init__(self, *answer: Reported) -> None:
        super().__init__()
        self.answer = answer

    def recent(
        self, fleets: Sequence[tuple[ServiceId, FleetId]], since: datetime
    ) -> Mapping[tuple[ServiceId, FleetId], Reported]:
        return {fleet: answer for fleet in fleets for answer in self.answer}


def look(reports: Reports | None) -> Observation:
    held = Remembered(PROBED, Memory())
    return observe(WORLD, {SHOP: held}, set(), NOON, reports)[SHOP]


def gaps(seen: Observation) -> list[tuple[str, str, ReasonCode]]:
    return [(gap.what, gap.subject, gap.reason.code) for gap in seen.gaps]


def test_recent_reports_of_a_fleet_are_seen_oldest_first() -> None:
    late, new = a_report(-3), a_report(-1)
    others = (a_report(-1, fleet=GREEN), a_report(-60), a_report(2, part="of the future"))
    seen = look(Held(new, late, *others, a_report(-1, source=Source.ACCESS_LOGS)))
    assert seen.fleets[BLUE].reports == (late, new)
    assert gaps(seen) == []


def test_a_policy_without_use_for_them_reads_none() -> None:
    reports = Held(a_report(-1))
    seen = observe(WORLD, {SHOP: Remembered(a_policy(), Memory())}, set(), NOON, reports)[SHOP]
    assert (reports.reads, seen.fleets[BLUE].reports) == (0, ())


def test_many_services_are_read_at_once() -> None:
    reports = Held()
    held = {n: Remembered(replace(PROBED, service=n), Memory()) for n in (SHOP, ServiceId("b"))}
    observe(WORLD, held, set(), NOON, reports)
    assert reports.reads == 1


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        (None, ("reports", BLUE, ReasonCode.NOT_SEEN)),
        (Answers(), ("reports", BLUE, ReasonCode.NOT_SEEN)),
        (Answers(Reason(ReasonCode.THROTTLED, "x")), ("reports", BLUE, ReasonCode.THROTTLED)),
        (Held(), ("probe", BLUE, ReasonCode.NO_DATA)),
        (Held(a_report(-1, "a", failing=[1, 2, 3]), a_report(-1, "b")),
         ("probe a", BLUE, ReasonCode.PROBE_BROKEN)),
    ],
    ids=["no-port", "no-answer", "not-read", "silent", "broken-from-one-place"],
)  # fmt: skip
def test_what_is_not_seen_is_a_gap(port: Reports | None, expected: object) -> None:
    assert gaps(look(port)) == [expected]


def a_loop(port: Callable[[InMemory], Reports]) -> tuple[Loop, InMemory]:
    state = InMemory()
    entry = an_entry(SHOP, kind=Kind.POLICY, change=None, inverse=None, deadline=None)
    state.store.apply_policy(PROBED, frozenset(), entry)
    return Loop(state.store, state.ledger, WORLD, port(state)), state


def test_they_are_recorded_and_a_replay_comes_out_the_same() -> None:
    loop, state = a_loop(lambda state: state.reports)
    state.reports.keep(a_report(-1, failing=[2]))
    tick = loop.tick([Ask(SHOP, "schedule", NOON)], NOON)[SHOP]
    assert isinstance(tick, Tick)
    assert tick.inputs.seen.fleets[BLUE].reports == (a_report(-1, failing=[2]),)
    (stored,) = state.ledger.ticks(SHOP, at(-1), at(1), 9)
    assert stored == tick
    assert think(stored.inputs, stored.by).entries == tick.entries
    assert records.read_tick(records.tick_item(tick, at(1) - at(0))) == tick


def test_a_read_that_breaks_takes_no_other_services_tick() -> None:
    class Broken(Held):
        def recent(
            self, fleets: Sequence[tuple[ServiceId, FleetId]], since: datetime
        ) -> Mapping[tuple[ServiceId, FleetId], Reported]:
            raise RuntimeError("boom")

    loop, state = a_loop(lambda _: Broken())
    plain = a_policy("plain")
    entry = an_entry("plain", kind=Kind.POLICY, change=None, inverse=None, deadline=None)
    state.store.apply_policy(plain, frozenset(), entry)
    asks = [Ask(ServiceId(name), "schedule", NOON) for name in ("shop", "plain")]
    results = loop.tick(asks, NOON)
    assert isinstance(results[ServiceId("plain")], Tick)
    assert isinstance(results[SHOP], Reason)
