"""Pause, work in flight, and things under somebody else's hand. Pure."""

from __future__ import annotations

from datetime import timedelta

from trimtab.guard.plan import Plan, is_removal
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.change import (
    Change,
    Eject,
    Resize,
    Restore,
    Retire,
    Reweight,
    caution_keys,
    change_key,
    lever_of,
    subject_of,
)
from trimtab.model.effect import Caution
from trimtab.model.observation import Lifecycle
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_named(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse whatever the policy does not name: law 10, before anything else is asked."""
    change, policy = proposal.change, plan.at.policy
    if isinstance(change, Reweight):
        route = next((r for r in policy.routes if r.name == change.route), None)
        if route is None or route.rule != change.rule:
            return refused(ReasonCode.NOT_NAMED, f"the policy names no route {change.route}")
        ours = {policy.fleets[f].target_group for f in route.split}
        if not change.after.keys() == change.before.keys() <= ours:
            return refused(ReasonCode.NOT_NAMED, f"not all of it is on route {change.route}")
        return passed("the policy names it")
    fleet = policy.fleets.get(change.fleet)
    if fleet is None:
        return refused(ReasonCode.NOT_NAMED, f"the policy names no fleet {change.fleet}")
    if change.group is not None and change.group != fleet.group:
        return refused(ReasonCode.NOT_NAMED, f"{change.group} is not the group of {fleet.name}")
    if isinstance(change, Eject | Restore | Retire) and change.target_group != fleet.target_group:
        return refused(ReasonCode.NOT_NAMED, f"not the target group of {fleet.name}")
    return passed("the policy names it")


def check_pause(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse while somebody has paused this class of action."""
    lever = lever_of(proposal.change)
    for pause in plan.pauses:
        if pause.holds(lever, plan.now):
            until = pause.until.isoformat() if pause.until else "until resumed"
            return refused(
                ReasonCode.PAUSED,
                f"{lever} is paused by {pause.by}: {pause.why}",
                by=pause.by,
                until=until,
            )
    return passed("not paused")


def check_in_flight(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse a second change of what is being changed already.

    Its outcome is not known yet, so what we see may be half of it. What we hold out is taken out no
    second time, by whatever way: each way back would undo the other's half. An instance enters
    standby for as long as its connections drain, and AWS brings none back before it is there.
    """
    subject = subject_of(proposal.change)
    if isinstance(proposal.change, Restore) and _is_still_leaving(proposal.change, plan):
        text = f"{subject} is still entering standby: it returns once it is there"
        return refused(ReasonCode.IN_FLIGHT, text)
    if plan.in_flight(subject):
        return refused(ReasonCode.IN_FLIGHT, f"a change of {subject} is under way")
    if isinstance(proposal.change, Eject) and _is_leaving_whole(proposal.change, plan):
        text = f"{proposal.change.instance} is on its way out with all its registrations"
        return refused(ReasonCode.IN_FLIGHT, text)
    if isinstance(proposal.change, Eject) and _is_held_out(proposal.change, plan):
        return refused(ReasonCode.IN_FLIGHT, f"{subject} is held out already, until it returns")
    return passed("nothing under way on it")


def _is_still_leaving(change: Restore, plan: Plan) -> bool:
    member = plan.grounds[change.fleet].members.get(change.instance)
    if change.method is not EjectMethod.STANDBY or member is None:
        return False
    return member.lifecycle is Lifecycle.ENTERING_STANDBY


def _is_leaving_whole(change: Eject, plan: Plan) -> bool:
    """Tell whether standby takes an instance out that has another registration: that is one."""
    return any(
        isinstance(other, Eject)
        and (other.fleet, other.instance) == (change.fleet, change.instance)
        and EjectMethod.STANDBY in (other.method, change.method)
        for other in plan.coming
    )


def _is_held_out(change: Eject, plan: Plan) -> bool:
    """Tell whether we hold out the same registration, or all that the instance has."""
    return any(
        held.eject.instance == change.instance
        and (
            held.eject.target == change.target
            or EjectMethod.STANDBY in (held.eject.method, change.method)
        )
        for held in plan.at.memory.fleet(change.fleet).ejected.values()
    )


def check_setback(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse for a while what has just failed, or did not help: the longer, the more often.

    Half a minute, so the next tick may try again, then doubled up to an hour; what was denied
    starts at five minutes, since somebody has to grant it first. What gives capacity, or leads
    traffic to it, never waits longer than that: users wait with it.
    """
    caution = _caution_against(proposal, plan)
    if caution is not None:
        often = "" if caution.times == 1 else f"{caution.times} times, last "
        text = f"it did not help {often}at {caution.since:%H:%M}; not again"
        return refused(
            ReasonCode.HELD_BACK,
            f"{text} before {caution.until:%H:%M}",
            times=caution.times,
            entry=caution.entry,
            until=caution.until.isoformat(),
        )
    held = plan.at.memory.setbacks.get(change_key(proposal.change))
    if held is None:
        return passed("it has not just failed")
    first = FIRST_WAIT_DENIED if held.code is ReasonCode.ACCESS_DENIED else FIRST_WAIT
    longest = LONGEST_WAIT if _takes(proposal.change) else FIRST_WAIT_DENIED
    wait = min(first * (1 << min(held.times - 1, MOST_DOUBLINGS)), longest)
    if plan.now - held.at < wait:
        text = f"it failed {held.times} times ({held.code}); the next try is at"
        return refused(ReasonCode.BACKING_OFF, f"{text} {held.at + wait:%H:%M}", times=held.times)
    return passed("it failed long enough ago", times=held.times)


def _caution_against(proposal: Proposal, plan: Plan) -> Caution | None:
    """Find what holds a change that did not help before.

    Not against an operator's word, nor a target that serves nothing, nor the way out of a fleet
    that is down.
    """
    change = proposal.change
    if proposal.request is not None:
        return None
    if isinstance(change, Eject):
        here = plan.grounds[change.fleet].registrations.get(change.instance, ())
        if here and not any(b.serves for b in here):
            return None
    if isinstance(change, Reweight):
        fleets = {p.target_group: f for f, p in plan.at.policy.fleets.items()}
        if any(w > 0 and plan.at.believed(fleets[g]).down for g, w in change.before.items()):
            return None
    known = (plan.at.memory.cautions.get(key) for key in caution_keys(change))
    return next((c for c in known if c is not None and plan.now < c.until), None)


def _takes(change: Change) -> bool:
    return is_removal(change) or (isinstance(change, Resize) and change.after < change.before)


FIRST_WAIT = timedelta(seconds=30)
FIRST_WAIT_DENIED = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=1)
MOST_DOUBLINGS = 10


def check_size_is_free(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to resize a group while a standby move changes its size by itself.

    The size we would set was worked out without it; the next tick knows.
    """
    change = proposal.change
    if not isinstance(change, Resize):
        return passed("not a resize")
    for other in plan.coming:
        moves = isinstance(other, Restore) or (isinstance(other, Eject) and not other.replace)
        if moves and isinstance(other, Restore | Eject) and other.group == change.group:
            text = f"{subject_of(other)} is on its way and changes the size of {change.group}"
            return refused(ReasonCode.IN_FLIGHT, text)
    return passed("nothing else changes the size")


def check_group_is_free(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse what the group is not free to do: suspended processes, failing launches.

    Raising the size of a group whose launches fail only piles up failures.
    """
    change = proposal.change
    if isinstance(change, Reweight):
        return passed("no group involved")
    group = plan.at.fleet(change.fleet).group
    if group is None:
        return passed("no group involved")
    blocked = _processes_needed(change) & group.suspended
    if blocked:
        names = ", ".join(sorted(blocked))
        return refused(
            ReasonCode.GROUP_BUSY, f"{group.name} has suspended {names}", suspended=names
        )
    if isinstance(change, Resize) and change.after > change.before and group.launch_failure:
        return refused(
            ReasonCode.GROUP_BUSY,
            f"{group.name} asks for {group.desired} and launches fail: {group.launch_failure}",
            desired=group.desired,
            in_service=group.in_service,
        )
    return passed("the group is free", suspended=", ".join(sorted(group.suspended)))


def _processes_needed(change: Resize | Eject | Restore | Retire) -> frozenset[str]:
    if isinstance(change, Retire):
        return frozenset({"Terminate"})
    if isinstance(change, Resize):
        return frozenset({"Launch" if change.after > change.before else "Terminate"})
    if isinstance(change, Eject) and change.replace:
        return frozenset({"Launch"})
    return frozenset({"AddToLoadBalancer"}) if isinstance(change, Restore) else frozenset()
