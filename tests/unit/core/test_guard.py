"""Each guard at its edges: the last that passes, and the first that does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    NOON,
    REQUESTS,
    RULE,
    a_fleet,
    a_group,
    a_member,
    a_pause,
    a_policy,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import a_reweight, a_situation, judge, ruled
from trimtab.guard.budget import MOST_A_TICK, allowed_out
from trimtab.model.change import Change, Eject, Resize, Reweight, inverse_of
from trimtab.model.ids import Arn, EntryId, FleetId, RouteId, Zone
from trimtab.model.memory import Action, FleetMemory, Memory, Pending
from trimtab.model.observation import FleetSeen, Lifecycle, TargetState
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    FleetPolicy,
    GuardPolicy,
    HealthPolicy,
    Lever,
    Mode,
    Policy,
    RoutePolicy,
    ScalingPolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.size import bounds
from trimtab.model.tick import Pause

ALLOWED = ("allowed", Code.WITHIN_LIMITS)
SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,), step_every=at(5) - NOON))
ZONES = [Zone(f"eu-west-1{z}") for z in "abc"]
DEAD = a_target(9, state=TargetState.UNHEALTHY)
IN_STANDBY = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")


def refused(code: Code) -> tuple[str, Code]:
    return "refused", code


def grow(before: int = 4, after: int = 5) -> Resize:
    return Resize(BLUE, "blue-asg", before, after)


def world(fleet: FleetSeen | None = None, **changes: object) -> Situation:
    """Six targets in six members, three units of load."""
    memory = changes.pop("memory", None)
    fleet = fleet or a_fleet(targets(6), a_group(6), 3)
    return a_situation(fleet, policy=replace(SCALED, **changes), memory=memory)  # type: ignore[arg-type]


def under_way(*changes: Change) -> Memory:
    return Memory(
        pending=tuple(
            Pending(EntryId(f"T#{i:03}"), c, Code.EJECT_UNHEALTHY, at(-1), at(1))
            for i, c in enumerate(changes)
        )
    )


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(Mode.ENFORCE, ALLOWED, id="enforce does"),
        pytest.param(Mode.OBSERVE, ("shadowed", Code.OBSERVING), id="observe says"),
        pytest.param(Mode.APPROVE, ("awaiting", Code.AWAITING_APPROVAL), id="approve waits"),
    ],
)
def test_the_mode_has_the_last_word(mode: Mode, expected: tuple[str, Code]) -> None:
    assert ruled(world(modes={Lever.SCALE: mode}), grow(6, 7)) == expected
    assert ruled(world(modes={}), grow(6, 7)) == ("shadowed", Code.OBSERVING)


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        pytest.param(a_pause(), refused(Code.PAUSED), id="until resumed"),
        pytest.param(a_pause(until=at(1)), refused(Code.PAUSED), id="for a minute yet"),
        pytest.param(a_pause(until=NOON), ALLOWED, id="until now"),
        pytest.param(a_pause(levers=frozenset({Lever.EJECT})), ALLOWED, id="another lever"),
    ],
)
def test_a_pause_refuses_what_it_holds(pause: Pause, expected: tuple[str, Code]) -> None:
    assert ruled(world(), grow(6, 7), pauses=[pause]) == expected


def test_nothing_is_changed_twice_at_once() -> None:
    assert ruled(world(memory=under_way(grow(6, 7))), grow(6, 8)) == refused(Code.IN_FLIGHT)
    assert ruled(world(), grow(6, 7), grow(6, 8)) == refused(Code.IN_FLIGHT)
    assert ruled(world(), an_eject(1), an_eject(1)) == refused(Code.IN_FLIGHT)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(IN_STANDBY, refused(Code.IN_FLIGHT), id="a standby that shrinks the group"),
        pytest.param(inverse_of(IN_STANDBY), refused(Code.IN_FLIGHT), id="a return that grows it"),
        pytest.param(replace(IN_STANDBY, replace=True), ALLOWED, id="a standby replaced"),
        pytest.param(an_eject(9), ALLOWED, id="a deregistration"),
    ],
)
def test_a_group_is_not_resized_while_a_standby_move_resizes_it(
    other: Change, expected: tuple[str, Code]
) -> None:
    assert ruled(world(memory=under_way(other)), grow(6, 7)) == expected


BLIND = a_fleet(None, a_group(6), 3)
DARK = a_fleet(targets(6), a_group(6))


@pytest.mark.parametrize(
    ("fleet", "change", "expected"),
    [
        pytest.param(BLIND, an_eject(1), refused(Code.BLIND), id="no ejection when blind"),
        pytest.param(BLIND, grow(6, 5), refused(Code.BLIND), id="no shrinking when blind"),
        pytest.param(DARK, grow(6, 5), refused(Code.STALE), id="no shrinking in the dark"),
        pytest.param(DARK, an_eject(1), refused(Code.DEMAND_UNKNOWN), id="nor ejecting who serves"),
        pytest.param(BLIND, grow(6, 7), ALLOWED, id="growing needs no sight"),
        pytest.param(BLIND, inverse_of(an_eject(1)), ALLOWED, id="nor does giving back"),
        pytest.param(
            a_fleet(targets(5, DEAD)), an_eject(9), ALLOWED, id="nor a load, for the dead"
        ),
    ],
)
def test_missing_data_removes_nothing(
    fleet: FleetSeen, change: Change, expected: tuple[str, Code]
) -> None:
    assert ruled(world(fleet), change) == expected


def test_a_protected_member_stays() -> None:
    fleet = a_fleet(targets(6), a_group(5, a_member(6, protected=True)), 3)
    assert ruled(world(fleet), an_eject(6)) == refused(Code.PROTECTED)
    assert ruled(world(fleet), an_eject(5)) == ALLOWED


@pytest.mark.parametrize(
    ("process", "change"),
    [
        pytest.param("Launch", grow(6, 7), id="no growing without launches"),
        pytest.param("Launch", replace(IN_STANDBY, instance=a_target(1).instance, replace=True),
                     id="no replacement either"),
        pytest.param("Terminate", grow(6, 5), id="no shrinking without terminations"),
        pytest.param("AddToLoadBalancer", inverse_of(an_eject(9)), id="no return unregistered"),
    ],
)  # fmt: skip
def test_a_suspended_process_refuses_what_needs_it(process: str, change: Change) -> None:
    busy = a_fleet(targets(6), a_group(6, suspended=frozenset({process})), 3)
    other = a_fleet(targets(6), a_group(6, suspended=frozenset({"AZRebalance"})), 3)
    assert ruled(world(busy), change) == refused(Code.GROUP_BUSY)
    assert ruled(world(other), change) == ALLOWED


def test_a_group_whose_launches_fail_is_not_asked_for_more() -> None:
    failing = a_fleet(targets(6), a_group(6, launch_failure="no capacity"), 3)
    assert ruled(world(failing), grow(6, 7)) == refused(Code.GROUP_BUSY)
    assert ruled(world(failing), grow(6, 5)) == ALLOWED


def test_in_a_panic_nothing_is_removed_and_everything_may_return() -> None:
    sick = tuple(replace(DEAD, port=n) for n in range(3))
    panic = world(a_fleet(targets(3, *sick), a_group(6), 1))
    assert ruled(panic, an_eject(9, port=1)) == refused(Code.PANIC)
    assert ruled(panic, grow(6, 5)) == refused(Code.PANIC)
    assert ruled(panic, grow(6, 7)) == ALLOWED
    assert ruled(panic, inverse_of(an_eject(7))) == ALLOWED


@pytest.mark.parametrize(
    ("share", "of", "fleet", "allowed"),
    [
        pytest.param(0.2, 12, 12, 2, id="a fifth of twelve"),
        pytest.param(0.2, 4, 4, 1, id="one of any fleet of three"),
        pytest.param(0.2, 2, 2, 0, id="none of two"),
        pytest.param(0.5, 2, 2, 1, id="unless the share says so"),
        pytest.param(0.3, 10, 10, 3, id="no float eats a target"),
        pytest.param(0.5, 1, 9, 1, id="one of a zone of a fleet"),
    ],
)
def test_how_many_may_be_out(share: float, of: int, fleet: int, allowed: int) -> None:
    assert allowed_out(share, of, fleet) == allowed


def spread_out(count: int) -> tuple[object, ...]:
    return tuple(a_target(n, zone=ZONES[n % 3]) for n in range(1, count + 1))


def out_by_others(kind: str) -> Situation:
    """Ten targets in three zones, one of them out by somebody's doing."""
    here, group, memory = spread_out(10), a_group(10), Memory()
    if kind == "standby":
        group = a_group(10, a_member(77, lifecycle=Lifecycle.STANDBY))
    if kind == "leaving":
        group = a_group(10, a_member(77, lifecycle=Lifecycle.LEAVING))
    if kind == "draining":
        here = (*here, a_target(77, state=TargetState.DRAINING))
    if kind == "ours":
        memory = remembered(ejected={"i:1": an_ejection(an_eject(77))})
    if kind == "coming":
        memory = under_way(an_eject(10, zone=ZONES[1]))
    health = HealthPolicy(eject=EjectPolicy(max_share=0.1))
    return world(a_fleet(here, group, 3), memory=memory, health=health)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["standby", "leaving", "draining", "ours", "coming"])
