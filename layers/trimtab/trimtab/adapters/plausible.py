"""Which values of a metric can be true. A value that cannot is no value.

Every adapter that reads metrics sieves them with this, so that nothing behind the port has to
think of infinities.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from trimtab.model.observation import Point, Series
from trimtab.ports import MetricKey

IMPLAUSIBLE = 1e15
"""No count, share or latency that we read comes near this; a value that does is a fault."""


def sieved(points: Sequence[Point], key: MetricKey) -> Series:
    """Return the points that can be true; without them all the series is not whole.

    Worked example: 120, NaN, 130 are 120 and 130, and incomplete: what was dropped was a value.
    """
    good = tuple(p for p in points if is_plausible(key, p.value))
    return Series.of(good, complete=len(good) == len(points))


def is_plausible(key: MetricKey, value: float) -> bool:
    """Tell whether a value can be true. What AWS itself measures is never below zero."""
    if not math.isfinite(value) or abs(value) > IMPLAUSIBLE:
        return False
    never_negative = key.namespace.startswith("AWS/") or key.statistic == "SampleCount"
    return value >= 0 or not never_negative
