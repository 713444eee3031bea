"""Each target against its peers, by what the load balancer's access logs say of it. Pure.

The same comparisons as over metrics, over samples that come five to ten minutes late. So what was
before a target's warm-up was over, or before it came back, is not held against it: by then that
may still be the newest there is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.access.spread import weighted
from trimtab.assess.columns import columns_of
from trimtab.assess.counted import Counted
from trimtab.assess.detectors import levels_of, metric_outliers, usual_of
from trimtab.assess.failures import failure_outliers
from trimtab.assess.look import Findings, Look
from trimtab.model.access_logs import AccessLogs, CountSource, LoggedLatency
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId, TargetId
from trimtab.model.observation import Point, Series
from trimtab.model.policy import OutlierPolicy, TargetMetric
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Source, Tally

SAMPLE = timedelta(minutes=1)
LATENCY = TargetMetric("access logs", "time to the first byte (s)")
"""How the comparison is named; nobody looks it up in CloudWatch."""

Heard = Mapping[InstanceId, Mapping[datetime, tuple[Tally, ...]]]
"""What was logged of each instance and minute, by its registrations and the logs' nodes."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one of the two comparisons found."""

    found: tuple[tuple[InstanceId, Evidence], ...] = ()
    rest_share: float | None = None
    level: float | None = None


def by_access_logs(look: Look) -> Findings:
    """Compare the targets by their failures and by their time to answer, as the policy says."""
    rules = look.policy.health.access_logs or AccessLogs(latency=None)
    heard = _heard(look)
    failing = _failing(heard, rules, look)
    slow = _slow(heard, rules, look)
    levels = {} if slow.level is None else {LATENCY.name: slow.level}
    return Findings(look.on_instances((*failing.found, *slow.found)), levels, failing.rest_share)


def _heard(look: Look) -> Heard:
    heard: dict[InstanceId, dict[datetime, tuple[Tally, ...]]] = defaultdict(dict)
    if not look.seen.reports:
        return heard
    registered = {t.id: t.instance for t in look.seen.targets or ()}
    since = _since(look)
    for report in look.seen.reports:
        if report.source is not Source.ACCESS_LOGS:
            continue
        for target, tally in report.tallies.items():
            instance = registered.get(target)
            if instance is None or report.minute < since.get(target, report.minute):
                continue
            minutes = heard[instance]
            minutes[report.minute] = (*minutes.get(report.minute, ()), tally)
    return heard


def _since(look: Look) -> Mapping[TargetId, datetime]:
    """Say from which minute on a target is judged by its logs, where that is not for ever.

    From the end of its warm-up, and after its return: both show in memory.
    """
    warm_up = look.policy.scaling.warm_up
    since = {t: strikes.last for t, strikes in look.memory.strikes.items()}
    for target in look.seen.targets or ():
        warming = look.memory.warming.get(target.instance)
        if warming is not None:
            since[target.id] = max(warming + warm_up, since.get(target.id, warming))
    return since


def _failing(heard: Heard, rules: AccessLogs, look: Look) -> _Said:
    rule = look.policy.health.failures
    if rule is None or rule.source is not CountSource.ACCESS_LOGS:
        return _Said()
    counted = Counted(
        {i: _series(minutes, _asked) for i, minutes in heard.items()},
        {i: _series(minutes, _failed) for i, minutes in heard.items()},
    )
    failing = failure_outliers(counted, rule, look.now, rules.max_age)
    found = ((i, replace(e, detector=ReasonCode.LOGGED_FAILURES)) for i, e in failing.found)
    return _Said(tuple(found), failing.rest_share)


def _slow(heard: Heard, rules: AccessLogs, look: Look) -> _Said:
    if rules.latency is None:
        return _Said()
    rule = _as_outlier(rules.latency)
    enough = rules.latency.min_requests
    series = {
        instance: _series({at: t for at, t in minutes.items() if _asked(t) >= enough}, _seconds)
        for instance, minutes in heard.items()
    }
    oldest = look.now - rules.max_age - SAMPLE * (rule.min_samples - 1)
    levels = levels_of(columns_of(series), rule, oldest)
    if not levels.names:
        return _Said()
    usual = usual_of(levels.values, rule)
    found = metric_outliers(series, levels, usual, rule, look.now)
    return _Said(
        tuple((i, replace(e, detector=ReasonCode.LOGGED_LATENCY)) for i, e in found),
        level=usual.centre,
    )


def _series(
    minutes: Mapping[datetime, tuple[Tally, ...]],
    value: Callable[[tuple[Tally, ...]], float | None],
) -> Series:
    points = ((at, value(minutes[at])) for at in sorted(minutes))
    return Series.of(Point(at, v) for at, v in points if v is not None)


def _asked(tallies: tuple[Tally, ...]) -> float:
    return sum(t.asked for t in tallies)


def _failed(tallies: tuple[Tally, ...]) -> float:
    return sum(t.failed for t in tallies)


def _seconds(tallies: tuple[Tally, ...]) -> float | None:
    """Join the medians of several nodes: each counts by its requests."""
    return weighted((t.seconds, t.asked) for t in tallies if t.seconds is not None)


def _as_outlier(rule: LoggedLatency) -> OutlierPolicy:
    return OutlierPolicy(
        LATENCY,
        rule.times_median,
        rule.deviations,
        rule.floor.total_seconds(),
        rule.min_peers,
        rule.min_samples,
    )
