"""Closes each minute: what was counted becomes datapoints and the users' numbers.

Dimensions as the Elastic Load Balancing user guide lists them. HTTPCode_ELB_5XX_Count exists for
the load balancer only (alone and per zone), not per target group; what a target group shows of
targets that refuse connections is TargetConnectionErrorCount. HealthyHostCount and
UnHealthyHostCount are reported while the load balancer has traffic. RequestCountPerTarget divides
by the targets that were healthy on average. EC2 metrics are with detailed monitoring (one
minute). The application reports Latency (milliseconds), Requests and Errors per instance, for
minutes in which it had requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.world import reported
from trimtab_lab.world.instances import Instance, Lifecycle
from trimtab_lab.world.metrics import Summary
from trimtab_lab.world.reported import AppMinute, GroupMinute, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trimtab_lab.world.access_log import AccessLog
    from trimtab_lab.world.metrics import Metrics, Reader, Source
    from trimtab_lab.world.scaling_groups import ScalingGroup
    from trimtab_lab.world.targets import TargetGroup

ELB = "AWS/ApplicationELB"
IDLE_CPU = 3.0


class Measure:
    """Reads and clears the minute's counts, and reports them."""

    def __init__(
        self, metrics: Metrics, load_balancer: str, app_namespace: str, access_log: AccessLog
    ) -> None:
        self._metrics = metrics
        self._access_log = access_log
        self._load_balancer = load_balancer
        self._app_namespace = app_namespace
        self._sources: dict[tuple[str, ...], Source] = {}

    def close_traffic(
        self, at: int, groups: Iterable[TargetGroup], rejected: int
    ) -> dict[str, Traffic]:
        """Report the minute that began at `at`; returns each fleet's traffic and, under "", all."""
        everything = Traffic(no_target=rejected)
        by_zone: dict[str, Traffic] = {}
        by_fleet: dict[str, Traffic] = {"": everything}
        closing = [(group, _by_zone(group)) for group in groups]
        busy = rejected or any(
            group.unroutable or any(t.requests for t in zones.values()) for group, zones in closing
        )
        for group, zones in closing:
            whole = Traffic(no_target=group.unroutable)
            for zone, traffic in zones.items():
                whole.add(traffic)
                by_zone.setdefault(zone, Traffic()).add(traffic)
            if busy:
                _count_hosts(group, zones, whole)
                self._report_group(at, group, zones, whole)
            for place in (by_fleet.setdefault(group.spec.fleet, Traffic()), everything):
                place.add(whole)
                place.no_target += whole.no_target
            self._close_registrations(at, group)
        if busy:
            self._report("lb", at, everything)
            for zone, traffic in by_zone.items():
                if traffic.requests:
                    self._report("lb", at, traffic, zone)
        return by_fleet

    def close_instances(
        self, at: int, steps: int, instances: Iterable[Instance], groups: Iterable[ScalingGroup]
    ) -> None:
        """Report what EC2 and Auto Scaling say of the minute."""
        pooled: dict[str, list[float]] = {}
        for instance in instances:
            if instance.lifecycle is not Lifecycle.PENDING:
                used = _cpu(instance, steps)
                self._report("ec2", at, Summary(used, 1, used, used), instance.id)
                if instance.group:
                    pooled.setdefault(instance.group, []).append(used)
        for name, each in pooled.items():
            summary = Summary(sum(each), len(each), min(each), max(each))
            self._report("ec2-group", at, summary, name)
        for group in groups:
            serving = sum(i.lifecycle is Lifecycle.IN_SERVICE for i in group.instances)
            self._report("group", at, GroupMinute(group.desired, serving), group.spec.name)

    def forget_before(self, at: int) -> None:
        """Drop what has reported nothing since `at`."""
        self._metrics.forget_before(at)
        self._sources = {k: s for k, s in self._sources.items() if s.rows and s.rows[-1][0] >= at}

    def _report_group(
        self, at: int, group: TargetGroup, zones: Mapping[str, Traffic], whole: Traffic
    ) -> None:
        self._report("tg", at, whole, group.dimension)
        self._report("tg-only", at, whole, group.dimension)
        for zone, traffic in zones.items():
            self._report("tg", at, traffic, group.dimension, zone)

    def _close_registrations(self, at: int, group: TargetGroup) -> None:
        for registration in (*group.registrations, *group.departed):
            if registration.requests:
                self._access_log.write(at, group.arn, registration)
                answered = registration.requests - registration.connection_errors
                if answered:
                    row = AppMinute(
                        answered,
                        registration.target_5xx,
                        registration.latency_sum,
                        registration.mix,
                    )
                    self._report("app", at, row, registration.instance.id)
                registration.clear_minute()
        group.unroutable = 0
        group.samples.clear()
        group.departed.clear()

    def _report(self, kind: str, at: int, row: object, *place: str) -> None:
        source = self._sources.get((kind, *place))
        if source is None:
            namespace, dimensions, readers = self._identity(kind, place)
            source = self._metrics.source(namespace, dimensions, readers)
            self._sources[kind, *place] = source
        source.rows.append((at, row))

    def _identity(
        self, kind: str, place: tuple[str, ...]
    ) -> tuple[str, dict[str, str], Mapping[str, Reader]]:
        match kind, place:
            case "tg-only", (group,):
                return ELB, {"TargetGroup": group}, reported.PER_TARGET
            case "tg", (group, *zone):
                dimensions = {"TargetGroup": group, "LoadBalancer": self._load_balancer}
                return ELB, dimensions | _zone(zone), reported.TARGET_GROUP
            case "lb", (*zone,):
                return (
                    ELB,
                    {"LoadBalancer": self._load_balancer} | _zone(zone),
                    reported.LOAD_BALANCER,
                )
            case "ec2", (instance,):
                return "AWS/EC2", {"InstanceId": instance}, reported.CPU
            case "ec2-group", (name,):
                return "AWS/EC2", {"AutoScalingGroupName": name}, reported.CPU
            case "group", (name,):
                return "AWS/AutoScaling", {"AutoScalingGroupName": name}, reported.GROUP
            case _:
                return self._app_namespace, {"InstanceId": place[0]}, reported.APPLICATION


