"""Act: once, only what the log says, and only while the world still is what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import (
    BLUE,
    GREEN,
    MAIN,
    NOON,
    SHOP,
    a_group,
    a_member,
    a_pause,
    an_eject,
    an_entry,
    at,
)
from tests.fakes import Switch
from tests.unit.core.stage import GROW, SHIFT, SO_ALREADY, STANDBY, Stage, ended
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
from trimtab.model.change import Change, Resize, inverse_of
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.halt import Protection
from trimtab.model.ids import EntryId
from trimtab.model.observation import Lifecycle
from trimtab.model.policy import Lever
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import Protect, ProtectFleet, ProtectRoute, ProtectTarget
from trimtab_lab.simulator.stores import DictTables

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
        pytest.param(Switch(trouble=Throttled("slow down")), (Kind.FAILED, Code.UNCONFIRMED),
                     id="unreadable is paused"),
    ],
)  # fmt: skip
def test_the_pause_switch_is_asked_before_each_write(
    stage: Stage, switch: Switch, expected: tuple[Kind, Code]
) -> None:
    stage.switch = switch
    assert ended(stage.carry_out(stage.intend(GROW))) == expected
    assert bool(stage.world.done) is (expected[0] is Kind.APPLIED)


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
