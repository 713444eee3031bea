"""Reports: what somebody else saw of targets, written down for the next ticks to read.

A probe asks targets itself; access logs tell how users were answered. Neither is there in time for
one certain tick, so their results wait in a place of their own. A target without a tally was not
asked: that is nothing, and never a failure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from trimtab.model.ids import FleetId, ServiceId, TargetId, Zone

MOST_TALLIES = 5_000
"""Of one report. Who has more writes several, each a part."""
MOST_ERROR = 80
"""Characters of an error that are kept."""


class Source(StrEnum):
    """Who reports."""

    PROBE = "probe"
    ACCESS_LOGS = "access_logs"


@dataclass(frozen=True, slots=True)
class Tally:
    """How one target answered: ``failed`` of ``asked``, typically within ``seconds`` (a median).

    ``last_error`` is what went wrong last, in words of ours: bounded, printable, on one line.
    """

    asked: int
    failed: int
    seconds: float | None = None
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What one source saw of one fleet in one minute, from ``zone`` (empty: from nowhere certain).

    The same source, fleet, zone, minute and ``part`` is the same report: the later one counts.
    """

    source: Source
    service: ServiceId
    fleet: FleetId
    zone: Zone
    minute: datetime
    tallies: Mapping[TargetId, Tally]
    part: str = ""


def in_order(reports: Sequence[Report]) -> tuple[Report, ...]:
    """Put reports into one order, whoever wrote first: by their minutes, oldest first.

    What is the same report twice is there once; so are replays the same, whatever was delivered
    late, twice or out of order.
    """
    found = {(r.minute, r.source, r.zone, r.part): r for r in reports}
    return tuple(found[key] for key in sorted(found))


def bounded(report: Report) -> Report:
    """Return a report whose every value can be: what a target says of itself is never believed."""
    return replace(
        report, tallies={name: tally_of(tally) for name, tally in report.tallies.items()}
    )


def tally_of(tally: Tally) -> Tally:
    """Return a tally with counts that can be, a time that can be or none, and a harmless text."""
    asked = max(0, tally.asked)
    seconds = tally.seconds
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        seconds = None
    return Tally(asked, min(max(0, tally.failed), asked), seconds, harmless(tally.last_error))


def harmless(text: str) -> str:
    """Return a text that no terminal, log or chat obeys: printable ASCII, on one line, bounded.

    Worked example: ``ok<ESC>[31m`` becomes ``ok?[31m``.
    """
    kept = "".join(c if " " <= c <= "~" else "?" for c in text[: MOST_ERROR + 1])
    return kept if len(kept) <= MOST_ERROR else f"{kept[: MOST_ERROR - 3]}..."
