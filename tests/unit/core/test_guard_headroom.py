"""Does what stays carry the load?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    REQUESTS,
    a_fleet,
    a_group,
    a_policy,
    a_target,
    an_eject,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    a_reweight,
    a_situation,
    grow,
    refused,
    ruled,
    under_way,
    world,
)
from trimtab.model.change import Change, Eject
from trimtab.model.observation import TargetState
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    HealthPolicy,
    ScalingPolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation


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


def test_a_group_does_not_shrink_while_an_unknown_load_is_on_its_way() -> None:
    blue, green = {BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 0, GREEN_ARN: 100}
    elsewhere = a_fleet(None, fleet=GREEN)
    alone = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)), fleets=two_fleets().fleets)
    situation = a_situation(
        a_fleet(targets(6), a_group(6), 1), elsewhere, policy=alone,
        memory=under_way(a_reweight(green, blue)),
    )  # fmt: skip
    assert ruled(situation, grow(6, 5)) == refused(Code.DEMAND_UNKNOWN)
