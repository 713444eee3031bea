"""Tells people what the log's stream says."""

from __future__ import annotations

import functools

from trimtab.events import entries_of
from trimtab.notify import tell
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
    """Tell of each entry in order, and give back the stream from the first that could not be told.

    The event source gives up on a record after a few tries and goes on, so people may miss a
    message but never all those after it; the log itself is complete either way.
    """
    told = 0
    for sequence, entry in entries_of(event):
        try:
            told += tell(entry, connections().topic)
        except Exception as error:
            emit_trouble("notify", f"{entry.service}/{entry.id}", error)
            emit_told(told)
            return {"batchItemFailures": [{"itemIdentifier": sequence}]}
    emit_told(told)
    return {"batchItemFailures": []}
