"""What one tick leaves for the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    REQUESTS,
    SLOW,
    a_fleet,
    a_group,
    a_member,
    a_policy,
    a_series,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import a_situation
from trimtab.model.change import Change
from trimtab.model.ids import EntryId
from trimtab.model.memory import (
    Action,
    Ejection,
    Finding,
    FleetMemory,
    Memory,
    Pending,
    RouteMemory,
    Standing,
    Strikes,
    Wish,
)
from trimtab.model.observation import FleetSeen, Lifecycle, LoadSignal, TargetState
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    GuardPolicy,
    HealthPolicy,
    Policy,
    ScalingPolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.zones import ZonePolicy
from trimtab.remember import keep_out, remember

SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)))
OUTLIERS = a_policy(health=HealthPolicy(outliers=(SLOW,)))
DEAD = a_target(9, state=TargetState.UNHEALTHY)
STANDBY = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")


def left(
    fleet: FleetSeen | None = None,
    memory: Memory | None = None,
    policy: Policy = SCALED,
    size: int | None = None,
) -> FleetMemory:
    """What is left of the blue fleet."""
    situation = a_situation(*([fleet] if fleet else []), policy=policy, memory=memory)
    return remember(situation, {} if size is None else {BLUE: size}, (), {}).fleets[BLUE]


def test_of_a_fleet_that_is_well_no_target_is_remembered() -> None:
    kept = left(a_fleet(targets(6), a_group(6), 3))
    assert not {*kept.findings, *kept.warming, *kept.ejected, *kept.strikes}
    assert (kept.demand, kept.demand_at) == (3.0, at(-1))


def test_a_finding_is_counted_on_from_when_it_began() -> None:
    memory = remembered(findings={DEAD.id: (Finding(Code.LB_UNHEALTHY, at(-3), 3),)})
    assert left(a_fleet((DEAD,)), memory).findings == {
        DEAD.id: (Finding(Code.LB_UNHEALTHY, at(-3), 4),)
    }
    assert left(a_fleet((DEAD,))).findings == {DEAD.id: (Finding(Code.LB_UNHEALTHY, NOON, 1),)}


SLOW_ONCE = remembered(findings={a_target(1).id: (Finding(Code.METRIC_OUTLIER, at(-3)),)})


@pytest.mark.parametrize(
    ("fleet", "kept"),
    [
        pytest.param(a_fleet(targets(3)), True, id="kept while nobody looked again"),
        pytest.param(a_fleet(targets(3), looked_closely=True), False, id="dropped by a look"),
        pytest.param(a_fleet(None), True, id="kept when blind"),
        pytest.param(a_fleet(()), False, id="dropped with its target"),
    ],
)
def test_a_slow_target_is_remembered_until_a_look_could_have_found_it(
    fleet: FleetSeen, kept: bool
) -> None:
    assert bool(left(fleet, SLOW_ONCE).findings) is kept


NEW = a_target(5, state=TargetState.INITIAL)


@pytest.mark.parametrize(
    ("fleet", "since", "kept"),
    [
        pytest.param(a_fleet((NEW,)), None, NOON, id="in its first health checks"),
        pytest.param(a_fleet((), a_group(0, a_member(5, lifecycle=Lifecycle.PENDING))), None, NOON,
                     id="launching"),
        pytest.param(a_fleet(targets(5)), at(-12), at(-12), id="its samples are still about"),
        pytest.param(a_fleet(targets(5)), at(-13), None, id="no more"),
        pytest.param(a_fleet(None), at(-5), at(-5), id="blind"),
    ],
)  # fmt: skip
def test_a_newcomer_is_remembered_while_its_warm_up_shows(
    fleet: FleetSeen, since: object, kept: object
) -> None:
    memory = remembered(warming={} if since is None else {NEW.instance: since})
    assert left(fleet, memory).warming.get(NEW.instance) == kept


def member(lifecycle: str) -> FleetSeen:
    return a_fleet(targets(4), a_group(4, a_member(9, lifecycle=Lifecycle(lifecycle))))


@pytest.mark.parametrize(
    ("held", "fleet", "kept"),
    [
        pytest.param(an_ejection(STANDBY), member("standby"), True, id="in standby"),
        pytest.param(an_ejection(STANDBY), member("entering_standby"), True, id="on its way there"),
        pytest.param(an_ejection(STANDBY), member("in_service"), False, id="back by another hand"),
        pytest.param(an_ejection(STANDBY), a_fleet(targets(4), a_group(4)), False, id="terminated"),
        pytest.param(an_ejection(STANDBY), a_fleet(targets(4)), True, id="its group unseen"),
        pytest.param(an_ejection(STANDBY, since=at(-2.9)), member("in_service"), True,
                     id="AWS may not show it yet"),
        pytest.param(an_ejection(an_eject(9)), a_fleet(targets(4)), True, id="deregistered"),
        pytest.param(an_ejection(an_eject(9)), a_fleet((DEAD,)), False, id="registered again"),
        pytest.param(an_ejection(an_eject(9)), a_fleet(None), True, id="blind"),
        pytest.param(an_ejection(an_eject(9)),
                     a_fleet((replace(DEAD, state=TargetState.DRAINING),)), True, id="draining"),
    ],
)  # fmt: skip
def test_what_we_hold_out_is_remembered_until_the_world_says_otherwise(
    held: Ejection, fleet: FleetSeen, kept: bool
) -> None:
    assert bool(left(fleet, remembered(ejected={held.eject.target: held})).ejected) is kept


def test_a_target_brought_back_by_another_hand_has_its_strike() -> None:
    held = an_ejection(an_eject(9), strikes=2)
    back = left(a_fleet((replace(DEAD, state=TargetState.HEALTHY),)),
                remembered(ejected={DEAD.id: held}))  # fmt: skip
    assert back.strikes == {DEAD.id: Strikes(2, NOON)}
    gone = left(
        a_fleet(targets(4), a_group(4)), remembered(ejected={DEAD.id: an_ejection(STANDBY)})
    )
    assert not gone.strikes


@pytest.mark.parametrize(
    ("hours", "kept"),
    [pytest.param(5.99, True, id="not yet six hours"), pytest.param(6, False, id="six hours")],
)
def test_strikes_are_forgiven_in_time(hours: float, kept: bool) -> None:
    memory = remembered(strikes={DEAD.id: Strikes(3, at(-60 * hours))})
    assert bool(left(a_fleet(targets(3)), memory).strikes) is kept


@pytest.mark.parametrize(
    ("strikes", "minutes"),
    [
        pytest.param(1, 5, id="first"),
        pytest.param(2, 10, id="second"),
        pytest.param(4, 40, id="fourth"),
        pytest.param(6, 120, id="never longer than two hours"),
        pytest.param(10_000, 120, id="however often"),
    ],
)
def test_time_out_doubles_with_each_strike(strikes: int, minutes: int) -> None:
    rules = EjectPolicy(keep_out=timedelta(minutes=5))
    assert keep_out(strikes, rules) == timedelta(minutes=minutes)


def test_wishes_are_kept_for_the_window_and_only_if_there_is_one() -> None:
    memory = remembered(wishes=(Wish(at(-17.1), 9), Wish(at(-17), 8)))
    assert left(a_fleet(targets(3)), memory, size=4).wishes == (Wish(at(-17), 8), Wish(NOON, 4))
    assert left(a_fleet(targets(3)), memory).wishes == (Wish(at(-17), 8),)


def test_the_last_known_load_is_kept_in_the_dark() -> None:
    kept = left(a_fleet(targets(3)), remembered(demand=4.0, demand_at=at(-9)))
    assert (kept.demand, kept.demand_at) == (4.0, at(-9))


def latency(value: float, complete: bool = True) -> dict[LoadSignal, object]:
    return {LoadSignal.LATENCY: a_series(value, complete=complete)}


@pytest.mark.parametrize(
    ("fleet", "usual", "expected"),
    [
        pytest.param(a_fleet(targets(3), signals=latency(0.1)), None, 0.1, id="the first is usual"),
        pytest.param(a_fleet(targets(3), signals=latency(0.11)), 0.1, 0.1005, id="it drifts"),
        pytest.param(a_fleet(targets(3), signals=latency(0.2)), 0.1, 0.101, id="slower in doubt"),
        pytest.param(a_fleet((), signals=latency(0.2)), 0.1, 0.1, id="not at all while down"),
        pytest.param(a_fleet(targets(3), signals=latency(9, False)), 0.1, 0.1, id="nor by parts"),
        pytest.param(a_fleet(targets(3)), 0.1, 0.1, id="nor unread"),
    ],
)
def test_what_latency_is_usual_drifts_slowly(
    fleet: FleetSeen, usual: float | None, expected: float
) -> None:
    assert left(fleet, remembered(latency=usual)).latency == pytest.approx(expected)


def test_looks_are_remembered() -> None:
    quiet = left(a_fleet(targets(3)), remembered(swept_at=at(-9), watched_at=at(-3)))
    assert (quiet.swept_at, quiet.watched_at, quiet.close_until) == (at(-9), at(-3), None)
    signals = {LoadSignal.ERRORS: a_series()}
    suspect = a_target(1, anomalous=True)
    close = left(a_fleet((suspect,), signals=signals, looked_closely=True))
    assert (close.swept_at, close.watched_at, close.close_until) == (NOON, NOON, at(5))


def routed(
    blue: FleetSeen, green: FleetSeen, memory: RouteMemory | None = None, weight: int = 100
) -> RouteMemory:
    seen = {BLUE_ARN: weight, GREEN_ARN: 100 - weight}
    situation = a_situation(
        blue, replace(green, fleet=GREEN), policy=two_fleets(), weights=seen,
        memory=Memory(routes={MAIN: memory or RouteMemory()}),
    )  # fmt: skip
    return remember(situation, {}, (), {}).routes[MAIN]


SPARE = a_fleet(targets(4, first=11), units=0)


def test_it_is_noted_since_when_a_fleet_is_short_or_well() -> None:
    short = routed(a_fleet(targets(3), units=5), SPARE)
    assert (short.short_since, short.well_since) == ({BLUE: NOON}, {GREEN: NOON})
    well = routed(a_fleet(targets(6), units=5), SPARE, RouteMemory(well_since={BLUE: at(-3)}))
    assert (well.short_since, well.well_since) == ({}, {BLUE: at(-3), GREEN: NOON})


def test_a_fleet_that_is_down_is_neither() -> None:
    down = routed(a_fleet((DEAD,), units=0), a_fleet(targets(6), units=4), weight=0)
    assert BLUE not in {**down.short_since, **down.well_since}


@pytest.mark.parametrize(
    ("blue", "weight"),
    [
        pytest.param(a_fleet(None, units=3), 100, id="blind"),
        pytest.param(a_fleet(targets(3)), 100, id="load unknown"),
    ],
)
def test_what_is_not_known_leaves_a_route_as_it_was(blue: FleetSeen, weight: int) -> None:
    before = RouteMemory(short_since={BLUE: at(-1)}, moved_at=at(-9))
    assert routed(blue, SPARE, before, weight) == before


def test_a_route_closed_by_somebody_is_short_of_nothing() -> None:
    seen = {BLUE_ARN: 0, GREEN_ARN: 0}
    fleets = (a_fleet(targets(3), units=5), replace(SPARE, fleet=GREEN))
    situation = a_situation(*fleets, policy=two_fleets(), weights=seen)
    assert not remember(situation, {}, (), {}).routes[MAIN].short_since


def test_an_unseen_route_is_left_as_it_was() -> None:
    before = Memory(routes={MAIN: RouteMemory(moved_at=at(-3))})
    situation = a_situation(a_fleet(targets(3)), policy=two_fleets(), memory=before)
    assert remember(situation, {}, (), {}).routes == before.routes


@pytest.mark.parametrize(
    ("pace", "hours"), [(0.6, 1), (1 / 120, 2), (1e-9, 24)], ids=["usual", "one in two hours", "0"]
)
def test_actions_are_kept_for_as_long_as_a_pace_counts_them(pace: float, hours: int) -> None:
    slow = GuardPolicy(zones=ZonePolicy(slow_pace=pace))
    past = tuple(Action(at(-60 * n + 1), BLUE, None, True) for n in (25, 24, 2, 1))
    now = a_situation(a_fleet(targets(3)), policy=a_policy(guard=slow), memory=Memory(actions=past))
    kept = remember(now, {}, (), {}).actions
    assert [a for a in past if now.now - a.at < timedelta(hours=hours)] == list(kept)


def test_actions_are_kept_for_an_hour_and_intents_are_added() -> None:
    change: Change = an_eject()
    old = Pending(EntryId("A#000"), change, Code.EJECT_UNHEALTHY, at(-1), at(1))
    new = replace(old, entry=EntryId("B#000"))
    memory = Memory(
        version=7, pending=(old,),
        actions=(Action(at(-60), BLUE, None, True), Action(at(-59), BLUE, None, True)),
    )  # fmt: skip
    standing = {"x": Standing((Code.STALE, Code.STALE), "refused", NOON)}
    situation: Situation = a_situation(a_fleet(targets(3)), memory=memory)
    kept = remember(situation, {}, (new,), standing)
    assert (kept.version, kept.pending, kept.standing) == (7, (old, new), standing)
    assert [a.at for a in kept.actions] == [at(-59)]


def test_a_target_that_is_back_is_no_newcomer_and_looked_at_closely() -> None:
    back = a_target(9, state=TargetState.INITIAL)
    memory = remembered(strikes={back.id: Strikes(1, at(-1))})
    assert left(a_fleet(targets(3, back)), memory).warming == {}
    assert left(a_fleet(targets(3, back)), memory).close_until is not None
    assert left(a_fleet(targets(3, back))).warming == {back.instance: NOON}
