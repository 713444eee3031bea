"""After failures, and over times in which nobody looked or nobody could say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    a_fleet,
    a_group,
    a_policy,
    a_target,
    an_entry,
    at,
    remembered,
    seen,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    DEAD,
    a_reweight,
    a_situation,
    grow,
    refused,
    ruled,
    wanted,
    world,
)
from trimtab.assess import assess
from trimtab.model.change import Eject, Resize, Reweight, change_key
from trimtab.model.entry import Kind
from trimtab.model.ids import Arn, EntryId
from trimtab.model.memory import Finding, Memory, Pending, RouteMemory, Setback
from trimtab.model.observation import TargetState
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.remember import settle

INTENT = EntryId("T#000")
GROW = grow(6, 7)


def failed(times: int, ago: float, code: Code = Code.AWS_ERROR) -> Memory:
    return Memory(setbacks={change_key(GROW): Setback(code, at(-ago), times)})


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        pytest.param(failed(1, 0.4), refused(Code.BACKING_OFF), id="within half a minute"),
        pytest.param(failed(1, 0.5), ALLOWED, id="the next tick tries again"),
        pytest.param(failed(4, 3.9), refused(Code.BACKING_OFF), id="doubled each time"),
        pytest.param(failed(4, 4), ALLOWED, id="and no longer than that"),
        pytest.param(failed(99, 4.9), refused(Code.BACKING_OFF), id="five minutes at the most"),
        pytest.param(failed(99, 5), ALLOWED, id="for users wait with what gives capacity"),
        pytest.param(failed(1, 4.9, Code.ACCESS_DENIED), refused(Code.BACKING_OFF), id="denied"),
    ],
)
def test_what_failed_is_not_tried_again_every_minute(
    memory: Memory, expected: tuple[str, Code]
) -> None:
    assert ruled(world(memory=memory), GROW) == expected


@pytest.mark.parametrize(
    ("ago", "expected"),
    [
        pytest.param(59, refused(Code.BACKING_OFF), id="an hour at the most"),
        pytest.param(60, ALLOWED, id="never more than an hour"),
    ],
)
def test_what_takes_capacity_can_wait(ago: float, expected: tuple[str, Code]) -> None:
    assert ruled(world(memory=failed(99, ago)), grow(6, 5)) == expected


def test_another_change_of_the_same_group_is_not_held_back() -> None:
    other = Memory(setbacks={"Resize group green/green-asg": Setback(Code.AWS_ERROR, NOON, 9)})
    assert ruled(world(memory=other), GROW) == ALLOWED


def settled(kind: Kind, code: Code, memory: Memory | None = None) -> Memory:
    pending = Pending(INTENT, GROW, Code.LOAD_ABOVE_TARGET, at(-1), at(1))
    outcome = an_entry(kind=kind, reason=Reason(code, "so it ended"), at=NOON)
    memory = replace(memory or Memory(), pending=(pending,))
    return settle(memory, {INTENT: outcome}, seen(a_fleet(targets(6), a_group(6))), a_policy())


def test_failures_in_a_row_are_counted_and_success_forgets_them() -> None:
    once = settled(Kind.FAILED, Code.THROTTLED)
    twice = settled(Kind.FAILED, Code.ACCESS_DENIED, once)
    assert twice.setbacks == {change_key(GROW): Setback(Code.ACCESS_DENIED, NOON, 2)}
    assert settled(Kind.APPLIED, Code.APPLIED, twice).setbacks == {}


def test_a_finding_is_not_held_against_anybody_over_a_gap() -> None:
    found = {DEAD.id: (Finding(Code.LB_UNHEALTHY, at(-480)),)}
    looking = remembered(findings=found, shadowed=found, seen_at=at(-1))
    away = remembered(findings=found, shadowed=found, seen_at=at(-479))
    fleet = seen(a_fleet(targets(6, DEAD), a_group(6)))
    for memory, expected in ((looking, found), (away, {})):
        kept = settle(memory, {}, fleet, a_policy()).fleet(BLUE)
        assert (kept.findings, kept.shadowed) == (expected, expected)


def test_a_route_is_not_well_or_short_over_a_gap() -> None:
    old = RouteMemory({BLUE: at(-60)}, {GREEN: at(-60)}, moved_at=at(-90), seen_at=at(-59))
    memory = settle(Memory(routes={MAIN: old}), {}, seen(), two_fleets())
    assert memory.route(MAIN) == replace(old, short_since={}, well_since={})


@pytest.mark.parametrize(
    "nobody_knows",
    [
        pytest.param(
            {"state": TargetState.UNHEALTHY, "state_reason": "Elb.InternalError"}, id="Elb.*"
        ),
        pytest.param({"state": TargetState.UNAVAILABLE}, id="unavailable"),
    ],
)
def test_what_the_load_balancer_cannot_judge_is_blindness_and_no_ruin(
    nobody_knows: dict[str, object],
) -> None:
    fleet = a_fleet(tuple(a_target(n, **nobody_knows) for n in range(1, 5)), units=3)
    belief = assess(seen(fleet), a_policy(), Memory()).fleets[BLUE]
    assert (belief.targets, belief.down) == (None, False)


def test_a_lost_member_is_replaced_once() -> None:
    here = a_fleet((*targets(5), replace(DEAD, instance=a_target(6).instance)), a_group(6), 5.9)
    memory = remembered(
        findings={here.targets[-1].id: (Finding(Code.LB_UNHEALTHY, at(-9)),)}  # type: ignore[index]
    )
    proposed = [c for c, _ in wanted(world(here, memory=memory)).values()]
    grown = next(c for c in proposed if isinstance(c, Resize))
    ejected = next(c for c in proposed if isinstance(c, Eject))
    assert (grown.after, ejected.replace) == (7, False)


def test_a_group_at_its_maximum_says_so() -> None:
    full = a_situation(a_fleet(targets(12), a_group(12), 20), policy=two_fleets())
    (change, _), *_ = wanted(full).values()
    assert ruled(full, change) == refused(Code.GROUP_BOUNDS)


def test_the_share_of_a_target_group_we_do_not_know_is_kept() -> None:
    canary = Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/canary/1")
    blue, green = a_fleet((DEAD,), units=4), replace(a_fleet(targets(6, first=11)), fleet=GREEN)
    at_noon = seen(blue, replace(green, signals=a_fleet(units=0).signals))
    weights = {BLUE_ARN: 30, GREEN_ARN: 10, canary: 10}
    situation = a_situation(
        policy=two_fleets(),
        observed=replace(
            at_noon,
            routes={MAIN: replace(seen(weights=weights).routes[MAIN], weights=weights)},
        ),
    )
    moved = next(c for c, _ in wanted(situation).values() if isinstance(c, Reweight))
    assert sum(moved.after.values()) == sum(moved.before.values()) == 40


def test_weights_move_no_sooner_than_a_step_apart() -> None:
    shift = a_reweight({BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 90, GREEN_ARN: 10})
    blue = a_fleet(targets(6), units=4)
    green = replace(a_fleet(targets(4, first=11), units=0), fleet=GREEN)
    for ago, expected in ((1.0, refused(Code.STEP_LIMIT)), (2.0, ALLOWED)):
        memory = Memory(routes={MAIN: RouteMemory(moved_at=at(-ago))})
        situation = a_situation(
            blue, green, policy=two_fleets(), memory=memory,
            weights={BLUE_ARN: 100, GREEN_ARN: 0},
        )  # fmt: skip
        assert ruled(situation, shift) == expected
