"""Weights: one step, onto those who can carry it, and never nowhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    RULE,
    a_fleet,
    a_group,
    an_eject,
    at,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    DEAD,
    a_reweight,
    a_situation,
    grow,
    judge,
    refused,
    ruled,
    under_way,
    world,
)
from trimtab.model.change import Resize, Reweight
from trimtab.model.ids import Arn, FleetId, RouteId
from trimtab.model.memory import FleetMemory, Memory
from trimtab.model.observation import FleetSeen
from trimtab.model.policy import (
    FleetPolicy,
    Policy,
    RoutePolicy,
)
from trimtab.model.reason import ReasonCode as Code

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


def test_a_fleet_on_no_route_shrinks_by_its_own_load() -> None:
    fleets = {**two_fleets().fleets, RED: FleetPolicy(RED, RED_ARN, "app/shop/0", "red-asg")}
    red = a_fleet(targets(6), a_group(6, name="red-asg"), 3, fleet=RED)
    situation = a_situation(red, policy=two_fleets(fleets=fleets))
    assert ruled(situation, Resize(RED, "red-asg", 6, 5)) == ALLOWED
