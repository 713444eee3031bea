"""Who is kept to be looked at carries a tag that says so, once it is out and once it is back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tests.builders import NOON, SHOP, a_group, a_member, an_eject, an_entry, at
from tests.fakes import SmallWorld, Switch
from trimtab.act import Actor, Role
from trimtab.errors import Denied, TrimtabError
from trimtab.model.change import Change, inverse_of
from trimtab.model.entry import Call, Entry, Kind
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Lifecycle
from trimtab.model.policy import EjectMethod
from trimtab_lab.simulator.stores import InMemory

ASIDE = an_eject(
    4, method=EjectMethod.STANDBY, group="blue-asg", replace=True, keep=timedelta(hours=4)
)
UNTIL = [(ASIDE.instance, "by trimtab, until 2026-03-02T16:00:00Z")]


@dataclass
class Labels:
    """Port ``Labels`` that notes what it sets."""

    trouble: TrimtabError | None = None
    done: list[tuple[InstanceId, str]] = field(default_factory=list)

    def label(self, instance: InstanceId, text: str) -> Call:
        if self.trouble is not None:
            raise self.trouble
        self.done.append((instance, text))
        return Call("ec2:CreateTags", "r")


def carried_out(
    change: Change, labels: Labels, lifecycle: Lifecycle = Lifecycle.IN_SERVICE
) -> Entry:
    group = a_group(3, a_member(4, lifecycle=lifecycle))
    world = SmallWorld(members={"blue-asg": group})
    state = InMemory()
    intent = an_entry(when=NOON, change=change, inverse=inverse_of(change))
    state.ledger.append(intent)
    actor = Actor(state.ledger, Switch(), world, world, Role(labels=labels))
    outcome = actor.carry_out(SHOP, intent.id, at(1))
    assert outcome is not None
    return outcome


def test_who_is_set_aside_to_be_looked_at_says_until_when() -> None:
    labels = Labels()
    outcome = carried_out(ASIDE, labels)
    assert (outcome.kind, labels.done) == (Kind.APPLIED, UNTIL)
    assert [call.operation for call in outcome.calls] == ["aws:Change", "ec2:CreateTags"]


def test_also_if_an_earlier_try_moved_it_and_was_killed_before_it_could_say_so() -> None:
    labels = Labels()
    outcome = carried_out(ASIDE, labels, Lifecycle.STANDBY)
    assert (outcome.kind, labels.done) == (Kind.UNNEEDED, UNTIL)


def test_who_is_back_says_since_when() -> None:
    labels = Labels()
    carried_out(inverse_of(ASIDE), labels, Lifecycle.STANDBY)
    assert labels.done == [(ASIDE.instance, "back since 2026-03-02T12:01:00Z")]


def test_a_tag_that_cannot_be_set_is_said_and_changes_nothing_else() -> None:
    outcome = carried_out(ASIDE, Labels(Denied("ec2:CreateTags: not allowed")))
    assert outcome.kind is Kind.APPLIED
    assert outcome.reason.text.endswith("but for its tag trimtab:kept: ec2:CreateTags: not allowed")


@pytest.mark.parametrize(
    ("change", "lifecycle"),
    [
        pytest.param(replace(ASIDE, keep=None), Lifecycle.IN_SERVICE, id="it is not kept"),
        pytest.param(inverse_of(replace(ASIDE, keep=None)), Lifecycle.STANDBY, id="nor was it"),
        pytest.param(ASIDE, Lifecycle.LEAVING, id="it did not get there"),
    ],
)
def test_nobody_else_is_tagged(change: Change, lifecycle: Lifecycle) -> None:
    labels = Labels()
    carried_out(change, labels, lifecycle)
    assert labels.done == []
