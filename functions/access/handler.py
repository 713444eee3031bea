"""Turns an access log, just written to its bucket, into reports for the next ticks."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.access.file import delivered
from trimtab.access_logs import take
from trimtab.errors import EventRefused
from trimtab.settings import Settings
from trimtab.telemetry import emit_access_log, emit_event_refused, instrumented
from trimtab.wiring import Connections, connect


@functools.cache
def connections() -> Connections:
    """What this function talks to, connected at the first event and kept."""
    return connect(Settings.from_env())


@instrumented
def lambda_handler(event: object, _context: object) -> dict[str, int]:
    """Read the file that the event names, if it is in the bucket that we were given.

    A refused event is raised: the rule of the stack lets none through, so somebody should look. So
    is an error of AWS's: the platform then hands the event over again, and again is harmless.
    """
    now = datetime.now(UTC)
    try:
        found = delivered(event)
        if found.bucket != connections().settings.access_logs_bucket:
            raise EventRefused("expected an object of the bucket with the access logs")
    except EventRefused as refusal:
        emit_event_refused(refusal, "access")
        raise
    taken = take(found.key, connections().access_logs, now)
    emit_access_log(taken)
    return {"lines": taken.read.lines, "reports": taken.reports}
