"""Gives back, every five minutes, what is temporary and nobody renews any more."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.settings import Settings
from trimtab.telemetry import emit_watched, instrumented
from trimtab.warden import Warden
from trimtab.wiring import connect


@functools.cache
def warden() -> Warden:
    """The warden on what this function talks to, connected at the first event and kept."""
    connected = connect(Settings.from_env())
    return Warden(connected.store, connected.ledger, connected.infrastructure, connected.hands)


@instrumented
def lambda_handler(_event: object, _context: object) -> dict[str, int]:
    """Look after all leases; what the scheduler says of itself does not matter."""
    watched = warden().run(datetime.now(UTC))
    emit_watched(watched)
    return {"held": sum(each.held for each in watched)}
