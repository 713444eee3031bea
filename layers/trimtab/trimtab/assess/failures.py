"""Who fails more requests than its peers, from counts per target and minute. Pure.

The rule is the policy's: ours (``trimtab.assess.binomial``) or one of Envoy's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.assess.binomial import Counts, Totals, standouts, sum_of
from trimtab.assess.counted import Counted, Span, totals
from trimtab.assess.envoy import (
    FailurePercentage,
    SuccessRate,
    failure_percentage_outliers,
    success_rate_outliers,
)
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.policy import FailureOutlier, FailureRule
from trimtab.model.reason import ReasonCode

MINUTES_IN_A_ROW = 2
"""So many newest minutes must each be bad: one bad minute, however bad, is no outlier."""
PERCENT = 100.0
EXACT = 1e-9
"""Bounds are inclusive, as Envoy's is of failures; rounding must not make them otherwise."""


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
    recent, oldest = _recent(counted, rule, now, max_age), _oldest(rule, now, max_age)
    found: list[tuple[InstanceId, Evidence]] = []
    odd: list[Counts] = []
    apart = {one[0]: one for one in _RULES[rule.rule](recent, rule)}
    places = counted.places_of(apart) if apart else {}
    for instance, mine, bar, text in apart.values():
        columns, place = places[instance]
        latest = columns.newest(place, MINUTES_IN_A_ROW, oldest)
        if len(latest) == MINUTES_IN_A_ROW and all(c.share > bar - EXACT for c in latest):
            evidence = Evidence(
                ReasonCode.FAILURE_OUTLIER,
                mine.share,
                bar,
                mine.asked,
                len(recent) - 1,
                now,
                text,
                at=columns.times[-1],
            )
            found.append((instance, evidence))
            odd.append(mine)
    rising = _rising(counted, rule, dict(found), now - max_age)
    rest = recent.together.without(sum_of(odd))
    return Failing(tuple(found), rest.share if rest.asked >= rule.min_volume else None, rising)


def _rising(
    counted: Counted,
    rule: FailureOutlier,
    found: Mapping[InstanceId, Evidence],
    oldest: datetime,
) -> frozenset[InstanceId]:
    """Name who is not found, and is above the lowest bar of those who are by its newest minute.

    It must have its part of the least volume. Worked example: with 50 requests in 3 minutes, one
    minute must have had 17.
    """
    if not found:
        return frozenset()
    bar = min(evidence.threshold for evidence in found.values())
    least = rule.min_volume * timedelta(minutes=1) / rule.window
    newest = {
        name: sum_of(one.newest(place, 1, oldest))
        for one in counted.columns
        if one.times[-1] >= oldest
        for place in one.not_plainly_below(bar)
        if (name := one.names[place]) not in found
    }
    return frozenset(i for i, c in newest.items() if c.asked >= least and c.share > bar - EXACT)


def failing_shares(
    counted: Counted, rule: FailureOutlier, now: datetime, max_age: timedelta
) -> Mapping[InstanceId, float]:
    """Return the share of requests that each target failed, over the minutes that are compared."""
    recent = _recent(counted, rule, now, max_age)
    return {instance: counts.share for instance, counts in recent.by_name.items()}


def _recent(
    counted: Counted, rule: FailureOutlier, now: datetime, max_age: timedelta
) -> Totals[InstanceId]:
    """Add up the minutes that are compared, of those who had requests in them."""
    length = max(1, int(rule.window / timedelta(minutes=1)))
    return totals(counted, Span(_oldest(rule, now, max_age), now - max_age, length))


def _oldest(rule: FailureOutlier, now: datetime, max_age: timedelta) -> datetime:
    return now - max_age - rule.window + timedelta(minutes=1)


Found = tuple[InstanceId, Counts, float, str]
"""Who, its counts, the share of failures that makes a minute bad, and the finding in words."""
Recent = Totals[InstanceId]


def _by_binomial(recent: Recent, rule: FailureOutlier) -> Iterator[Found]:
    for instance, odd in standouts(
        recent,
        min_requests=rule.min_volume,
        min_difference=rule.min_difference,
        chance=rule.chance,
    ):
        mine, rarely = odd.counts, 1 / max(odd.chance, 1e-9)
        yield (
            instance,
            mine,
            odd.usual + rule.min_difference,
            f"failed {mine.share:.1%} of {mine.asked} requests, its {odd.peers} peers "
            f"{odd.usual:.1%}; by chance less than once in {rarely:.0f} times",
        )


def _by_success_rate(recent: Recent, rule: FailureOutlier) -> Iterator[Found]:
    envoy = SuccessRate(rule.min_hosts, rule.min_volume, round(rule.deviations * 1000))
    counts = recent.by_name
    swept = success_rate_outliers(counts, envoy)
    if swept.bar is None or swept.mean is None:
        return
    for instance in map(InstanceId, swept.found):
        mine = counts[instance]
        yield (
            instance,
            mine,
            1 - swept.bar / PERCENT,
            f"succeeded in {1 - mine.share:.1%} of its requests, which is below {swept.bar:.1f}%; "
            f"the mean is {swept.mean:.1f}%",
        )


def _by_percentage(recent: Recent, rule: FailureOutlier) -> Iterator[Found]:
    bar = rule.failure_share
    envoy = FailurePercentage(rule.min_hosts, rule.min_volume, bar * PERCENT)
    counts = recent.by_name
    for instance in map(InstanceId, failure_percentage_outliers(counts, envoy).found):
        mine = counts[instance]
        yield instance, mine, bar, f"failed {mine.share:.1%} of its requests, {bar:.0%} or more"


_RULES: Mapping[FailureRule, Callable[[Recent, FailureOutlier], Iterator[Found]]] = {
    FailureRule.BINOMIAL: _by_binomial,
    FailureRule.SUCCESS_RATE: _by_success_rate,
    FailureRule.FAILURE_PERCENTAGE: _by_percentage,
}
