"""Who fails more requests than its peers, from counts per target and minute. Pure.

The rule is the policy's: ours (``trimtab.assess.binomial``) or one of Envoy's. Minutes in which a
target reports no requests are left out: nothing asked is nothing known. A minute with requests and
no datapoint of errors is one without errors, since counters of errors are commonly written only
when there is something to count; the series itself must have been read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.assess.binomial import Counts, standouts, sum_of
from trimtab.assess.envoy import (
    FailurePercentage,
    SuccessRate,
    failure_percentage_outliers,
    success_rate_outliers,
)
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series
from trimtab.model.policy import FailureOutlier, FailureRule
from trimtab.model.reason import ReasonCode

MINUTES_IN_A_ROW = 2
"""So many newest minutes must each be bad: one bad minute, however bad, is no outlier."""
PERCENT = 100.0
EXACT = 1e-9
"""Bounds are inclusive, as Envoy's is of failures; rounding must not make them otherwise."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Requests and errors a minute, by target."""

    requests: Mapping[InstanceId, Series]
    errors: Mapping[InstanceId, Series]


Minutes = tuple[Counts, ...]
"""Counts of the fresh minutes with requests, oldest first."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Who stands out, with the evidence, and the share of requests that all others fail.

    ``rest_share`` is ``None`` where the others answered too little to say. ``rising`` are those of
    the others whose newest minute alone is as bad.
    """

    found: tuple[tuple[InstanceId, Evidence], ...]
    rest_share: float | None
    rising: frozenset[InstanceId] = frozenset()


def failure_outliers(
    counted: Counted, rule: FailureOutlier, now: datetime, max_age: timedelta
) -> Failing:
    """Find targets that fail more of their requests than their peers, in name order.

    Counts are those of the last ``window`` of fresh minutes (the newest no older than ``max_age``).
    """
    counts = _recent(counted, rule, now, max_age)
    found: list[tuple[InstanceId, Evidence]] = []
    for instance, bar, text in _RULES[rule.rule](counts, rule):
        requests, errors = counted.requests[instance], counted.errors.get(instance)
        latest = minutes_of(requests, errors, _oldest(rule, now, max_age))[-MINUTES_IN_A_ROW:]
        if len(latest) == MINUTES_IN_A_ROW and all(c.share > bar - EXACT for c in latest):
            mine, peers = counts[instance], len(counts) - 1
            evidence = Evidence(
                ReasonCode.FAILURE_OUTLIER, mine.share, bar, mine.asked, peers, now, text
            )
            last = requests.last
            evidence = replace(evidence, at=last.at if last else None)
            found.append((instance, evidence))
    odd = {instance for instance, _ in found}
    lowest = min((evidence.threshold for _, evidence in found), default=None)
    rising = _rising(counted, rule, lowest, now - max_age) - odd
    rest = sum_of(c for i, c in counts.items() if i not in odd)
    return Failing(tuple(found), rest.share if rest.asked >= rule.min_volume else None, rising)


def _rising(
    counted: Counted, rule: FailureOutlier, bar: float | None, oldest: datetime
) -> frozenset[InstanceId]:
    """Name whose newest minute is above the bar, if anyone is, with its part of the least volume.

    Worked example: with 50 requests in 3 minutes, one minute must have had 17.
    """
    if bar is None:
        return frozenset()
    least = rule.min_volume * timedelta(minutes=1) / rule.window
    newest = {
        instance: total_of(series, counted.errors.get(instance), oldest, 1)
        for instance, series in counted.requests.items()
    }
    return frozenset(i for i, c in newest.items() if c.asked >= least and c.share > bar - EXACT)


def failing_shares(
    counted: Counted, rule: FailureOutlier, now: datetime, max_age: timedelta
) -> Mapping[InstanceId, float]:
    """Return the share of requests that each target failed, over the minutes that are compared."""
    return {i: c.share for i, c in _recent(counted, rule, now, max_age).items()}


