"""Many durations in little room: counts of bins that grow by a tenth each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil, log

SHORTEST = 0.001
"""Seconds: what the load balancer can tell apart. Anything shorter is in bin 0."""
GROWTH = 1.1
"""Each bin ends a tenth later than the one before: a median is right to 5 %."""
BINS = 180
"""The last bin begins at some seven hours; what is longer is in it too."""
_BY = log(GROWTH)


def bin_of(seconds: float) -> int:
    """Return the bin of a duration.

    Worked example: 0.001 is in bin 0, 0.0011 in bin 1 (it ends at 0.0011), 0.1 in bin 49.
    """
    if seconds <= SHORTEST:
        return 0
    return min(BINS - 1, ceil(round(log(seconds / SHORTEST) / _BY, 9)))


def middle_of(bin_: int) -> float:
    """Return the seconds a bin stands for: the middle, by ratio, of what it holds."""
    return SHORTEST * GROWTH ** (bin_ - 0.5) if bin_ else SHORTEST


def lower_median(counts: Mapping[int, int]) -> float | None:
    """Return the middle duration of the bins' counts, the smaller of two; ``None`` of nothing.

    Worked example: of ``{0: 3, 49: 2}`` it is 0.001, of ``{0: 1, 49: 2}`` 0.102.
    """
    half = (sum(counts.values()) + 1) // 2
    passed = 0
    for bin_ in sorted(counts):
        passed += counts[bin_]
        if passed >= half:
            return middle_of(bin_)
    return None


def weighted(parts: Iterable[tuple[float, int]]) -> float | None:
    """Return the lower median of durations that each stand for a number of requests.

    What several nodes of a load balancer saw of one target, each with its own median, is joined so.
    Worked example: of ``[(0.1, 10), (2.0, 100)]`` it is 2.0.
    """
    ordered = sorted((seconds, weight) for seconds, weight in parts if weight > 0)
    half, passed = sum(weight for _, weight in ordered) / 2, 0
    for seconds, weight in ordered:
        passed += weight
        if passed >= half:
            return seconds
    return None
