"""Act asks once more whose a thing is, by tags that may be younger than the intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    NOON,
    SHOP,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_entry,
    at,
    targets,
)
from tests.fakes import SmallWorld, Switch
from trimtab.act import Actor, Role
from trimtab.model.change import Change, Retire, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.observation import Lifecycle
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.signs import Machine, Marks, Notice
from trimtab_lab.simulator.stores import InMemory

ONE = a_target(1).instance
NO = Reason(Code.ACCESS_DENIED, "ec2:DescribeTags: not allowed")
KUBERNETES = Marks("kubernetes", "elbv2.k8s.aws/cluster")
TAGGED = Marks(do_not_touch=True)
OUT = an_eject(1)
ASIDE = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
END = Retire(BLUE, BLUE_ARN, a_target(9).instance, 8080, a_target(9).zone, "blue-asg")
BACK = inverse_of(an_eject(7))
APPLIED, CHANGED = (Kind.APPLIED, Code.APPLIED), (Kind.CONFLICT, Code.WORLD_CHANGED)


@dataclass
class Tags:
    """Port ``Signs`` of which only tags are asked."""

    instances: frozenset[InstanceId] | Reason = frozenset()
    target_group: Marks | Reason = field(default_factory=Marks)
    asked: int = 0

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        self.asked += 1
        return dict.fromkeys(target_groups, self.target_group)

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        self.asked += 1
        return self.instances

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        raise NotImplementedError

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        raise NotImplementedError

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        raise NotImplementedError


def carried_out(change: Change, tags: Tags) -> tuple[Kind, Code]:
    aside = a_member(9, lifecycle=Lifecycle.STANDBY)
    group = replace(a_group(4, aside), marks=Marks())
    world = SmallWorld(members={"blue-asg": group}, registered={BLUE_ARN: targets(4)})
    state = InMemory()
    intent = an_entry(when=NOON, change=change, inverse=inverse_of(change))
    state.ledger.append(intent)
    actor = Actor(state.ledger, Switch(), world, world, Role(signs=tags))
    outcome = actor.carry_out(SHOP, intent.id, at(1))
    assert outcome is not None
    assert bool(world.done) is (outcome.kind is Kind.APPLIED)
    return outcome.kind, outcome.reason.code


@pytest.mark.parametrize(
    ("change", "tags", "expected"),
    [
        pytest.param(OUT, Tags(), APPLIED, id="nobody forbids it"),
        pytest.param(OUT, Tags(frozenset({ONE})), CHANGED, id="the instance is tagged"),
        pytest.param(ASIDE, Tags(frozenset({ONE})), CHANGED, id="it does not go to standby"),
        pytest.param(END, Tags(frozenset({END.instance})), CHANGED, id="nor is it ended"),
        pytest.param(OUT, Tags(frozenset({InstanceId("i-else")})), APPLIED, id="another is"),
        pytest.param(OUT, Tags(target_group=TAGGED), CHANGED, id="the target group is"),
        pytest.param(ASIDE, Tags(target_group=TAGGED), CHANGED, id="for standby, too"),
        pytest.param(END, Tags(target_group=TAGGED), CHANGED, id="and for an end"),
        pytest.param(OUT, Tags(target_group=KUBERNETES), CHANGED, id="another manages it"),
        pytest.param(ASIDE, Tags(target_group=KUBERNETES), APPLIED, id="which standby leaves be"),
        pytest.param(OUT, Tags(NO, NO), APPLIED, id="unread: a sick one need not serve on"),
        pytest.param(END, Tags(NO), CHANGED, id="unread: but nobody is ended"),
        pytest.param(END, Tags(target_group=NO), CHANGED, id="whichever is unread"),
    ],
)
def test_a_tag_set_since_the_intent_counts(
    change: Change, tags: Tags, expected: tuple[Kind, Code]
) -> None:
    assert carried_out(change, tags) == expected
    assert 1 <= tags.asked <= 2


def test_to_give_back_nobody_is_asked() -> None:
    tags = Tags(frozenset({a_target(7).instance}), TAGGED)
    assert carried_out(BACK, tags) == APPLIED
    assert tags.asked == 0
