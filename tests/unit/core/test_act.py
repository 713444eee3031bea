"""Act: once, only what the log says, and only while the world still is what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    RULE,
    SHOP,
    a_group,
    a_member,
    a_pause,
    a_target,
    an_eject,
    an_entry,
    at,
    targets,
)
from tests.fakes import SmallWorld, Switch
from tests.unit.core.worlds import a_reweight
from trimtab.act import Actor, Role
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.tables import Found
from trimtab.errors import (
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Refused,
    Throttled,
    TrimtabError,
    Unclear,
)
from trimtab.model.change import Change, Eject, Resize, Retire, inverse_of
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.halt import Protection
from trimtab.model.ids import EntryId
from trimtab.model.observation import Group, Lifecycle, RouteSeen, TargetState
from trimtab.model.policy import EjectMethod, Lever
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import Protect, ProtectFleet, ProtectRoute, ProtectTarget
from trimtab.model.signs import Marks
from trimtab_lab.simulator.stores import DictTables, InMemory

GROW = Resize(BLUE, "blue-asg", before=4, after=5)
STANDBY = an_eject(1, method=EjectMethod.STANDBY, group="blue-asg")
END = Retire(BLUE, BLUE_ARN, a_target(1).instance, 8080, a_target(1).zone, "blue-asg")
TAGGED = Marks(do_not_touch=True)
BEANSTALK = Marks("elasticbeanstalk", "elasticbeanstalk:environment-name")
SHIFT = a_reweight({BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 80, GREEN_ARN: 20})


@dataclass
class Stage:
    """An actor, the log it reads, the switch it asks and the world it changes."""

    state: InMemory
    world: SmallWorld
    switch: Switch

    def intend(self, change: Change, **changes: Any) -> EntryId:
        entry = an_entry(change=change, inverse=inverse_of(change), **changes)
        assert self.state.ledger.append(entry)
        return entry.id

    def carry_out(self, intent: EntryId, minutes: float = 1) -> Entry | None:
        actor = Actor(self.state.ledger, self.switch, self.world, self.world)
        return actor.carry_out(SHOP, intent, at(minutes))

    def outcomes(self) -> list[Entry]:
        every = self.state.ledger.of_service(SHOP, at(-60), at(60))
        return [e for e in every if e.intent is not None]


@pytest.fixture
def stage() -> Stage:
    world = SmallWorld(
        members={"blue-asg": a_group(4)},
        registered={BLUE_ARN: targets(4)},
        rules={RULE: RouteSeen(RULE, {BLUE_ARN: 100, GREEN_ARN: 0})},
    )
    return Stage(InMemory(), world, Switch())


def ended(outcome: Entry | None) -> tuple[Kind, Code]:
    assert outcome is not None
    return outcome.kind, outcome.reason.code


FIRST, OTHER = an_eject(1), an_eject(2)
PROTECTED = ProtectTarget(BLUE, FIRST.instance, FIRST.port, at(60))
SHRINK = Resize(BLUE, "blue-asg", before=4, after=3)
REFUSED = (Kind.CONFLICT, Code.PROTECTED_BY_REQUEST)
APPLIED = (Kind.APPLIED, Code.APPLIED)


@pytest.mark.parametrize(
    ("asked", "change", "since", "expected"),
    [
        pytest.param(PROTECTED, FIRST, None, REFUSED, id="nobody has heard it yet"),
        pytest.param(PROTECTED, FIRST, at(0.5), REFUSED, id="heard since it was decided"),
        pytest.param(PROTECTED, FIRST, at(-1), APPLIED, id="the guard knew of it"),
        pytest.param(replace(PROTECTED, until=at(0.5)), FIRST, None, APPLIED, id="over by now"),
        pytest.param(PROTECTED, OTHER, None, APPLIED, id="of another target"),
        pytest.param(PROTECTED, STANDBY, None, REFUSED, id="all of an instance"),
        pytest.param(replace(PROTECTED, port=1), FIRST, None, APPLIED, id="of another port"),
        pytest.param(PROTECTED, SHRINK, None, REFUSED, id="nobody knows whom the group ends"),
        pytest.param(PROTECTED, GROW, None, APPLIED, id="growing takes nobody"),
        pytest.param(PROTECTED, inverse_of(an_eject(9)), None, APPLIED, id="nor does giving back"),
        pytest.param(ProtectFleet(BLUE, at(60)), FIRST, None, REFUSED, id="of a fleet"),
        pytest.param(ProtectFleet(BLUE, at(60)), SHIFT, None, APPLIED, id="weights are no fleet's"),
        pytest.param(ProtectFleet(GREEN, at(60)), FIRST, None, APPLIED, id="of another fleet"),
        pytest.param(ProtectRoute(MAIN, at(60)), SHIFT, None, REFUSED, id="of the route"),
        pytest.param(ProtectRoute(MAIN, at(60)), FIRST, None, APPLIED, id="targets are no route's"),
    ],
)
def test_what_was_protected_since_the_intent_is_left_alone(
    stage: Stage, asked: Protect, change: Change, since: datetime | None, expected: object
) -> None:
    stage.switch.protections = (Protection(asked, "ann", "because", since),)
    outcome = stage.carry_out(stage.intend(change))
    assert ended(outcome) == expected
    assert bool(stage.world.done) is (expected == APPLIED)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(GROW, id="a resize"),
        pytest.param(SHIFT, id="a shift"),
        pytest.param(an_eject(1), id="a deregistration"),
        pytest.param(STANDBY, id="a standby"),
        pytest.param(inverse_of(an_eject(9)), id="a registration"),
    ],
)
def test_an_intent_is_carried_out_once_and_its_outcome_says_so(
    stage: Stage, change: Change
) -> None:
    intent = stage.intend(change)
    outcome = stage.carry_out(intent)
    assert outcome is not None
    assert ended(outcome) == (Kind.APPLIED, Code.APPLIED)
    assert (outcome.id, outcome.intent, outcome.by) == (outcome_id(intent), intent, "act")
    assert (outcome.change, outcome.inverse) == (change, inverse_of(change))
    assert [c.request_id for c in outcome.calls] == ["request-1"]
    assert (outcome.at, outcome.deadline) == (at(1), None)
    assert stage.world.done == [change]
    assert stage.carry_out(intent) is None
    assert (stage.world.effects, len(stage.outcomes())) == (1, 1)


@pytest.mark.parametrize(("by", "name"), [("warden", "act"), ("schedule", "warden")])
def test_an_intent_is_carried_out_by_whom_it_is_meant_for(by: str, name: str, stage: Stage) -> None:
    intent = stage.intend(GROW, by=by)
    actor = Actor(stage.state.ledger, stage.switch, stage.world, stage.world, Role(name))
    assert actor.carry_out(SHOP, intent, at(1)) is None
    assert (stage.world.done, stage.outcomes()) == ([], [])
    other = "warden" if name == "act" else "act"
    actor = Actor(stage.state.ledger, stage.switch, stage.world, stage.world, Role(other))
    outcome = actor.carry_out(SHOP, intent, at(1))
    assert outcome is not None
    assert (outcome.kind, outcome.by) == (Kind.APPLIED, other)


def test_what_the_log_does_not_hold_is_not_done(stage: Stage) -> None:
    assert stage.carry_out(EntryId("01MADE-UP#000")) is None
    assert not stage.world.done
    assert not stage.outcomes()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"kind": Kind.SHADOWED}, id="a shadow"),
        pytest.param({"kind": Kind.AWAITING}, id="what awaits approval"),
        pytest.param({"kind": Kind.APPLIED}, id="an outcome"),
    ],
)
def test_only_an_intent_is_an_order(stage: Stage, changes: dict[str, object]) -> None:
    assert stage.carry_out(stage.intend(GROW, **changes)) is None
    assert not stage.world.done


def test_an_intent_to_do_nothing_is_nothing(stage: Stage) -> None:
    entry = an_entry(change=None, inverse=None)
    stage.state.ledger.append(entry)
    assert stage.carry_out(entry.id) is None


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        pytest.param(at(1), (Kind.APPLIED, Code.APPLIED), id="at the deadline"),
        pytest.param(at(0.99), (Kind.EXPIRED, Code.TOO_LATE), id="after it"),
        pytest.param(None, (Kind.EXPIRED, Code.TOO_LATE), id="without one"),
    ],
)
def test_past_its_deadline_it_is_not_done(
    stage: Stage, deadline: object, expected: tuple[Kind, Code]
) -> None:
    intent = stage.intend(GROW, deadline=deadline)
    assert ended(stage.carry_out(intent)) == expected
    assert bool(stage.world.done) is (expected[0] is Kind.APPLIED)


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        pytest.param(Switch((a_pause(),)), (Kind.FAILED, Code.PAUSED), id="paused meanwhile"),
        pytest.param(Switch((a_pause(until=at(1)),)), (Kind.APPLIED, Code.APPLIED), id="just over"),
        pytest.param(Switch((a_pause(levers=frozenset({Lever.ROUTE})),)),
                     (Kind.APPLIED, Code.APPLIED), id="another lever"),
        pytest.param(Switch(trouble=Throttled("slow down")), (Kind.FAILED, Code.PAUSED),
                     id="unreadable is paused"),
    ],
)  # fmt: skip
def test_the_pause_switch_is_asked_before_each_write(
    stage: Stage, switch: Switch, expected: tuple[Kind, Code]
) -> None:
    stage.switch = switch
    assert ended(stage.carry_out(stage.intend(GROW))) == expected
    assert bool(stage.world.done) is (expected[0] is Kind.APPLIED)


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


SO_ALREADY = (Kind.UNNEEDED, Code.ALREADY_SO)
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


def test_what_an_earlier_try_did_is_not_called_failed_because_of_a_pause(stage: Stage) -> None:
    """Killed between the write and its outcome, delivered again, and paused in between."""
    intent = stage.intend(STANDBY)
    stage.world.members["blue-asg"] = a_group(0, a_member(1, lifecycle=Lifecycle.STANDBY))
    stage.switch.held = (a_pause(),)

    assert stage.carry_out(intent) is not None
    assert not stage.world.done
    assert [e.kind for e in stage.outcomes()] == [Kind.UNNEEDED]


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        pytest.param(Conflict("x"), Kind.CONFLICT, Code.WORLD_CHANGED, id="conflict"),
        pytest.param(Denied("x"), Kind.FAILED, Code.ACCESS_DENIED, id="denied"),
        pytest.param(Throttled("x"), Kind.FAILED, Code.THROTTLED, id="throttled"),
        pytest.param(NotFound("x"), Kind.FAILED, Code.NOT_FOUND, id="not found"),
        pytest.param(Unclear("x"), Kind.FAILED, Code.UNCONFIRMED, id="unclear"),
        pytest.param(Refused("x"), Kind.FAILED, Code.AWS_ERROR, id="refused"),
        pytest.param(Malformed("x"), Kind.FAILED, Code.AWS_ERROR, id="anything else of ours"),
    ],
)
def test_each_trouble_is_an_outcome(
    stage: Stage, error: TrimtabError, kind: Kind, code: Code
) -> None:
    stage.world.trouble = error
    outcome = stage.carry_out(stage.intend(GROW))
    assert ended(outcome) == (kind, code)
    assert outcome is not None
    assert outcome.reason.text == "x"
    assert len(stage.outcomes()) == 1


class Killed(BaseException):
    """The function ends, whatever it was doing."""


@pytest.mark.parametrize("change", [GROW, SHIFT, an_eject(1), STANDBY, inverse_of(an_eject(9))])
def test_killed_between_write_and_outcome_it_ends_once_and_does_nothing_twice(
    stage: Stage, change: Change
) -> None:
    def die() -> None:
        raise Killed

    intent = stage.intend(change)
    stage.world.after = die
    with pytest.raises(Killed):
        stage.carry_out(intent)
    assert not stage.outcomes()

    stage.world.after = lambda: None
    assert ended(stage.carry_out(intent)) == SO_ALREADY
    assert stage.carry_out(intent) is None
    assert (stage.world.effects, len(stage.outcomes())) == (1, 1)


def test_of_two_actors_at_once_one_writes_the_outcome(stage: Stage) -> None:
    intent = stage.intend(GROW)
    other: list[Entry | None] = []

    def meanwhile() -> None:
        stage.world.after = lambda: None
        other.append(stage.carry_out(intent))

    stage.world.after = meanwhile
    assert stage.carry_out(intent) is None
    assert ended(other[0]) == SO_ALREADY
    assert (stage.world.effects, len(stage.outcomes())) == (1, 1)


def test_a_log_that_cannot_be_read_stops_everything(stage: Stage) -> None:
    class DarkTables(DictTables):
        def get_many(self, keys: object) -> Found:
            raise Throttled("the log")

    actor = Actor(TableLedger(DarkTables()), stage.switch, stage.world, stage.world)
    with pytest.raises(Throttled):
        actor.carry_out(SHOP, stage.intend(GROW), NOON)
    assert not stage.world.done
