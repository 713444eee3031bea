"""Detectors: what may speak against a target, and what the policy makes of each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from trimtab.model.reason import ReasonCode


class Detector(StrEnum):
    """What may find something against a target."""

    LOAD_BALANCER = "load_balancer"
    ANOMALY = "anomaly"
    MACHINE = "machine"
    NOTICES = "notices"
    CONSECUTIVE = "consecutive"
    FAILURES = "failures"
    OUTLIERS = "outliers"
    PROBE = "probe"
    ACCESS_LOGS = "access_logs"


class Use(StrEnum):
    """What is made of a detector's findings.

    ``shadow`` finds and tells, and nothing ever follows of it; ``off`` does not even look.
    """

    ON = "on"
    SHADOW = "shadow"
    OFF = "off"


DEFAULT_USE: Mapping[Detector, Use] = {
    Detector.LOAD_BALANCER: Use.ON,
    Detector.ANOMALY: Use.SHADOW,
    Detector.MACHINE: Use.OFF,
    Detector.NOTICES: Use.ON,
    Detector.CONSECUTIVE: Use.ON,
    Detector.FAILURES: Use.ON,
    Detector.OUTLIERS: Use.ON,
    Detector.PROBE: Use.ON,
    Detector.ACCESS_LOGS: Use.ON,
}
"""Where a policy does not say. ``failures``, ``outliers``, ``consecutive``, ``probe`` and
``access_logs`` have nothing to go by before the policy names their metrics or sources. ALB's
anomaly detection gives no number, no count of requests and no threshold, so nobody can check what
it says: watch it first. ``machine`` costs a call for every hundred instances and tick.
"""

DETECTOR_OF: Mapping[ReasonCode, Detector] = {
    ReasonCode.LB_UNHEALTHY: Detector.LOAD_BALANCER,
    ReasonCode.METRIC_OUTLIER: Detector.OUTLIERS,
    ReasonCode.FAILURE_OUTLIER: Detector.FAILURES,
    ReasonCode.CONSECUTIVE_FAILURES: Detector.CONSECUTIVE,
    ReasonCode.ANOMALOUS: Detector.ANOMALY,
    ReasonCode.ANOMALY_MITIGATED: Detector.ANOMALY,
    ReasonCode.MACHINE_IMPAIRED: Detector.MACHINE,
    ReasonCode.MACHINE_SCHEDULED: Detector.MACHINE,
    ReasonCode.SPOT_INTERRUPTION: Detector.NOTICES,
    ReasonCode.PROBE_FAILED: Detector.PROBE,
    ReasonCode.LOGGED_FAILURES: Detector.ACCESS_LOGS,
    ReasonCode.LOGGED_LATENCY: Detector.ACCESS_LOGS,
}
"""Who finds under each code."""
