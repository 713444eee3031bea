"""Each target against its peers, by every rule of the policy that compares. Pure.

Samples from a newcomer's warm-up say nothing about it and nothing about its peers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trimtab.assess.detectors import levels_of, metric_outliers
from trimtab.assess.failures import Counted, failure_outliers
from trimtab.assess.statistics import median
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, Series
from trimtab.model.policy import Policy

SAMPLE = timedelta(minutes=1)
"""Period of the series we read."""


@dataclass(slots=True)
class Peers:
    """What comparing found: evidence by instance, the median of each metric, how the rest fails."""

    found: dict[InstanceId, tuple[Evidence, ...]] = field(default_factory=dict)
    levels: dict[str, float] = field(default_factory=dict)
    rest_share: float | None = None


def compare(seen: FleetSeen, policy: Policy, memory: FleetMemory, now: datetime) -> Peers:
    """Compare the targets of a fleet by all that was read of each."""
    peers, metrics = Peers(), seen.metrics or {}
    warm_at = {i: at + policy.scaling.warm_up for i, at in memory.warming.items()}
    for rule in policy.health.outliers:
        oldest = now - policy.guard.max_age - SAMPLE * (rule.min_samples - 1)
        series = _warm(metrics.get(rule.metric.name, {}), warm_at)
        levels = levels_of(series, rule, oldest)
        if levels:
            peers.levels[rule.metric.name] = median(list(levels.values()))
        for instance, evidence in metric_outliers(levels, rule, now):
            peers.found[instance] = (*peers.found.get(instance, ()), evidence)
    counts = policy.health.failures
    if counts is not None:
        requests = _warm(metrics.get(counts.requests.name, {}), warm_at)
        counted = Counted(requests, metrics.get(counts.errors.name, {}))
        failing = failure_outliers(counted, counts, now, policy.guard.max_age)
        peers.rest_share = failing.rest_share
        for instance, evidence in failing.found:
            peers.found[instance] = (*peers.found.get(instance, ()), evidence)
    return peers


def _warm(
    series: Mapping[InstanceId, Series], warm_at: Mapping[InstanceId, datetime]
) -> Mapping[InstanceId, Series]:
    """Drop what was measured before a newcomer was warm."""
    late = {
        i: Series(tuple(p for p in series[i].points if p.at >= at), series[i].complete)
        for i, at in warm_at.items()
        if i in series
    }
    return {**series, **late} if late else series
