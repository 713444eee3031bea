"""The world's own diary: what happened, when, to whom. Food for timelines; nobody decides by it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class EventKind(StrEnum):
    """What kind of thing happened."""

    FAULT = "fault"
    HEALTH = "health"
    LAUNCH = "launch"
    TERMINATE = "terminate"
    STANDBY = "standby"
    REGISTER = "register"
    CAPACITY = "capacity"
    RULE = "rule"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the diary."""

    at: datetime
    kind: EventKind
    subject: str
    text: str


class Journal:
    """Keeps the last events; `clock` is set by the world as it goes."""

    def __init__(self, keep: int = 20_000) -> None:
        self._events: deque[Event] = deque(maxlen=keep)
        self.clock = 0

    def note(self, kind: EventKind, subject: str, text: str) -> None:
        """Write down that something happened now."""
        self._events.append(Event(datetime.fromtimestamp(self.clock, UTC), kind, subject, text))

    def events(self, *kinds: EventKind) -> tuple[Event, ...]:
        """Events so far, oldest first; of some kinds only if asked."""
        return tuple(event for event in self._events if not kinds or event.kind in kinds)
