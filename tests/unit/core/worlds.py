"""Situations in one line, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.builders import MAIN, RULE, a_policy, seen
from trimtab.assess import assess
from trimtab.decide import decide
from trimtab.guard import guard
from trimtab.model.change import Change, Reweight
from trimtab.model.ids import Arn
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, Observation
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.tick import Pause
from trimtab.model.verdict import Proposal, Verdict

WISH = Reason(ReasonCode.LOAD_ABOVE_TARGET, "somebody wants it")


def a_situation(
    *fleets: FleetSeen,
    policy: Policy | None = None,
    memory: Memory | None = None,
    weights: dict[Arn, int] | None = None,
    observed: Observation | None = None,
) -> Situation:
    """What was seen, assessed by the policy and the memory."""
    looked = observed or seen(*fleets, weights=weights)
    policy, memory = policy or a_policy(), memory or Memory()
    return Situation(looked, assess(looked, policy, memory), policy, memory)


def wanted(at: Situation) -> dict[str, tuple[Change, ReasonCode]]:
    """What is proposed, by kind and subject's last word."""
    return {
        f"{type(p.change).__name__} {p.subject.split()[-1]}": (p.change, p.reason.code)
        for p in decide(at)
    }


def judge(at: Situation, *changes: Change, pauses: Sequence[Pause] = ()) -> list[Verdict]:
    """What the guard says of changes, in order."""
    return list(guard([Proposal(c, WISH) for c in changes], at, tuple(pauses)))


def ruled(at: Situation, *changes: Change, **kwargs: Any) -> tuple[str, ReasonCode]:
    """Ruling and reason of the last change."""
    last = judge(at, *changes, **kwargs)[-1]
    return str(last.ruling), last.reason.code


def a_reweight(before: dict[Arn, int], after: dict[Arn, int]) -> Reweight:
    """New weights of the main rule."""
    return Reweight(MAIN, RULE, before, after)
