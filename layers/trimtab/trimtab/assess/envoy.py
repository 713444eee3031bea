"""Envoy's outlier detection, exactly: which hosts it would eject, for how long, and when not. Pure.

Source: outlier_detection_impl.cc of envoyproxy/envoy and the page "Outlier detection" of its
architecture overview. A policy can select these rules in place of
ours (``health.failure_outlier.rule``); their known weakness is that a deviation from the mean
cannot stand out in fleets of less than about six.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import fsum, sqrt
from typing import TypeVar

from trimtab.assess.binomial import Counts

T = TypeVar("T", bound=str)


@dataclass(frozen=True, slots=True)
class SuccessRate:
    """Eject below mean - ``stdev_factor`` / 1000 x deviation of all hosts with enough requests."""

    min_hosts: int = 5
    min_requests: int = 100
    stdev_factor: int = 1900


@dataclass(frozen=True, slots=True)
class FailurePercentage:
    """Eject at ``threshold`` percent of failures or more."""

    min_hosts: int = 5
    min_requests: int = 50
    threshold: float = 85.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: the hosts, the bar they missed, and the mean it rests on (percent).

    ``bar`` and ``mean`` are ``None`` where too few hosts had enough requests to say anything.
    """

    found: tuple[str, ...] = ()
    bar: float | None = None
    mean: float | None = None


def success_rate_outliers(counts: Mapping[T, Counts], rule: SuccessRate) -> Swept:
    """Find hosts whose success rate is strictly below the bar.

    Worked example: 50, 100, 100, 100, 100 percent have mean 90 and deviation 20 (of the
    population), so the bar is 90 - 1.9 x 20 = 52, and the first is found.
    """
    rates = _success_rates(counts, rule.min_requests)
    if len(rates) < rule.min_hosts or not rates:
        return Swept()
    mean = fsum(rates.values()) / len(rates)
    deviation = sqrt(fsum((r - mean) ** 2 for r in rates.values()) / len(rates))
    bar = mean - rule.stdev_factor / 1000 * deviation
    return Swept(tuple(sorted(h for h, r in rates.items() if r < bar)), bar, mean)


def failure_percentage_outliers(counts: Mapping[T, Counts], rule: FailurePercentage) -> Swept:
    """Find hosts that fail ``threshold`` percent of their requests, or more.

    Worked example: with 85, a success rate of 15 percent is found, one of 15.1 is not.
    """
    rates = _success_rates(counts, rule.min_requests)
    if len(rates) < rule.min_hosts or not rates:
        return Swept()
    mean = fsum(rates.values()) / len(rates)
    found = tuple(sorted(h for h, r in rates.items() if 100.0 - r >= rule.threshold))
    return Swept(found, 100.0 - rule.threshold, mean)


def _success_rates(counts: Mapping[T, Counts], min_requests: int) -> dict[T, float]:
    """Return success percentages of the hosts with enough requests; never of one with none."""
    return {
        host: 100.0 * (c.asked - c.failed) / c.asked
        for host, c in counts.items()
        if c.asked and c.asked >= min_requests
    }


@dataclass(frozen=True, slots=True)
class Ejecting:
    """How Envoy ejects: for how long, and how much of a cluster at once."""

    base_time: timedelta = timedelta(seconds=30)
    max_time: timedelta = timedelta(seconds=300)
    interval: timedelta = timedelta(seconds=10)
    max_percent: float = 10
    always_one: bool = False

    @property
    def longest(self) -> timedelta:
        """The longest time out: ``max_time``, or the base if that is longer."""
        return max(self.max_time, self.base_time)


def may_eject(active: int, total: int, rules: Ejecting) -> bool:
    """Tell whether one more of ``total`` hosts may be ejected while ``active`` are out.

    Worked example: with 10 percent, one of ten may (10 <= 10), one of nine may not (11.1 > 10)
    unless ``always_one``.
    """
    if total <= 0:
        return False
    if rules.always_one and active == 0:
        return True
    return 100.0 * (active + 1) / total <= rules.max_percent


@dataclass(frozen=True, slots=True)
class HostHistory:
    """What is remembered of one host: its multiplier, and when it last went out and came back."""

    multiplier: int = 0
    ejected_at: datetime | None = None
    returned_at: datetime | None = None

    @property
    def is_out(self) -> bool:
        """Whether it is ejected now."""
        return self.ejected_at is not None


def eject(host: HostHistory, now: datetime, rules: Ejecting) -> HostHistory:
    """Put a host out. Each time it lasts longer, up to the longest time.

    Worked example: base 30 s, longest 300 s: 30, 60, ... 300, and then 300 again.
    """
    grows = host.multiplier * rules.base_time < rules.longest + rules.base_time
    return replace(host, multiplier=host.multiplier + grows, ejected_at=now)


def time_out(host: HostHistory, rules: Ejecting) -> timedelta:
    """Return how long an ejected host stays out (without jitter)."""
    return min(rules.base_time * host.multiplier, rules.longest)


def sweep(host: HostHistory, now: datetime, rules: Ejecting) -> HostHistory:
    """Bring a host back whose time is over; let the multiplier of one that is in decay.

    The multiplier falls by one at each sweep that is an interval or more after the return.
    """
    if host.ejected_at is not None:
        if now - host.ejected_at < time_out(host, rules):
            return host
        return replace(host, ejected_at=None, returned_at=now)
    if (
        host.multiplier
        and host.returned_at is not None
        and now - host.returned_at >= rules.interval
    ):
        return replace(host, multiplier=host.multiplier - 1)
    return host
