"""When a finding is proof: it has held for as long as the policy asks. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from trimtab.model.assessment import Evidence
from trimtab.model.policy import HealthPolicy
from trimtab.model.reason import ReasonCode


def patience_with(code: ReasonCode, health: HealthPolicy) -> timedelta | None:
    """Return how long a finding must have held to be proof; ``None``: it never is by itself.

    Findings over several samples have held when they are made. Worked example: ``lb_unhealthy``
    with ``unhealthy_for: 2m`` is proof two minutes after it was first seen.
    """
    match code:
        case ReasonCode.LB_UNHEALTHY:
            return health.load_balancer.unhealthy_for if health.load_balancer else None
        case ReasonCode.MACHINE_IMPAIRED:
            return health.patience.impaired_for
        case ReasonCode.ANOMALOUS:
            return health.patience.anomalous_for
        case ReasonCode.ANOMALY_MITIGATED:
            return health.patience.mitigated_for
        case _:
            return timedelta(0)


def is_proof(evidence: Evidence, health: HealthPolicy, now: datetime) -> bool:
    """Tell whether a finding has held for long enough to act on it."""
    patience = patience_with(evidence.detector, health)
    return patience is not None and now - evidence.since >= patience
