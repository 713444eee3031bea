"""Schedule: every minute, one message for every enabled service."""

from __future__ import annotations

from datetime import datetime

from trimtab.model.tick import SCHEDULE, Ask
from trimtab.ports import Queue, Store


def ask_for_all(store: Store, queue: Queue, now: datetime) -> int:
    """Ask for a look at each enabled service; return how many were asked for."""
    asks = [Ask(s.service, SCHEDULE, now) for s in store.services() if s.enabled]
    queue.ask(asks)
    return len(asks)
