"""Where traffic goes, and the capacity that is asked for before it does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    RULE,
    a_fleet,
    a_group,
    a_member,
    a_series,
    a_target,
    at,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import a_situation, wanted
from trimtab.decide.flows import flow_of
from trimtab.decide.shares import allocate, shares_of, towards, weights_of
from trimtab.model.change import Resize, Reweight
from trimtab.model.ids import Arn, FleetId
from trimtab.model.memory import FleetMemory, Memory, RouteMemory
from trimtab.model.observation import FleetSeen, LoadSignal, TargetState
from trimtab.model.policy import (
    OnFailure,
    Policy,
    RoutePolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation

RED = FleetId("red")
DEAD = a_target(9, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")


def two(
    blue: FleetSeen,
    green: FleetSeen,
    weights: tuple[int, int] = (100, 0),
    memory: Memory | None = None,
    policy: Policy | None = None,
) -> Situation:
    """Blue and green behind one rule."""
    at_rule = {BLUE_ARN: weights[0], GREEN_ARN: weights[1]}
    green = replace(green, fleet=GREEN)
    return a_situation(blue, green, policy=policy or two_fleets(), memory=memory, weights=at_rule)


def moved(situation: Situation) -> tuple[tuple[int, int], Code] | None:
    found = wanted(situation).values()
    return next(
        (((c.after[BLUE_ARN], c.after[GREEN_ARN]), why) for c, why in found
         if isinstance(c, Reweight)), None,
    )  # fmt: skip


def routed(**memory: object) -> Memory:
    return Memory(routes={MAIN: RouteMemory(**memory)})  # type: ignore[arg-type]


GREEN_GROUP = a_group(0, name="green-asg", desired=4)
WELL = a_fleet(targets(6), units=4)
SHORT = a_fleet(targets(3), units=5)  # three targets carry 3.6
IDLE = a_fleet(targets(4, first=11), units=0)
GONE = a_fleet((DEAD,), units=4)


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        pytest.param(two(WELL, IDLE), None, id="all is well at home"),
        pytest.param(two(GONE, IDLE), ((0, 100), Code.FLEET_DOWN), id="down, so all at once"),
        pytest.param(
            two(GONE, replace(IDLE, targets=targets(2, first=11))), ((40, 60), Code.FLEET_DOWN),
            id="down, but only as much as green carries",
        ),
        pytest.param(two(GONE, a_fleet((), units=0)), None, id="down, and nobody to take it"),
        pytest.param(two(SHORT, IDLE), None, id="short just now"),
        pytest.param(
            two(SHORT, IDLE, memory=routed(short_since={BLUE: at(-1.9)})), None, id="briefly"
        ),
        pytest.param(
            two(SHORT, IDLE, memory=routed(short_since={BLUE: at(-2)})),
            ((80, 20), Code.FLEET_SHORT), id="short for long enough, one step",
        ),
        pytest.param(
            two(WELL, IDLE, (40, 60), routed(well_since={BLUE: at(-5)})),
            ((60, 40), Code.RETURN_HOME), id="well for long enough, one step home",
        ),
        pytest.param(
            two(WELL, IDLE, (40, 60), routed(well_since={BLUE: at(-4)})), None, id="not for long"
        ),
        pytest.param(
            two(WELL, IDLE, (40, 60), routed(well_since={BLUE: at(-9)}, moved_at=at(-1))), None,
            id="moved a minute ago",
        ),
        pytest.param(
            two(WELL, IDLE, (40, 60), routed(well_since={BLUE: at(-9)}, moved_at=at(-2))),
            ((60, 40), Code.RETURN_HOME), id="moved two minutes ago",
        ),
        pytest.param(two(WELL, IDLE, (0, 0)), None, id="somebody closed the route"),
        pytest.param(two(replace(WELL, targets=None), IDLE), None, id="blind to blue"),
        pytest.param(two(WELL, replace(IDLE, signals={})), None, id="green's load is unknown"),
    ],
)  # fmt: skip
def test_weights_follow_what_fleets_can_carry(
    situation: Situation, expected: tuple[tuple[int, int], Code] | None
) -> None:
    assert moved(situation) == expected


def test_a_route_told_to_hold_holds() -> None:
    home = {BLUE: 1.0, GREEN: 0.0}
    policy = two_fleets(routes=(RoutePolicy(MAIN, RULE, home, on_failure=OnFailure.HOLD),))
    assert moved(two(GONE, IDLE, policy=policy)) is None


def test_a_rule_that_lacks_one_of_our_fleets_is_left_alone() -> None:
    lacking: dict[Arn, int] = {BLUE_ARN: 1}
    situation = a_situation(GONE, replace(IDLE, fleet=GREEN), policy=two_fleets(), weights=lacking)
    assert moved(situation) is None


def test_an_unseen_route_has_no_flow() -> None:
    situation = a_situation(WELL, replace(IDLE, fleet=GREEN), policy=two_fleets())
    assert flow_of(situation.policy.routes[0], situation) is None


@pytest.mark.parametrize(
    ("green", "expected"),
    [
        pytest.param(
            a_fleet(targets(1, first=11), a_group(1, name="green-asg"), 0), 4, id="too small"
        ),
        pytest.param(a_fleet((), a_group(0, name="green-asg", min_size=0), 0), 4, id="empty"),
        pytest.param(
            a_fleet((replace(DEAD, port=1),), a_group(1, name="green-asg"), 0), None, id="down too"
        ),
    ],
)
def test_capacity_is_asked_for_before_traffic_shifts(
    green: FleetSeen, expected: int | None
) -> None:
    found = wanted(two(GONE, green)).values()
    sizes = [(c.after, w) for c, w in found if isinstance(c, Resize) and c.fleet == GREEN]
    assert sizes == ([] if expected is None else [(expected, Code.CAPACITY_FOR_SHIFT)])


def test_a_fleet_whose_traffic_is_away_keeps_room_for_the_way_home() -> None:
    away = a_fleet(targets(1), a_group(1), 0)
    busy = a_fleet(targets(6, first=11), None, 5)
    found = wanted(two(away, busy, (0, 100))).values()
    assert [(c.after, w) for c, w in found if isinstance(c, Resize)] == [
        (5, Code.CAPACITY_FOR_SHIFT)
    ]


def test_a_fleet_that_failed_keeps_its_home_share_for_the_way_back() -> None:
    failed = a_fleet((DEAD,), a_group(0, a_member(9), desired=1), 0)
    busy = a_fleet(targets(6, first=11), None, 5)
    found = wanted(two(failed, busy, (0, 100))).values()
    assert [(c.after, w) for c, w in found if isinstance(c, Resize)] == [
        (5, Code.CAPACITY_FOR_SHIFT)
    ]


def test_a_route_elsewhere_says_nothing_of_a_fleet() -> None:
    fleets = {**two_fleets().fleets, RED: replace(two_fleets().fleets[BLUE], name=RED)}
    red = a_fleet(targets(4), a_group(4), 6, fleet=RED)
    weights = {BLUE_ARN: 100, GREEN_ARN: 0}
    green = replace(IDLE, fleet=GREEN)
    found = wanted(a_situation(WELL, green, red, policy=two_fleets(fleets=fleets), weights=weights))
    assert [(c.after, w) for c, w in found.values() if isinstance(c, Resize)] == [
        (6, Code.LOAD_ABOVE_TARGET)
    ]


def test_a_step_too_small_for_whole_weights_moves_nothing() -> None:
    home = {BLUE: 1.0, GREEN: 0.0}
    policy = two_fleets(routes=(RoutePolicy(MAIN, RULE, home, max_step=0.004),))
    assert moved(two(SHORT, IDLE, memory=routed(short_since={BLUE: at(-9)}), policy=policy)) is None


def test_a_load_remembered_stands_in_to_route_around_a_dead_fleet() -> None:
    dark = replace(GONE, signals={LoadSignal.REQUESTS: a_series()})
    memory = Memory(fleets={BLUE: FleetMemory(demand=4.0, demand_at=at(-29))})
    assert moved(two(dark, IDLE, memory=memory)) == ((0, 100), Code.FLEET_DOWN)


@pytest.mark.parametrize(
    ("home", "capacity", "demand", "expected"),
    [
        pytest.param((1, 0), (4, 3), 5, (0.8, 0.2), id="what is over goes to who has room"),
        pytest.param((1, 0), (0, 3), 5, (0.4, 0.6), id="nobody is buried"),
        pytest.param((0.5, 0.5), (9, 9), 5, (0.5, 0.5), id="home while all can"),
        pytest.param((1, 0), (0, 0), 5, (1, 0), id="nobody can: home"),
        pytest.param((1, 0), (5, 5), 0, (1, 0), id="no load: home"),
        pytest.param((1, 0), (0, 5), 0, (0, 1), id="no load, but not on the dead"),
        pytest.param((1, 0), (0, 0), 0, (1, 0), id="no load and all dead: home"),
    ],
)
def test_shares_are_the_closest_to_home_that_can_be_carried(
    home: tuple[float, float], capacity: tuple[float, float], demand: float,
    expected: tuple[float, float],
) -> None:  # fmt: skip
    names = (BLUE, GREEN)
    shares = allocate(
        dict(zip(names, home, strict=True)), dict(zip(names, capacity, strict=True)), demand
    )
    assert tuple(shares.values()) == pytest.approx(expected)


def test_weights_are_whole_and_add_up() -> None:
    assert weights_of({BLUE: 1 / 3, GREEN: 2 / 3}) == {BLUE: 33, GREEN: 67}
    assert weights_of({BLUE: 0.335, GREEN: 0.665}) == {BLUE: 34, GREEN: 66}
    assert shares_of({BLUE: 0, GREEN: 0}) is None
    assert towards({BLUE: 1.0, GREEN: 0.0}, {BLUE: 0.4, GREEN: 0.6}, 0.2) == pytest.approx(
        {BLUE: 0.8, GREEN: 0.2}
    )
    assert towards({BLUE: 1.0, GREEN: 0.0}, {BLUE: 0.9, GREEN: 0.1}, 0.2)[GREEN] == 0.1
