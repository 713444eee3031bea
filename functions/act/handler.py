"""Carries out what the log's stream says was intended; the only function that changes anything."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.act import Actor, Role
from trimtab.events import intents_of
from trimtab.settings import Settings
from trimtab.telemetry import emit_outcome, emit_trouble, instrumented
from trimtab.wiring import connect

Failures = dict[str, list[dict[str, str]]]


@functools.cache
def actor() -> Actor:
    """The actor on what this function talks to, connected at the first event and kept."""
    here = connect(Settings.from_env())
    role = Role(signs=here.signs, labels=here.labels)
    return Actor(here.ledger, here.store, here.infrastructure, here.hands, role)


@instrumented
def lambda_handler(event: object, _context: object) -> Failures:
    """Carry out intents in the stream's order, and stop at the first that fails unforeseen.

    What AWS refuses is an outcome, not a failure. Stopping keeps the order: the platform comes
    again from that record on, and what was carried out before it has its outcome in the log.
    """
    for sequence, service, intent in intents_of(event):
        try:
            # One intent is one pass; its deadline counts from the moment it is its turn.
            emit_outcome(actor().carry_out(service, intent, datetime.now(UTC)))
        except Exception as error:
            emit_trouble("act", f"{service}/{intent}", error)
            return {"batchItemFailures": [{"itemIdentifier": sequence}]}
    return {"batchItemFailures": []}
