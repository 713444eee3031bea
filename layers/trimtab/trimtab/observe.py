"""Observe: the only reads of a tick, for all services of a batch together.

Two looks: the cheap one at everything (target health, groups, routes, fleet-level series), then
per-target series only for fleets whose cheap signals, memory or sweep call for it. What cannot be
read becomes a gap of the services it concerns; the others are not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from trimtab.assess import wants_closer_look, wants_watching
from trimtab.assess.columns import Samples
from trimtab.effects import is_watched
from trimtab.model.ids import Arn, FleetId, InstanceId, ServiceId
from trimtab.model.observation import (
    FleetSeen,
    Gap,
    Group,
    LoadSignal,
    Observation,
    RouteSeen,
    Series,
    Target,
)
from trimtab.model.policy import (
    FailureOutlier,
    FleetPolicy,
    Policy,
    ScalingMetric,
    TargetMetric,
)
from trimtab.model.reading import Reading
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Remembered
from trimtab.ports import Infrastructure, MetricKey, Reports
from trimtab.reported import with_reports

T = TypeVar("T")

WINDOW = timedelta(minutes=8)
"""How far back series are read: CloudWatch bills by series, not by datapoint."""


def observe(
    infrastructure: Infrastructure,
    stored: Mapping[ServiceId, Remembered],
    urgent: Set[ServiceId],
    now: datetime,
    reports: Reports | None = None,
) -> dict[ServiceId, Observation]:
    """Return what can be seen of each service now. Never raises for what cannot.

    ``urgent`` services were asked for by more than the schedule: nothing is spared on them.
    ``reports`` are read only for services whose policy uses them.
    """
    end = now.replace(second=0, microsecond=0)
    keys = {
        (name, fleet.name): _keys_now(fleet, held, now, urgent=name in urgent)
        for name, held in stored.items()
        for fleet in held.policy.fleets.values()
    }
    cheap = _first_look(infrastructure, stored, keys, end)
    seen = {name: _compose(held.policy, cheap, now) for name, held in stored.items()}
    seen = with_reports(seen, stored, reports, now)
    wanted = {
        name: [
            fleet
            for fleet, at in seen[name].fleets.items()
            if (name in urgent and held.policy.health.target_metrics)
            or wants_closer_look(at, held.policy, held.memory.fleet(fleet), now)
        ]
        for name, held in stored.items()
    }
    return _second_look(infrastructure, stored, seen, wanted, end)


Keys = Mapping[tuple[ServiceId, FleetId], Mapping[LoadSignal, MetricKey]]


def _keys_now(
    fleet: FleetPolicy, held: Remembered, now: datetime, *, urgent: bool
) -> dict[LoadSignal, MetricKey]:
    """Name the cheap series to read this tick: the load always, the rest if it is time."""
    keys = signal_keys(fleet, held.policy)
    watched = is_watched(held.memory, fleet.name)
    if urgent or watched or wants_watching(held.policy, held.memory.fleet(fleet.name), now):
        return keys
    return {s: k for s, k in keys.items() if s in (LoadSignal.REQUESTS, LoadSignal.CPU)}


@dataclass(frozen=True, slots=True)
class _Look:
    """Raw answers of the first look, by AWS name, and which series were asked for."""

    keys: Keys

    targets: Mapping[Arn, tuple[Target, ...] | Reason]
    groups: Mapping[str, Group | Reason]
    routes: Mapping[Arn, RouteSeen | Reason]
    series: Mapping[MetricKey, Series | Reason]


def _first_look(
    infrastructure: Infrastructure,
    stored: Mapping[ServiceId, Remembered],
    keys: Keys,
    end: datetime,
) -> _Look:
    policies = [held.policy for held in stored.values()]
    fleets = _in_turn([list(p.fleets.values()) for p in policies])
    flat = _each(k for mine in keys.values() for k in mine.values())
    return _Look(
        keys=keys,
        targets=infrastructure.targets(_each(f.target_group for f in fleets)),
        groups=infrastructure.groups(_each(f.group for f in fleets if f.group)),
        routes=infrastructure.routes(_each(r.rule for p in policies for r in p.routes)),
        series=infrastructure.series(flat, end - WINDOW, end) if flat else {},
    )


def _in_turn(lists: Sequence[Sequence[T]]) -> list[T]:
    """Take the first of each list, then the second of each: who has many goes before nobody."""
    longest = max((len(one) for one in lists), default=0)
    return [one[i] for i in range(longest) for one in lists if i < len(one)]


def _each(values: Iterable[T]) -> list[T]:
    """Return values once each, in order."""
    return list(dict.fromkeys(values))


def signal_keys(fleet: FleetPolicy, policy: Policy) -> dict[LoadSignal, MetricKey]:
    """Name the cheap series of a fleet: one a signal, whatever its number of targets.

    Without a load balancer there is no request metric; CPU is read only if a rule tracks it.
    """
    keys: dict[LoadSignal, MetricKey] = {}
    if fleet.load_balancer:
        dimensions = (
            ("LoadBalancer", fleet.load_balancer),
            ("TargetGroup", fleet.target_group_dimension),
        )
        for signal, name, statistic in _ELB_SIGNALS:
            keys[signal] = MetricKey("AWS/ApplicationELB", name, statistic, dimensions)
    if fleet.group and any(r.metric is ScalingMetric.CPU for r in policy.scaling.rules):
        by_group = (("AutoScalingGroupName", fleet.group),)
        keys[LoadSignal.CPU] = MetricKey("AWS/EC2", "CPUUtilization", "Average", by_group)
    return keys


_ELB_SIGNALS = (
    (LoadSignal.REQUESTS, "RequestCount", "Sum"),
    (LoadSignal.ERRORS, "HTTPCode_Target_5XX_Count", "Sum"),
    (LoadSignal.LATENCY, "TargetResponseTime", "Average"),
)


def _compose(policy: Policy, look: _Look, now: datetime) -> Observation:
    """Put one service's part of the answers together."""
    gaps: list[Gap] = []
    fleets = {name: _fleet(fleet, policy, look, gaps) for name, fleet in policy.fleets.items()}
    routes = {}
    for route in policy.routes:
        answer = look.routes.get(route.rule) or _unasked()
        if isinstance(answer, Reason):
            gaps.append(Gap("route", route.name, answer))
        else:
            routes[route.name] = answer
    return Observation(policy.service, now, fleets, routes, tuple(gaps))


