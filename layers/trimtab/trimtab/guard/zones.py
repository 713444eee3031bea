"""Zone states: how fast targets may leave a zone, by how much of it is bad. Pure.

Panic and the cause stop what is plainly wrong with a fleet; this paces what they let pass.
"""

from __future__ import annotations

import math
from datetime import timedelta

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, Refused, passed, refused
from trimtab.model.change import Eject
from trimtab.model.disruption import ZoneState, is_dark, state_of
from trimtab.model.ids import FleetId, Zone
from trimtab.model.reason import ReasonCode, in_words
from trimtab.model.verdict import Proposal
from trimtab.model.zones import ZonePolicy

MINUTE = timedelta(minutes=1)


def check_zone_state(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse an ejection from a zone that is too disrupted, or faster than its state allows."""
    change = proposal.change
    if not isinstance(change, Eject):
        return passed("removes nothing by name")
    rules, fleet, zone = plan.at.policy.guard.zones, change.fleet, change.zone
    states = {z: _state(fleet, z, plan) for z in plan.crews[fleet]}
    was_dark = plan.at.memory.fleet(fleet).dark_since
    if is_dark(states.values()):
        text = f"nothing is ready in any zone of {fleet}: nothing is removed"
        return refused(ReasonCode.ZONE_DISRUPTED, text, zones=len(states))
    if was_dark is not None:
        text = f"nothing was ready in any zone of {fleet} since {was_dark:%H:%M}"
        return refused(ReasonCode.ZONE_DISRUPTED, f"{text}, until now: findings begin anew")
    state = states.get(zone, ZoneState.NORMAL)
    return _paced(state, fleet, zone, plan) or passed(
        f"{zone} is {state}", state=state, pace=_pace(state, fleet, zone, plan, rules)
    )


def _state(fleet: FleetId, zone: Zone, plan: Plan) -> ZoneState:
    crew = plan.crews[fleet][zone]
    leaving = (i for i in plan.leaving(fleet) if i in crew.all and i not in crew.unready)
    unready = len(crew.unready) + sum(1 for _ in leaving)
    return state_of(len(crew.all) - unready, unready, plan.at.policy.guard.zones.unhealthy_share)


def _pace(state: ZoneState, fleet: FleetId, zone: Zone, plan: Plan, rules: ZonePolicy) -> float:
    """Return how many may leave a minute; where a whole zone is bad the others say we see right."""
    if state is not ZoneState.PARTIAL:
        return rules.pace
    return rules.slow_pace if plan.population(fleet, zone) > rules.large else 0.0


def _paced(state: ZoneState, fleet: FleetId, zone: Zone, plan: Plan) -> Refused | None:
    rules = plan.at.policy.guard.zones
    pace = _pace(state, fleet, zone, plan, rules)
    if pace <= 0:
        text = f"most of {zone} is bad in {fleet}, and it is small: none of it is taken out"
        return _refused(text, state, pace)
    window = max(MINUTE, MINUTE / pace)
    most = max(1, math.floor(pace * (window / MINUTE) + 1e-9))
    taken = _taken(fleet, zone, window, plan)
    if taken < most:
        return None
    text = f"{taken} of {fleet} left {zone} within {in_words(window)}, {most} may"
    if state is ZoneState.PARTIAL:
        return _refused(f"most of {zone} is bad: {text}", state, pace)
    return refused(ReasonCode.RATE_BUDGET, text, state=state, pace=pace)


def _refused(text: str, state: ZoneState, pace: float) -> Refused:
    return refused(ReasonCode.ZONE_DISRUPTED, text, state=state, pace=pace)


def _taken(fleet: FleetId, zone: Zone, window: timedelta, plan: Plan) -> int:
    """Count the ejections from a zone within a window, those under way included."""
    past = (a for a in plan.at.memory.actions if a.removal and plan.now - a.at < window)
    done = sum(1 for a in past if a.fleet == fleet and a.zone == zone)
    coming = (c for c in plan.coming if isinstance(c, Eject))
    return done + sum(1 for c in coming if c.fleet == fleet and c.zone == zone)
