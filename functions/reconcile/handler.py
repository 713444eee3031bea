"""Takes messages off the work queue and gives each service named in them one tick."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime

from trimtab.events import Batch, asks_of
from trimtab.loop import Loop
from trimtab.model.ids import ServiceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Tick
from trimtab.settings import Settings
from trimtab.telemetry import emit_refused, emit_stale, emit_ticks, instrumented
from trimtab.wiring import connect

Failures = dict[str, list[dict[str, str]]]


@functools.cache
def settings() -> Settings:
    """The environment, read at the first event."""
    return Settings.from_env()


@functools.cache
def loop() -> Loop:
    """The loop on what this function talks to, connected at the first event and kept."""
    connected = connect(settings())
    return Loop(
        connected.store,
        connected.ledger,
        connected.infrastructure,
        connected.reports,
        connected.signs,
    )


@instrumented
def lambda_handler(event: object, _context: object) -> Failures:
    """Tick each service asked for; give back the messages that were refused or got no tick."""
    now = datetime.now(UTC)
    batch = asks_of(event, now, settings().max_age)
    results = loop().tick([ask for _, ask in batch.asks], now)
    emit_stale(batch.stale)
    emit_refused(batch.refused)
    emit_ticks(results)
    return failures(batch, results)


def failures(batch: Batch, results: Mapping[ServiceId, Tick | Reason]) -> Failures:
    """Name the messages to be given back: those no tick can ever answer.

    Not ours to read, of a service nobody knows, or of one whose policy or memory is damaged: they
    end in the dead-letter queue, for somebody to look at. Any other tick that failed is counted,
    and the next minute's is its retry; giving its message back would only hold that one up.
    """
    failed = [message for message, _ in batch.refused]
    failed += [message for message, ask in batch.asks if _is_hopeless(results.get(ask.service))]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _is_hopeless(result: Tick | Reason | None) -> bool:
    match result:
        case None | Reason(code=ReasonCode.NOT_FOUND | ReasonCode.NOT_SEEN):
            return True
        case _:
            return False
