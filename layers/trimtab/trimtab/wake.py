"""Wake: an event becomes a message for the services it concerns. It decides nothing else."""

from __future__ import annotations

from datetime import datetime

from trimtab.events import Home, signal_of
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Ask
from trimtab.ports import Queue, Store


def wake(
    event: object, store: Store, queue: Queue, now: datetime, home: Home
) -> tuple[ServiceId, ...]:
    """Ask for a look at the services whose resources an event names; return which.

    An event about something no policy covers wakes nobody. Raises ``EventRefused`` for an event
    that we do not read.
    """
    signal = signal_of(event, home)
    concerned = [s for s in store.services() if s.enabled and s.resources & signal.names]
    queue.ask([Ask(s.service, signal.by, now) for s in concerned])
    return tuple(s.service for s in concerned)
