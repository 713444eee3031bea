"""Each target against its peers, by the policy's rules over what was read of each. Pure.

Samples from a newcomer's warm-up say nothing about it and nothing about its peers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from trimtab.assess.detectors import levels_of, metric_outliers, rising, usual_of
from trimtab.assess.failures import Counted, failing_shares, failure_outliers
from trimtab.assess.look import Findings, Look
from trimtab.model.access_logs import CountSource
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series
from trimtab.model.policy import FailureOutlier, OutlierPolicy

SAMPLE = timedelta(minutes=1)
"""Period of the series we read."""


def by_outliers(look: Look) -> Findings:
    """Compare the targets by each metric of ``health.outliers``."""
    found: list[tuple[InstanceId, Evidence]] = []
    medians: dict[str, float] = {}
    others: set[InstanceId] = set()
    for rule in look.policy.health.outliers:
        series, levels = _warm(rule.metric.name, look), levels_by(rule, look)
        if not levels:
            continue
        usual = usual_of(levels.values(), rule)
        medians[rule.metric.name] = usual.centre
        odd = dict(metric_outliers(series, levels, usual, rule, look.now))
        found += odd.items()
        if odd:
            others |= rising(series, usual, look.now - look.policy.guard.max_age) - odd.keys()
    return Findings(look.on_instances(found), medians, rising=look.of_instances(others))


def levels_by(rule: OutlierPolicy, look: Look) -> Mapping[InstanceId, float]:
    """Return the level by which each target is compared by one metric."""
    oldest = look.now - look.policy.guard.max_age - SAMPLE * (rule.min_samples - 1)
    return levels_of(_warm(rule.metric.name, look), rule, oldest)


def by_failures(look: Look) -> Findings:
    """Compare the targets by the counts of ``health.failures``."""
    rule = look.policy.health.failures
    if rule is None or rule.source is not CountSource.METRICS:
        return Findings()
    failing = failure_outliers(counted_of(rule, look), rule, look.now, look.policy.guard.max_age)
    return Findings(
        look.on_instances(failing.found),
        rest_share=failing.rest_share,
        rising=look.of_instances(failing.rising),
    )


def shares_by(rule: FailureOutlier, look: Look) -> Mapping[InstanceId, float]:
    """Return the share of requests failed by which each target is compared."""
    return failing_shares(counted_of(rule, look), rule, look.now, look.policy.guard.max_age)


def counted_of(rule: FailureOutlier, look: Look) -> Counted:
    """Return what was counted of each target once it was warm."""
    if rule.requests is None or rule.errors is None:
        return Counted({}, {})
    errors = (look.seen.metrics or {}).get(rule.errors.name, {})
    return Counted(_warm(rule.requests.name, look), errors)


def _warm(metric: str, look: Look) -> Mapping[InstanceId, Series]:
    """Return a metric's series without what was measured before a newcomer was warm."""
    series = (look.seen.metrics or {}).get(metric, {})
    warm_up = look.policy.scaling.warm_up
    late = {
        i: series[i].since(at + warm_up) for i, at in look.memory.warming.items() if i in series
    }
    return {**series, **late} if late else series
