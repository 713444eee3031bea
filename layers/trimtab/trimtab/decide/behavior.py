"""How fast a wish may be followed: rate rules, stabilization windows and their logs. Pure.

The rules of the Kubernetes horizontal pod autoscaler's `behavior`. A wish first passes the
windows (growing follows the smallest recent wish, shrinking the largest), then the rates (so
many, or so many percent, in a period), then minimum and maximum. The two logs it needs come in
and go out as values; the newest entry takes the place of one that is no longer needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

_Entry = TypeVar("_Entry")


class RateUnit(StrEnum):
    """What the value of a rate rule counts."""

    REPLICAS = "Pods"
    PERCENT = "Percent"


class Selection(StrEnum):
    """Which of several rate rules holds: the most permissive, the strictest, or no change."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class Limit(StrEnum):
    """What held a wish back."""

    NONE = "DesiredWithinRange"
    MINIMUM = "TooFewReplicas"
    MAXIMUM = "TooManyReplicas"
    UP_RATE = "ScaleUpLimit"
    DOWN_RATE = "ScaleDownLimit"


class Steadiness(StrEnum):
    """Whether a stabilization window changed a wish."""

    READY = "ReadyForNewScale"
    HELD_DOWN = "ScaleUpStabilized"
    HELD_UP = "ScaleDownStabilized"


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most `value` replicas, or percent, of change within `period`."""

    unit: RateUnit
    value: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """The rate rules of one direction and its stabilization window."""

    rules: tuple[RateRule, ...]
    selection: Selection = Selection.MAX
    window: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Behavior:
    """The rules of both directions."""

    up: ScalingRules
    down: ScalingRules


@dataclass(frozen=True, slots=True)
class ScaleEvent:
    """A change of size that was made; `change` is a count, whatever its direction."""

    change: int
    at: datetime
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A wish as it was before any window or limit."""

    replicas: int
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """The changes made lately, each direction apart, looked back on at `now`."""

    now: datetime
    ups: tuple[ScaleEvent, ...] = ()
    downs: tuple[ScaleEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """The fewest and the most replicas."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Limited:
    """A wish after its limits, and the limit that held it back, if any."""

    replicas: int
    limit: Limit


@dataclass(frozen=True, slots=True)
class Stabilized:
    """A wish after its windows, why it differs, and the log to keep."""

    replicas: int
    steadiness: Steadiness
    log: tuple[Recommendation, ...]


_QUARTER_MINUTE = timedelta(seconds=15)
DEFAULT_BEHAVIOR = Behavior(
    up=ScalingRules(
        (
            RateRule(RateUnit.REPLICAS, 4, _QUARTER_MINUTE),
            RateRule(RateUnit.PERCENT, 100, _QUARTER_MINUTE),
        )
    ),
    down=ScalingRules(
        (RateRule(RateUnit.PERCENT, 100, _QUARTER_MINUTE),), window=timedelta(minutes=5)
    ),
)


def change_within(events: Sequence[ScaleEvent], period: timedelta, now: datetime) -> int:
    """Return how much was changed within the period: +7 58 s ago counts in 60 s, not in 58."""
    return sum(e.change for e in events if now - e.at < period)


def scale_up_limit(current: int, rules: ScalingRules, history: History) -> int:
    """Return the most replicas the rates allow now.

    A rate counts from the size at the start of its period. 6 replicas, of which 4 were added and
    2 removed in it, began at 4; 300 % more is 16. A percentage rounds up, so that 1 can grow.
    """
    if rules.selection is Selection.DISABLED or not rules.rules:
        return current
    limits = []
    for rule in rules.rules:
        start = _start_of_period(current, rule, history)
        if rule.unit is RateUnit.REPLICAS:
            limits.append(start + rule.value)
        else:
            limits.append(math.ceil(start * (1 + rule.value / 100)))
    return min(limits) if rules.selection is Selection.MIN else max(limits)


def scale_down_limit(current: int, rules: ScalingRules, history: History) -> int:
    """Return the fewest replicas the rates allow now.

    100 replicas after 30 were removed in the period began at 130; 10 % less is 117, so nothing
    more may go. A percentage rounds the result down.
    """
    if rules.selection is Selection.DISABLED or not rules.rules:
        return current
    limits = []
    for rule in rules.rules:
        start = _start_of_period(current, rule, history)
        if rule.unit is RateUnit.REPLICAS:
            limits.append(start - rule.value)
        else:
            limits.append(int(start * (1 - rule.value / 100)))
    return max(limits) if rules.selection is Selection.MIN else min(limits)


def limit_by_rates(
    current: int,
    desired: int,
    allowed: Range,
    behavior: Behavior,
    history: History,
) -> Limited:
    """Return the wish within the rates and the range, never against its own direction.

    10 wanting 50 under "200 % a minute" and a maximum of 1000 gets 30, held by the rate; 3
    wanting 1 with a minimum of 2 gets 2, held by the minimum.
    """
    if desired > current:
        rate = max(current, scale_up_limit(current, behavior.up, history))
        most, limit = (
            (rate, Limit.UP_RATE) if allowed.maximum > rate else (allowed.maximum, Limit.MAXIMUM)
        )
        return Limited(most, limit) if desired > most else Limited(desired, Limit.NONE)
    if desired < current:
        rate = min(current, scale_down_limit(current, behavior.down, history))
        least, limit = (
            (rate, Limit.DOWN_RATE) if allowed.minimum < rate else (allowed.minimum, Limit.MINIMUM)
        )
        return Limited(least, limit) if desired < least else Limited(desired, Limit.NONE)
    return Limited(desired, Limit.NONE)


def limit_by_doubling(current: int, desired: int, allowed: Range) -> Limited:
    """Return the wish within the range and, growing, within double the size or four.

    The rule where no rates are set: 3 replicas wanting 20 get 6, 1 wanting 20 gets 4.
    """
    rate = max(2 * current, 4)
    most, limit = (
        (rate, Limit.UP_RATE) if allowed.maximum > rate else (allowed.maximum, Limit.MAXIMUM)
    )
    if desired < allowed.minimum:
        return Limited(allowed.minimum, Limit.MINIMUM)
    return Limited(most, limit) if desired > most else Limited(desired, Limit.NONE)


def stabilize_down(
    desired: int, log: Sequence[Recommendation], window: timedelta, now: datetime
) -> Stabilized:
    """Return the largest wish of the window, this one included: shrink only once all agree.

    Wishes of 4 and 5 in the last 300 s and 3 now give 5.
    """
    steady = max([desired, *(r.replicas for r in log if now - r.at < window)])
    why = Steadiness.READY if steady == desired else Steadiness.HELD_UP
    return Stabilized(steady, why, _kept(log, window, Recommendation(desired, now)))


def stabilize(
    current: int,
    desired: int,
    log: Sequence[Recommendation],
    behavior: Behavior,
    now: datetime,
) -> Stabilized:
    """Return the size nearest to the current one that both windows accept.

    Growing goes no further than the smallest wish of its window, shrinking no further than the
    largest: at 1 replica, wishes of 4 and 5 lately and 7 now give 4.
    """
    up_window, down_window = behavior.up.window, behavior.down.window
    least = min([desired, *(r.replicas for r in log if now - r.at < up_window)])
    most = max([desired, *(r.replicas for r in log if now - r.at < down_window)])
    steady = min(max(current, least), most)
    direction = Steadiness.HELD_DOWN if desired >= current else Steadiness.HELD_UP
    why = Steadiness.READY if steady == desired else direction
    kept = _kept(log, max(up_window, down_window), Recommendation(desired, now))
    return Stabilized(steady, why, kept)


def record_event(
    events: Sequence[ScaleEvent], change: int, rules: ScalingRules | None, now: datetime
) -> tuple[ScaleEvent, ...]:
    """Return the log with the change in it, in the place of one no rule looks back to any more.

    Under a 60 s rule, +7 of 61 s ago gives its place to the new +5 while +6 of 59 s ago stays.
    Without rules nobody will ask, so nothing is stored.
    """
    if rules is None:
        return tuple(events)
    longest = max((r.period for r in rules.rules), default=timedelta(0))
    marked = [replace(e, outdated=True) if now - e.at >= longest else e for e in events]
    return _placed(marked, ScaleEvent(change, now), lambda e: e.outdated)


def _start_of_period(current: int, rule: RateRule, history: History) -> int:
    added = change_within(history.ups, rule.period, history.now)
    removed = change_within(history.downs, rule.period, history.now)
    return current - added + removed


def _kept(
    log: Sequence[Recommendation], window: timedelta, newest: Recommendation
) -> tuple[Recommendation, ...]:
    return _placed(list(log), newest, lambda r: newest.at - r.at >= window)


def _placed(
    log: list[_Entry], newest: _Entry, is_old: Callable[[_Entry], bool]
) -> tuple[_Entry, ...]:
    oldest_places = [place for place, entry in enumerate(log) if is_old(entry)]
    if oldest_places:
        log[oldest_places[-1]] = newest
        return tuple(log)
    return (*log, newest)
