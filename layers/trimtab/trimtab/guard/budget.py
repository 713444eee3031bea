"""Disruption budgets and panic: how much may be out at once, and when to stop removing. Pure.

Law 2: never more out of a fleet, or of a zone, than the budget allows, counting what is in flight
and what others took out. Law 3: too much bad at once, and we remove nothing.
"""

from __future__ import annotations

from trimtab.guard.plan import Plan, is_removal
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.change import Change, Eject, Resize, Retire
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal

SMALLEST_FLEET = 3
"""From this size on one target may always be out; below, only the share itself allows it."""

MOST_A_TICK = 60
"""Changes granted in one tick: with refusals and notes they fit into one transaction."""


def check_panic(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse every removal while so much of the fleet is bad that removing cannot be the cure."""
    change = proposal.change
    if not isinstance(change, Eject | Retire | Resize) or not _removes(change):
        return passed("removes nothing")
    belief = plan.at.believed(change.fleet)
    facts = {"bad": belief.bad, "share": round(belief.bad_share, 3),
             "panic_share": plan.at.policy.guard.panic_share}  # fmt: skip
    if belief.panic:
        text = (
            f"{belief.bad} of {change.fleet} are bad ({belief.bad_share:.0%}): nothing is removed"
        )
        return refused(ReasonCode.PANIC, text, **facts)
    return passed("few enough are bad", **facts)


def allowed_out(share: float, population: int, fleet_population: int) -> int:
    """Return how many may be out of a population.

    The share of it, rounded down, but one in any fleet of ``SMALLEST_FLEET`` or more. Worked
    example: 20 % of 12 is 2; 20 % of 4 is 0, but a fleet of 4 may have one out.
    """
    floor = 1 if fleet_population >= SMALLEST_FLEET else 0
    return max(int(share * population + 1e-9), floor)


def check_fleet_budget(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse an ejection beyond the fleet's share, everything out of it counted."""
    change = proposal.change
    if not isinstance(change, Eject):
        return passed("removes nothing by name")
    size = plan.population(change.fleet)
    allowed = allowed_out(plan.at.policy.health.eject.max_share, size, size)
    out = len(plan.out(change.fleet) - {change.instance})
    if out + 1 > allowed:
        return refused(
            ReasonCode.FLEET_BUDGET,
            f"{out} of {size} are out of {change.fleet} already, {allowed} may be",
            out=out,
            of=size,
            allowed=allowed,
        )
    return passed("within the fleet's budget", out=out, of=size, allowed=allowed)


def check_zone_budget(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse an ejection beyond the zone's share. A fleet in one zone has no second floor."""
    change = proposal.change
    if not isinstance(change, Eject):
        return passed("removes nothing by name")
    size = plan.population(change.fleet, change.zone)
    fleet_size = plan.population(change.fleet)
    allowed = allowed_out(plan.at.policy.health.eject.max_zone_share, size, fleet_size)
    out = len(plan.out(change.fleet, change.zone) - {change.instance})
    if out + 1 > allowed:
        return refused(
            ReasonCode.ZONE_BUDGET,
            f"{out} of {size} are out of {change.fleet} in {change.zone}, {allowed} may be",
            zone=change.zone,
            out=out,
            of=size,
            allowed=allowed,
        )
    return passed("within the zone's budget", zone=change.zone, out=out, of=size, allowed=allowed)


def check_rates(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse more removals, or more actions of any kind, than an hour allows.

    Putting back is never rationed, only spread over ticks: each intent is logged with its tick.
    """
    if len(plan.granted) >= MOST_A_TICK:
        text = f"{MOST_A_TICK} changes are all that one tick can log; the next one goes on"
        return refused(ReasonCode.RATE_BUDGET, text, allowed=MOST_A_TICK)
    limits = plan.at.policy.guard
    if is_removal(proposal.change):
        removals = plan.recent(removals=True)
        if removals + 1 > limits.max_removals_per_hour:
            return refused(
                ReasonCode.RATE_BUDGET,
                f"{removals} removals in the last hour, {limits.max_removals_per_hour} may be",
                removals=removals,
                allowed=limits.max_removals_per_hour,
            )
    actions = plan.recent(removals=False)
    if actions + 1 > limits.max_actions_per_hour and _removes(proposal.change):
        return refused(
            ReasonCode.RATE_BUDGET,
            f"{actions} actions in the last hour, {limits.max_actions_per_hour} may be",
            actions=actions,
            allowed=limits.max_actions_per_hour,
        )
    return passed("within the hour's rate", actions=actions)


def _removes(change: Change) -> bool:
    """Tell what takes away; giving back, growing and routing around are never rationed."""
    return is_removal(change) or (isinstance(change, Resize) and change.after < change.before)
