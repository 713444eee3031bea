"""Laws 1, 2, 5, 7, 10 and 12 of terminations: who is ended serves nobody, and it is said so."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from tests.builders import (
    BLUE,
    a_fleet,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_ejection,
    an_entry,
    at,
    remembered,
    seen,
    targets,
)
from tests.properties.policies import some
from tests.properties.profile import EXAMPLES
from tests.unit.core.worlds import SCALED
from trimtab.loop import think
from trimtab.model.change import Retire
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId, InstanceId
from trimtab.model.ladder import Ladder, ReplacePolicy
from trimtab.model.memory import Action, Ejection
from trimtab.model.observation import Lifecycle, TargetState
from trimtab.model.policy import EjectMethod, HealthPolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.request import Request, Requests, Undo
from trimtab.model.tick import Inputs, Tick
from trimtab_lab.laws import Judged, hold

RULES = ReplacePolicy(after=2)
LADDERS = (
    Ladder(),
    Ladder(),
    Ladder({InstanceId("i-gone"): at(-30)}),
    Ladder({InstanceId("i-gone"): at(-30), InstanceId("i-too"): at(-700)}),
    Ladder({InstanceId("i-gone"): at(-1500)}, vain={InstanceId("i-vain"): at(-20)}),
    Ladder(newcomers={a_target(1).instance: at(-9)}),
)
STATES = (Lifecycle.STANDBY,) * 6 + tuple(Lifecycle)


@st.composite
def last_strikes(draw: st.DrawFn) -> Inputs:
    """Some serve, and one was set aside; where not all is well, one thing is the matter."""
    count = draw(st.integers(4, 12))
    matter = draw(some(*MATTERS))
    lifecycle = draw(some(*Lifecycle)) if matter == "lifecycle" else Lifecycle.STANDBY
    out = a_member(20, lifecycle=lifecycle, protected=matter == "protected")
    group = a_group(
        count,
        out,
        desired=count + (matter == "missing"),
        max_size=20,
        suspended=frozenset({"Terminate"} if matter == "suspended" else ()),
    )
    ill = {"ill": TargetState.UNHEALTHY, "initial": TargetState.INITIAL}.get(matter)
    here = targets(count) if ill is None else targets(count - 1, a_target(count, state=ill))
    here = (*here, a_target(20)) if matter == "registered" else here
    fleet = a_fleet(
        None if matter == "blind" else here,
        None if matter == "no group" else group,
        draw(some(0.7, 0.3)) * count,
    )
    held = _held(draw, matter)
    ladder = draw(some(*LADDERS)) if matter == "ladder" else Ladder()
    memory = remembered(ejected={held.eject.target: held}, ladder=ladder, seen_at=at(-1))
    busy = (50, 40, 30, 20, 10, 5) if matter == "rate" else draw(some((), (30,)))
    actions = tuple(Action(at(-m), BLUE, None, removal=True) for m in busy)
    rules = None if matter == "off" else draw(some(RULES, replace(RULES, per_day=1, stop_after=1)))
    policy = replace(SCALED, health=HealthPolicy(replace=rules), version=1)
    return Inputs(seen(fleet), policy, replace(memory, actions=actions))


MATTERS = (
    *["nothing"] * 8, "lifecycle", "lifecycle", "protected", "missing", "suspended", "ill",
    "initial", "registered", "blind", "no group", "ladder", "ladder", "rate", "off", "deregistered",
    "strikes", "time", "word", "alone",
)  # fmt: skip


def _held(draw: st.DrawFn, matter: str) -> Ejection:
    deregistered = matter == "deregistered"
    eject = an_eject(
        20,
        method=EjectMethod.DEREGISTER if deregistered else EjectMethod.STANDBY,
        group=None if deregistered else "blue-asg",
        replace=not deregistered and matter != "alone",
    )
    return an_ejection(
        eject,
        strikes=1 if matter == "strikes" else draw(some(2, 3)),
        until=at(-1 if matter == "time" else 10),
        reason=ReasonCode.REQUESTED if matter == "word" else ReasonCode.EJECT_OUTLIER,
    )


def ends(tick: Tick) -> list[Entry]:
    return [e for e in tick.entries if e.kind is Kind.INTENDED and isinstance(e.change, Retire)]


@settings(max_examples=EXAMPLES * 6)
@given(last_strikes())
def test_a_termination_keeps_every_law(given_inputs: Inputs) -> None:
    tick = think(given_inputs, "schedule")
    hold(Judged(given_inputs, tick.belief, tick.verdicts))
    event(f"{len(ends(tick))} ended")
    for entry in ends(tick):
        change = entry.change
        assert isinstance(change, Retire)
        fleet = given_inputs.policy.fleets[change.fleet]
        assert (change.group, change.target_group) == (fleet.group, fleet.target_group)
        assert entry.inverse is None
        held = given_inputs.memory.fleet(BLUE).ejected[change.target]
        assert held.eject.replace, "another was launched in its place"
        assert entry.deadline is not None
        assert entry.expects is not None
        pending = [p for p in tick.memory.pending if p.entry == entry.id]
        assert [p.change for p in pending] == [change]
        assert entry.subject in {lease.subject for lease in tick.leases.held}, (
            "until it is gone it is leased"
        )


@settings(max_examples=EXAMPLES)
@given(last_strikes())
def test_to_take_a_termination_back_is_answered_once_and_changes_nothing(
    given_inputs: Inputs,
) -> None:
    tick = think(given_inputs, "schedule")
    assume(ends(tick))
    intent = ends(tick)[0]
    outcome = replace(an_entry(), id=outcome_id(intent.id), kind=Kind.APPLIED, intent=intent.id)
    asked = Request(EntryId("01ASKED#000"), "ann", at(0), "it was mine", Undo(intent.id))
    again = replace(
        given_inputs,
        memory=replace(given_inputs.memory, holds={}),
        requests=Requests(1, (asked,)),
        cited={intent.id: intent, outcome.id: outcome},
    )
    answers = [e for e in think(again, "ann").entries if e.request == asked.id]
    assert [(e.kind, e.reason.code) for e in answers] == [
        (Kind.REFUSED, ReasonCode.CANNOT_BE_UNDONE)
    ]
