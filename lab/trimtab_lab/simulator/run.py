"""What a run of some virtual minutes leaves behind, whatever it ran on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.model.entry import Entry
from trimtab_lab.world.journal import Event, Journal
from trimtab_lab.world.recorder import Recorder, Users
from trimtab_lab.world.world import World


@dataclass(frozen=True, slots=True)
class Minute:
    """One virtual minute: what the log gained, what the world noted, what had no tick and why."""

    number: int
    """From 1."""
    at: datetime
    """Its end, when Trimtab looked."""
    entries: tuple[Entry, ...]
    events: tuple[Event, ...]
    ticks: int
    troubles: tuple[str, ...] = ()


OnMinute = Callable[[Minute], None]


@dataclass(slots=True)
class Run:
    """A world after some minutes, and what Trimtab wrote meanwhile."""

    world: World
    entries: list[Entry] = field(default_factory=list)
    """Every log entry, in the order it was written."""
    troubles: list[str] = field(default_factory=list)
    ticks: int = 0
    minutes: int = 0

    @property
    def recorder(self) -> Recorder:
        """The day in columns."""
        return self.world.recorder

    @property
    def users(self) -> Users:
        """What users got."""
        return self.world.users

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened in the world, oldest first."""
        return self.world.journal.events()

    def add(self, minute: Minute) -> None:
        """Count one more minute."""
        self.entries += minute.entries
        self.troubles += minute.troubles
        self.ticks += minute.ticks
        self.minutes = minute.number

    def go_on(self, minutes: int, one: Callable[[], Minute], on_minute: OnMinute | None) -> Run:
        """Let so many minutes pass, ``one`` at a time; tell of each as it ends."""
        for _ in range(minutes):
            minute = one()
            self.add(minute)
            if on_minute is not None:
                on_minute(minute)
        return self


class Diary:
    """Reads the world's journal on from where it was last read."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._last: Event | None = None

    def news(self) -> tuple[Event, ...]:
        """Events since last asked, oldest first."""
        events = self._journal.events()
        fresh = 0
        while fresh < len(events) and events[-1 - fresh] is not self._last:
            fresh += 1
        self._last = events[-1] if events else None
        return events[len(events) - fresh :]
