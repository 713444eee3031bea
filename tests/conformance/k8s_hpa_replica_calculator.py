"""Cases of `k8s_hpa_replica_calculator`: one metric, one size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from tests.conformance.replicas import replicas_of, rules_of
from trimtab.decide.replicas import (
    NoBasisError,
    average_replicas,
    utilization_replicas,
    value_per_replica,
    value_replicas,
)

Got = Mapping[str, Any]
Defaults = Mapping[str, Any]


def answer(case: Fields, defaults: Defaults) -> Got:
    kind = case.take("metric_kind")
    if kind not in _ANSWERS:
        raise NotCoveredError(f"metric_kind {kind!r}")
    try:
        return _ANSWERS[kind](case, defaults)
    except NoBasisError as no_basis:
        return {"error": str(no_basis)}


def _utilization(case: Fields, defaults: Defaults) -> Got:
    usages, current = case.take("pod_usage_milli"), case.take("current_replicas")
    replicas = replicas_of(case, usages, current)
    sizing = utilization_replicas(
        replicas,
        current,
        case.take("target_utilization_percent"),
        rules_of(case, defaults, case.take("resource", "cpu")),
        stray_samples=max(0, len(usages) - len(replicas)),
    )
    return {
        "replicas": sizing.replicas,
        "utilization_percent": sizing.measured,
        "average_value_milli": sizing.average_milli,
    }


def _raw_resource(case: Fields, defaults: Defaults) -> Got:
    return _averaged(case, defaults, case.take("resource", "cpu"), "pod_usage_milli")


def _pods_average(case: Fields, defaults: Defaults) -> Got:
    return _averaged(case, defaults, "", "metric_values_milli")


def _averaged(case: Fields, defaults: Defaults, resource: str, samples: str) -> Got:
    values, current = case.take(samples), case.take("current_replicas")
    replicas = replicas_of(case, values, current)
    sizing = average_replicas(
        replicas,
        current,
        case.take_any(("target_milli", "target_average_milli"), None),
        rules_of(case, defaults, resource),
        stray_milli=values[len(replicas) :],
    )
    return {
        "replicas": sizing.replicas,
        "metric_milli": sizing.measured,
        "average_value_milli": sizing.measured,
    }


def _value(case: Fields, defaults: Defaults) -> Got:
    current = case.take("current_replicas")
    sizing = value_replicas(
        replicas_of(case, (), current),
        current,
        sum(case.take("metric_values_milli")),
        case.take("target_milli"),
        rules_of(case, defaults, "").tolerance,
    )
    return {"replicas": sizing.replicas, "metric_milli": sizing.measured}


def _per_replica(case: Fields, defaults: Defaults) -> Got:
    current = case.take("current_replicas")
    replicas_of(case, (), current)  # told, and by this rule ignored
    sizing = value_per_replica(
        current,
        sum(case.take("metric_values_milli")),
        case.take("target_milli"),
        rules_of(case, defaults, "").tolerance,
    )
    return {"replicas": sizing.replicas, "metric_milli": sizing.measured}


_ANSWERS: Mapping[str, Callable[[Fields, Defaults], Got]] = {
    "resource_utilization": _utilization,
    "resource_average": _raw_resource,
    "resource_average_value": _raw_resource,
    "resource_value": _raw_resource,
    "pods_average": _pods_average,
    "object_value": _value,
    "external_value": _value,
    "object_average_per_pod": _per_replica,
    "external_average_per_pod": _per_replica,
}