def test_whoever_took_it_out_it_counts_against_the_fleets_budget(kind: str) -> None:
    assert ruled(out_by_others("nobody"), an_eject(1, zone=ZONES[1])) == ALLOWED
    assert ruled(out_by_others(kind), an_eject(1, zone=ZONES[1])) == refused(Code.FLEET_BUDGET)


def test_a_zone_has_a_budget_of_its_own() -> None:
    health = HealthPolicy(eject=EjectPolicy(max_share=0.5, max_zone_share=0.34))
    three_zones = world(a_fleet(spread_out(9), None, 3), health=health)  # type: ignore[arg-type]
    same = (an_eject(1, zone=ZONES[1]), an_eject(4, zone=ZONES[1]))
    other = (an_eject(1, zone=ZONES[1]), an_eject(2, zone=ZONES[2]))
    assert ruled(three_zones, *same) == refused(Code.ZONE_BUDGET)
    assert ruled(three_zones, *other) == ALLOWED


def past(*ago: float, removal: bool = True) -> Memory:
    return Memory(actions=tuple(Action(at(-m), BLUE, None, removal) for m in ago))


@pytest.mark.parametrize(
    ("memory", "change", "expected"),
    [
        pytest.param(past(1, 59), an_eject(1), ALLOWED, id="the third of three"),
        pytest.param(past(1, 2, 59.9), an_eject(1), refused(Code.RATE_BUDGET), id="the fourth"),
        pytest.param(past(1, 2, 60), an_eject(1), ALLOWED, id="an hour ago is over"),
        pytest.param(past(1, 2, 3), inverse_of(an_eject(9)), ALLOWED, id="returns are free"),
        pytest.param(past(1, 2, 3, 4, 5), grow(6, 7), ALLOWED, id="growing is free"),
        pytest.param(past(1, 2, 3, 4, removal=False), grow(6, 5), ALLOWED, id="the fifth of five"),
        pytest.param(past(1, 2, 3, 4, 5, removal=False), grow(6, 5), refused(Code.RATE_BUDGET),
                     id="the sixth"),
    ],
)  # fmt: skip
def test_an_hour_has_so_many_removals_and_actions(
    memory: Memory, change: Change, expected: tuple[str, Code]
) -> None:
    limits = GuardPolicy(max_removals_per_hour=3, max_actions_per_hour=5)
    assert ruled(world(memory=memory, guard=limits), change) == expected


