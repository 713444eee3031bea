"""Tells people and programs what the log's stream says; sweeps; sends the daily digest."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from trimtab.anchor import EVERYTHING
from trimtab.events import entries_of
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.notify import Report
from trimtab.settings import Settings
from trimtab.telemetry import emit_told, emit_trouble, instrumented
from trimtab.wiring import Connections, connect

Failures = dict[str, list[dict[str, str]]]


@functools.cache
def connections() -> Connections:
    """What this function talks to, connected at the first event and kept."""
    return connect(Settings.from_env())


@instrumented
def lambda_handler(event: object, _context: object) -> Failures:
    """Do what the event is for: one of our two schedules, or else the log's stream."""
    now = datetime.now(UTC)
    match event:
        case {"source": "trimtab.sweep"}:
            return _sweep(now)
        case {"source": "trimtab.digest"}:
            return _digest(now)
        case _:
            return _hear(event, now)


def _hear(event: object, now: datetime) -> Failures:
    """Take in each service's entries; give back the stream from what reached nobody.

    A channel that fails is no reason to: what it was not told is stored, and the sweep tells it.
    """
    report, trouble = Report(), []
    for service, (sequence, entries) in _by_service(event).items():
        try:
            connections().teller.hear(service, entries, now, report)
        except Exception as error:
            emit_trouble("notify", str(service), error)
            trouble.append(sequence)
        if service in report.lost:
            trouble.append(sequence)
    emit_told(report)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in trouble]}


def _sweep(now: datetime) -> Failures:
    services = [EVERYTHING, *(listed.service for listed in connections().store.services())]
    report = Report()
    connections().teller.sweep(services, now, report)
    emit_told(report)
    return {"batchItemFailures": []}


def _digest(now: datetime) -> Failures:
    """Tell of yesterday, in UTC. Raises if a channel failed, so that Lambda tries again."""
    day = (now - timedelta(days=1)).date().isoformat()
    report = Report()
    connections().teller.digest(day, connections().ledger.of_day(day), now, report)
    emit_told(report)
    if report.failures:
        raise RuntimeError(f"the digest of {day} did not reach everybody; see notify.failed")
    return {"batchItemFailures": []}


def _by_service(event: object) -> Mapping[ServiceId, tuple[str, list[Entry]]]:
    """Sort a batch by service, each with the sequence number of its first record."""
    found: dict[ServiceId, tuple[str, list[Entry]]] = {}
    for sequence, entry in entries_of(event):
        found.setdefault(entry.service, (sequence, []))[1].append(entry)
    return found
