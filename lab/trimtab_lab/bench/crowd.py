"""Crowds of targets to decide about: one fleet of any size, with a known share of trouble."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from trimtab.assess.columns import Samples
from trimtab.model.ids import Arn, FleetId, InstanceId, RouteId, ServiceId, Zone
from trimtab.model.memory import Memory
from trimtab.model.observation import (
    FleetSeen,
    Group,
    Lifecycle,
    LoadSignal,
    Member,
    Observation,
    Point,
    RouteSeen,
    Series,
    Target,
    TargetState,
)
from trimtab.model.policy import (
    FailureOutlier,
    FleetPolicy,
    HealthPolicy,
    Lever,
    Mode,
    OutlierPolicy,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab.model.tick import Inputs

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
TARGET_LOAD = 900.0
ONE_IN = 50
"""One target in this many is slow, one is unhealthy."""
LATENCY = TargetMetric("Shop", "Latency")
REQUESTS = TargetMetric("Shop", "Requests", "Sum")
ERRORS = TargetMetric("Shop", "Errors", "Sum")
COUNTS = FailureOutlier(REQUESTS, ERRORS)


class Sight(StrEnum):
    """How much is seen of each target."""

    QUIET = "quiet"  # nothing is wrong, and nobody looks closely
    METRICS = "metrics"  # one in fifty slow, one unhealthy; three samples of a metric of each
    COUNTS = "counts"  # and three minutes' requests and errors of each


def crowd(count: int, sight: Sight = Sight.METRICS) -> Inputs:
    """Return a tick's inputs for two fleets with ``count`` targets in all."""
    blue, green = FleetId("blue"), FleetId("green")
    fleets = {blue: count - count // 2, green: count // 2}
    policy = _policy(tuple(fleets), sight)
    seen = Observation(
        service=policy.service,
        now=NOW,
        fleets={name: _fleet(name, size, sight) for name, size in fleets.items()},
        routes={
            RouteId("main"): RouteSeen(
                Arn("rule"), {f.target_group: 50 for f in policy.fleets.values()}
            )
        },
    )
    return Inputs(seen, policy, Memory(version=7))


def _policy(names: tuple[FleetId, ...], sight: Sight) -> Policy:
    fleets = {n: FleetPolicy(n, Arn(f"arn:targetgroup/{n}/1"), "app/shop/1", n) for n in names}
    return Policy(
        service=ServiceId("shop"),
        modes=dict.fromkeys(Lever, Mode.ENFORCE),
        fleets=fleets,
        health=HealthPolicy(
            outliers=(OutlierPolicy(LATENCY),),
            failures=COUNTS if sight is Sight.COUNTS else None,
        ),
        scaling=ScalingPolicy(
            rules=(TargetTracking(ScalingMetric.REQUESTS_PER_TARGET, TARGET_LOAD),)
        ),
        routes=(RoutePolicy(RouteId("main"), Arn("rule"), dict.fromkeys(names, 1 / len(names))),),
    )


def _fleet(name: FleetId, size: int, sight: Sight) -> FleetSeen:
    instances = [InstanceId(f"i-{name}{i:06d}") for i in range(size)]
    load = 0.8 * TARGET_LOAD * size
    return FleetSeen(
        fleet=name,
        targets=tuple(_target(i, instance, sight) for i, instance in enumerate(instances)),
        group=Group(str(name), 1, 2 * size + 1, size, tuple(_members(instances))),
        signals={
            LoadSignal.REQUESTS: _series(load),
            LoadSignal.ERRORS: _series(load / 1000),
            LoadSignal.LATENCY: _series(0.1),
        },
        metrics=_metrics(instances, sight),
        looked_closely=sight is not Sight.QUIET,
    )


def _metrics(instances: list[InstanceId], sight: Sight) -> dict[str, Samples] | None:
    if sight is Sight.QUIET:
        return None
    latencies = {x: _series(_latency(i)) for i, x in enumerate(instances)}
    metrics = {LATENCY.name: Samples(latencies)}
    if sight is Sight.COUNTS:
        errors = (200.0 if i % ONE_IN == 0 else float(i % 3) for i in range(len(instances)))
        metrics[REQUESTS.name] = Samples({x: _series(700.0) for x in instances})
        metrics[ERRORS.name] = Samples(dict(zip(instances, map(_series, errors), strict=True)))
    return metrics


def _members(instances: list[InstanceId]) -> list[Member]:
    zones = [Zone(ZONES[i % len(ZONES)]) for i in range(len(instances))]
    return [Member(x, zone, Lifecycle.IN_SERVICE) for x, zone in zip(instances, zones, strict=True)]


def _target(index: int, instance: InstanceId, sight: Sight) -> Target:
    sick = index % ONE_IN == 1 and sight is not Sight.QUIET
    state = TargetState.UNHEALTHY if sick else TargetState.HEALTHY
    zone = Zone(ZONES[index % len(ZONES)])
    return Target(instance, 8080, zone, state, "Target.Timeout" if sick else "")


def _latency(index: int) -> float:
    return 900.0 if index % ONE_IN == 0 else 100.0 + index % 17


def _series(value: float) -> Series:
    return Series.of(Point(NOW - timedelta(minutes=m), value) for m in (4, 3, 2))
