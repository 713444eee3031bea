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
    half = len(values) // 2
    middle = _deviation(values, centre, half + 1)
    if len(values) % 2 == 0:
        middle = (_deviation(values, centre, half) + middle) / 2
    return MAD_TO_SIGMA * middle


def _deviation(values: Sequence[float], centre: float, count: int) -> float:
    """Return how far the ``count``-th nearest of ordered values is from ``centre``.

    The nearest stand side by side. So where they begin is looked for by halving, and thousands of
    deviations are neither made nor sorted: the window moves up as long as it gains by that.
    """

    def is_no_farther(first: int) -> bool:
        return centre - values[first] <= values[first + count] - centre

    first = bisect_left(range(len(values) - count), True, key=is_no_farther)
    return max(centre - values[first], values[first + count - 1] - centre)
