"""Situations in one line, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.builders import (
    BLUE,
    MAIN,
    NOON,
    REQUESTS,
    RULE,
    a_fleet,
    a_group,
    a_policy,
    a_target,
    an_eject,
    at,
    seen,
    targets,
)
from trimtab.assess import assess
from trimtab.decide import decide
from trimtab.guard import guard
from trimtab.model.change import Change, Resize, Reweight
from trimtab.model.ids import Arn, EntryId, Zone
from trimtab.model.memory import Memory, Pending
from trimtab.model.observation import FleetSeen, Observation, TargetState
from trimtab.model.policy import (
    EjectMethod,
    Policy,
    ScalingPolicy,
)
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.tick import Pause
from trimtab.model.verdict import Proposal, Verdict

WISH = Reason(Code.LOAD_ABOVE_TARGET, "somebody wants it")


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


def wanted(at: Situation) -> dict[str, tuple[Change, Code]]:
    """What is proposed, by kind and subject's last word."""
    return {
        f"{type(p.change).__name__} {p.subject.split()[-1]}": (p.change, p.reason.code)
        for p in decide(at)
    }


def judge(at: Situation, *changes: Change, pauses: Sequence[Pause] = ()) -> list[Verdict]:
    """What the guard says of changes, in order."""
    return list(guard([Proposal(c, WISH) for c in changes], at, tuple(pauses)))


def ruled(at: Situation, *changes: Change, **kwargs: Any) -> tuple[str, Code]:
    """Ruling and reason of the last change."""
    last = judge(at, *changes, **kwargs)[-1]
    return str(last.ruling), last.reason.code


def a_reweight(before: dict[Arn, int], after: dict[Arn, int]) -> Reweight:
    """New weights of the main rule."""
    return Reweight(MAIN, RULE, before, after)


ALLOWED = ("allowed", Code.WITHIN_LIMITS)
SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,), step_every=at(5) - NOON))
ZONES = [Zone(f"eu-west-1{z}") for z in "abc"]
DEAD = a_target(9, state=TargetState.UNHEALTHY)
IN_STANDBY = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")


def refused(code: Code) -> tuple[str, Code]:
    return "refused", code


def grow(before: int = 4, after: int = 5) -> Resize:
    return Resize(BLUE, "blue-asg", before, after)


def world(fleet: FleetSeen | None = None, **changes: object) -> Situation:
    """Six targets in six members, three units of load."""
    memory = changes.pop("memory", None)
    fleet = fleet or a_fleet(targets(6), a_group(6), 3)
    return a_situation(fleet, policy=replace(SCALED, **changes), memory=memory)  # type: ignore[arg-type]


def under_way(*changes: Change) -> Memory:
    return Memory(
        pending=tuple(
            Pending(EntryId(f"T#{i:03}"), c, Code.EJECT_UNHEALTHY, at(-1), at(1))
            for i, c in enumerate(changes)
        )
    )
