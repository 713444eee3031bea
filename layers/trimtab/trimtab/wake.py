"""Wake: an event becomes a message for the services it concerns. It decides nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from trimtab.events import Home, signal_of
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Ask
from trimtab.ports import Owners, Queue, Store


class Wakes(Protocol):
    """What waking needs of the outside."""

    @property
    def store(self) -> Store:
        """The directory of services."""
        ...

    @property
    def queue(self) -> Queue:
        """Where to ask."""
        ...

    @property
    def owners(self) -> Owners:
        """Whose an instance is."""
        ...


def wake(event: object, connected: Wakes, now: datetime, home: Home) -> tuple[ServiceId, ...]:
    """Ask for a look at the services whose resources an event names; return which.

    An event about something no policy covers wakes nobody. Of an instance, AWS is asked whose it
    is: an event says nothing that is believed. Raises ``EventRefused`` for an event that we do not
    read.
    """
    signal = signal_of(event, home)
    names = set(signal.names)
    if signal.instances:
        names |= set(connected.owners.groups_of(signal.instances).values())
    store, queue = connected.store, connected.queue
    concerned = [s for s in store.services() if s.enabled and s.resources & names]
    queue.ask([Ask(s.service, signal.by, now) for s in concerned])
    return tuple(s.service for s in concerned)