def test_removals_under_way_are_counted_with_those_done() -> None:
    limits = GuardPolicy(max_removals_per_hour=1)
    health = HealthPolicy(eject=EjectPolicy(max_share=0.5))
    coming = world(memory=under_way(an_eject(7)), guard=limits, health=health)
    assert ruled(coming, an_eject(1)) == refused(Code.RATE_BUDGET)


def test_one_tick_grants_no_more_than_it_can_log() -> None:
    returns = [inverse_of(an_eject(n)) for n in range(100, 101 + MOST_A_TICK)]
    verdicts = judge(world(), *returns)
    assert [v.may_act for v in verdicts] == [True] * MOST_A_TICK + [False]
    assert verdicts[-1].reason.code is Code.RATE_BUDGET


@pytest.mark.parametrize(
    ("fleet", "expected"),
    [
        pytest.param(a_fleet(targets(6), a_group(5, a_member(6, lifecycle=Lifecycle.PENDING)), 3),
                     refused(Code.WARMING_UP), id="one is launching"),
        pytest.param(a_fleet(targets(6, a_target(7, state=TargetState.INITIAL)), a_group(6), 3),
                     refused(Code.WARMING_UP), id="one warms up"),
        pytest.param(a_fleet(targets(6), a_group(6), 3), ALLOWED, id="nobody"),
    ],
)  # fmt: skip
def test_a_group_does_not_shrink_while_somebody_warms_up(
    fleet: FleetSeen, expected: tuple[str, Code]
) -> None:
    size = fleet.group.desired if fleet.group else 0
    assert ruled(world(fleet), grow(size, size - 1)) == expected


