"""CloudWatch alarms: definitions, the evaluation of missing data, and changes of state.

`alarm_state` follows the user guide, "Configuring how CloudWatch alarms treat missing data". An
alarm looks at more periods than it evaluates (the evaluation range). If as many datapoints as
evaluation periods are there, the newest of them count and missing ones do not matter. If not:

- all missing: INSUFFICIENT_DATA, or what `TreatMissingData` says;
- `breaching` and `notBreaching` fill the holes needed to have enough;
- `missing` and `ignore` judge what is there: enough breaching points alarm. When every point
  there is breaching and the oldest is at least as old as `datapoints_to_alarm`, `missing` alarms
  (the guide's premature-alarm rule) and `ignore` keeps the state; a single fresh breach is not
  yet an alarm.

The evaluation range here is two periods more than the evaluation periods, as in the guide's
tables; AWS does not publish it in general.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.metrics import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trimtab_lab.world.arns import Arns
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.metrics import Metrics

EXTRA_PERIODS = 2


class AlarmState(StrEnum):
    """The three states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class AlarmSpec:
    """An alarm as PutMetricAlarm takes it."""

    name: str
    series: Series
    threshold: float
    comparison: str = "GreaterThanThreshold"
    evaluation_periods: int = 3
    datapoints_to_alarm: int | None = None
    treat_missing_data: str = "missing"


@dataclass(frozen=True, slots=True)
class AlarmChange:
    """An alarm went from one state to another."""

    name: str
    arn: str
    old: AlarmState
    new: AlarmState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One entry of DescribeAlarms."""

    spec: AlarmSpec
    arn: str
    state: AlarmState
    reason: str
    since: datetime


_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
_TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def alarm_state(
    breaching: Sequence[bool | None],
    evaluation_periods: int,
    datapoints_to_alarm: int,
    treat_missing_data: str,
    current: AlarmState,
) -> AlarmState:
    """State after one evaluation of the range's points, oldest first, None where missing.

    Example: 3 of 3 over [False, None, True, None, True] has three points, not all breaching: OK.
    """
    there = [
        (age, is_breach)
        for age, is_breach in enumerate(reversed(breaching), 1)
        if is_breach is not None
    ]
    if len(there) >= evaluation_periods:
        return _judged(sum(b for _, b in there[:evaluation_periods]), datapoints_to_alarm)
    bad = sum(is_breach for _, is_breach in there)
    match treat_missing_data:
        case "breaching":
            return _judged(bad + evaluation_periods - len(there), datapoints_to_alarm)
        case "notBreaching":
            return _judged(bad, datapoints_to_alarm)
    if not there:
        return current if treat_missing_data == "ignore" else AlarmState.INSUFFICIENT_DATA
    if bad < len(there) or bad >= datapoints_to_alarm:
        return _judged(bad, datapoints_to_alarm)
    if treat_missing_data == "ignore":
        return current
    oldest_age, _ = there[-1]
    return AlarmState.ALARM if oldest_age >= datapoints_to_alarm else AlarmState.OK


def _judged(bad: int, datapoints_to_alarm: int) -> AlarmState:
    return AlarmState.ALARM if bad >= datapoints_to_alarm else AlarmState.OK


class Alarms:
    """Evaluates every alarm once a minute."""

    def __init__(self, metrics: Metrics, journal: Journal, arns: Arns) -> None:
        self._metrics = metrics
        self._journal = journal
        self._arns = arns
        self._alarms: dict[str, AlarmView] = {}
        self._changes: list[AlarmChange] = []

    def put(self, spec: AlarmSpec, now: datetime) -> None:
        """Create an alarm or replace it; a new one starts in INSUFFICIENT_DATA."""
        needed = spec.datapoints_to_alarm or spec.evaluation_periods
        if spec.comparison not in _BREACHES or spec.treat_missing_data not in _TREATMENTS:
            raise WorldError(
                "ValidationError",
                f"Alarm {spec.name}: unknown comparison {spec.comparison!r} "
                f"or treatment of missing data {spec.treat_missing_data!r}",
            )
        if not 1 <= needed <= spec.evaluation_periods:
            raise WorldError(
                "ValidationError",
                f"Alarm {spec.name}: datapoints to alarm must be "
                f"1 to {spec.evaluation_periods}: {needed}",
            )
        old = self._alarms.get(spec.name)
        state = old.state if old else AlarmState.INSUFFICIENT_DATA
        reason = old.reason if old else "Unchecked: Initial alarm creation"
        since = old.since if old else now
        arn = self._arns.alarm(spec.name)
        self._alarms[spec.name] = AlarmView(spec, arn, state, reason, since)

    def delete(self, name: str) -> None:
        """Forget an alarm; one that is not there is an error, as AWS answers."""
        if self._alarms.pop(name, None) is None:
            raise WorldError("ResourceNotFound", f"Alarm {name} does not exist")

    def all(self) -> tuple[AlarmView, ...]:
        """Every alarm and its state."""
        return tuple(self._alarms.values())

    def take_changes(self) -> tuple[AlarmChange, ...]:
        """Changes of state since this was last asked, oldest first."""
        changes, self._changes = tuple(self._changes), []
        return changes

    def set_state(self, name: str, new: AlarmState, reason: str, now: datetime) -> None:
        """Put an alarm into a state; the next evaluation may change it again (SetAlarmState)."""
        if name not in self._alarms:
            raise WorldError("ResourceNotFound", f"Alarm {name} does not exist")
        old = self._alarms[name]
        if old.state is new:
            return
        self._alarms[name] = AlarmView(old.spec, old.arn, new, reason, now)
        self._changes.append(AlarmChange(name, old.arn, old.state, new, reason, now))
        self._journal.note(EventKind.ALARM, name, f"{old.state} -> {new}")

    def evaluate(self, now: datetime) -> None:
        """Evaluate every alarm on what has arrived by now."""
        for view in tuple(self._alarms.values()):
            count = view.spec.evaluation_periods + EXTRA_PERIODS
            values = recent(self._metrics, view.spec.series, count, now)
            breaches = _BREACHES[view.spec.comparison]
            points = [None if v is None else breaches(v, view.spec.threshold) for v in values]
            needed = view.spec.datapoints_to_alarm or view.spec.evaluation_periods
            new = alarm_state(
                points,
                view.spec.evaluation_periods,
                needed,
                view.spec.treat_missing_data,
                view.state,
            )
            if new is not view.state:
                known = ", ".join("-" if v is None else f"{v:.4g}" for v in values)
                reason = (
                    f"{needed} of {view.spec.evaluation_periods} against {view.spec.threshold:g}: "
                )
                self.set_state(view.spec.name, new, reason + known, now)


def recent(metrics: Metrics, series: Series, count: int, now: datetime) -> list[float | None]:
    """The last `count` periods up to now, oldest first, None where nothing has arrived."""
    period, seconds = series.period_s, int(now.timestamp())
    end = seconds // period * period
    found = metrics.values(series, (end - count * period, end, seconds))
    return [found.get(at) for at in range(end - count * period, end, period)]
