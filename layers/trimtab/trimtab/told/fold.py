"""Fold: entries become notes, notes incidents. Pure: the same entries give the same story.

What was taken in once is passed over, so records delivered again, or in another order inside a
batch, change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.model.change import Eject, Restore, Retire, subject_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.incident import Incident, Note, Place, Told
from trimtab.model.reason import Fact
from trimtab.told.kinds import manner_of
from trimtab.told.words import cut, safe, sentence_of

QUIET_AFTER = timedelta(minutes=30)
"""Without news for so long, and with nothing out or waiting, an incident is over."""
LONGEST = timedelta(hours=24)
"""After so long an incident ends even so; what comes then opens another."""
BACKGROUND = timedelta(minutes=10)
"""What is not worth a message by itself is told if something worth one follows so soon."""
MOST_NOTES = 50
MOST_OF_CLOSED = 10
"""Notes that a closed incident keeps once another has opened."""
MOST_QUIET = 10
MOST_SEEN = 400
MOST_INCIDENTS = 4
"""Incidents held at once: one open, the others not yet told to every channel. With so many, the
last one goes on instead of another being opened."""
LONGEST_TEXT = 200
LONGEST_NAME = 120
LONGEST_FACT = 60
LONGEST_TITLE = 70
MOST_FACTS = 8

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def fold(told: Told, entries: Iterable[Entry]) -> Told:
    """Take entries in, each once, in the order of time."""
    seen = set(told.seen)
    fresh = {e.id: e for e in entries if manner_of(e) and short(e.id) not in seen}
    for entry in sorted(fresh.values(), key=lambda e: (e.at, e.id)):
        told = _take(told, entry)
    return told


def settle(told: Told, now: datetime) -> Told:
    """Close the incident that is over: nothing new, nothing out, nothing waiting."""
    incident = told.open
    if incident is None or not _is_over(incident, now):
        return told
    return _with_last(told, replace(incident, closed_at=now))


def short(entry: EntryId) -> str:
    """Name an entry briefly: enough to know it again among the last few hundred."""
    return hashlib.sha256(entry.encode()).hexdigest()[:12]


def incident_id(entry: EntryId) -> str:
    """Name an incident by the entry that opens it: four characters people can read out."""
    digits = int.from_bytes(hashlib.sha256(entry.encode()).digest()[:8], "big")
    return "".join(_BASE32[(digits >> shift) & 31] for shift in (15, 10, 5, 0))


def awaiting(incident: Incident) -> tuple[Note, ...]:
    """Notes that still wait for an answer."""
    answered = {n.about for n in incident.notes if n.place is not Place.AWAITING}
    return tuple(n for n in incident.notes if n.place is Place.AWAITING and n.id not in answered)


def still_out(incident: Incident) -> tuple[str, ...]:
    """Targets that we took out in this incident and did not bring back since."""
    out: dict[str, None] = {}
    for note in sorted(incident.notes, key=lambda n: (n.at, n.id)):
        if note.out:
            out[note.out] = None
        out.pop(note.back, None)
    return tuple(out)


def note_of(entry: Entry) -> Note:
    """Say an entry as people are told of it; ``ValueError`` if they are not."""
    manner = manner_of(entry)
    if manner is None:
        raise ValueError(f"{entry.kind} {entry.id} is not told")
    return replace(inert_note(entry, manner.place), urgent=manner.urgent)


def inert_note(entry: Entry, place: Place) -> Note:
    """Say an entry as a note: inert, and of bounded length."""
    applied = entry.change if entry.kind is Kind.APPLIED else None
    return Note(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        place=place,
        code=entry.reason.code,
        text=_inert(entry.reason.text),
        subject=_inert(entry.subject, LONGEST_NAME),
        lever=entry.lever,
        change=_inert(sentence_of(entry.change)) if entry.change else "",
        wanted=_inert(entry.wanted.text) if entry.wanted else "",
        wanted_code=entry.wanted.code if entry.wanted else None,
        facts=_facts(entry.wanted.facts if entry.wanted else entry.reason.facts),
        by=_inert(entry.by, LONGEST_NAME),
        about=entry.intent,
        undo=entry.intent if applied and entry.inverse else None,
        out=subject_of(applied) if isinstance(applied, Eject) else "",
        back=subject_of(applied) if isinstance(applied, Restore | Retire) else "",
    )


def _take(told: Told, entry: Entry) -> Told:
    note, manner = note_of(entry), manner_of(entry)
    opens = manner is not None and manner.opens
    told = settle(replace(told, seen=(*told.seen, short(entry.id))[-MOST_SEEN:]), note.at)
    incident = told.open
    if incident is not None:
        joined = _joined(incident, note)
        # while somebody tells of it, it keeps the name they know it by
        return _with_last(told, joined if told.busy_until else _renamed(joined, note, opens))
    if not opens:
        return replace(told, quiet=(*told.quiet, note)[-MOST_QUIET:])
    background = [n for n in told.quiet if abs(note.at - n.at) <= BACKGROUND]
    if len(told.incidents) < MOST_INCIDENTS:
        opened = Incident(incident_id(note.id), _title(note), note.id, note.at)
        before = tuple(replace(i, notes=i.notes[-MOST_OF_CLOSED:]) for i in told.incidents)
    else:
        before, opened = told.incidents[:-1], _reopened(told.incidents[-1])
    for one in (*background, note):
        opened = _joined(opened, one)
    return replace(told, incidents=(*before, opened), quiet=())


def _reopened(incident: Incident) -> Incident:
    """Let the last incident go on: so many wait to be told that another would push one out."""
    progress = {name: replace(p, closed=False) for name, p in incident.progress.items()}
    return replace(incident, closed_at=None, progress=progress)


def _joined(incident: Incident, note: Note) -> Incident:
    notes = (*incident.notes, replace(note, number=incident.counted))
    counts = dict(incident.counts)
    counts[note.place] = counts.get(note.place, 0) + 1
    last = max(note.at, incident.last_at or note.at)
    joined = replace(
        incident, notes=notes, counted=incident.counted + 1, counts=counts, last_at=last,
        urgent=incident.urgent + note.urgent,
    )  # fmt: skip
    return joined if len(notes) <= MOST_NOTES else _trimmed(joined)


def _renamed(incident: Incident, note: Note, opens: bool) -> Incident:
    """Open with the earliest note worth it, as long as nobody was told of another."""
    was_told = any(p.messages for p in incident.progress.values())
    if was_told or not opens or (note.at, note.id) >= (incident.opened_at, incident.opened_by):
        return incident
    return replace(
        incident, id=incident_id(note.id), title=_title(note), opened_by=note.id, opened_at=note.at
    )


def _trimmed(incident: Incident) -> Incident:
    """Let go of the oldest note that no one waits for: it stays counted."""
    kept = {n.id for n in awaiting(incident)} if len(awaiting(incident)) < MOST_NOTES else set()
    first = next(n for n in incident.notes if n.id not in kept)
    return replace(incident, notes=tuple(n for n in incident.notes if n is not first))


def _is_over(incident: Incident, now: datetime) -> bool:
    if now - incident.opened_at >= LONGEST:
        return True
    if now - (incident.last_at or incident.opened_at) < QUIET_AFTER:
        return False
    return not awaiting(incident) and not still_out(incident)


def _with_last(told: Told, incident: Incident) -> Told:
    return replace(told, incidents=(*told.incidents[:-1], incident))


def _title(note: Note) -> str:
    what = note.change or note.subject or note.text
    return cut(f"{note.kind}: {what}", LONGEST_TITLE)


def _inert(text: str, most: int = LONGEST_TEXT) -> str:
    return cut(safe(text, most + 1), most)


def _facts(facts: Mapping[str, Fact]) -> Mapping[str, Fact]:
    kept = sorted(facts.items())[:MOST_FACTS]
    return {
        _inert(name, LONGEST_FACT): _inert(value, LONGEST_FACT) if isinstance(value, str) else value
        for name, value in kept
    }
