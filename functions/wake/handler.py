"""Turns an alarm or an Auto Scaling event into a look at the services it concerns."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.errors import EventRefused
from trimtab.events import Home
from trimtab.settings import Settings
from trimtab.telemetry import emit_event_refused, emit_woken, instrumented
from trimtab.wake import wake
from trimtab.wiring import Connections, connect


@functools.cache
def settings() -> Settings:
    """The environment, read at the first event."""
    return Settings.from_env()


@functools.cache
def connections() -> Connections:
    """What this function talks to, connected at the first event and kept."""
    return connect(settings())


@instrumented
def lambda_handler(event: object, _context: object) -> dict[str, list[str]]:
    """Wake the services the event concerns, most often none.

    A refused event is raised: the rules of the stack let none through, so somebody should look,
    and the platform keeps it in the dead-letter queue for them.
    """
    now = datetime.now(UTC)
    home = Home(settings().account, settings().region)
    try:
        woken = wake(event, connections(), now, home)
    except EventRefused as refusal:
        emit_event_refused(refusal)
        raise
    emit_woken(woken)
    return {"woken": [str(service) for service in woken]}
