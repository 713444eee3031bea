"""Laws of worlds that should not be: wrong clocks, absurd samples, zones that change."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOON
from tests.properties.policies import some
from tests.properties.profile import EXAMPLES
from tests.properties.worlds import inputs
from trimtab.adapters.plausible import IMPLAUSIBLE, sieved
from trimtab.codec import encode
from trimtab.loop import think
from trimtab.model.change import Eject, Resize
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.memory import Ejection, Memory
from trimtab.model.observation import FleetSeen, Point, Series, TargetState
from trimtab.model.policy import EjectPolicy
from trimtab.model.tick import Inputs, Tick
from trimtab.ports import MetricKey
from trimtab.remember import keep_out, rewound
from trimtab_lab.laws import Judged, hold

JUMPS = st.integers(min_value=1, max_value=3 * 24 * 60).map(lambda m: timedelta(minutes=m))
AWS = MetricKey("AWS/ApplicationELB", "RequestCount", "Sum", ())
ABSURD = (math.nan, math.inf, -math.inf, 1e308, -1e308, IMPLAUSIBLE * 10)


def removes(tick: Tick) -> list[Eject | Resize]:
    judged = Judged(tick.inputs, tick.belief, tick.verdicts)
    return [
        c
        for c in judged.new
        if isinstance(c, Eject) or (isinstance(c, Resize) and c.after < c.before)
    ]


def with_fleets(given_inputs: Inputs, change: Callable[[FleetSeen], FleetSeen]) -> Inputs:
    fleets = {name: change(fleet) for name, fleet in given_inputs.seen.fleets.items()}
    return replace(given_inputs, seen=replace(given_inputs.seen, fleets=fleets))


def holds(given_inputs: Inputs) -> Tick:
    tick = think(given_inputs, "schedule")
    hold(Judged(given_inputs, tick.belief, tick.verdicts))
    encode(tick.memory)  # and what it leaves can be stored
    return tick


# the clock


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_a_clock_that_was_not_set_back_changes_nothing_that_is_remembered(was: Inputs) -> None:
    memory = replace(was.memory, at=NOON)
    assert rewound(memory, NOON) is memory
    assert rewound(memory, NOON + timedelta(days=3)) is memory


def stamps_that_began(memory: Memory) -> list[datetime]:
    found = [a.at for a in memory.actions] + [p.at for p in memory.pending]
    for fleet in memory.fleets.values():
        found += [f.since for each in fleet.findings.values() for f in each]
        found += [e.since for e in fleet.ejected.values()]
        found += [s.last for s in fleet.strikes.values()] + [w.at for w in fleet.wishes]
        found += [*fleet.warming.values(), *filter(None, (fleet.demand_at, fleet.resized_down))]
    return found


def lengths(memory: Memory) -> list[timedelta]:
    held: list[Ejection] = [e for f in memory.fleets.values() for e in f.ejected.values()]
    return [e.until - e.since for e in held if e.until > e.since]


@settings(max_examples=EXAMPLES)
@given(inputs(), JUMPS)
def test_after_a_jump_back_nothing_remembered_is_still_to_come(
    was: Inputs, jump: timedelta
) -> None:
    """And what was held out is held no longer than it was meant to be, counted from now."""
    now = NOON - jump
    memory = rewound(replace(was.memory, at=NOON), now)
    assert all(at <= now for at in stamps_that_began(memory))
    longest = max(lengths(was.memory), default=timedelta())
    ends = [e.until for f in memory.fleets.values() for e in f.ejected.values()]
    assert all(end - now <= longest for end in ends if end > now)
    assert rewound(memory, now) == replace(memory, at=now) == memory


@settings(max_examples=EXAMPLES)
@given(inputs(), JUMPS, some(-1, 1))
def test_whatever_the_clock_says_the_laws_hold(was: Inputs, jump: timedelta, way: int) -> None:
    now = NOON + way * jump
    memory = rewound(replace(was.memory, at=NOON), now)
    holds(replace(was, memory=memory, seen=replace(was.seen, now=now)))


# flapping


@settings(max_examples=EXAMPLES)
@given(st.integers(1, 10_000), st.integers(0, 600), st.integers(0, 6_000))
def test_who_flaps_stays_out_longer_each_time_and_never_for_ever(
    strikes: int, first: int, longest: int
) -> None:
    rules = EjectPolicy(keep_out=timedelta(minutes=first), max_keep_out=timedelta(minutes=longest))
    now, after = keep_out(strikes, rules), keep_out(strikes + 1, rules)
    assert now <= after <= rules.max_keep_out
    assert after in (2 * now, rules.max_keep_out) or strikes > 20


# samples


@settings(max_examples=EXAMPLES)
@given(st.lists(st.one_of(st.floats(), st.sampled_from(ABSURD)), max_size=8))
def test_behind_the_port_every_value_can_be_true(values: list[float]) -> None:
    points = [Point(NOON + timedelta(minutes=m), v) for m, v in zip(count(), values, strict=False)]
    series = sieved(points, AWS)
    assert all(0 <= p.value <= IMPLAUSIBLE for p in series.points)
    assert series.complete is (len(series.points) == len(points))
    assert set(series.points) <= set(points)


def spoiled(series: Series, number: int, places: int) -> Series:
    """The series as its adapter reads it when some of its values are absurd."""
    points = [
        replace(p, value=ABSURD[(number + i) % len(ABSURD)]) if places >> i & 1 else p
        for i, p in enumerate(series.points)
    ]
    return sieved(points, AWS)


@settings(max_examples=EXAMPLES * 2)
@given(inputs(), st.integers(0, 5), st.integers(1, 7))
def test_absurd_load_never_removes_anything(was: Inputs, number: int, places: int) -> None:
    def spoil(fleet: FleetSeen) -> FleetSeen:
        signals = fleet.signals or {}
        return replace(fleet, signals={n: spoiled(s, number, places) for n, s in signals.items()})

    tick = holds(with_fleets(was, spoil))
    sick = {
        (name, b.target.id)
        for name, fleet in tick.belief.fleets.items()
        for b in fleet.targets or ()
        if not b.serves
    }
    for change in removes(tick):
        weighted_out = isinstance(change, Resize)
        assert weighted_out or (change.fleet, change.target) in sick  # type: ignore[union-attr]


@settings(max_examples=EXAMPLES)
@given(inputs(), st.lists(st.floats(-IMPLAUSIBLE, IMPLAUSIBLE), min_size=3, max_size=3))
def test_whatever_targets_report_of_themselves_the_laws_hold(
    was: Inputs, values: list[float]
) -> None:
    def report(fleet: FleetSeen) -> FleetSeen:
        metrics = {
            name: {
                i: Series.of(Point(at_, v) for at_, v in zip(s.times, values, strict=False))
                for i, s in by.items()
            }
            for name, by in (fleet.metrics or {}).items()
        }
        return replace(fleet, metrics=metrics)

    holds(with_fleets(was, report))


# zones, sizes, newcomers


@settings(max_examples=EXAMPLES)
@given(inputs(), st.permutations("abc"))
def test_whatever_zone_a_target_is_in_now_no_budget_is_exceeded(
    was: Inputs, letters: list[str]
) -> None:
    def moved(zone: Zone, instance: InstanceId) -> Zone:
        return Zone(f"eu-west-1{letters[(len(zone) + sum(instance.encode())) % 3]}")

    def move(fleet: FleetSeen) -> FleetSeen:
        targets = fleet.targets and tuple(
            replace(t, zone=moved(t.zone, t.instance)) for t in fleet.targets
        )
        members = fleet.group and tuple(
            replace(m, zone=moved(m.zone, m.instance)) for m in fleet.group.members
        )
        group = fleet.group and replace(fleet.group, members=members or ())
        return replace(fleet, targets=targets, group=group)

    holds(with_fleets(was, move))


@settings(max_examples=EXAMPLES)
@given(inputs(), some(1, 2))
def test_a_fleet_of_one_or_two_loses_nothing_that_serves(was: Inputs, size: int) -> None:
    def few(fleet: FleetSeen) -> FleetSeen:
        targets = fleet.targets and fleet.targets[:size]
        here = {t.instance for t in targets or ()}
        members = fleet.group and tuple(m for m in fleet.group.members if m.instance in here)
        group = fleet.group and replace(fleet.group, members=members or (), desired=len(here))
        return replace(fleet, targets=targets, group=group)

    small = with_fleets(replace(was, memory=Memory(version=1)), few)
    tick = holds(small)
    for change in removes(tick):
        if isinstance(change, Eject) and len(small.seen.fleets[change.fleet].targets or ()) <= size:
            assert not tick.belief.targets_of(change.fleet)[change.target].serves


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_where_everything_is_new_nothing_is_removed(was: Inputs) -> None:
    def anew(fleet: FleetSeen) -> FleetSeen:
        return replace(
            fleet,
            targets=fleet.targets
            and tuple(replace(t, state=TargetState.INITIAL) for t in fleet.targets),
        )

    tick = holds(replace(with_fleets(was, anew), memory=Memory(version=1)))
    asked = {
        v.proposal.change for v in tick.verdicts
        if v.proposal.request is not None and isinstance(v.proposal.change, Eject | Resize)
    }  # fmt: skip
    assert all(c in asked for c in removes(tick))
