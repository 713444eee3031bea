"""Asks, once a minute, for a look at every enabled service."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.schedule import ask_for_all
from trimtab.settings import Settings
from trimtab.telemetry import emit_asked, instrumented
from trimtab.wiring import Connections, connect


@functools.cache
def connections() -> Connections:
    """What this function talks to, connected at the first event and kept."""
    return connect(Settings.from_env())


@instrumented
def lambda_handler(_event: object, _context: object) -> dict[str, int]:
    """Send one message per enabled service; what the scheduler says of itself does not matter."""
    now = datetime.now(UTC)
    asked = ask_for_all(connections().store, connections().queue, now)
    emit_asked(asked)
    return {"asked": asked}
