"""Event: a telling as events for machines. Pure. ``schemas/events`` says what is in them.

``id`` is the same however often an event is sent: EventBridge delivers at least once, and so do we.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trimtab.codec import iso
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Digest, Incident, Note, Step, Telling
from trimtab.model.message import Event, EventType
from trimtab.told.fold import awaiting, still_out
from trimtab.told.story import commands_for, undoable

VERSION = "1"
MOST_NOTES = 20
"""Of an incident's event: the newest. Each is an event of its own before it, if it is an action."""
MOST_WAITING = 20

_TYPES = {
    Step.OPENED: EventType.OPENED,
    Step.UPDATED: EventType.UPDATED,
    Step.CLOSED: EventType.CLOSED,
}


def events_of(telling: Telling) -> tuple[Event, ...]:
    """Return an event for each action that is news, then one for the incident."""
    service, incident = telling.service, telling.incident
    actions = (
        Event(note.at, EventType.ACTION, _action(service, incident, note))
        for note in telling.news
        if note.lever is not None
    )
    at = (incident.closed_at if telling.step is Step.CLOSED else None) or incident.last_at
    about = Event(at or incident.opened_at, _TYPES[telling.step], _incident(telling))
    return (*actions, about)


def telling_id(telling: Telling) -> str:
    """Name a telling: the same however often it is sent, another one once there is more to tell."""
    incident = telling.incident
    return f"{telling.service}/{incident.opened_by}/{telling.step}/{incident.counted}"


def digest_id(digest: Digest) -> str:
    """Name a day's digest."""
    return f"{digest.service}/digest/{digest.day}"


def digest_event(digest: Digest) -> Event:
    """Return the event for a day's digest: dated at the day's end."""
    detail = {
        "version": VERSION,
        "id": digest_id(digest),
        "service": digest.service,
        "day": digest.day,
        "would": dict(digest.would),
        "refused": dict(digest.refused),
        "noted": dict(digest.noted),
        "examples": [_note(note) for note in digest.examples],
        "whole": digest.whole,
    }
    return Event(datetime.fromisoformat(f"{digest.day}T23:59:59+00:00"), EventType.DIGEST, detail)


def _action(service: ServiceId, incident: Incident, note: Note) -> Mapping[str, Any]:
    head = {
        "version": VERSION,
        "id": f"{service}/{note.id}",
        "service": service,
        "incident": incident.id,
    }
    undo = list(commands_for(service, note.undo, "undo")) if note.undo else []
    return {**head, **_note(note), "undo": undo}


def _incident(telling: Telling) -> Mapping[str, Any]:
    incident, service = telling.incident, telling.service
    waiting = awaiting(incident)[:MOST_WAITING]
    notes = telling.news[-MOST_NOTES:]
    closed = incident.closed_at
    return {
        "version": VERSION,
        "id": telling_id(telling),
        "service": service,
        "incident": incident.id,
        "step": telling.step.value,
        "title": incident.title,
        "opened_at": iso(incident.opened_at),
        "closed_at": iso(closed) if closed else None,
        "counts": {place.value: count for place, count in incident.counts.items()},
        "notes": [_note(note) for note in notes],
        "more": incident.counted - telling.known - len(notes),
        "awaiting": [note.id for note in waiting],
        "still_out": list(still_out(incident)),
        "undo": [
            command
            for note in undoable(incident)
            for command in commands_for(service, note.undo or note.id, "undo")
        ],
    }


def _note(note: Note) -> dict[str, Any]:
    wanted = None
    if note.wanted_code is not None:
        wanted = {"code": note.wanted_code.value, "text": note.wanted}
    return {
        "entry": note.id,
        "at": iso(note.at),
        "kind": note.kind.value,
        "place": note.place.value,
        "lever": note.lever.value if note.lever else None,
        "subject": note.subject,
        "change": note.change,
        "reason": {"code": note.code.value, "text": note.text},
        "wanted": wanted,
        "facts": dict(note.facts),
        "by": note.by,
        "about": note.about,
    }
