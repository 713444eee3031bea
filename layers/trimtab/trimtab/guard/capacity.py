"""Headroom: the survivors must carry the load, before and after, over everything under way. Pure.

Law 1: serving capacity never falls below demand by our doing, unless what leaves serves nothing.
"""

from __future__ import annotations

import math

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, Clamped, passed, refused
from trimtab.model.assessment import TargetBelief
from trimtab.model.change import Eject, Resize, Reweight
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.verdict import Proposal

EXACT = 1e-9
"""Rounding of floating-point sums, far below any load that matters."""
ROUNDING = 0.01
"""Weights are whole percents: a share may come out this much larger than it was meant."""


def check_headroom(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse (or clamp) what leaves less capacity than the load needs."""
    change = proposal.change
    match change:
        case Eject():
            return _after_ejection(change, plan)
        case Resize() if change.after < change.before:
            return _after_shrinking(change, plan)
        case Reweight():
            return _after_shift(change, plan)
        case _:
            return passed("takes no capacity")


def _after_ejection(change: Eject, plan: Plan) -> Answer:
    """Worked example: 5.6 units on six targets, one failing: five survivors at 1.2 carry 6.0."""
    leaving = _registrations(change, plan)
    if leaving and not any(b.serves for b in leaving):
        return passed("it serves nothing, so nothing is lost", serves=False)
    units = plan.units(change.fleet)
    if units is None:
        return refused(
            ReasonCode.DEMAND_UNKNOWN,
            f"it still serves, and the load of {change.fleet} is unknown",
        )
    trusted = sum(1 for b in leaving if b.trusted)
    left = plan.survivors(change.fleet) - trusted
    return _carries(change, left, plan.ramping(change.fleet, change.instance), units, plan)


def _registrations(change: Eject, plan: Plan) -> list[TargetBelief]:
    """Return what leaves: one registration, or by standby all that the instance has."""
    known = plan.grounds[change.fleet].registrations.get(change.instance, ())
    if change.method is EjectMethod.STANDBY:
        return list(known)
    return [b for b in known if b.target.port == change.port]


def _carries(change: Eject, survivors: int, ramping: float, units: float, plan: Plan) -> Answer:
    fleet, room = change.fleet, (survivors - ramping) * plan.at.policy.guard.max_load
    facts = {"survivors": survivors, "capacity_units": round(room, 3), "units": round(units, 3)}
    if room + EXACT < units:
        text = f"{survivors} survivors of {fleet} carry {room:.1f} units, {units:.2f} are needed"
        return refused(ReasonCode.HEADROOM_SHORT, text, **facts)
    return passed(f"{survivors} survivors of {fleet} carry it", **facts)


def _after_shrinking(change: Resize, plan: Plan) -> Answer:
    """Clamp a shrinkage to what the load leaves to spare, one target at target load per unit."""
    units = plan.units(change.fleet)
    if units is None:
        return refused(ReasonCode.DEMAND_UNKNOWN, f"the load of {change.fleet} is unknown")
    able = plan.survivors(change.fleet) - plan.ramping(change.fleet)
    spare = math.floor(able - units + EXACT)
    wanted = change.before - change.after
    facts = {"survivors": plan.survivors(change.fleet), "units": round(units, 3), "spare": spare}
    if spare >= wanted:
        return passed("what stays carries the load", **facts)
    if spare <= 0:
        return refused(
            ReasonCode.HEADROOM_SHORT, f"{change.fleet} has no trusted target to spare", **facts
        )
    smaller = Resize(change.fleet, change.group, change.before, change.before - spare)
    text = f"only {spare} of {wanted} can be spared"
    return Clamped(smaller, Reason(ReasonCode.HEADROOM_SHORT, text, facts))


def _after_shift(change: Reweight, plan: Plan) -> Answer:
    """Refuse to give a fleet more traffic than its trusted targets can carry."""
    total, before = sum(change.after.values()), sum(change.before.values())
    fleets = {p.target_group: f for f, p in plan.at.policy.fleets.items()}
    facts: dict[str, Fact] = {}
    for group, weight in sorted(change.after.items()):
        share = weight / total if total else 0.0
        if before and share <= change.before[group] / before:
            continue
        fleet = fleets[group]
        units = plan.units_after(fleet, change)
        if units is None:
            return refused(ReasonCode.DEMAND_UNKNOWN, "the load of the route is unknown")
        down = plan.at.believed(fleet).down
        able = plan.survivors(fleet) - plan.ramping(fleet)
        room = 0.0 if down else max(0.0, able) * plan.at.policy.guard.max_load
        slack = ROUNDING * units / share if share else 0.0
        if units > room + slack + EXACT:
            return refused(
                ReasonCode.RECEIVER_SHORT,
                f"{fleet} carries {room:.1f} units and would get {units:.2f}",
                capacity_units=round(room, 3),
                units=round(units, 3),
            )
        facts[f"{fleet}_units"] = round(units, 3)
    return passed("every receiver carries its new share", **facts)