def _fleet(fleet: FleetPolicy, policy: Policy, look: _Look, gaps: list[Gap]) -> FleetSeen:
    """Put one fleet together, noting a gap for each part that could not be seen."""

    def seen(what: str, answer: T | Reason | None) -> T | None:
        if answer is None or isinstance(answer, Reason):
            gaps.append(Gap(what, fleet.name, answer or _unasked()))
            return None
        return answer

    targets = seen("target_health", look.targets.get(fleet.target_group))
    group = seen("group", look.groups.get(fleet.group)) if fleet.group else None
    targets = _in_zones(targets, group)
    signals: dict[LoadSignal, Series] = {}
    for signal, key in look.keys[policy.service, fleet.name].items():
        series = seen(f"metric_{signal}", look.series.get(key))
        if series is not None:
            signals[signal] = series
    reading = Reading(first=len(look.keys[policy.service, fleet.name]))
    return FleetSeen(fleet.name, targets, group, signals, reading=reading)


def _in_zones(targets: tuple[Target, ...] | None, group: Group | None) -> tuple[Target, ...] | None:
    """Add the zones that only the group knows: DescribeTargetHealth names none for instances."""
    if targets is None or group is None:
        return targets
    zones = {m.instance: m.zone for m in group.members}
    return tuple(t if t.zone else replace(t, zone=zones.get(t.instance, t.zone)) for t in targets)


def _unasked() -> Reason:
    return Reason(ReasonCode.NOT_SEEN, "there was no answer for it")


def _second_look(
    infrastructure: Infrastructure,
    stored: Mapping[ServiceId, Remembered],
    seen: Mapping[ServiceId, Observation],
    wanted: Mapping[ServiceId, Sequence[FleetId]],
    end: datetime,
) -> dict[ServiceId, Observation]:
    keys = {
        name: {fleet: _metric_keys(seen[name].fleets[fleet], held.policy) for fleet in wanted[name]}
        for name, held in stored.items()
    }
    flat = _each(k for fleets in keys.values() for mine in fleets.values() for k in mine.values())
    answers = infrastructure.series(flat, end - WINDOW, end) if flat else {}
    return {
        name: _with_metrics(seen[name], keys[name], answers, held.policy.health.failures)
        for name, held in stored.items()
    }


Asked = tuple[str, InstanceId]


def _metric_keys(seen: FleetSeen, policy: Policy) -> dict[Asked, MetricKey]:
    """Name the per-target series of a fleet: one for each rule's metric and instance."""
    return {
        (metric.name, target.instance): _metric_key(metric, target.instance)
        for metric in policy.health.target_metrics
        for target in seen.targets or ()
    }


def _metric_key(metric: TargetMetric, instance: InstanceId) -> MetricKey:
    dimensions = ((metric.dimension, str(instance)),)
    return MetricKey(metric.namespace, metric.name, metric.statistic, dimensions)


def _with_metrics(
    seen: Observation,
    keys: Mapping[FleetId, Mapping[Asked, MetricKey]],
    answers: Mapping[MetricKey, Series | Reason],
    counts: FailureOutlier | None,
) -> Observation:
    """Add per-target series; a series that could not be read whole is left out: unknown.

    Requests are left out too where the errors among them could not be read: a missing series of
    errors is one without errors, and that must be known, or who can be read stands out from peers
    that only seem to fail nothing.

    A look that was answered is a look, even at nothing: a metric nobody reports is not asked for
    again before the next sweep.
    """
    fleets = dict(seen.fleets)
    for fleet, asked in keys.items():
        metrics: dict[str, dict[InstanceId, Series]] = {}
        answered = False
        unread: set[Asked] = set()
        for (name, instance), key in asked.items():
            series = answers.get(key)
            if isinstance(series, Series) and series.complete:
                answered = True
                if series.times:
                    metrics.setdefault(name, {})[instance] = series
            else:
                unread.add((name, instance))
        if counts and counts.requests and counts.errors:
            requests = metrics.get(counts.requests.name, {})
            for instance in [i for i in requests if (counts.errors.name, i) in unread]:
                del requests[instance]
        reading = (fleets[fleet].reading or Reading()) + Reading(close=len(asked))
        held = {name: Samples(series) for name, series in metrics.items()}
        seen_closely = replace(fleets[fleet], metrics=held, looked_closely=answered)
        fleets[fleet] = replace(seen_closely, reading=reading)
    return replace(seen, fleets=fleets)
