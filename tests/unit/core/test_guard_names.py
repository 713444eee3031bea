"""Law 10: only what the policy names is ever touched."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import BLUE_ARN, GREEN_ARN, a_fleet, an_eject, targets, two_fleets
from tests.unit.core.worlds import IN_STANDBY, a_reweight, a_situation, grow, refused, ruled
from trimtab.model.change import Change
from trimtab.model.ids import Arn, FleetId, RouteId
from trimtab.model.reason import ReasonCode as Code

STRANGE = Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/strange/1")
HOME = {BLUE_ARN: 100, GREEN_ARN: 0}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(replace(grow(), fleet=FleetId("red")), id="a fleet"),
        pytest.param(replace(grow(), group="other-asg"), id="a group"),
        pytest.param(replace(an_eject(), target_group=STRANGE), id="a target group"),
        pytest.param(replace(IN_STANDBY, group="other-asg"), id="a group to stand by in"),
        pytest.param(replace(a_reweight(HOME, HOME), route=RouteId("side")), id="a route"),
        pytest.param(replace(a_reweight(HOME, HOME), rule=STRANGE), id="a rule"),
        pytest.param(a_reweight({STRANGE: 1}, {STRANGE: 2}), id="somebody's weight"),
        pytest.param(a_reweight(HOME, {BLUE_ARN: 100}), id="half a route"),
    ],
)
def test_what_the_policy_does_not_name_is_not_touched(change: Change) -> None:
    here = a_situation(a_fleet(targets(6), units=3), policy=two_fleets(), weights=HOME)
    assert ruled(here, change) == refused(Code.NOT_NAMED)
