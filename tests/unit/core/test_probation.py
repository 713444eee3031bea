"""Back on trial: one finding suffices, one target at a time, and no full share at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    a_fleet,
    a_group,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    SCALED,
    a_situation,
    refused,
    ruled,
    wanted,
    world,
)
from trimtab.guard import guard
from trimtab.model.assessment import Condition
from trimtab.model.change import inverse_of
from trimtab.model.memory import Memory, Strikes
from trimtab.model.observation import TargetState
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal

BACK = a_target(6).id
ILL = a_target(6, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
OUT = {an_eject(n).target: an_ejection(an_eject(n)) for n in (8, 9)}


def back_for(minutes: float, count: int = 1, **changes: Any) -> Memory:
    return remembered(strikes={BACK: Strikes(count, at(-minutes))}, seen_at=at(-1), **changes)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        (back_for(4.9), Condition.FAILING),
        (back_for(5), Condition.SUSPECT),
        (back_for(4.9, count=0), Condition.SUSPECT),
        (remembered(seen_at=at(-1)), Condition.SUSPECT),
    ],
    ids=["on probation", "it has passed", "an operator took it out", "never out"],
)
def test_on_probation_one_finding_suffices(memory: Memory, expected: Condition) -> None:
    there = world(a_fleet(targets(5, ILL), a_group(6), 3), memory=memory)
    assert there.belief.targets_of(BLUE)[BACK].condition is expected


def readmitted(there: Situation, code: Code = Code.RESTORE_RECOVERED) -> list[Code]:
    """What the guard says of bringing both back that are out."""
    wishes = [Proposal(inverse_of(e.eject), Reason(code, "its time is over")) for e in OUT.values()]
    return [v.reason.code for v in guard(wishes, there)]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (world(memory=remembered(ejected=OUT)), [Code.WITHIN_LIMITS, Code.ON_PROBATION]),
        (world(memory=back_for(4.9, ejected=OUT)), [Code.ON_PROBATION] * 2),
        (world(memory=back_for(5, ejected=OUT)), [Code.WITHIN_LIMITS, Code.ON_PROBATION]),
        (world(a_fleet(targets(6), a_group(6), 7.3), memory=back_for(1, ejected=OUT)),
         [Code.WITHIN_LIMITS] * 2),
    ],
    ids=["one a tick", "another is tried", "it has passed", "short of capacity"],
)  # fmt: skip
def test_one_target_is_readmitted_at_a_time(there: Situation, expected: list[Code]) -> None:
    assert readmitted(there) == expected


@pytest.mark.parametrize("code", [Code.RESTORE_PANIC, Code.RESTORE_BLIND, Code.REQUESTED])
def test_nobody_waits_who_returns_for_another_reason(code: Code) -> None:
    assert readmitted(world(memory=back_for(1, ejected=OUT)), code) == [Code.WITHIN_LIMITS] * 2


def test_both_are_proposed_though_one_must_wait() -> None:
    there = world(memory=remembered(ejected=OUT))
    assert [code for _, code in wanted(there).values()] == [Code.RESTORE_RECOVERED] * 2


def ramping(minutes: float, units: float) -> Situation:
    """Six targets, of which one came back so long ago to a target group that spares it for ten."""
    blue = replace(SCALED.fleets[BLUE], slow_start=timedelta(minutes=10))
    policy = replace(SCALED, fleets={BLUE: blue})
    fleet = a_fleet(targets(6), a_group(6), units)
    return a_situation(fleet, policy=policy, memory=back_for(minutes))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (ramping(3, 5.1), ALLOWED),
        (ramping(3, 5.2), refused(Code.HEADROOM_SHORT)),
        (ramping(10, 6.0), ALLOWED),
    ],
    ids=["4.3 carry 5.16", "and no more", "at its full share"],
)
def test_slow_start_counts_as_reduced_capacity(
    there: Situation, expected: tuple[str, Code]
) -> None:
    assert ruled(there, an_eject(1)) == expected


def test_who_is_in_slow_start_is_not_missed_twice() -> None:
    assert ruled(ramping(3, 6.0), an_eject(6)) == ALLOWED
