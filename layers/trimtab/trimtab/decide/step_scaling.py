"""Step scaling as AWS documents it: which step, how much, and may it. Pure.

A step says "when the metric is this far from the threshold, change the capacity by that much".
This module looks the step up, turns its adjustment into a capacity and checks a set of steps
before anybody relies on it. It knows no alarms, no clock and no limits but the two it is given.

Comparisons are made in decimal, not in binary floating point: 60.1 is exactly 10.1 above 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import assert_never


class AdjustmentType(StrEnum):
    """How the number in a step is meant."""

    CHANGE = "ChangeInCapacity"
    PERCENT = "PercentChangeInCapacity"
    EXACT = "ExactCapacity"


class StepFault(StrEnum):
    """Why a set of steps is refused, one code per documented rule."""

    NO_STEPS = "no_steps"
    BOTH_OPEN = "both_bounds_null"
    EMPTY = "empty_range"
    TWO_OPEN_LOWER = "two_null_lower_bounds"
    TWO_OPEN_UPPER = "two_null_upper_bounds"
    OVERLAP = "overlap"
    GAP = "gap"
    NEEDS_OPEN_LOWER = "negative_lower_bound_needs_null_lower_bound"
    NEEDS_OPEN_UPPER = "positive_upper_bound_needs_null_upper_bound"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the distance from the threshold it covers, and its adjustment.

    `None` is an open end: no lower bound is minus infinity, no upper bound plus infinity.
    """

    lower: float | None
    upper: float | None
    adjustment: int


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """Steps around one threshold, and how their adjustments are read."""

    adjustment_type: AdjustmentType
    threshold: float
    steps: tuple[Step, ...]
    min_adjustment_magnitude: int | None = None


@dataclass(frozen=True, slots=True)
class CapacityBounds:
    """The least and the most capacity allowed; `None` is no bound on that side."""

    minimum: int | None = None
    maximum: int | None = None

    def clamp(self, capacity: int) -> int:
        """Return the capacity moved into the bounds, never below zero (0..8: 11 becomes 8)."""
        if self.maximum is not None:
            capacity = min(capacity, self.maximum)
        return max(capacity, 0, self.minimum or 0)


def is_in_step(step: Step, threshold: float, metric: float) -> bool:
    """Say whether the metric lies in the step.

    Above the threshold the lower bound is part of the step and the upper is not; below it the
    other way round. Exactly at the threshold a step on either side holds it. Threshold 50:
    step 0..10 holds 50 and 59.99, not 60; step -10..0 holds 40.01 and 50, not 40.
    """
    gap = Decimal(str(metric)) - Decimal(str(threshold))
    if gap.is_nan():
        return False
    lower = Decimal("-Infinity") if step.lower is None else Decimal(str(step.lower))
    upper = Decimal("Infinity") if step.upper is None else Decimal(str(step.upper))
    above = gap >= 0 and lower <= gap and (gap < upper or step.upper is None)
    below = gap <= 0 and gap <= upper and (gap > lower or step.lower is None)
    return above or below


def step_for(policy: StepPolicy, metric: float) -> Step | None:
    """Return the step the metric falls in, or None: no step, no change.

    At the very threshold of a policy with steps on both sides the upper side wins, as an alarm
    of "greater than or equal" has breached there.
    """
    holding = [s for s in policy.steps if is_in_step(s, policy.threshold, metric)]
    return max(holding, key=_lower_end, default=None)


def round_percent_change(change: float | Fraction) -> int:
    """Round a percentage of a capacity to whole targets, never losing a wanted change.

    Beyond one it goes toward zero (12.7 is 12, -6.67 is -6); between zero and one it becomes
    one in its own direction (0.4 is 1, -0.4 is -1); nothing stays nothing.
    """
    if -1 < change < 0:
        return -1
    if 0 < change < 1:
        return 1
    return int(change)


