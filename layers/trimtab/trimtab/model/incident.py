"""Incidents: what people are told of a service, as one story at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trimtab.model.entry import Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.policy import Lever
from trimtab.model.reason import Fact, ReasonCode


class Place(StrEnum):
    """Where in a message an entry is told."""

    SEEN = "seen"
    DONE = "done"
    NOT_DONE = "not_done"  # tried, or written down to be tried, and nothing came of it
    REFUSED = "refused"
    AWAITING = "awaiting"
    ASKED = "asked"  # what people did: requests, answers, pauses, policies


@dataclass(frozen=True, slots=True)
class Note:
    """One entry of the log as people are told of it. Its texts are inert and of bounded length.

    ``about`` is the entry that this one ends or answers. ``undo`` names the intent that can be
    taken back. ``out`` is the target that it took out of service, ``back`` the one it brought back.
    ``number`` counts the notes of its incident.
    """

    id: EntryId
    at: datetime
    kind: Kind
    place: Place
    code: ReasonCode
    text: str
    urgent: bool = False
    subject: str = ""
    lever: Lever | None = None
    change: str = ""
    wanted: str = ""
    wanted_code: ReasonCode | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    by: str = ""
    about: EntryId | None = None
    undo: EntryId | None = None
    out: str = ""
    back: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a channel has been told of an incident: ``notes`` of it, in ``messages``.

    ``recent`` are the times of the messages that the limits still count.
    """

    notes: int = 0
    messages: int = 0
    recent: tuple[datetime, ...] = ()
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """A run of related entries of one service.

    ``notes`` are the newest, and those that still await an answer; ``counted`` is how many there
    were in all, ``counts`` by place. ``id`` and ``title`` are those of the first note that was
    worth opening it, and never change once anybody was told.
    """

    id: str
    title: str
    opened_by: EntryId
    opened_at: datetime
    notes: tuple[Note, ...] = ()
    counted: int = 0
    counts: Mapping[Place, int] = field(default_factory=dict)
    urgent: int = 0
    last_at: datetime | None = None
    closed_at: datetime | None = None
    progress: Mapping[str, Progress] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel that could not be reached: how often in a row, and when to try again."""

    failures: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What is remembered of telling about one service. ``version`` is the stored one; 0: nothing.

    ``incidents`` are in order of opening; only the last may be open, those before wait to be told
    to the end. ``quiet`` is what is told only if an incident opens soon. ``seen`` are short names
    of the newest entries taken in. Until ``busy_until`` somebody is telling. ``digested`` is the
    last day that a channel has the digest of.
    """

    version: int = 0
    incidents: tuple[Incident, ...] = ()
    quiet: tuple[Note, ...] = ()
    seen: tuple[str, ...] = ()
    busy_until: datetime | None = None
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    digested: Mapping[str, str] = field(default_factory=dict)

    @property
    def open(self) -> Incident | None:
        """The incident that goes on, if one does."""
        last = self.incidents[-1] if self.incidents else None
        return last if last is not None and last.closed_at is None else None


class Step(StrEnum):
    """What a telling says of an incident."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Telling:
    """What a channel is to be told now: an incident, and which of its notes are news to it."""

    service: ServiceId
    incident: Incident
    step: Step
    known: int
    number: int

    @property
    def news(self) -> tuple[Note, ...]:
        """Notes the channel was not told of, as far as they are still held."""
        return tuple(note for note in self.incident.notes if note.number >= self.known)

    @property
    def unsaid(self) -> int:
        """How many notes the channel was not told of and never will be: they are counted only."""
        return self.incident.counted - self.known - len(self.news)


@dataclass(frozen=True, slots=True)
class Digest:
    """A day of a service that only observes: what it would have done, by lever and reason."""

    service: ServiceId
    day: str
    would: Mapping[str, int]
    refused: Mapping[str, int]
    noted: Mapping[str, int]
    examples: tuple[Note, ...]
    whole: bool = True

    @property
    def total(self) -> int:
        """How many things it would have done."""
        return sum(self.would.values())