def sized(desired: int, **changes: object) -> Situation:
    """So many members of at most twenty, nearly no load."""
    scaling = replace(SCALED.scaling, **changes)  # type: ignore[arg-type]
    fleet = a_fleet(targets(desired), a_group(desired, max_size=20), 0.1)
    return world(fleet, scaling=scaling)


@pytest.mark.parametrize(
    ("situation", "change", "after"),
    [
        pytest.param(sized(4), grow(4, 8), 8, id="twice as many at once"),
        pytest.param(sized(4), grow(4, 9), 8, id="and no more"),
        pytest.param(sized(1, max_step_up=0.1), grow(1, 9), 2, id="one at least"),
        pytest.param(sized(10), grow(10, 8), 8, id="a fifth down"),
        pytest.param(sized(10), grow(10, 2), 8, id="and no more down"),
        pytest.param(sized(4), grow(4, 1), 3, id="one down at least"),
        pytest.param(sized(18), grow(18, 30), 20, id="up to the group's most"),
        pytest.param(sized(8, max_size=10), grow(8, 14), 10, id="up to the policy's most"),
        pytest.param(sized(6, min_size=6), grow(6, 4), None, id="never below the least"),
        pytest.param(sized(6, max_size=6), grow(6, 9), None, id="never above the most"),
        pytest.param(sized(20, max_size=10), grow(20, 10), 16, id="back into bounds by steps"),
        pytest.param(sized(2, min_size=10), grow(2, 10), 4, id="from below too"),
        pytest.param(sized(11, max_size=10), grow(11, 10), 10, id="the last step in"),
    ],
)
def test_sizes_stay_in_bounds_and_in_step(
    situation: Situation, change: Resize, after: int | None
) -> None:
    verdict = judge(situation, change)[0]
    assert (verdict.change.after if verdict.may_act else None) == after  # type: ignore[union-attr]
    if verdict.may_act and after != change.after:
        assert str(verdict.ruling) == "clamped"
        assert verdict.reason.code in (Code.STEP_LIMIT, Code.GROUP_BOUNDS)


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(4.9, refused(Code.STEP_LIMIT), id="too soon"),
        pytest.param(5, ALLOWED, id="in time"),
    ],
)
def test_shrinking_steps_are_spaced(ago: float, expected: tuple[str, Code]) -> None:
    memory = remembered(resized_down=at(-ago))
    assert ruled(world(memory=memory), grow(6, 5)) == expected


