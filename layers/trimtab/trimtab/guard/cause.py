"""Cause: what a fleet's trouble comes from chooses what may be done about it. Pure.

Overload calls for capacity, a whole fleet or a dependency for people, a zone for the routes: none
of them is mended by removing targets. An operator who asks for a removal may know better, except
where we are blind, everything is bad, or what stays could not carry the load.
"""

from __future__ import annotations

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.assessment import FleetBelief
from trimtab.model.cause import REMEDIES, Cause
from trimtab.model.change import Eject, Resize, Retire
from trimtab.model.verdict import Proposal

REFUSED = "Target.FailedHealthChecks"
"""AWS's code where the connection is refused; one who is busy times out or answers otherwise."""
OPERATORS_CALL = frozenset({Cause.ZONE, Cause.DEPLOYMENT, Cause.DEPENDENCY})


def check_cause(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse a removal that does not mend what is wrong with the fleet."""
    change = proposal.change
    if isinstance(change, Eject | Retire):
        belief = plan.at.believed(change.fleet)
        if REMEDIES[belief.cause].ejecting:
            return passed("the cause is the target itself", cause=belief.cause)
        if belief.cause is Cause.OVERLOAD and isinstance(change, Eject) and _is_gone(change, plan):
            return passed("nothing answers there: that is not for being busy", cause=belief.cause)
    elif isinstance(change, Resize) and change.after < change.before:
        belief = plan.at.believed(change.fleet)
        if REMEDIES[belief.cause].shrinking:
            return passed("nothing is wrong that fewer targets would make worse")
    else:
        return passed("removes nothing")
    if proposal.request is not None and belief.cause in OPERATORS_CALL:
        return passed("an operator asked for it, knowing more than we see", cause=belief.cause)
    return _refused(belief)


def _is_gone(change: Eject, plan: Plan) -> bool:
    """Tell a target whose process is gone from one that is too busy to answer in time."""
    known = plan.grounds[change.fleet].registrations.get(change.instance, ())
    return bool(known) and all(not b.serves and b.target.state_reason == REFUSED for b in known)


def _refused(belief: FleetBelief) -> Answer:
    remedy = REMEDIES[belief.cause]
    text = f"{belief.fleet}: {belief.because}; {remedy.instead}"
    return refused(remedy.refusal, text, cause=belief.cause)
