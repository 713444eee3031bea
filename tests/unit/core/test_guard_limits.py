"""Budgets, rates, steps and bounds: how much, and how fast?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    a_fleet,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    DEAD,
    IN_STANDBY,
    SCALED,
    ZONES,
    a_reweight,
    grow,
    judge,
    refused,
    ruled,
    under_way,
    world,
)
from trimtab.guard.budget import MOST_A_TICK, allowed_out
from trimtab.model.change import Change, Resize, inverse_of
from trimtab.model.memory import Action, Memory
from trimtab.model.observation import FleetSeen, Lifecycle, TargetState
from trimtab.model.policy import (
    EjectPolicy,
    GuardPolicy,
    HealthPolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.size import bounds


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
        pytest.param(sized(11, max_size=10), grow(11, 11), None, id="no step is no step in"),
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


def test_what_is_under_way_elsewhere_does_not() -> None:
    full = a_fleet(targets(6), a_group(6, max_size=7), 3)
    elsewhere = under_way(
        inverse_of(replace(IN_STANDBY, fleet=GREEN)), a_reweight({BLUE_ARN: 1}, {BLUE_ARN: 2})
    )
    assert ruled(world(full, memory=elsewhere), inverse_of(IN_STANDBY)) == ALLOWED


def test_the_groups_own_bounds_win_over_the_policys() -> None:
    group = a_group(4, min_size=2, max_size=6)
    assert bounds(group, sized(4).policy) == (2, 6)
    assert bounds(group, sized(4, min_size=9).policy) == (6, 6)
    assert bounds(group, sized(4, max_size=1).policy) == (2, 2)
    assert bounds(group, sized(4, min_size=3, max_size=5).policy) == (3, 5)
