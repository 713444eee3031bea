"""Reports of several files about the same minute, joined to one. Pure.

Every node of a load balancer writes a file of its own; a tick needs what they say together, and a
recorded tick need not hold each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from trimtab.access.spread import weighted
from trimtab.model.ids import TargetId
from trimtab.model.report import Report, Source, Tally


def joined(reports: Sequence[Report]) -> tuple[Report, ...]:
    """Return the reports in their order, those of access logs as one for each minute."""
    parts: dict[datetime, list[Report]] = defaultdict(list)
    for report in reports:
        if report.source is Source.ACCESS_LOGS:
            parts[report.minute].append(report)
    others = (r for r in reports if r.source is not Source.ACCESS_LOGS)
    return (*others, *(_as_one(parts[minute]) for minute in sorted(parts)))


def _as_one(reports: Sequence[Report]) -> Report:
    tallies: dict[TargetId, list[Tally]] = defaultdict(list)
    for report in reports:
        for target, tally in report.tallies.items():
            tallies[target].append(tally)
    return replace(reports[0], part="", tallies={t: _sum(tallies[t]) for t in sorted(tallies)})


def _sum(tallies: Sequence[Tally]) -> Tally:
    """Add up what several nodes saw of one target; medians count by their requests.

    Who left before an answer is not asked: then each median counts once at least.
    """
    return Tally(
        asked=sum(t.asked for t in tallies),
        failed=sum(t.failed for t in tallies),
        seconds=weighted((t.seconds, max(1, t.asked)) for t in tallies if t.seconds is not None),
        last_error=next((t.last_error for t in tallies if t.last_error), ""),
    )
