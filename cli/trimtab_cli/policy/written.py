"""An effective policy as a document again: every default filled in, every name an ARN.

What it writes reads back as the same policy, so it is also what a difference is shown on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import yaml

from trimtab.model.detectors import Detector
from trimtab.model.policy import (
    FailureOutlier,
    FleetPolicy,
    HealthPolicy,
    Lever,
    OutlierPolicy,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab_cli.policy.forms import as_written
from trimtab_cli.policy.logged import written_access_logs
from trimtab_cli.policy.probing import written_probe
from trimtab_cli.policy.units import number_text, rate_text


def document_of(policy: Policy) -> dict[str, Any]:
    """Return the policy in the document's own keys and units."""
    return {
        "service": str(policy.service),
        "enabled": policy.enabled,
        "mode": {lever.value: policy.mode(lever).value for lever in Lever},
        "fleets": {str(name): _fleet(fleet) for name, fleet in policy.fleets.items()},
        "health": _health(policy.health),
        "scaling": _scaling(policy.scaling),
        "routes": [_route(route) for route in policy.routes],
        "guard": _all_of(policy.guard) | {"zones": _all_of(policy.guard.zones)},
    }


def yaml_of(policy: Policy) -> str:
    """Return the policy as YAML text."""
    return yaml.safe_dump(document_of(policy), sort_keys=False, width=10_000)


def _all_of(value: Any) -> dict[str, Any]:
    return {each.name: as_written(each.name, getattr(value, each.name)) for each in fields(value)}


def _fleet(fleet: FleetPolicy) -> dict[str, Any]:
    written = {"target_group": str(fleet.target_group)}
    return written if fleet.group is None else written | {"scaling_group": fleet.group}


def _health(health: HealthPolicy) -> dict[str, Any]:
    judged = health.load_balancer
    return {
        "load_balancer": _all_of(judged) if judged else "off",
        "outliers": [_outlier(each) for each in health.outliers],
        "failures": _failures(health.failures) if health.failures else "off",
        "access_logs": written_access_logs(health.access_logs) if health.access_logs else "off",
        "probe": written_probe(health.probe) if health.probe else "off",
        "signs": _all_of(health.signs),
        "eject": _all_of(health.eject),
        "probation": _all_of(health.probation),
        "replace": _all_of(health.replace) if health.replace else "off",
        "watch": as_written("watch", health.watch),
        "sweep": as_written("sweep", health.sweep),
        "suspicion": as_written("suspicion", health.suspicion),
        "patience": _all_of(health.patience),
        "detectors": {each.value: health.use(each).value for each in Detector},
    }


def _outlier(outlier: OutlierPolicy) -> dict[str, Any]:
    return _all_of(outlier) | {"metric": _all_of(outlier.metric)}


def _failures(failures: FailureOutlier) -> dict[str, Any]:
    written = _all_of(failures)
    for name in ("requests", "errors"):
        metric = getattr(failures, name)
        if metric is None:
            del written[name]
        else:
            written[name] = _count(metric)
    return written


def _count(metric: TargetMetric) -> dict[str, Any]:
    return {name: value for name, value in _all_of(metric).items() if name != "statistic"}


def _scaling(scaling: ScalingPolicy) -> dict[str, Any]:
    written: dict[str, Any] = {"rules": [_rule(rule) for rule in scaling.rules]}
    for name, value in _all_of(scaling).items():
        if name == "rules" or value is None:
            continue
        written[{"min_size": "min", "max_size": "max"}.get(name, name)] = value
    return written


def _rule(rule: TargetTracking) -> dict[str, Any]:
    by_rate = rule.metric is ScalingMetric.REQUESTS_PER_TARGET
    return {
        "type": "target_tracking",
        "metric": rule.metric.value,
        "target": rate_text(rule.target) if by_rate else f"{number_text(rule.target)}%",
        "tolerance": as_written("tolerance", rule.tolerance),
    }


def _route(route: RoutePolicy) -> dict[str, Any]:
    written = {"name": str(route.name), "listener_rule": str(route.rule), **_all_of(route)}
    del written["rule"]
    return written | {"split": _split(route.split)}


def _split(split: Mapping[Any, float]) -> dict[str, float]:
    shares = {str(fleet): round(share * 100, 9) for fleet, share in split.items()}
    return {fleet: int(share) if share == int(share) else share for fleet, share in shares.items()}