def _recent(
    counted: Counted, rule: FailureOutlier, now: datetime, max_age: timedelta
) -> Mapping[InstanceId, Counts]:
    """Add up the minutes that are compared, of those who had requests in them."""
    oldest, newest = _oldest(rule, now, max_age), now - max_age
    length = max(1, int(rule.window / timedelta(minutes=1)))
    return {
        instance: total
        for instance, series in counted.requests.items()
        if (last := series.last) is not None and last.at >= newest
        if (total := total_of(series, counted.errors.get(instance), oldest, length)).asked
    }


def _oldest(rule: FailureOutlier, now: datetime, max_age: timedelta) -> datetime:
    return now - max_age - rule.window + timedelta(minutes=1)


def total_of(requests: Series, errors: Series | None, oldest: datetime, length: int) -> Counts:
    """Add up the last ``length`` minutes of ``minutes_of``, without making any of them.

    This is done for every target, thousands at a time; the minutes of few are looked at one by one.
    """
    asked = failed = count = 0
    older = reversed(errors.points if errors else ())
    bad = next(older, None)
    for point in reversed(requests.points):
        at, value = point.at, point.value
        if at < oldest:
            break
        if not NONE < value <= MOST:
            continue
        mine = round(value)
        while bad is not None and bad.at > at:
            bad = next(older, None)
        if bad is not None and bad.at == at:
            if NONE < bad.value <= MOST:
                failed += min(mine, round(bad.value))
            bad = next(older, None)
        asked += mine
        count += 1
        if count == length:
            break
    return Counts(asked, failed)


def minutes_of(requests: Series, errors: Series | None, oldest: datetime) -> Minutes:
    """Count each fresh minute with requests; absurd numbers are no numbers."""
    failed = {p.at: p.value for p in errors.points if _is_count(p.value)} if errors else {}
    return tuple(
        Counts(asked, min(asked, round(failed.get(p.at, 0.0))))
        for p in requests.points
        if p.at >= oldest and _is_count(p.value) and (asked := round(p.value)) > 0
    )


NONE, MOST = 0.5, 1e12
"""What is rounded to no request; more than so many in a minute are no count."""


def _is_count(value: float) -> bool:
    return 0 <= value <= MOST  # which no infinity is, and no NaN


Found = tuple[InstanceId, float, str]
"""Who, the share of failures that makes a minute bad, and the finding in words."""
Share = Mapping[InstanceId, Counts]


def _by_binomial(counts: Share, rule: FailureOutlier) -> Iterator[Found]:
    for instance, odd in standouts(
        counts,
        min_requests=rule.min_volume,
        min_difference=rule.min_difference,
        chance=rule.chance,
    ):
        rarely = 1 / max(odd.chance, 1e-9)
        yield (
            instance,
            odd.usual + rule.min_difference,
            f"failed {odd.share:.1%} of {odd.asked} requests, its {odd.peers} peers "
            f"{odd.usual:.1%}; by chance less than once in {rarely:.0f} times",
        )


def _by_success_rate(counts: Share, rule: FailureOutlier) -> Iterator[Found]:
    envoy = SuccessRate(rule.min_hosts, rule.min_volume, round(rule.deviations * 1000))
    swept = success_rate_outliers(counts, envoy)
    if swept.bar is None or swept.mean is None:
        return
    for name in swept.found:
        succeeded = 1 - counts[InstanceId(name)].share
        yield (
            InstanceId(name),
            1 - swept.bar / PERCENT,
            f"succeeded in {succeeded:.1%} of its requests, which is below {swept.bar:.1f}%; the "
            f"mean is {swept.mean:.1f}%",
        )


def _by_percentage(counts: Share, rule: FailureOutlier) -> Iterator[Found]:
    bar = rule.failure_share
    envoy = FailurePercentage(rule.min_hosts, rule.min_volume, bar * PERCENT)
    for name in failure_percentage_outliers(counts, envoy).found:
        share = counts[InstanceId(name)].share
        yield InstanceId(name), bar, f"failed {share:.1%} of its requests, {bar:.0%} or more"


_RULES: Mapping[FailureRule, Callable[[Share, FailureOutlier], Iterator[Found]]] = {
    FailureRule.BINOMIAL: _by_binomial,
    FailureRule.SUCCESS_RATE: _by_success_rate,
    FailureRule.FAILURE_PERCENTAGE: _by_percentage,
}
