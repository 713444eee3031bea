"""The blast radius: how much all services of the account may lose together. Pure.

A fault of ours, or of what we all look at, shows in many services at once, and each of them stays
within its own budget. The count is shared; the transaction that writes an intent holds it, too.
"""

from __future__ import annotations

from trimtab.guard.plan import Plan, is_removal
from trimtab.guard.rules import Answer, passed, refused
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Proposal


def check_blast_radius(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse a removal beyond what all services may lose; an unknown count allows none."""
    blast = plan.blast
    if not is_removal(proposal.change) or blast.most is None:
        return passed("removes nothing by name" if blast.most is not None else "there is no limit")
    total = blast.total
    if total is None:
        text = "it could not be read how many targets all services have lost: none is taken out"
        return refused(ReasonCode.BLAST_RADIUS, text, allowed=blast.most)
    taken = total + sum(1 for change in plan.granted if is_removal(change))
    facts = {"taken": taken, "allowed": blast.most}
    if taken + 1 > blast.most:
        text = f"{taken} targets of all services are taken out within ten to twenty minutes"
        return refused(ReasonCode.BLAST_RADIUS, f"{text}, {blast.most} may be", **facts)
    return passed("few enough of all services", **facts)
