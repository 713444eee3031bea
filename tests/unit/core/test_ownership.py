"""What must not be touched, what others manage, what serves elsewhere: refused, with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    a_fleet,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    seen,
    targets,
)
from tests.unit.core.worlds import ALLOWED, SCALED, a_situation, grow, refused, ruled
from trimtab.model.change import Change, Retire, inverse_of
from trimtab.model.ids import Zone
from trimtab.model.ladder import ReplacePolicy
from trimtab.model.observation import Gap, Lifecycle, TargetState
from trimtab.model.policy import EjectMethod, EjectPolicy, HealthPolicy
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.signs import Closer, Marks
from trimtab.model.situation import Situation

TAGGED = Marks(do_not_touch=True)
KUBERNETES = Marks("kubernetes", "elbv2.k8s.aws/cluster")
ASIDE = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
HELD = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg", replace=True)
END = Retire(BLUE, BLUE_ARN, a_target(9).instance, 8080, Zone("eu-west-1a"), "blue-asg")
MANY = EjectPolicy(max_share=0.5, max_zone_share=1.0)
POLICY = replace(SCALED, health=HealthPolicy(eject=MANY, replace=ReplacePolicy()))


def there(closer: Closer | None = None, *gaps: Gap, here: Any = None, **group: Any) -> Situation:
    """Six that serve and one in standby; what is known of their owners."""
    members = a_group(6, a_member(9, lifecycle=Lifecycle.STANDBY), **group)
    fleet = a_fleet(here or targets(6), members, 3, closer=closer)
    held = an_ejection(HELD, strikes=3, until=at(30))
    memory = remembered(ejected={HELD.target: held}, seen_at=at(-1))
    return a_situation(policy=POLICY, memory=memory, observed=replace(seen(fleet), gaps=gaps))


@pytest.mark.parametrize(
    ("situation", "change", "expected"),
    [
        (there(), ASIDE, ALLOWED),
        (there(Closer(untouchable=frozenset({ASIDE.instance}))), ASIDE, refused(Code.PROTECTED)),
        (there(Closer(untouchable=frozenset({END.instance}))), END, refused(Code.PROTECTED)),
        (there(Closer(untouchable=frozenset({END.instance}))), inverse_of(HELD), ALLOWED),
        (there(Closer(marks=TAGGED)), ASIDE, refused(Code.PROTECTED)),
        (there(marks=TAGGED), grow(6, 7), refused(Code.PROTECTED)),
        (there(marks=TAGGED), END, refused(Code.PROTECTED)),
        (there(Closer(marks=KUBERNETES)), an_eject(1), refused(Code.MANAGED_ELSEWHERE)),
        (there(Closer(marks=KUBERNETES)), ASIDE, ALLOWED),
        (there(marks=KUBERNETES), ASIDE, refused(Code.MANAGED_ELSEWHERE)),
        (there(marks=KUBERNETES), an_eject(1), ALLOWED),
        (there(target_groups=(BLUE_ARN, GREEN_ARN)), ASIDE, refused(Code.SERVES_ELSEWHERE)),
        (there(target_groups=(BLUE_ARN,)), ASIDE, ALLOWED),
        (there(target_groups=(BLUE_ARN, GREEN_ARN)), an_eject(1), ALLOWED),
        (there(target_groups=(BLUE_ARN, GREEN_ARN),
               here=(a_target(1, state=TargetState.UNHEALTHY), *targets(5, first=2))), ASIDE,
         ALLOWED),
        (there(target_groups=(BLUE_ARN, GREEN_ARN)), END, ALLOWED),
        (there(None, Gap("instance_tags", BLUE, Reason(Code.THROTTLED, "slow"))), END,
         refused(Code.BLIND)),
        (there(None, Gap("instance_tags", BLUE, Reason(Code.THROTTLED, "slow"))), ASIDE, ALLOWED),
    ],
    ids=["nobody's", "a tagged instance", "a tagged one in standby", "it may come back",
         "a tagged target group", "a tagged group grows", "a tagged group's member ends",
         "kubernetes' target group", "standby does not touch it", "kubernetes' group",
         "deregistering does not touch that", "two target groups", "only this one",
         "deregistered from one", "it serves nothing", "it is in standby already",
         "tags unread, and it would end", "tags unread, and it may come back"],
)  # fmt: skip
def test_what_is_not_ours_is_left_alone(
    situation: Situation, change: Change, expected: tuple[str, Code]
) -> None:
    assert ruled(situation, change) == expected
