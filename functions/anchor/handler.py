"""Writes down, once a day and out of reach of the tables, where every hash chain ends.

Then walks what was added to each chain since: a broken one raises an alarm, and stops nothing.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

from trimtab.adapters.walk import walk_chains
from trimtab.anchor import heads_of_all, lock_away
from trimtab.settings import Settings
from trimtab.telemetry import emit_anchor, emit_locked, emit_walk, instrumented
from trimtab.wiring import Connections, connect

TO_SPARE_MS = 30_000
"""Time left to end in: a service whose turn does not come has it first tomorrow."""


@functools.cache
def connections() -> Connections:
    """What this function talks to, connected at the first event and kept."""
    return connect(Settings.from_env())


@instrumented
def lambda_handler(_event: object, context: Any) -> dict[str, int]:  # noqa: ANN401 - Lambda's
    """Log all heads, lock them away if there is a vault, walk the chains.

    What the scheduler says of itself does not matter.
    """
    now, here = datetime.now(UTC), connections()
    heads = heads_of_all(here.store)
    emit_anchor(heads, now)
    try:
        if here.vault is not None:
            emit_locked(lock_away(heads, now, here.vault))
    finally:  # a vault that refuses is no reason not to look
        walked = walk_chains(
            here.store,
            here.ledger,
            now,
            lambda: context.get_remaining_time_in_millis() > TO_SPARE_MS,
        )
        emit_walk(walked)
    return {"anchored": len(heads), "walked": len(walked)}
