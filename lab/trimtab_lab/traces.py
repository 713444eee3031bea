"""Real days of traffic: reads `timestamp,requests` files, knows their gaps, picks and scales a day.

Two traces are shipped (data/ORIGIN.md says where they come from); any file of the same two columns
works as well. A gap is missing, never zero load: a day that has one is not offered.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path

SHIPPED = {"nasa": "nasa_http_1995_1min", "nab": "nab_elb_2014_5min"}
"""Short names of the traces in data/."""

MINUTES_A_DAY = 1440
WEEKEND = 5
LONGEST_HOLE_MINUTES = 15
"""A hole shorter than this is bridged by a straight line; a longer one makes the day unusable."""


class TraceInvalid(ValueError):
    """A trace file that cannot be replayed: says which file, which row and what was expected."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests per minute from `start` on; ``None`` where the source has no record."""

    name: str
    start: datetime
    per_minute: tuple[float | None, ...]

    def days(self) -> tuple[date, ...]:
        """Whole days of the trace: every minute known, or a hole short enough to bridge."""
        end = self.start + timedelta(minutes=len(self.per_minute))
        first = self.start.date() + timedelta(days=self.start.time() != time(0))
        count = max(0, (end.date() - first).days)
        days = (first + timedelta(days=n) for n in range(count))
        return tuple(day for day in days if not _has_gap(self._minutes_of(day)))

    def weekdays(self) -> tuple[date, ...]:
        """Whole days, Monday to Friday; any whole day if there is no such weekday."""
        days = self.days()
        return tuple(day for day in days if day.weekday() < WEEKEND) or days

    def day(self, day: date) -> tuple[float, ...]:
        """Requests in each of the 1,440 minutes (UTC) of one whole day."""
        minutes = self._minutes_of(day)
        if _has_gap(minutes):
            raise TraceInvalid(
                f"{self.name}: {day} is not a whole day of this trace; "
                f"it has {len(self.days())} whole days, see Trace.days()"
            )
        return _bridged(minutes)

    def _minutes_of(self, day: date) -> tuple[float | None, ...]:
        midnight = datetime.combine(day, time(0), UTC)
        first = int((midnight - self.start).total_seconds() // 60)
        return self.per_minute[first : first + MINUTES_A_DAY] if first >= 0 else ()


def load_trace(name_or_path: str) -> Trace:
    """Read a shipped trace by name (`nasa`, `nab`) or a CSV file, plain or gzipped, by path."""
    if name_or_path in SHIPPED:
        return _shipped(name_or_path)
    path = Path(name_or_path)
    if not path.is_file():
        raise TraceInvalid(
            f"{name_or_path}: no such trace; expected one of {', '.join(sorted(SHIPPED))} "
            "or the path of a CSV file with the columns timestamp,requests"
        )
    beside = path.with_name(path.name.removesuffix(".gz").removesuffix(".csv") + ".gaps.json")
    return _parse(path.name, path.read_bytes(), beside.read_text() if beside.is_file() else None)


@cache
def _shipped(name: str) -> Trace:
    folder = resources.files("trimtab_lab") / "data"
    gaps = folder / f"{SHIPPED[name]}.gaps.json"
    raw = (folder / f"{SHIPPED[name]}.csv.gz").read_bytes()
    return _parse(name, raw, gaps.read_text("utf-8") if gaps.is_file() else None)


def smoothed(per_minute: tuple[float, ...], window: int) -> tuple[float, ...]:
    """Centred moving mean over `window` minutes.

    Scaling a count by k keeps its relative shot noise, 1/sqrt(count), although a service with k
    times the users would see far less. The mean estimates the rate behind the counts; the world
    adds the noise that belongs to the scaled rate.
    """
    half = window // 2
    means = []
    for minute in range(len(per_minute)):
        near = per_minute[max(0, minute - half) : minute + half + 1]
        means.append(sum(near) / len(near))
    return tuple(means)


def scaled_to_peak(per_minute: tuple[float, ...], peak: float) -> tuple[tuple[float, ...], float]:
    """Scale a day so that its 99th percentile minute is `peak`; returns the day and the factor."""
    busy = sorted(per_minute)[int(0.99 * (len(per_minute) - 1))]
    if busy <= 0:
        raise TraceInvalid("this day has no traffic to scale; pick another day of the trace")
    factor = peak / busy
    return tuple(value * factor for value in per_minute), factor


def _parse(name: str, raw: bytes, gaps: str | None) -> Trace:
    text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    rows = list(csv.reader(io.StringIO(text.decode("utf-8"))))
    if not rows or [cell.strip() for cell in rows[0]] != ["timestamp", "requests"]:
        raise TraceInvalid(f"{name}: line 1: expected the header timestamp,requests")
    points = [_point(name, line, row) for line, row in enumerate(rows[1:], start=2) if row]
    if len(points) < 2:
        raise TraceInvalid(f"{name}: expected at least two rows of data, found {len(points)}")
    step = _step_minutes(name, points)
    start = points[0][0].replace(second=0, microsecond=0)
    minutes: list[float | None] = [None] * (
        int((points[-1][0] - start).total_seconds() // 60) + step
    )
    for at, requests in points:
        first = int((at - start).total_seconds() // 60)
        each = None if requests is None else requests / step
        minutes[first : first + step] = [each] * step
    _mark_gaps(minutes, start, gaps)
    return Trace(name, start, tuple(minutes))


def _point(name: str, line: int, row: list[str]) -> tuple[datetime, float | None]:
    try:
        stamp, value = row
        at = datetime.fromisoformat(stamp.strip())
        requests = float(value) if value.strip() else None
        if requests is not None and not 0 <= requests < float("inf"):
            raise ValueError(value)
    except ValueError as error:
        raise TraceInvalid(
            f"{name}: line {line}: expected an ISO 8601 time and a count of requests "
            f"(or nothing where it is missing), found {','.join(row)[:80]!r}"
        ) from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC), requests


def _step_minutes(name: str, points: list[tuple[datetime, float | None]]) -> int:
    step = int((points[1][0] - points[0][0]).total_seconds() // 60)
    if step < 1 or any(later[0] <= sooner[0] for sooner, later in pairwise(points)):
        raise TraceInvalid(
            f"{name}: expected rows in order of time, a whole number of minutes apart"
        )
    return step


def _mark_gaps(minutes: list[float | None], start: datetime, gaps: str | None) -> None:
    for gap in json.loads(gaps)["gaps"] if gaps else ():
        first = int((datetime.fromisoformat(gap["start"]) - start).total_seconds() // 60)
        last = int((datetime.fromisoformat(gap["end"]) - start).total_seconds() // 60)
        minutes[first : last + 1] = [None] * (last + 1 - first)


def _has_gap(minutes: tuple[float | None, ...]) -> bool:
    if len(minutes) < MINUTES_A_DAY or minutes[0] is None or minutes[-1] is None:
        return True
    run = 0
    for value in minutes:
        run = run + 1 if value is None else 0
        if run >= LONGEST_HOLE_MINUTES:
            return True
    return False


def _bridged(minutes: tuple[float | None, ...]) -> tuple[float, ...]:
    bridged: list[float] = []
    hole = 0
    for value in minutes:
        if value is None:
            hole += 1
            continue
        before = bridged[-1] if bridged else value
        bridged += [before + (value - before) * (n + 1) / (hole + 1) for n in range(hole)]
        bridged.append(value)
        hole = 0
    return tuple(bridged)
