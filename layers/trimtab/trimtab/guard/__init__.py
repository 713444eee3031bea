"""Guard: the only code that says no. Pure.

Every proposal meets every guard in order, on top of what this tick has already granted; the first
refusal decides, a clamp goes on with the smaller change. The mode has the last word, so that
observing shows what enforcing would do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from trimtab.guard.blast import check_blast_radius
from trimtab.guard.bounds import check_group_bounds, check_steps, check_warm_up, check_weights
from trimtab.guard.budget import check_fleet_budget, check_panic, check_rates, check_zone_budget
from trimtab.guard.capacity import check_headroom
from trimtab.guard.cause import check_cause
from trimtab.guard.ground import ground_of
from trimtab.guard.permission import (
    check_group_is_free,
    check_in_flight,
    check_named,
    check_pause,
    check_setback,
    check_size_is_free,
)
from trimtab.guard.plan import Plan
from trimtab.guard.protection import check_protection
from trimtab.guard.readmission import check_readmission
from trimtab.guard.retirement import check_out_of_use, check_replacements, check_substitute
from trimtab.guard.rules import Answer, Clamped, Passed, Refused
from trimtab.guard.sight import check_sight
from trimtab.guard.zones import check_zone_state
from trimtab.model.blast import UNLIMITED, Blast
from trimtab.model.change import Eject
from trimtab.model.disruption import crews_of
from trimtab.model.heard import NOTHING_HEARD, Heard
from trimtab.model.policy import Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.tick import Pause
from trimtab.model.verdict import Check, Proposal, Ruling, Verdict

Guard = Callable[[Proposal, Plan], Answer]

GUARDS: tuple[Guard, ...] = (
    check_named,
    check_pause,
    check_in_flight,
    check_size_is_free,
    check_setback,
    check_sight,
    check_protection,
    check_group_is_free,
    check_readmission,
    check_out_of_use,
    check_substitute,
    check_replacements,
    check_panic,
    check_cause,
    check_fleet_budget,
    check_zone_budget,
    check_zone_state,
    check_rates,
    check_blast_radius,
    check_warm_up,
    check_steps,
    check_group_bounds,
    check_weights,
    check_headroom,  # last: it judges the change as clamped by the others
)

__all__ = ["GUARDS", "guard"]


def guard(
    wanted: Sequence[Proposal],
    at: Situation,
    pauses: tuple[Pause, ...] = (),
    heard: Heard = NOTHING_HEARD,
    blast: Blast = UNLIMITED,
) -> tuple[Verdict, ...]:
    """Return a verdict on every proposal, in order. What is granted binds what comes after.

    What operators asked for or approved, as ``heard``, needs no other approval. ``blast`` is what
    all services of the account have lost of late.
    """
    grounds = {name: ground_of(name, at) for name in at.policy.fleets}
    losing = {p.change.fleet for p in wanted if isinstance(p.change, Eject)} & grounds.keys()
    crews = {name: crews_of(name, at) for name in sorted(losing)}
    plan = Plan(at, pauses, grounds, blast=blast, crews=crews)
    verdicts: list[Verdict] = []
    for proposal in wanted:
        verdict = _judge(proposal, plan, heard)
        verdicts.append(verdict)
        if verdict.ruling is not Ruling.REFUSED:
            plan = plan.grant(verdict.change)
    return tuple(verdicts)


def _judge(proposal: Proposal, plan: Plan, heard: Heard) -> Verdict:
    """Let every guard look at one proposal, until one refuses."""
    asked, checks, clamp = proposal, [], None
    for check in GUARDS:
        answer = check(asked, plan)
        name = check.__name__.removeprefix("check_")
        checks.append(Check(name, not isinstance(answer, Refused), answer.reason))
        match answer:
            case Refused(reason):
                return Verdict(proposal, Ruling.REFUSED, asked.change, reason, tuple(checks))
            case Clamped(smaller, reason):
                asked, clamp = replace(asked, change=smaller), reason
            case Passed():
                pass
    ruling, reason = _by_mode(asked, plan, clamp, heard)
    return Verdict(proposal, ruling, asked.change, reason, tuple(checks))


def _by_mode(
    proposal: Proposal, plan: Plan, clamp: Reason | None, heard: Heard
) -> tuple[Ruling, Reason]:
    mode = plan.at.policy.mode(proposal.lever)
    if mode is Mode.OBSERVE:
        return Ruling.SHADOWED, Reason(ReasonCode.OBSERVING, f"{proposal.lever} only observes")
    approval = heard.approval_of(proposal.change)
    if mode is Mode.APPROVE and proposal.request is None and approval is None:
        text = f"{proposal.lever} needs somebody's approval"
        return Ruling.AWAITING, Reason(ReasonCode.AWAITING_APPROVAL, text)
    if clamp is not None:
        return Ruling.CLAMPED, clamp
    return Ruling.ALLOWED, Reason(ReasonCode.WITHIN_LIMITS, "every guard agreed")
