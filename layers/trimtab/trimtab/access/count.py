"""Requests of one file, counted per target group, target and minute, in bounded memory. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from trimtab.access.line import Line, Outcome, read
from trimtab.access.spread import bin_of, lower_median
from trimtab.model.report import Tally

MOST_CELLS = 20_000
"""Targets times minutes of one file: a thousand targets, AWS's quota, for twenty minutes."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The minutes that count, both included: what a line dates elsewhere is left out."""

    first: datetime
    last: datetime


@dataclass(slots=True)
class Read:
    """How many lines there were, and what became of those that were not counted.

    ``unread`` are no lines of an access log, ``elsewhere`` are about target groups of nobody's
    policy, ``untold`` say nothing of a target (redirects, fixed responses, Lambda functions, what
    the load balancer refused itself), ``astray`` are of a time the file is not about and
    ``crowded`` of a target for which there was no room.
    """

    lines: int = 0
    counted: int = 0
    unread: int = 0
    elsewhere: int = 0
    untold: int = 0
    astray: int = 0
    crowded: int = 0


Cell = tuple[bytes, bytes, bytes]
"""Target group, target and minute, as written."""
Named = tuple[str, str, datetime]
"""Target group, target (``10.0.0.1:80``) and minute."""


@dataclass(slots=True)
class _Heard:
    asked: int = 0
    failed: int = 0
    spread: dict[int, int] = field(default_factory=dict)
    status: bytes = b""


@dataclass(slots=True)
class Counter:
    """Takes lines, one by one, and gives tallies."""

    wanted: frozenset[bytes]
    span: Span
    read: Read = field(default_factory=Read)
    _cells: dict[Cell, _Heard] = field(default_factory=dict)
    _minutes: dict[bytes, datetime | None] = field(default_factory=dict)

    def take(self, lines: Iterable[bytes]) -> None:
        """Count every line; none of them can make it fail."""
        for raw in lines:
            self.read.lines += 1
            line = read(raw)
            if line is None:
                self.read.unread += 1
            else:
                self._take(line)

    def _take(self, line: Line) -> None:
        if line.outcome is Outcome.UNTOLD:
            self.read.untold += 1
        elif line.target_group not in self.wanted:
            self.read.elsewhere += 1
        elif self._minute(line.minute) is None:
            self.read.astray += 1
        elif (cell := self._cell(line)) is None:
            self.read.crowded += 1
        else:
            self.read.counted += 1
            _add(cell, line)

    def _minute(self, written: bytes) -> datetime | None:
        """Return a line's minute if it counts. So few count that all of them are remembered."""
        if written in self._minutes:
            return self._minutes[written]
        try:
            minute = datetime.strptime(written.decode(), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        except ValueError:
            return None
        if not self.span.first <= minute <= self.span.last:
            return None
        self._minutes[written] = minute
        return minute

    def _cell(self, line: Line) -> _Heard | None:
        key = (line.target_group, line.target, line.minute)
        cell = self._cells.get(key)
        if cell is None and len(self._cells) < MOST_CELLS:
            cell = self._cells[key] = _Heard()
        return cell

    def tallies(self) -> Mapping[Named, Tally]:
        """Return what was counted so far."""
        return {
            (group.decode(), target.decode(), minute): Tally(
                cell.asked, cell.failed, lower_median(cell.spread), _last_error(cell.status)
            )
            for (group, target, written), cell in self._cells.items()
            if (minute := self._minutes[written]) is not None
        }


def _add(cell: _Heard, line: Line) -> None:
    """Count one line of a target.

    Who left before there was an answer asked nothing that succeeded or failed; only how long the
    target had had by then counts, with the answers' times. How fast a failure came says nothing of
    how fast the target is.
    """
    if line.outcome is not Outcome.LEFT:
        cell.asked += 1
    if line.outcome is Outcome.FAILED:
        cell.failed += 1
        cell.status = line.status
    elif line.seconds is not None:
        bin_ = bin_of(line.seconds)
        cell.spread[bin_] = cell.spread.get(bin_, 0) + 1


def _last_error(status: bytes) -> str:
    return f"HTTP {status.decode()}" if status else ""
