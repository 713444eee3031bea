"""Each target against its peers, by the policy's rules over what was read of each. Pure.

Samples from a newcomer's warm-up say nothing about it and nothing about its peers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from trimtab.assess.columns import columns_of
from trimtab.assess.detectors import levels_of, metric_outliers, rising, usual_of
from trimtab.assess.failures import failing_shares, failure_outliers
from trimtab.assess.look import Findings, Look
from trimtab.model.access_logs import CountSource
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.policy import FailureOutlier, OutlierPolicy

SAMPLE = timedelta(minutes=1)
"""Period of the series we read."""


def by_outliers(look: Look) -> Findings:
    """Compare the targets by each metric of ``health.outliers``."""
    found: list[tuple[InstanceId, Evidence]] = []
    medians: dict[str, float] = {}
    others: set[InstanceId] = set()
    for rule in look.policy.health.outliers:
        series = look.warm(rule.metric.name)
        together = columns_of(series)
        levels = levels_of(together, rule, _oldest(rule, look))
        if not levels.names:
            continue
        usual = usual_of(levels.values, rule)
        medians[rule.metric.name] = usual.centre
        odd = dict(metric_outliers(series, levels, usual, rule, look.now))
        found += odd.items()
        if odd:
            others |= rising(together, usual, look.now - look.policy.guard.max_age) - odd.keys()
    return Findings(look.on_instances(found), medians, rising=look.of_instances(others))


def levels_by(rule: OutlierPolicy, look: Look) -> Mapping[InstanceId, float]:
    """Return the level by which each target is compared by one metric."""
    together = columns_of(look.warm(rule.metric.name))
    return levels_of(together, rule, _oldest(rule, look)).by_name


def _oldest(rule: OutlierPolicy, look: Look) -> datetime:
    return look.now - look.policy.guard.max_age - SAMPLE * (rule.min_samples - 1)


def by_failures(look: Look) -> Findings:
    """Compare the targets by the counts of ``health.failures``."""
    rule = look.policy.health.failures
    if rule is None or rule.source is not CountSource.METRICS:
        return Findings()
    failing = failure_outliers(look.counted, rule, look.now, look.policy.guard.max_age)
    return Findings(
        look.on_instances(failing.found),
        rest_share=failing.rest_share,
        rising=look.of_instances(failing.rising),
    )


def shares_by(rule: FailureOutlier, look: Look) -> Mapping[InstanceId, float]:
    """Return the share of requests failed by which each target is compared."""
    return failing_shares(look.counted, rule, look.now, look.policy.guard.max_age)
