"""Whose a thing is: what must not be touched, what others manage, what serves elsewhere too. Pure.

Giving back what we took is always ours to do.
"""

from __future__ import annotations

from trimtab.guard.plan import Plan
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.observation import Group
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import DO_NOT_TOUCH, Closer, Marks

UNREAD = frozenset({"tags", "instance_tags", "group"})
"""Gaps that leave open whether somebody forbids it: no reason to let a sick target serve on, but
one not to end it."""


def owned_by_others(change: Change, plan: Plan) -> Reason | None:
    """Say why a change is not ours to make; ``None`` if it is.

    A target group that Kubernetes, ECS or a deployment keeps gets back what we deregister, and a
    group that others keep gets back its size: each would be a war that nobody wins.
    """
    if isinstance(change, Restore | Reweight):
        return None
    seen = plan.at.fleet(change.fleet)
    closer, group = seen.closer or Closer(), seen.group
    if not isinstance(change, Resize):
        if change.instance in closer.untouchable:
            return _untouchable(str(change.instance))
        if isinstance(change, Retire) and (gap := _unread(change, plan)):
            text = f"{gap} could not be read: nobody can tell whether {change.instance} may end"
            return Reason(ReasonCode.BLIND, text)
    by_target_group = isinstance(change, Eject) and change.method is EjectMethod.DEREGISTER
    if by_target_group:
        return _by(closer.marks, f"the target group of {change.fleet}")
    marks = group.marks if group is not None and group.marks is not None else Marks()
    name = group.name if group is not None else str(change.fleet)
    return _by(marks, name) or _by_target_group(change, closer) or _elsewhere(change, group, plan)


def _by_target_group(change: Eject | Retire | Resize, closer: Closer) -> Reason | None:
    if closer.marks.do_not_touch and not isinstance(change, Resize):
        return _untouchable(f"the target group of {change.fleet}")
    return None


def _unread(change: Retire, plan: Plan) -> str:
    gaps = plan.at.seen.gaps
    return next((g.what for g in gaps if g.subject == change.fleet and g.what in UNREAD), "")


def _by(marks: Marks, what: str) -> Reason | None:
    if marks.do_not_touch:
        return _untouchable(what)
    if marks.manager:
        text = f"{what} is managed by {marks.manager} ({marks.because}), which would undo it"
        return Reason(ReasonCode.MANAGED_ELSEWHERE, text, {"manager": marks.manager})
    return None


def _untouchable(what: str) -> Reason:
    return Reason(ReasonCode.PROTECTED, f"{what} carries the tag {DO_NOT_TOUCH}")


def _elsewhere(change: Eject | Retire | Resize, group: Group | None, plan: Plan) -> Reason | None:
    """Standby ends the registrations in every target group: nobody looked at the load of others.

    Not where the target serves nothing here: then it is the instance that is ill.
    """
    if not isinstance(change, Eject) or group is None:
        return None
    ours = {fleet.target_group for fleet in plan.at.policy.fleets.values()}
    others = [arn for arn in group.target_groups if arn not in ours]
    here = plan.grounds[change.fleet].registrations.get(change.instance, ())
    if not others or not any(b.serves for b in here):
        return None
    name = others[0].rsplit(":", 1)[-1]
    text = f"{change.instance} serves in {name} too, which the policy does not name"
    return Reason(ReasonCode.SERVES_ELSEWHERE, text, {"others": len(others)})
