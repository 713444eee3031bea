"""Rows of `cloudwatch_alarm_missing_data`: an alarm's state when datapoints are missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from trimtab_lab.world.alarms import AlarmState, alarm_state

POINTS: Mapping[str, bool | None] = {"0": False, "X": True, "-": None}
STATES = (AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA)


def answer(case: Fields, expected: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the state under each treatment asked for; ``RETAIN`` if it is whatever it was."""
    to_alarm, periods = case.take("datapoints_to_alarm"), case.take("evaluation_periods")
    marks = case.take("datapoints_oldest_first")
    evaluation_range = case.take("evaluation_range", None)
    case.take("must_fill", None)  # follows from the points; said there for the reader
    if any(mark not in POINTS for mark in marks):
        raise NotCoveredError(f"marks other than {', '.join(POINTS)}")
    breaching = [POINTS[mark] for mark in marks]
    if evaluation_range is not None:
        breaching = breaching[-evaluation_range:]
    return {treatment: _state(breaching, periods, to_alarm, treatment) for treatment in expected}


def _state(breaching: list[bool | None], periods: int, to_alarm: int, treatment: str) -> str:
    found = {alarm_state(breaching, periods, to_alarm, treatment, state) for state in STATES}
    return "RETAIN" if len(found) == len(STATES) else str(found.pop())
