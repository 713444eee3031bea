"""Act changes only a world that still is what the log says; what it cannot see it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    RULE,
    a_member,
    a_target,
    an_eject,
)
from tests.fakes import SmallWorld
from tests.unit.core.stage import GROW, SHIFT, SO_ALREADY, STANDBY, Stage, ended
from trimtab.model.change import Change, Eject, Retire, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.observation import Group, Lifecycle, RouteSeen, TargetState
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.signs import Marks


def with_group(**changes: object) -> Callable[[SmallWorld], None]:
    def set_up(world: SmallWorld) -> None:
        group = world.members["blue-asg"]
        assert isinstance(group, Group)
        world.members["blue-asg"] = replace(group, **changes)  # type: ignore[arg-type]

    return set_up


def with_member(lifecycle: Lifecycle) -> Callable[[SmallWorld], None]:
    return with_group(members=(a_member(1, lifecycle=lifecycle),))


def with_weights(blue: int, green: int) -> Callable[[SmallWorld], None]:
    def set_up(world: SmallWorld) -> None:
        world.rules[RULE] = RouteSeen(RULE, {BLUE_ARN: blue, GREEN_ARN: green})

    return set_up


def with_target(*states: TargetState) -> Callable[[SmallWorld], None]:
    def set_up(world: SmallWorld) -> None:
        world.registered[BLUE_ARN] = tuple(a_target(1, state=s) for s in states)

    return set_up


END = Retire(BLUE, BLUE_ARN, a_target(1).instance, 8080, a_target(1).zone, "blue-asg")
TAGGED = Marks(do_not_touch=True)
BEANSTALK = Marks("elasticbeanstalk", "elasticbeanstalk:environment-name")
CHANGED = (Kind.CONFLICT, Code.WORLD_CHANGED)
DONE = (Kind.APPLIED, Code.APPLIED)
BACK = inverse_of(an_eject(1))
LEAVE_STANDBY = inverse_of(STANDBY)
ASIDE = a_member(1, lifecycle=Lifecycle.STANDBY)
SAFE = replace(ASIDE, protected=True)


@pytest.mark.parametrize(
    ("change", "set_up", "expected"),
    [
        pytest.param(GROW, with_group(desired=5), SO_ALREADY, id="the size is so"),
        pytest.param(GROW, with_group(desired=6), CHANGED, id="somebody resized"),
        pytest.param(SHIFT, with_weights(80, 20), SO_ALREADY, id="the weights are so"),
        pytest.param(SHIFT, with_weights(90, 10), CHANGED, id="somebody shifted"),
        pytest.param(an_eject(1), with_target(), SO_ALREADY, id="it is gone"),
        pytest.param(an_eject(1), with_target(TargetState.DRAINING), SO_ALREADY, id="it drains"),
        pytest.param(BACK, with_target(TargetState.HEALTHY), SO_ALREADY, id="it is registered"),
        pytest.param(BACK, with_target(TargetState.DRAINING), DONE, id="it returns from draining"),
        pytest.param(STANDBY, with_member(Lifecycle.STANDBY), SO_ALREADY, id="it is in standby"),
        pytest.param(STANDBY, with_member(Lifecycle.ENTERING_STANDBY), SO_ALREADY, id="it enters"),
        pytest.param(STANDBY, with_member(Lifecycle.LEAVING), CHANGED, id="it is being ended"),
        pytest.param(STANDBY, with_group(members=()), (Kind.CONFLICT, Code.NOT_FOUND),
                     id="it is no member any more"),
        pytest.param(END, with_group(members=(ASIDE,), marks=Marks()), DONE,
                     id="it is ended in standby"),
        pytest.param(END, with_group(members=(ASIDE,), marks=None), CHANGED,
                     id="its group's tags are not known"),
        pytest.param(END, with_member(Lifecycle.IN_SERVICE), CHANGED, id="not in service"),
        pytest.param(END, with_member(Lifecycle.ENTERING_STANDBY), CHANGED, id="nor draining"),
        pytest.param(END, with_member(Lifecycle.LEAVING), SO_ALREADY, id="it is ending"),
        pytest.param(END, with_group(members=()), SO_ALREADY, id="it has ended"),
        pytest.param(END, with_group(members=(SAFE,)), CHANGED, id="somebody protects it"),
        pytest.param(END, with_group(members=(ASIDE,), suspended=frozenset({"Terminate"})), CHANGED,
                     id="its group may end none"),
        pytest.param(STANDBY, with_group(marks=TAGGED), CHANGED, id="somebody tagged its group"),
        pytest.param(STANDBY, with_group(marks=BEANSTALK), CHANGED, id="somebody else manages it"),
        pytest.param(STANDBY, with_group(members=(replace(a_member(1), protected=True),)), CHANGED,
                     id="it is protected from scale-in by now"),
        pytest.param(GROW, with_group(marks=TAGGED), CHANGED, id="a tagged group keeps its size"),
        pytest.param(END, with_group(members=(ASIDE,), marks=TAGGED), CHANGED,
                     id="nor does its member end"),
        pytest.param(LEAVE_STANDBY, with_group(members=(ASIDE,), marks=TAGGED), DONE,
                     id="but gets back who was taken out"),
        pytest.param(LEAVE_STANDBY, with_member(Lifecycle.STANDBY), DONE, id="it leaves standby"),
        pytest.param(LEAVE_STANDBY, with_member(Lifecycle.IN_SERVICE), SO_ALREADY, id="it is back"),
        pytest.param(LEAVE_STANDBY, with_member(Lifecycle.ENTERING_STANDBY), CHANGED,
                     id="it still enters"),
    ],
)  # fmt: skip
def test_the_world_is_compared_before_it_is_changed(
    stage: Stage, change: Change, set_up: Callable[[SmallWorld], None],
    expected: tuple[Kind, Code],
) -> None:  # fmt: skip
    set_up(stage.world)
    assert ended(stage.carry_out(stage.intend(change))) == expected
    assert stage.world.effects == (expected is DONE)


UNHEALTHY = Reason(Code.EJECT_UNHEALTHY, "it failed its checks")


@pytest.mark.parametrize(
    ("state", "wanted", "expected"),
    [
        pytest.param("healthy", UNHEALTHY, CHANGED, id="healthy again"),
        pytest.param("unhealthy", UNHEALTHY, DONE, id="as ill as before"),
        pytest.param("healthy", Reason(Code.EJECT_OUTLIER, "slow"), DONE, id="slow, and healthy"),
    ],
)
@pytest.mark.parametrize("change", [an_eject(1), STANDBY], ids=["deregister", "standby"])
def test_a_target_that_recovered_meanwhile_stays(
    stage: Stage, change: Change, state: str, wanted: Reason, expected: tuple[Kind, Code]
) -> None:
    with_target(TargetState(state))(stage.world)
    assert ended(stage.carry_out(stage.intend(change, wanted=wanted))) == expected


def test_a_target_that_left_between_two_looks_is_not_taken_out_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ill = with_target(TargetState.UNHEALTHY)
    ill(stage.world)
    looks = iter((stage.world.targets([BLUE_ARN]), {BLUE_ARN: ()}))
    monkeypatch.setattr(stage.world, "targets", lambda _: next(looks))
    intent = stage.intend(an_eject(1), wanted=UNHEALTHY)
    assert ended(stage.carry_out(intent)) == (Kind.UNNEEDED, Code.ALREADY_SO)
    assert not stage.world.effects


THROTTLED = Reason(Code.THROTTLED, "slow down")
ABSENT = Reason(Code.NOT_FOUND, "no such thing")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(THROTTLED, Code.UNCONFIRMED, id="throttled"),
        pytest.param(ABSENT, Code.NOT_FOUND, id="absent"),
    ],
)
@pytest.mark.parametrize("change", [GROW, SHIFT, an_eject(1), STANDBY])
def test_what_cannot_be_seen_is_not_changed(
    stage: Stage, change: Change, answer: Reason, code: Code
) -> None:
    stage.world.members["blue-asg"] = answer
    stage.world.registered[BLUE_ARN] = answer
    stage.world.rules[RULE] = answer
    if isinstance(change, Eject):
        code = Code.UNCONFIRMED  # an earlier try may have taken it out of what is not shown now
    assert ended(stage.carry_out(stage.intend(change))) == (Kind.FAILED, code)
    assert not stage.world.done
