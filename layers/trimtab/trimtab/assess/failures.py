"""Who fails more requests than its peers, from counts per target and minute. Pure.

The rule is the policy's: ours (``trimtab.assess.binomial``) or one of Envoy's. Minutes in which a
target reports no requests are left out: nothing asked is nothing known. A minute with requests and
no datapoint of errors is one without errors, since counters of errors are commonly written only
when there is something to count; the series itself must have been read whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
                ReasonCode.FAILURE_OUTLIER,
                mine.share,
                bar,
                mine.asked,
                peers,
                now,
                text,
                at=requests.times[-1],
            )
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
        instance: total_of(series, errors, oldest, 1)
        for instance, series in counted.requests.items()
        if not plainly_below(bar, series, errors := counted.errors.get(instance))
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
        if series.times and series.times[-1] >= newest
        if (total := total_of(series, counted.errors.get(instance), oldest, length)).asked
    }


def _oldest(rule: FailureOutlier, now: datetime, max_age: timedelta) -> datetime:
    return now - max_age - rule.window + timedelta(minutes=1)


def total_of(requests: Series, errors: Series | None, oldest: datetime, length: int) -> Counts:
    """Add up the last ``length`` minutes of ``minutes_of``, without making any of them.

    This is done for every target, thousands at a time; the minutes of few are looked at one by one.
    """
    times, values, bad = requests.times, requests.values, _beside(requests, errors)
    asked = failed = count = 0
    for i in range(len(times) - 1, -1, -1):
        value = values[i]
        if times[i] < oldest or count == length:
            break
        if NONE < value <= MOST:
            mine = round(value)
            asked += mine
            count += 1
            if NONE < (wrong := bad[i]) <= MOST:
                failed += min(mine, round(wrong))
    return Counts(asked, failed)


def plainly_below(share: float, requests: Series, errors: Series | None) -> bool:
    """Tell whether the newest minute had fewer errors than ``share``, however they are rounded.

    It must be a minute with requests. This is what most targets are asked, and all of it.
    """
    asked = requests.values[-1] if requests.values else 0.0
    if not 1 <= asked <= MOST:
        return False
    if errors is None or not errors.times:
        return share > 0
    return errors.times[-1] <= requests.times[-1] and errors.values[-1] < share * asked - 1


def _beside(requests: Series, errors: Series | None) -> Sequence[float]:
    """Return the errors of each minute of requests; mostly both have the same minutes."""
    if errors is None:
        return (0.0,) * len(requests.times)
    if errors.times == requests.times:
        return errors.values
    failed = errors.by_time
    return [failed.get(at, 0.0) for at in requests.times]


def minutes_of(requests: Series, errors: Series | None, oldest: datetime) -> Minutes:
    """Count each fresh minute with requests; absurd numbers are no numbers."""
    return tuple(
        Counts(asked, min(asked, round(wrong)) if _is_count(wrong) else 0)
        for at, value, wrong in zip(
            requests.times, requests.values, _beside(requests, errors), strict=True
        )
        if at >= oldest and _is_count(value) and (asked := round(value)) > 0
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
