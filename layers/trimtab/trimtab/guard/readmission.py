"""Readmission: who was out is tried one at a time, so that one mistake is one target's. Pure."""

from __future__ import annotations

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.change import Restore
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_readmission(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to readmit one target while another of its fleet is on probation.

    Only where time or our probe brings it back: a panic, blindness and people's wishes do not wait,
    nor does a fleet that cannot carry its load.
    """
    change = proposal.change
    if not isinstance(change, Restore) or proposal.reason.code is not ReasonCode.RESTORE_RECOVERED:
        return passed("no readmission")
    lasts = plan.at.policy.health.probation.lasts
    tried = plan.at.memory.fleet(change.fleet).on_probation(lasts, plan.now)
    tried |= {c.target for c in plan.coming if isinstance(c, Restore) and c.fleet == change.fleet}
    others = sorted(tried - {change.target})
    if not others:
        return passed("nobody else of its fleet is on probation")
    if _is_short(change, plan):
        return passed(f"{change.fleet} needs it to carry its load")
    text = f"{others[0]} of {change.fleet} is back on probation: one at a time"
    return refused(ReasonCode.ON_PROBATION, text, others=len(others))


def _is_short(change: Restore, plan: Plan) -> bool:
    units = plan.last_units(change.fleet)
    able = plan.survivors(change.fleet) - plan.ramping(change.fleet)
    return units is not None and units > able * plan.at.policy.guard.max_load
