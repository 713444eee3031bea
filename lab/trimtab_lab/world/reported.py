"""What each kind of source reports, under which metric names: rows of a minute to statistic sets.

A reader answers None where CloudWatch would have no datapoint: error counts of zero, latency nobody
experienced, requests per target of a group without healthy targets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trimtab_lab.world.load import FAST_BUCKET
from trimtab_lab.world.metrics import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trimtab_lab.world.instances import Registration
    from trimtab_lab.world.metrics import Reader


@dataclass(slots=True)
class Traffic:
    """Requests of one minute at one place and how they were answered."""

    requests: int = 0
    """Requests given to a target."""
    target_5xx: int = 0
    connection_errors: int = 0
    no_target: int = 0
    """Requests for which there was no target at all (503 of the load balancer)."""
    latency_sum: float = 0.0
    mix: dict[int, int] = field(default_factory=dict)
    healthy: Summary | None = None
    unhealthy: Summary | None = None

    def add(self, other: Registration | Traffic) -> None:
        """Count another place's minute in, what reached a target of it."""
        self.requests += other.requests
        self.target_5xx += other.target_5xx
        self.connection_errors += other.connection_errors
        self.latency_sum += other.latency_sum
        mix = self.mix
        for bucket, count in other.mix.items():
            mix[bucket] = mix.get(bucket, 0) + count

    @property
    def failed(self) -> int:
        """Requests the users saw fail."""
        return self.target_5xx + self.connection_errors + self.no_target

    def good_mix(self) -> dict[int, int]:
        """Latencies of the requests that were answered well."""
        good = dict(self.mix)
        left = good.pop(FAST_BUCKET, 0) - self.target_5xx
        if left > 0:
            good[FAST_BUCKET] = left
        return good


@dataclass(slots=True)
class AppMinute:
    """What the application on one instance counted in a minute."""

    requests: int
    errors: int
    latency_sum: float
    mix: dict[int, int]


@dataclass(slots=True)
class GroupMinute:
    """Sizes of an Auto Scaling group in a minute."""

    desired: int
    in_service: int


def _count(how_many: Callable[[Any], int]) -> Reader:
    def read(row: Any) -> Summary | None:
        count = how_many(row)
        return Summary(count, count, 1, 1) if count else None

    return read


def _gauge(value: Callable[[Any], float]) -> Reader:
    def read(row: Any) -> Summary | None:
        now = value(row)
        return Summary(now, 1, now, now)

    return read


def _latency(total: float, count: int, mix: dict[int, int], unit: float) -> Summary | None:
    if not count:
        return None
    return Summary(total * unit, count, mix=mix, unit_s=unit)


def _response_time(row: Traffic) -> Summary | None:
    return _latency(row.latency_sum, row.requests - row.connection_errors, row.mix, 1.0)


def _per_target(row: Traffic) -> Summary | None:
    if not row.requests or row.healthy is None or not row.healthy.total:
        return None
    each = row.requests * row.healthy.count / row.healthy.total
    return Summary(each, 1, each, each)


def _errors(row: AppMinute) -> Summary:
    return Summary(
        row.errors, row.requests, 0 if row.errors < row.requests else 1, bool(row.errors)
    )


def _used(row: Summary) -> Summary:
    return row


LOAD_BALANCER: Mapping[str, Reader] = {
    "RequestCount": _count(lambda row: row.requests),
    "HTTPCode_Target_5XX_Count": _count(lambda row: row.target_5xx),
    "HTTPCode_ELB_5XX_Count": _count(lambda row: row.connection_errors + row.no_target),
    "TargetConnectionErrorCount": _count(lambda row: row.connection_errors),
    "TargetResponseTime": _response_time,
}
PER_TARGET: Mapping[str, Reader] = {"RequestCountPerTarget": _per_target}
TARGET_GROUP: Mapping[str, Reader] = {
    "RequestCount": _count(lambda row: row.requests),
    "HTTPCode_Target_5XX_Count": _count(lambda row: row.target_5xx),
    "TargetConnectionErrorCount": _count(lambda row: row.connection_errors),
    "TargetResponseTime": _response_time,
    "HealthyHostCount": lambda row: row.healthy,
    "UnHealthyHostCount": lambda row: row.unhealthy,
    "RequestCountPerTarget": _per_target,
}
CPU: Mapping[str, Reader] = {"CPUUtilization": _used}
GROUP: Mapping[str, Reader] = {
    "GroupDesiredCapacity": _gauge(lambda row: row.desired),
    "GroupInServiceInstances": _gauge(lambda row: row.in_service),
}
APPLICATION: Mapping[str, Reader] = {
    "Latency": lambda row: _latency(row.latency_sum, row.requests, row.mix, 1000.0),
    "Requests": _count(lambda row: row.requests),
    "Errors": _errors,
}
