"""Actions of some minutes ago, the fleet they were done to, and what is made of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    a_fleet,
    a_group,
    a_series,
    a_target,
    an_eject,
    at,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import (
    SCALED,
    a_situation,
)
from trimtab.effects import judge
from trimtab.model.change import Change, Resize, inverse_of
from trimtab.model.effect import Effect, Expectation, Proof, Unverified, Vitals
from trimtab.model.ids import EntryId
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, LoadSignal, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation

INTENT = EntryId("T#000")
STANDBY = an_eject(6, method=EjectMethod.STANDBY, group="blue-asg")
BACK = inverse_of(STANDBY)
GROW, SHRINK = Resize(BLUE, "blue-asg", 6, 8), Resize(BLUE, "blue-asg", 6, 5)
WELL = Vitals(serving=6, trusted=6, bad=1, units=4.0, errors=0.0, latency=0.1)


def done(
    change: Change, minutes: float = 5, before: Vitals | None = WELL, **changes: Any
) -> Unverified:
    """An action of so many minutes ago."""
    when = at(-minutes)
    fleets = {BLUE: before, GREEN: before} if before else {}
    expects = Expectation("it helps", when + timedelta(minutes=5), fleets, carried=True)
    reason = changes.pop("reason", Code.EJECT_OUTLIER)
    kept = {"at": when, "done": when + timedelta(seconds=2), "expects": expects}
    return Unverified(INTENT, change, reason, **{**kept, **changes})


def fleet(
    count: int = 5, units: float | None = 4.0, errors: float | None = 0.0, **changes: Any
) -> FleetSeen:
    """So many healthy members with load and errors; the newest minute is a minute old."""
    signals = {}
    if units is not None:
        signals[LoadSignal.REQUESTS] = a_series(*[units * 900] * 6)
        if errors is not None:
            signals[LoadSignal.ERRORS] = a_series(*[units * 900 * errors] * 6)
    here = changes.pop("targets", targets(count))
    group = changes.pop("group", a_group(count))
    return a_fleet(here, group, signals=signals, **changes)


def world(*held: Unverified, seen: FleetSeen | None = None, **memory: Any) -> Situation:
    remembered = Memory(unverified=held, **memory)
    return a_situation(seen or fleet(), policy=SCALED, memory=remembered)


def effect(held: Unverified, seen: FleetSeen | None = None, **memory: Any) -> Effect | None:
    found = judge(world(held, seen=seen, **memory))
    return found[0] if found else None


def proof(held: Unverified, seen: FleetSeen | None = None, **memory: Any) -> Proof | None:
    found = effect(held, seen, **memory)
    return found.proof if found else None


BLIND = FleetSeen(BLUE, None)
SICK = a_target(6, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")


HOME, SHIFTED = {BLUE_ARN: 80, GREEN_ARN: 20}, {BLUE_ARN: 60, GREEN_ARN: 40}


def both(blue: float = 0.0, green: float = 0.0, held: Unverified | None = None) -> Situation:
    """Blue and green, five targets each, shifted; and the share of errors of each."""
    other = replace(fleet(units=2, errors=green), fleet=GREEN)
    memory = Memory(regretted=(held,)) if held else Memory()
    mine = fleet(units=2, errors=blue)
    return a_situation(mine, other, policy=two_fleets(), memory=memory, weights=SHIFTED)
