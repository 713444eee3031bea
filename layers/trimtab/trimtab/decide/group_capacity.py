"""Small sums about a group's capacity that AWS documents and policies lean on. Pure.

How several wishes become one, what a queue's backlog target is, what a forecast may ask for and
how large a warm pool is. Each is one formula; none of them looks at a metric or a clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from trimtab.decide.step_scaling import CapacityBounds


@dataclass(frozen=True, slots=True)
class ForecastCapacity:
    """What a forecast asks for, and the maximum that was in force for it."""

    desired: int
    maximum: int | None


def combine_wishes(wishes: Sequence[int], bounds: CapacityBounds | None = None) -> int:
    """Return the largest wish: out if any policy wants out, in only as far as all agree.

    Wishes of 10 and 8 give 10; with a maximum of 9 they give 9.

    Raises:
        ValueError: There is no wish; the caller keeps what it has.
    """
    if not wishes:
        raise ValueError("no policy made a wish: keep the current capacity")
    return (bounds or CapacityBounds()).clamp(max(wishes))


def backlog_target(seconds_per_message: float, acceptable_latency_seconds: float) -> Fraction:
    """Return how many waiting messages one target may have and still answer in time.

    At 0.1 s a message and 10 s of patience that is 100 messages.

    Raises:
        ValueError: The time per message is not positive.
    """
    if seconds_per_message <= 0:
        raise ValueError(f"seconds per message must be above 0, got {seconds_per_message}")
    return Fraction(str(acceptable_latency_seconds)) / Fraction(str(seconds_per_message))


def backlog_per_target(visible_messages: int, targets_in_service: int) -> Fraction | None:
    """Return the messages waiting for each target, or None when no target is in service.

    1,500 messages and 10 targets are 150 each.
    """
    return Fraction(visible_messages, targets_in_service) if targets_in_service > 0 else None


def forecast_capacity(
    actual: int, forecast: int, bounds: CapacityBounds, buffer_percent: int | None = None
) -> ForecastCapacity:
    """Return the capacity a forecast leads to; a forecast only ever adds.

    Without a buffer the maximum holds: forecast 50 under a maximum of 40 gives 40. With one the
    maximum gives way to the forecast plus that share: 10 % makes it 55 and the capacity 50.
    """
    ceiling = bounds.maximum
    if ceiling is not None and buffer_percent is not None:
        with_buffer = math.ceil(Fraction(forecast * (100 + buffer_percent), 100))
        ceiling = max(ceiling, with_buffer)
    wanted = CapacityBounds(bounds.minimum, ceiling).clamp(max(actual, forecast))
    return ForecastCapacity(wanted, ceiling)


def warm_pool_size(
    desired: int, maximum: int, max_prepared: int | None = None, minimum_size: int = 0
) -> int:
    """Return how many stopped or running spares stand behind the group.

    The pool fills the distance from desired to the maximum, or to the prepared capacity where
    that is set: desired 6, maximum 10 gives 4; with a prepared capacity of 8 it gives 2.
    """
    prepared = maximum if max_prepared is None else max_prepared
    return max(minimum_size, prepared - desired, 0)