@pytest.mark.parametrize(
    ("limits", "change", "expected"),
    [
        pytest.param({"min_size": 5}, IN_STANDBY, ALLOWED, id="one above the least may go"),
        pytest.param({"min_size": 6}, IN_STANDBY, refused(Code.GROUP_BOUNDS), id="at it not"),
        pytest.param(
            {"min_size": 6}, replace(IN_STANDBY, replace=True), ALLOWED, id="unless replaced"
        ),
        pytest.param({"max_size": 7}, inverse_of(IN_STANDBY), ALLOWED, id="one below the most"),
        pytest.param(
            {"max_size": 6}, inverse_of(IN_STANDBY), refused(Code.GROUP_BOUNDS), id="at it"
        ),
        pytest.param({"max_size": 6}, inverse_of(an_eject(9)), ALLOWED, id="no group, no bounds"),
    ],
)
def test_standby_moves_keep_the_groups_bounds(
    limits: dict[str, int], change: Change, expected: tuple[str, Code]
) -> None:
    fleet = a_fleet(targets(5, DEAD), a_group(5, a_member(9), desired=6, **limits), 1)
    assert ruled(world(fleet), change) == expected


def test_what_is_under_way_counts_for_the_bounds() -> None:
    full = a_fleet(targets(6), a_group(6, max_size=7), 3)
    assert ruled(world(full, memory=under_way(grow(6, 7))), inverse_of(IN_STANDBY)) == refused(
        Code.GROUP_BOUNDS
    )
    assert ruled(world(full, memory=under_way(grow(5, 6))), inverse_of(IN_STANDBY)) == ALLOWED
    one_more = inverse_of(replace(IN_STANDBY, instance=a_target(8).instance))
    assert ruled(world(full, memory=under_way(one_more)), inverse_of(IN_STANDBY)) == refused(
        Code.GROUP_BOUNDS
    )


def test_the_groups_own_bounds_win_over_the_policys() -> None:
    group = a_group(4, min_size=2, max_size=6)
    assert bounds(group, sized(4).policy) == (2, 6)
    assert bounds(group, sized(4, min_size=9).policy) == (6, 6)
    assert bounds(group, sized(4, max_size=1).policy) == (2, 2)
    assert bounds(group, sized(4, min_size=3, max_size=5).policy) == (3, 5)


def carried(units: float, count: int = 6, **changes: object) -> Situation:
    return world(a_fleet(targets(count), a_group(count), units), **changes)


@pytest.mark.parametrize(
    ("situation", "changes", "expected"),
    [
        pytest.param(carried(6.0), [an_eject(1)], ALLOWED, id="five carry six units at most"),
        pytest.param(carried(6.01), [an_eject(1)], refused(Code.HEADROOM_SHORT), id="and no more"),
        pytest.param(carried(4.8, health=HealthPolicy(eject=EjectPolicy(max_share=0.4))),
                     [an_eject(1), an_eject(2)], ALLOWED, id="four carry 4.8"),
        pytest.param(carried(4.9, health=HealthPolicy(eject=EjectPolicy(max_share=0.4))),
                     [an_eject(1), an_eject(2)], refused(Code.HEADROOM_SHORT), id="not 4.9"),
        pytest.param(carried(4.9, memory=under_way(grow(6, 5))), [an_eject(1)],
                     refused(Code.HEADROOM_SHORT), id="a shrinkage under way has gone"),
        pytest.param(carried(4.9, 7), [grow(7, 6), an_eject(1)], ALLOWED, id="five carry 4.9"),
        pytest.param(world(a_fleet(targets(6), a_group(6, desired=5), 4.9)), [an_eject(1)],
                     refused(Code.HEADROOM_SHORT), id="one too many is about to go"),
        pytest.param(carried(9), [an_eject(77)], refused(Code.HEADROOM_SHORT), id="a stranger"),
        pytest.param(carried(5.0), [grow(6, 5)], ALLOWED, id="shrink to target load"),
        pytest.param(carried(5.1), [grow(6, 5)], refused(Code.HEADROOM_SHORT), id="not above it"),
        pytest.param(carried(8.5, 10), [grow(10, 8)], ("clamped", Code.HEADROOM_SHORT),
                     id="one of two can be spared"),
    ],
)  # fmt: skip
def test_what_stays_must_carry_the_load(
    situation: Situation, changes: list[Change], expected: tuple[str, Code]
) -> None:
    assert ruled(situation, *changes) == expected


