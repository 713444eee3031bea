"""One whole pass of the replica rule: formula, windows, limits, and what to say of it. Pure.

Puts `replicas` (how many) and `behavior` (how fast) together in the order the Kubernetes
horizontal pod autoscaler does. The formula is handed in as a function, because a size outside the
range is put right, and a size of zero left alone, without looking at any metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.decide.behavior import (
    Behavior,
    History,
    Limited,
    Range,
    Recommendation,
    Stabilized,
    limit_by_doubling,
    limit_by_rates,
    stabilize,
    stabilize_down,
)
from trimtab.decide.replicas import NoBasisError, Sizing


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast to follow: the rules of both directions, or else one window and doubling."""

    down_window: timedelta = timedelta(minutes=5)
    behavior: Behavior | None = None


@dataclass(frozen=True, slots=True)
class PassState:
    """What earlier passes left; a `log` of None means there was none."""

    history: History
    log: tuple[Recommendation, ...] | None = ()


@dataclass(frozen=True, slots=True)
class ReplicaPass:
    """The size to go to, what is true of it (type to status and reason), and the log to keep."""

    desired: int
    conditions: Mapping[str, tuple[bool, str]]
    log: tuple[Recommendation, ...]


def replica_pass(
    current: int,
    allowed: Range,
    size: Callable[[], Sizing],
    pace: Pace,
    state: PassState,
) -> ReplicaPass:
    """Return the size one pass decides on.

    3 replicas at 50 % for a target of 30 %, allowed 2 to 6: the formula says 5, no window and no
    limit objects, so 5. A first pass remembers the current size, so a start never shrinks at once.
    """
    now = state.history.now
    log = (Recommendation(current, now),) if state.log is None else state.log
    if current == 0 and allowed.minimum != 0:
        return ReplicaPass(
            0,
            {
                "AbleToScale": (True, "SucceededGetScale"),
                "ScalingActive": (False, "ScalingDisabled"),
            },
            log,
        )
    if not allowed.minimum <= current <= allowed.maximum:
        inside = min(max(current, allowed.minimum), allowed.maximum)
        return ReplicaPass(inside, {"AbleToScale": (True, "SucceededRescale")}, log)
    try:
        wish = size().replicas
    except NoBasisError:
        return ReplicaPass(
            current,
            {
                "AbleToScale": (True, "SucceededGetScale"),
                "ScalingActive": (False, "FailedGetResourceMetric"),
            },
            log,
        )
    steady = _steady(current, wish, log, pace, now)
    limited = _limited(current, steady.replicas, allowed, pace, state.history)
    return ReplicaPass(limited.replicas, _conditions(current, steady, limited), steady.log)


def _steady(
    current: int, wish: int, log: Sequence[Recommendation], pace: Pace, now: datetime
) -> Stabilized:
    if pace.behavior is None:
        return stabilize_down(wish, log, pace.down_window, now)
    return stabilize(current, wish, log, pace.behavior, now)


def _limited(current: int, wish: int, allowed: Range, pace: Pace, history: History) -> Limited:
    if pace.behavior is None:
        return limit_by_doubling(current, wish, allowed)
    return limit_by_rates(current, wish, allowed, pace.behavior, history)


def _conditions(
    current: int, steady: Stabilized, limited: Limited
) -> Mapping[str, tuple[bool, str]]:
    is_rescaled = limited.replicas != current
    return {
        "AbleToScale": (True, "SucceededRescale" if is_rescaled else steady.steadiness.value),
        "ScalingActive": (True, "ValidMetricFound"),
        "ScalingLimited": (limited.replicas != steady.replicas, limited.limit.value),
    }
