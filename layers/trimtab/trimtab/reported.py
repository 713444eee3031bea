"""Adds to an observation what others saw of its fleets lately: probes, access logs.

Only for services whose policy reads that, and in one read for all of them. What cannot be read is
a gap, as everywhere; so is a probe that is silent or itself broken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.access.join import joined
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.observation import Gap, Observation
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Source, in_order
from trimtab.model.tick import Remembered
from trimtab.ports import Reported, Reports
from trimtab.probed import troubles

NOT_ASKED = Reason(ReasonCode.NOT_SEEN, "there was no answer for it")


def with_reports(
    seen: dict[ServiceId, Observation],
    stored: Mapping[ServiceId, Remembered],
    port: Reports | None,
    now: datetime,
) -> dict[ServiceId, Observation]:
    """Return the observations, those of services that read reports with theirs."""
    sources = {name: mine for name, held in stored.items() if (mine := held.policy.health.sources)}
    if not sources:
        return seen
    since = now - max(back for mine in sources.values() for back in mine.values())
    wanted = [(name, fleet) for name in sources for fleet in seen[name].fleets]
    answers = port.recent(wanted, since) if port is not None else {}
    of = {
        name: {fleet: answers.get((name, fleet), NOT_ASKED) for fleet in seen[name].fleets}
        for name in sources
    }
    return {
        name: _added(one, of[name], sources[name], now) if name in sources else one
        for name, one in seen.items()
    }


def _added(
    seen: Observation,
    answers: Mapping[FleetId, Reported],
    sources: Mapping[Source, timedelta],
    now: datetime,
) -> Observation:
    fleets, gaps = dict(seen.fleets), list(seen.gaps)
    for fleet, answer in answers.items():
        if isinstance(answer, Reason):
            gaps.append(Gap("reports", fleet, answer))
            continue
        reports = joined(in_order([r for r in answer if _is_recent(r, sources, now)]))
        fleets[fleet] = replace(fleets[fleet], reports=reports)
        if Source.PROBE in sources and fleets[fleet].targets:
            gaps += [Gap(_what(zone), fleet, why) for zone, why in troubles(reports, now)]
    return replace(seen, fleets=fleets, gaps=tuple(gaps))


def _what(zone: str) -> str:
    return f"probe {zone}" if zone else "probe"


def _is_recent(report: Report, sources: Mapping[Source, timedelta], now: datetime) -> bool:
    """Whether a report is of a source that is read, not too old, and not of the future."""
    back = sources.get(report.source)
    return back is not None and now - back <= report.minute <= now