def test_standby_takes_all_registrations_of_an_instance() -> None:
    twin = replace(a_target(1), port=9090, state=TargetState.UNHEALTHY)
    tight = world(a_fleet(targets(4, twin), a_group(4), 4.5))
    assert ruled(tight, an_eject(1, port=9090)) == ALLOWED
    standby: Eject = an_eject(
        1, port=9090, method=EjectMethod.STANDBY, group="blue-asg", replace=True
    )
    assert ruled(tight, standby) == refused(Code.HEADROOM_SHORT)


WELL = a_fleet(targets(6), units=4)
SPARE = a_fleet(targets(4, first=11), units=0, fleet=GREEN)
DOWN = a_fleet((DEAD,), units=4)


def shift(
    before: tuple[int, int], after: tuple[int, int], blue: FleetSeen = WELL,
    green: FleetSeen = SPARE, memory: Memory | None = None, policy: Policy | None = None,
) -> tuple[str, Code]:  # fmt: skip
    def weights(pair: tuple[int, int]) -> dict[object, int]:
        return {BLUE_ARN: pair[0], GREEN_ARN: pair[1]}

    situation = a_situation(
        blue,
        green,
        policy=policy or two_fleets(),
        memory=memory,
        weights=weights(before),  # type: ignore[arg-type]
    )
    return ruled(situation, a_reweight(weights(before), weights(after)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        pytest.param(shift((100, 0), (80, 20)), ALLOWED, id="one step"),
        pytest.param(shift((100, 0), (78, 22)), refused(Code.STEP_LIMIT), id="more than a step"),
        pytest.param(shift((0, 0), (80, 20)), refused(Code.STEP_LIMIT), id="out of nothing"),
        pytest.param(shift((100, 0), (0, 0)), refused(Code.LAST_WEIGHT), id="all zero"),
        pytest.param(shift((100, 0), (-1, 101)), refused(Code.GROUP_BOUNDS), id="below zero"),
        pytest.param(shift((100, 0), (1000, 0)), refused(Code.GROUP_BOUNDS), id="above 999"),
        pytest.param(shift((100, 0), (0, 100), DOWN), ALLOWED, id="down, so all at once"),
        pytest.param(shift((20, 80), (100, 0), DOWN), refused(Code.LAST_WEIGHT), id="no life"),
        pytest.param(
            shift((100, 0), (0, 100), DOWN, replace(SPARE, targets=targets(3, first=11))),
            refused(Code.RECEIVER_SHORT), id="three do not carry four",
        ),
        pytest.param(
            shift((100, 0), (80, 20), replace(WELL, signals={}), memory=Memory(
                fleets={BLUE: FleetMemory(demand=4.0, demand_at=at(-5))})),
            refused(Code.STALE), id="no healthy weight leaves on an old load",
        ),
        pytest.param(
            shift((100, 0), (0, 100), replace(DOWN, signals={}), memory=Memory(
                fleets={BLUE: FleetMemory(demand=4.0, demand_at=at(-30))})),
            ALLOWED, id="a dead one's does",
        ),
        pytest.param(
            shift((100, 0), (0, 100), replace(DOWN, signals={}), memory=Memory(
                fleets={BLUE: FleetMemory(demand=4.0, demand_at=at(-31))})),
            refused(Code.DEMAND_UNKNOWN), id="but not on one older than that",
        ),
        pytest.param(
            shift((100, 0), (0, 100), replace(DOWN, signals={})),
            refused(Code.DEMAND_UNKNOWN), id="nor on none",
        ),
        pytest.param(
            shift((100, 0), (80, 20), green=replace(SPARE, targets=None)), refused(Code.BLIND),
            id="blind to the receiver",
        ),
        pytest.param(
            shift((100, 0), (80, 20), memory=under_way(an_eject(11, fleet=GREEN))), ALLOWED,
            id="three of green carry a fifth",
        ),
    ],
)  # fmt: skip
def test_a_route_keeps_serving(verdict: tuple[str, Code], expected: tuple[str, Code]) -> None:
    assert verdict == expected


