"""Freshness: what may be done with what we can see. Missing or stale never removes. Pure."""

from __future__ import annotations

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight
from trimtab.model.ids import FleetId
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_sight(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse what cannot be justified by what we see now.

    Removing capacity needs target health and a fresh load, and sight of every route that may send
    the fleet more; moving weight needs target health of every fleet concerned, and a fresh load
    too where a fleet that serves would lose some; adding capacity and giving back need nothing.
    """
    change = proposal.change
    match change:
        case Restore():
            return passed("gives back")
        case Eject() | Retire():
            return _needs_targets(plan, (change.fleet,), ())
        case Reweight():
            return _needs_targets(plan, _fleets_of(change, plan), _losing(change, plan))
        case Resize():
            if change.after >= change.before:
                return passed("adds capacity")
            return _needs_load(plan, change)


def _fleets_of(change: Reweight, plan: Plan) -> tuple[FleetId, ...]:
    fleets = plan.at.policy.fleets
    return tuple(sorted(f for f in fleets if fleets[f].target_group in change.after))


def _losing(change: Reweight, plan: Plan) -> tuple[FleetId, ...]:
    """Fleets that can serve and would get a smaller share."""
    before, after = sum(change.before.values()), sum(change.after.values())
    groups = {f: plan.at.policy.fleets[f].target_group for f in _fleets_of(change, plan)}
    return tuple(
        f
        for f, group in groups.items()
        if change.after[group] * before < change.before[group] * after
        and not plan.at.believed(f).down
    )


def _needs_targets(plan: Plan, fleets: tuple[FleetId, ...], losing: tuple[FleetId, ...]) -> Answer:
    for name in fleets:
        belief = plan.at.believed(name)
        if belief.targets is None:
            return refused(ReasonCode.BLIND, f"target health of {name} could not be read")
        if losing and belief.demand is None:
            text = f"{', '.join(losing)} can serve, and the load of {name} is unknown"
            return refused(
                ReasonCode.STALE, f"no healthy weight is removed on missing data: {text}"
            )
    return passed("target health was read", fleets=", ".join(fleets))


def _needs_load(plan: Plan, change: Resize) -> Answer:
    belief = plan.at.believed(change.fleet)
    if belief.targets is None:
        return refused(ReasonCode.BLIND, f"target health of {change.fleet} could not be read")
    if belief.demand is None:
        gap = belief.demand_gap
        text = gap.text if gap else "the load is unknown"
        return refused(ReasonCode.STALE, f"no capacity is removed on missing data: {text}")
    unseen = _unseen_route(plan, change.fleet)
    if unseen:
        return refused(ReasonCode.BLIND, f"no capacity is removed on missing data: {unseen}")
    age = (plan.now - belief.demand.at).total_seconds()
    return passed("the load is fresh", age_s=age)


def _unseen_route(plan: Plan, fleet: FleetId) -> str:
    """Say what is unknown of the routes that may send a fleet more than it has; empty if nothing.

    A fleet whose traffic is elsewhere looks idle: what it is kept for shows only there.
    """
    for route in plan.at.policy.routes:
        if fleet not in route.split:
            continue
        if route.name not in plan.at.seen.routes:
            return f"{route.name}, which sends {fleet} its traffic, could not be read"
        for name in sorted(route.split):
            if plan.at.believed(name).targets is None:
                return f"target health of {name}, which shares {route.name}, could not be read"
            if plan.last_units(name) is None:
                return f"the load of {name}, which shares {route.name}, is unknown"
    return ""
