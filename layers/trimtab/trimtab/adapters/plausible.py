"""Which values of a metric can be true."""

from __future__ import annotations

import math

from trimtab.ports import MetricKey

IMPLAUSIBLE = 1e15
"""No count, share or latency that we read comes near this; a value that does is a fault."""


def is_plausible(key: MetricKey, value: float) -> bool:
    """Tell whether a value can be true. What AWS itself measures is never below zero."""
    if not math.isfinite(value) or abs(value) > IMPLAUSIBLE:
        return False
    never_negative = key.namespace.startswith("AWS/") or key.statistic == "SampleCount"
    return value >= 0 or not never_negative