def test_what_a_shift_will_bring_is_not_removed() -> None:
    at_home = {BLUE_ARN: 100, GREEN_ARN: 0}
    away = a_reweight(at_home, {BLUE_ARN: 0, GREEN_ARN: 100})
    green = replace(SPARE, targets=targets(4, first=11))
    eject = an_eject(11, fleet=GREEN, target_group=GREEN_ARN)
    situation = a_situation(
        DOWN, green, policy=two_fleets(), memory=under_way(away), weights=at_home
    )
    assert ruled(situation, eject) == refused(Code.HEADROOM_SHORT)
    dark = a_situation(
        replace(DOWN, signals={}), green, policy=two_fleets(), memory=under_way(away),
        weights=at_home,
    )  # fmt: skip
    assert ruled(dark, eject) == refused(Code.DEMAND_UNKNOWN)


@pytest.mark.parametrize(
    ("green", "weights", "expected"),
    [
        pytest.param(SPARE, {BLUE_ARN: 0, GREEN_ARN: 100}, ALLOWED, id="all is known"),
        pytest.param(SPARE, None, refused(Code.BLIND), id="the route was not seen"),
        pytest.param(replace(SPARE, targets=None), {BLUE_ARN: 0, GREEN_ARN: 100},
                     refused(Code.BLIND), id="the other fleet was not seen"),
        pytest.param(replace(SPARE, signals={}), {BLUE_ARN: 0, GREEN_ARN: 100},
                     refused(Code.BLIND), id="nor is its load known"),
    ],
)  # fmt: skip
def test_a_fleet_that_looks_idle_is_not_shrunk_unless_its_routes_are_seen(
    green: FleetSeen, weights: dict[object, int] | None, expected: tuple[str, Code]
) -> None:
    idle = a_fleet(targets(6), a_group(6), 0.5)
    situation = a_situation(idle, green, policy=two_fleets(), weights=weights)  # type: ignore[arg-type]
    assert ruled(situation, grow(6, 5)) == expected


def test_a_verdict_shows_every_guard_that_looked_up_to_the_one_that_refused() -> None:
    allowed, refusal = judge(world(), grow(6, 7), grow(6, 8))
    assert [c.guard for c in allowed.checks][-1] == "headroom"
    assert all(c.passed for c in allowed.checks)
    assert [(c.guard, c.passed) for c in refusal.checks][-1] == ("in_flight", False)
    assert refusal.codes == (Code.LOAD_ABOVE_TARGET, Code.IN_FLIGHT)


RED, RED_ARN = FleetId("red"), Arn(BLUE_ARN.replace("blue", "red"))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(RED, refused(Code.RECEIVER_SHORT), id="of two fleets onto one"),
        pytest.param(BLUE, ALLOWED, id="of one fleet behind two listeners"),
    ],
)
def test_two_routes_onto_one_receiver_are_added_up(
    other: FleetId, expected: tuple[str, Code]
) -> None:
    arns = {BLUE: BLUE_ARN, GREEN: GREEN_ARN, RED: RED_ARN}
    fleets = {f: FleetPolicy(f, arn, "app/shop/0", None) for f, arn in arns.items()}
    second = RoutePolicy(RouteId("second"), Arn(RULE + "2"), {other: 1.0, GREEN: 0.0})
    policy = two_fleets(fleets=fleets, routes=(*two_fleets().routes, second))
    red = replace(DOWN, fleet=RED)
    situation = a_situation(DOWN, SPARE, red, policy=policy, weights={BLUE_ARN: 1, GREEN_ARN: 0})
    first = a_reweight({BLUE_ARN: 1, GREEN_ARN: 0}, {BLUE_ARN: 0, GREEN_ARN: 1})
    mine = arns[other]
    more = Reweight(second.name, second.rule, {mine: 1, GREEN_ARN: 0}, {mine: 0, GREEN_ARN: 1})
    assert ruled(situation, first, more) == expected
