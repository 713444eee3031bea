"""Retirement: what may be ended for good, and how much of it. Pure.

Only what is in standby by our doing, has drained, and has somebody serving in its place.
"""

from __future__ import annotations

from trimtab.guard.ground import FleetGround
from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.assessment import Condition
from trimtab.model.change import Retire
from trimtab.model.observation import Group, Lifecycle
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_out_of_use(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to end what may serve anybody: all but what we have in standby, drained."""
    change = proposal.change
    if not isinstance(change, Retire):
        return passed("ends nothing")
    ground, fleet = plan.grounds[change.fleet], plan.at.memory.fleet(change.fleet)
    if change.target not in fleet.ejected:
        return refused(ReasonCode.STILL_IN_USE, f"{change.target} is not held out by us")
    if change.instance in fleet.ladder.replaced_today(plan.now):
        return refused(ReasonCode.IN_FLIGHT, f"{change.instance} is being terminated already")
    member = ground.members.get(change.instance)
    lifecycle = member.lifecycle if member is not None else None
    if lifecycle is Lifecycle.ENTERING_STANDBY:
        text = f"{change.instance} is still draining its connections"
        return refused(ReasonCode.IN_FLIGHT, text)
    if lifecycle is not Lifecycle.STANDBY:
        text = f"{change.instance} is {lifecycle or 'no member'}, not in standby"
        return refused(ReasonCode.STILL_IN_USE, text)
    if any(b.serves for b in ground.registrations.get(change.instance, ())):
        return refused(ReasonCode.STILL_IN_USE, f"{change.instance} is registered, and serves")
    return passed(f"{change.instance} is in standby and serves nobody")


def check_substitute(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to end one before another serves in its place. Launch first, then terminate."""
    change = proposal.change
    if not isinstance(change, Retire):
        return passed("ends nothing")
    group = plan.at.fleet(change.fleet).group
    if group is None:
        return refused(ReasonCode.BLIND, f"{change.group} could not be read")
    held = plan.at.memory.fleet(change.fleet).ejected.get(change.target)
    if held is None or not held.eject.replace:
        text = f"{change.group} became smaller by {change.instance}: nobody came in its place"
        return refused(ReasonCode.NO_SUBSTITUTE, text)
    ground, belief = plan.grounds[change.fleet], plan.at.believed(change.fleet)
    warming = belief.count(Condition.WARMING)
    facts = {"in_service": ground.in_service, "desired": group.desired, "warming": warming}
    if ground.in_service < group.desired or warming or _launching(group):
        text = f"{ground.in_service} of {group.desired} members serve; {warming} are warming up"
        return refused(ReasonCode.NO_SUBSTITUTE, text, **facts)
    doubtful = _doubtful(change, ground, plan)
    if doubtful:
        text = f"{doubtful[0]} came in its place and is not trusted"
        return refused(ReasonCode.NO_SUBSTITUTE, text, **facts)
    return passed("all members are in service, and newcomers serve", **facts)


def _launching(group: Group) -> bool:
    return any(m.lifecycle is Lifecycle.PENDING for m in group.members)


def _doubtful(change: Retire, ground: FleetGround, plan: Plan) -> list[str]:
    """Name newcomers that are members in service and not trusted to serve."""
    came = plan.at.memory.fleet(change.fleet).ladder.newcomers
    serving = {i for i, m in ground.members.items() if m.lifecycle is Lifecycle.IN_SERVICE}
    return sorted(i for i in came if i in serving and not ground.trusted.get(i))


def check_replacements(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse what the policy does not allow: none unless it says so, so many a day, none in vain.

    Newcomers that fail too say that the cause is not the instance.
    """
    change, rules = proposal.change, plan.at.policy.health.replace
    if not isinstance(change, Retire):
        return passed("ends nothing")
    if rules is None:
        return refused(ReasonCode.REPLACE_LIMIT, "the policy replaces nothing")
    ladder = plan.at.memory.fleet(change.fleet).ladder
    if ladder.is_in_vain(rules, plan.now):
        failed = ", ".join(sorted(ladder.vain))
        text = f"{failed} came in place of others and failed too: people must look"
        return refused(ReasonCode.REPLACING_IN_VAIN, text, vain=len(ladder.vain))
    coming = {c.instance for c in plan.coming if isinstance(c, Retire) and c.fleet == change.fleet}
    done = len(ladder.replaced_today(plan.now) | coming)
    if done >= rules.per_day:
        text = f"{done} of {change.fleet} were replaced in 24 hours, {rules.per_day} may be"
        return refused(ReasonCode.REPLACE_LIMIT, text, replaced=done, allowed=rules.per_day)
    return passed("within the day's replacements", replaced=done, allowed=rules.per_day)