def capacity_change(policy: StepPolicy, step: Step, capacity: int) -> int:
    """Return by how much the step changes the capacity, before any bounds.

    10 % of 14 is 1.4, so +1; with a minimum magnitude of 2 it is +2. The minimum is for
    percentages only, and a step of 0 % stays 0.
    """
    match policy.adjustment_type:
        case AdjustmentType.CHANGE:
            return step.adjustment
        case AdjustmentType.EXACT:
            return step.adjustment - capacity
        case AdjustmentType.PERCENT:
            change = round_percent_change(Fraction(capacity * step.adjustment, 100))
            least = policy.min_adjustment_magnitude or 0
            if step.adjustment == 0 or abs(change) >= least:
                return change
            return least if step.adjustment > 0 else -least
        case _ as never:
            assert_never(never)


def step_capacity(
    policy: StepPolicy, capacity: int, metric: float, bounds: CapacityBounds | None = None
) -> int:
    """Return the capacity the policy wants for this metric, inside the bounds.

    Threshold 50, +10 % from 10 and +30 % from 20 above it: capacity 10 at metric 60 becomes 11,
    at metric 70 it becomes 13; at 59.99 nothing happens.
    """
    step = step_for(policy, metric)
    wanted = capacity if step is None else capacity + capacity_change(policy, step, capacity)
    return (bounds or CapacityBounds()).clamp(wanted)


def faults_of(steps: Sequence[Step]) -> tuple[StepFault, ...]:
    """Return every rule the steps break, worst first; an empty tuple means they are sound.

    0..10 and 15..open leave a gap; 0..10 and 5..open overlap; -10..0 alone says nothing of the
    metric further down, so a negative lower bound needs a step that is open below.
    """
    if not steps:
        return (StepFault.NO_STEPS,)
    open_lower = sum(s.lower is None for s in steps)
    open_upper = sum(s.upper is None for s in steps)
    broken = {
        StepFault.BOTH_OPEN: any(s.lower is None and s.upper is None for s in steps),
        StepFault.EMPTY: any(_is_empty(s) for s in steps),
        StepFault.TWO_OPEN_LOWER: open_lower > 1,
        StepFault.TWO_OPEN_UPPER: open_upper > 1,
        StepFault.OVERLAP: _any_joint(steps, overlapping=True),
        StepFault.GAP: _any_joint(steps, overlapping=False),
        StepFault.NEEDS_OPEN_LOWER: not open_lower
        and any(s.lower is not None and s.lower < 0 for s in steps),
        StepFault.NEEDS_OPEN_UPPER: not open_upper
        and any(s.upper is not None and s.upper > 0 for s in steps),
    }
    return tuple(fault for fault, is_broken in broken.items() if is_broken)


def addition_in_cooldown(previous_increase: int, next_increase: int) -> int:
    """Return what may still be added while an earlier increase is in its cooldown.

    The earlier increase counts as part of the next: +2 under way and a breach worth +3 adds 1,
    a breach worth +2 adds nothing. A decrease waits until the cooldown is over, so it gives 0.
    """
    return max(0, next_increase - max(0, previous_increase))


def capacity_while_warming(
    policy: StepPolicy,
    warm: int,
    warming: int,
    metric: float,
    bounds: CapacityBounds | None = None,
) -> int:
    """Return the capacity wanted while some targets are still warming up.

    The step is taken of the warm capacity, so the same breach twice is one activity, and what is
    already warming counts toward it: 10 warm, 1 warming, a +30 % step wants 13, two more. While
    anything warms nothing is taken away.
    """
    under_way = (bounds or CapacityBounds()).clamp(warm + warming)
    wanted = step_capacity(policy, warm, metric, bounds)
    return wanted if warming == 0 else max(wanted, under_way)


def _lower_end(step: Step) -> float:
    return float("-inf") if step.lower is None else step.lower


def _upper_end(step: Step) -> float:
    return float("inf") if step.upper is None else step.upper


def _is_empty(step: Step) -> bool:
    return _lower_end(step) >= _upper_end(step)


def _any_joint(steps: Sequence[Step], *, overlapping: bool) -> bool:
    ordered = sorted(steps, key=lambda s: (_lower_end(s), _upper_end(s)))
    reached = _upper_end(ordered[0])
    for _, step in pairwise(ordered):
        start = _lower_end(step)
        if (start < reached) if overlapping else (start > reached):
            return True
        reached = max(reached, _upper_end(step))
    return False
