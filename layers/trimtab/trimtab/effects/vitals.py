"""How a fleet fares: the numbers that an action is measured by, before and after. Pure.

By the minute, so that one read shows both: samples from before the action and from after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from trimtab.model.effect import Vitals
from trimtab.model.ids import FleetId
from trimtab.model.observation import LoadSignal, Series
from trimtab.model.situation import Situation

ONE_MINUTE = timedelta(minutes=1)
Minutes = Mapping[datetime, float]
"""One value for each minute that has one, by the minute's start."""


def vitals_of(fleet: FleetId, at: Situation) -> Vitals:
    """Return how a fleet fares now, as far as it is seen."""
    belief = at.believed(fleet)
    latest = latency_of(fleet, at)
    seen = belief.targets
    return Vitals(
        serving=None if seen is None else sum(1 for b in seen if b.serves),
        trusted=None if seen is None else belief.trusted,
        bad=None if seen is None else sum(1 for b in seen if b.bad),
        down=belief.down,
        units=belief.demand.units if belief.demand else None,
        errors=belief.error_share,
        latency=latest[max(latest)] if latest else None,
    )


def errors_of(fleet: FleetId, at: Situation) -> Minutes:
    """Return the share of requests answered 5xx, for each minute with enough requests.

    Nothing unless both series are whole and fresh. A minute without an errors datapoint had none,
    but the newest is left out if the one before it has some: its errors may only be late.
    """
    requests, errors = _fresh(fleet, LoadSignal.REQUESTS, at), _series(fleet, LoadSignal.ERRORS, at)
    if requests is None or errors is None or not errors.complete:
        return {}
    failed = errors.by_time
    least = at.policy.health.signs.min_requests
    newest = requests.times[-1]
    is_late = newest not in failed and newest - ONE_MINUTE in failed
    return {
        minute: min(1.0, failed.get(minute, 0.0) / count)
        for minute, count in requests.by_time.items()
        if count >= max(least, 1.0) and not (is_late and minute == newest)
    }


def latency_of(fleet: FleetId, at: Situation) -> Minutes:
    """Return the fleet's mean latency in seconds, for each minute; nothing unless whole, fresh."""
    series = _fresh(fleet, LoadSignal.LATENCY, at)
    return {} if series is None else series.by_time


def requests_of(fleet: FleetId, at: Situation) -> Minutes:
    """Return the fleet's requests of each minute; nothing unless whole and fresh."""
    series = _fresh(fleet, LoadSignal.REQUESTS, at)
    return {} if series is None else series.by_time


def _fresh(fleet: FleetId, signal: LoadSignal, at: Situation) -> Series | None:
    series = _series(fleet, signal, at)
    if series is None or not series.complete or series.last is None:
        return None
    return series if at.now - series.last.at <= at.policy.guard.max_age else None


def _series(fleet: FleetId, signal: LoadSignal, at: Situation) -> Series | None:
    return (at.fleet(fleet).signals or {}).get(signal)
