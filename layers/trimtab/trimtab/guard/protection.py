"""What its owner, or an operator, has put out of our reach. Pure.

Protection stops what takes: giving back and growing never meet it.
"""

from __future__ import annotations

from trimtab.guard.ownership import owned_by_others
from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, Refused, passed, refused
from trimtab.model.change import Change, Eject, Resize, Retire, Reweight, subject_of
from trimtab.model.ids import FleetId, InstanceId
from trimtab.model.memory import Hold
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import ReasonCode
from trimtab.model.request import (
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    protected_by,
)
from trimtab.model.verdict import Proposal


def check_protection(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to take what is protected: by a request, from scale-in, or as just put back."""
    change, holds = proposal.change, plan.at.memory.holds
    for subject in sorted(holds):
        asked = holds[subject].protects
        if asked is not None and _forbids(asked, change, plan):
            return _by_request(asked, holds[subject])
    others = owned_by_others(change, plan)
    if others is not None:
        return Refused(others)
    if not isinstance(change, Eject | Retire):
        return passed("nothing protects it")
    hold = holds.get(subject_of(change))
    if hold is not None and proposal.request is None:
        text = f"{hold.by} put {change.target} back: it stays until {hold.until:%H:%M}"
        return refused(ReasonCode.PROTECTED, text, until=hold.until.isoformat())
    if _keeps_from_scale_in(change.fleet, change.instance, plan):
        return refused(ReasonCode.PROTECTED, f"{change.instance} is protected from scale-in")
    return passed("nothing protects it")


def _by_request(asked: Protect, hold: Hold) -> Answer:
    until = f"{hold.until:%Y-%m-%d %H:%M}"
    text = f"{hold.by} protects {protected_by(asked)} until {until}: {hold.why}"
    facts = {"by": hold.by, "until": hold.until.isoformat(), "request": str(hold.request)}
    return refused(ReasonCode.PROTECTED_BY_REQUEST, text, **facts)


def _forbids(asked: Protect, change: Change, plan: Plan) -> bool:
    match asked:
        case ProtectRoute():
            return isinstance(change, Reweight) and change.route == asked.route
        case ProtectFleet():
            takes = isinstance(change, Eject | Retire) or _shrinks(change)
            return takes and not isinstance(change, Reweight) and change.fleet == asked.fleet
        case ProtectTarget():
            return _takes_target(asked, change, plan)


def _takes_target(asked: ProtectTarget, change: Change, plan: Plan) -> bool:
    """Tell whether a change takes this target, or may.

    Standby ends all registrations of an instance; of a group that shrinks AWS picks who goes, and
    passes over nobody but those protected from scale-in.
    """
    match change:
        case Eject():
            whole = change.method is EjectMethod.STANDBY and change.instance == asked.instance
            return change.fleet == asked.fleet and (whole or change.target == asked.target)
        case Retire():
            return change.fleet == asked.fleet and change.instance == asked.instance
        case Resize():
            is_member = asked.instance in plan.grounds[asked.fleet].members
            safe = _keeps_from_scale_in(asked.fleet, asked.instance, plan)
            return change.fleet == asked.fleet and _shrinks(change) and is_member and not safe
        case _:
            return False


def _shrinks(change: Change) -> bool:
    return isinstance(change, Resize) and change.after < change.before


def _keeps_from_scale_in(fleet: FleetId, instance: InstanceId, plan: Plan) -> bool:
    member = plan.grounds[fleet].members.get(instance)
    return member is not None and member.protected
