"""Freshness: what may be done with what we can see. Missing or stale never removes. Pure."""

from __future__ import annotations

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.change import Eject, Resize, Restore, Reweight
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_sight(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse what cannot be justified by what we see now.

    Removing capacity needs target health and a fresh load; moving weight needs target health of
    every fleet concerned; adding capacity and giving back need neither.
    """
    change = proposal.change
    match change:
        case Restore():
            return passed("gives back")
        case Eject():
            return _needs_targets(plan, (change.fleet,))
        case Reweight():
            return _needs_targets(plan, _fleets_of(change, plan))
        case Resize():
            if change.after >= change.before:
                return passed("adds capacity")
            return _needs_load(plan, change)


def _fleets_of(change: Reweight, plan: Plan) -> tuple[str, ...]:
    return tuple(f for f, p in plan.at.policy.fleets.items() if p.target_group in change.after)


def _needs_targets(plan: Plan, fleets: tuple[str, ...]) -> Answer:
    for name, belief in plan.at.belief.fleets.items():
        if name in fleets and belief.targets is None:
            return refused(ReasonCode.BLIND, f"target health of {name} could not be read")
    return passed("target health was read", fleets=", ".join(fleets))


def _needs_load(plan: Plan, change: Resize) -> Answer:
    belief = plan.at.believed(change.fleet)
    if belief.targets is None:
        return refused(ReasonCode.BLIND, f"target health of {change.fleet} could not be read")
    if belief.demand is None:
        gap = belief.demand_gap
        text = gap.text if gap else "the load is unknown"
        return refused(ReasonCode.STALE, f"no capacity is removed on missing data: {text}")
    age = (plan.now - belief.demand.at).total_seconds()
    return passed("the load is fresh", age_s=age)
