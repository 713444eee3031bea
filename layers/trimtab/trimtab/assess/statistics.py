"""Plain statistics over few samples. Pure.

Medians rather than means: with three to nine peers one bad value must not move what "usual" is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

MAD_TO_SIGMA = 1.4826
"""Scales the median absolute deviation to a standard deviation for normal data (Hampel 1974)."""


def median(values: Sequence[float]) -> float:
    """Return the middle value; the mean of the middle two for an even count.

    Worked example: ``median([5, 1, 9, 3])`` is 4.
    """
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def lower_median(values: Sequence[float]) -> float:
    """Return the middle value; the smaller of the middle two for an even count.

    Worked example: ``lower_median([40, 2000])`` is 40: half of the values must be high.
    """
    return sorted(values)[(len(values) - 1) // 2]


def spread(values: Sequence[float], centre: float) -> float:
    """Return the scaled median absolute deviation around ``centre`` of ordered values.

    Worked example: ``spread([10, 11, 12, 13, 90], 12)`` is 1.4826 x 1.
    """
    middle = bisect_left(values, centre)
    below = [centre - v for v in values[:middle]]
    below.reverse()  # two ascending runs are merged, not sorted
    return MAD_TO_SIGMA * median([*below, *(v - centre for v in values[middle:])])
