"""What the Kubernetes suites have in common: replicas given as parallel lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from tests.conformance.fields import Fields
from trimtab.decide.replicas import Replica, ReplicaPhase, SizingRules, Tolerance

# The tables say only that a replica inside its initialization period is not counted, so its
# sample is always too short a window.
_NEVER_LONG_ENOUGH = timedelta(days=1)
_DELETION_FIELDS = ("pod_deleting", "pod_deleted", "pod_deletion", "pod_deletion_timestamp")


def replicas_of(case: Fields, samples: Sequence[int], current: int) -> tuple[Replica, ...]:
    """Return the replicas that exist: `current` of them, or more where phases list more."""
    requests = case.take("pod_request_milli", None) or ()
    phases = case.take("pod_phase", None) or ()
    ready = case.take("pod_ready", None) or ()
    ages = case.take("pod_age_seconds", None) or ()
    deleting = case.take_any(_DELETION_FIELDS, None) or ()
    return tuple(
        Replica(
            usage_milli=_at(samples, i, None),
            request_milli=_at(requests, i, None),
            phase=ReplicaPhase(_at(phases, i, "Running")),
            ready=_at(ready, i, True),
            deleting=bool(_at(deleting, i, False)),
            age=_age(_at(ages, i, None)),
            sample_window=_NEVER_LONG_ENOUGH,
        )
        for i in range(max(current, len(phases)))
    )


def rules_of(case: Fields, defaults: Mapping[str, Any], resource: str) -> SizingRules:
    """Return the file's defaults, with what the case says instead."""

    def setting(name: str, otherwise: Any) -> Any:
        value = case.take(name, None)
        return defaults.get(name, otherwise) if value is None else value

    tolerance = setting("tolerance", 0.1)
    return SizingRules(
        resource=resource,
        tolerance=Tolerance(
            setting("scale_down_tolerance", tolerance), setting("scale_up_tolerance", tolerance)
        ),
        initialization=timedelta(seconds=setting("cpu_initialization_period_seconds", 300)),
        initial_readiness_delay=timedelta(seconds=setting("initial_readiness_delay_seconds", 30)),
    )


def _at(values: Sequence[Any], place: int, otherwise: Any) -> Any:
    return values[place] if place < len(values) and values[place] is not None else otherwise


def _age(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
