"""Undo of each kind of action on the embedded AWS: the earlier state is back, or the log says why.

The real handlers, the real tables, the operator's own command line code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.scenarios.embedded_shop import (
    SHOP,
    outcomes_of,
    shop,
    states,
    stored,
    weights,
)
from trimtab.model.change import Eject, Resize, Restore, Reweight
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import FleetId, InstanceId, RouteId
from trimtab.model.life import Stage, fold
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import (
    Asked,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    Release,
    RestoreTarget,
    Undo,
)
from trimtab_cli.asking import ask
from trimtab_cli.connect import Connected
from trimtab_cli.find import thread_of
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.policies import policy_for

BLUE, MAIN = FleetId("blue"), RouteId("main")


class Operated:
    """The shop, quiet and well, and Ann, whose every wish is an action to take back."""

    def __init__(self, aws: Embedded) -> None:
        self.aws = aws
        ports = aws.connections
        self.deployment = Connected(
            ports.store, ports.ledger, ports.names, lambda: "ann", lambda: aws.world.now
        )

    def ask(self, *asked: Asked) -> None:
        ask(self.deployment, SHOP, asked, "because")

    def has_done(self, kind: type, *asked: Asked) -> Entry:
        """Ask for something and return the intent that carried it out."""
        before = {e.id for e in stored(self.aws)}
        self.ask(*asked)
        for _ in range(4):
            self.aws.run(1)
            for entry in stored(self.aws):
                done = entry.kind is Kind.INTENDED and isinstance(entry.change, kind)
                if done and entry.id not in before:
                    assert [e.kind for e in outcomes_of(self.aws, entry)] == [Kind.APPLIED]
                    return entry
        raise AssertionError([f"{e.kind} {e.reason.text}" for e in stored(self.aws)[-4:]])

    def undo(self, intent: Entry, minutes: int = 8) -> list[tuple[Kind, Code]]:
        """Take an intent back and return what was answered to that, at once or by a verdict."""
        before = {e.id for e in stored(self.aws)}
        self.ask(Undo(intent.id))
        (request,) = [e.id for e in stored(self.aws) if e.id not in before]
        self.aws.run(minutes)
        return [
            (e.kind, e.reason.code)
            for e in stored(self.aws)
            if e.request == request and "#outcome" not in e.id
        ]

    def size(self) -> int:
        (group,) = [g for g in self.aws.world.describe_groups() if "blue" in g.name]
        return group.desired

    def stage(self, intent: Entry) -> Stage:
        return fold(thread_of(self.deployment, intent)).stage

    def world(self) -> tuple[object, ...]:
        """What an operator would look at: who serves, how many, which weights."""
        return (sorted(states(self.aws, "blue").items()), self.size(), weights(self.aws))


@pytest.fixture
def ann(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Iterator[Operated]:
    """Enforced for what is asked; ejection by the method that a test names."""
    method = getattr(request, "param", EjectMethod.AUTO)
    scenario = shop()
    with Embedded(scenario) as aws:
        policy = policy_for(scenario, aws.connections.names)
        eject = replace(policy.health.eject, method=method)
        aws.put(replace(policy, health=replace(policy.health, eject=eject)))
        aws.run(3)
        yield Operated(aws)


def a_target(ann: Operated) -> tuple[InstanceId, int]:
    return InstanceId(min(states(ann.aws, "blue"))), 8080


BY_EITHER_WAY = pytest.mark.parametrize(
    "ann", [EjectMethod.STANDBY, EjectMethod.DEREGISTER], indirect=True
)


def ejected(ann: Operated) -> tuple[Entry, InstanceId, int]:
    instance, port = a_target(ann)
    until = ann.aws.world.now + timedelta(hours=4)
    return ann.has_done(Eject, EjectTarget(BLUE, instance, port, until)), instance, port


@BY_EITHER_WAY
def test_an_ejection_is_undone_and_undoing_it_twice_does_nothing_twice(ann: Operated) -> None:
    earlier = ann.world()
    intent, instance, _ = ejected(ann)
    assert states(ann.aws, "blue").get(instance) != "healthy"

    ann.undo(intent)
    assert ann.world() == earlier
    assert ann.stage(intent) is Stage.REVERTED

    calls = len(ann.aws.calls.writes())
    assert ann.undo(intent) == [(Kind.REFUSED, Code.ALREADY_UNDONE)]
    assert (ann.world(), len(ann.aws.calls.writes())) == (earlier, calls)


@BY_EITHER_WAY
def test_a_restoration_is_undone(ann: Operated) -> None:
    _, instance, port = ejected(ann)
    ann.aws.run(2)
    out = ann.size()
    back = ann.has_done(Restore, RestoreTarget(BLUE, instance, port))
    ann.aws.run(2)
    assert states(ann.aws, "blue")[instance] == "healthy"

    ann.undo(back)
    assert states(ann.aws, "blue").get(instance) != "healthy"
    assert ann.size() == out
    assert ann.stage(back) is Stage.REVERTED
    assert ann.undo(back) == [(Kind.REFUSED, Code.ALREADY_UNDONE)]


@pytest.mark.parametrize("by", [2, -1], ids=["up", "down"])
def test_a_resize_is_undone(ann: Operated, by: int) -> None:
    start = ann.size() + (1 if by < 0 else 0)
    if by < 0:
        ann.has_done(Resize, HoldCapacity(BLUE, start, ann.aws.world.now + timedelta(hours=4)))
        ann.aws.run(8)
    until = ann.aws.world.now + timedelta(hours=4)
    intent = ann.has_done(Resize, HoldCapacity(BLUE, start + by, until))
    assert ann.size() == start + by
    ann.ask(Release("size of blue"))

    ann.undo(intent, minutes=20)
    assert ann.size() == start
    assert ann.stage(intent) is Stage.REVERTED
    assert ann.undo(intent) == [(Kind.REFUSED, Code.ALREADY_UNDONE)]
    assert ann.size() == start


def test_a_shift_of_weights_is_undone(ann: Operated) -> None:
    earlier = weights(ann.aws)
    wish = {FleetId(f): w + (10 if f == "blue" else -10) for f, w in earlier.items()}
    until = ann.aws.world.now + timedelta(hours=4)
    intent = ann.has_done(Reweight, HoldWeights(MAIN, wish, until))
    assert weights(ann.aws) == wish
    ann.ask(Release("weights of main"))

    ann.undo(intent)
    assert weights(ann.aws) == earlier
    assert ann.stage(intent) is Stage.REVERTED
    assert ann.undo(intent) == [(Kind.REFUSED, Code.ALREADY_UNDONE)]


# what is no longer safe


def test_a_resize_that_somebody_has_gone_on_from_is_left_alone(ann: Operated) -> None:
    until = ann.aws.world.now + timedelta(hours=4)
    size = ann.size()
    intent = ann.has_done(Resize, HoldCapacity(BLUE, size + 1, until))
    ann.ask(Release("size of blue"))
    ann.aws.run(1)
    (group,) = [g for g in ann.aws.world.describe_groups() if "blue" in g.name]
    ann.aws.world.set_desired_capacity(group.name, size + 3)
    assert ann.undo(intent, minutes=1) == [(Kind.REFUSED, Code.WORLD_CHANGED)]
    assert ann.size() == size + 3


def test_weights_that_somebody_has_moved_since_are_left_alone(ann: Operated) -> None:
    earlier = weights(ann.aws)
    wish = {FleetId(f): w + (10 if f == "blue" else -10) for f, w in earlier.items()}
    until = ann.aws.world.now + timedelta(hours=4)
    intent = ann.has_done(Reweight, HoldWeights(MAIN, wish, until))
    ann.ask(Release("weights of main"))
    (rule,) = ann.aws.world.rules()
    ann.aws.world.modify_rule(rule.arn, {arn: 50 for arn, _ in rule.weights})
    assert ann.undo(intent, minutes=1) == [(Kind.REFUSED, Code.WORLD_CHANGED)]
    assert set(weights(ann.aws).values()) == {50}


def test_an_ejected_target_that_is_gone_for_good_is_not_brought_back(ann: Operated) -> None:
    intent, instance, _ = ejected(ann)
    ann.aws.run(4)
    ann.aws.world.terminate_instance(instance, decrement=False)
    ann.aws.run(3)
    answers = ann.undo(intent)
    assert instance not in states(ann.aws, "blue")
    assert answers
    assert ann.stage(intent) is not Stage.REVERTED


def test_everything_since_a_time_goes_back_together(ann: Operated) -> None:
    earlier = ann.world()
    first, *_ = ejected(ann)
    until = ann.aws.world.now + timedelta(hours=4)
    wish = {FleetId(f): w + (10 if f == "blue" else -10) for f, w in weights(ann.aws).items()}
    second = ann.has_done(Reweight, HoldWeights(MAIN, wish, until))
    ann.ask(Release("weights of main"), Undo(first.id), Undo(second.id))
    ann.aws.run(10)
    assert ann.world() == earlier
    assert (ann.stage(first), ann.stage(second)) == (Stage.REVERTED, Stage.REVERTED)