def _zone(zone: list[str]) -> dict[str, str]:
    return {"AvailabilityZone": zone[0]} if zone else {}


def _by_zone(group: TargetGroup) -> dict[str, Traffic]:
    zones = {zone: Traffic() for zone in group.zones}
    for registration in (*group.registrations, *group.departed):
        if registration.requests:
            zones[registration.instance.zone].add(registration)
    return zones


def _count_hosts(group: TargetGroup, zones: Mapping[str, Traffic], whole: Traffic) -> None:
    samples = group.samples
    if all(sample is samples[0] for sample in samples):
        samples = samples[:1]  # nothing changed all minute; one sample says it
    weight = len(group.samples) // len(samples)
    for index, zone in enumerate(group.zones):
        zones[zone].healthy = _sampled([sample[index][0] for sample in samples], weight)
        zones[zone].unhealthy = _sampled([sample[index][1] for sample in samples], weight)
    whole.healthy = _sampled([sum(pair[0] for pair in sample) for sample in samples], weight)
    whole.unhealthy = _sampled([sum(pair[1] for pair in sample) for sample in samples], weight)


def _sampled(values: list[int], weight: int) -> Summary:
    return Summary(sum(values) * weight, len(values) * weight, min(values), max(values))


def _cpu(instance: Instance, steps: int) -> float:
    idle = max(0, steps - instance.cpu_steps)
    used = (instance.cpu_sum + idle * IDLE_CPU) / max(steps, instance.cpu_steps)
    instance.cpu_sum, instance.cpu_steps = 0.0, 0
    return used
