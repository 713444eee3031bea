"""Story: what a message says, in sections and commands, the same for every channel. Pure.

Everything in it is inert text; a channel still escapes what its own medium reads as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.incident import Digest, Incident, Note, Place, Step, Telling
from trimtab.told.fold import awaiting, still_out
from trimtab.told.words import safe

MOST_LINES = 8
"""Lines of a section; the rest is counted."""
MOST_UNDOS = 3
EVERYTHING = "#all"
_WHO = re.compile(r"arn:[^:]*:(?:sts|iam)::\d*:(?:assumed-role/|user/)?(?P<who>.+)")
_ENTRY = re.compile(r"[0-9A-Za-z]{1,64}(#[0-9a-z]{1,16}){0,3}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_SERVICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under one title; ``more`` were left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Story:
    """One message. ``thread`` is the same in every message of an incident, and in no other."""

    thread: str
    subject: str
    headline: str
    sections: tuple[Section, ...]
    commands: tuple[tuple[str, str], ...]
    footer: str


def story_of(telling: Telling) -> Story:
    """Say what is news of an incident, what waits for an answer, and how to take it back."""
    incident, service = telling.incident, telling.service
    thread = f"[Trimtab {_name(service)} #{incident.id}]"
    news = sorted(telling.news, key=lambda note: (note.at, note.id))
    return Story(
        thread=thread,
        subject=f"{thread} {incident.title}",
        headline=_headline(telling),
        sections=tuple(s for s in _sections(news, incident) if s.lines),
        commands=tuple(_commands(service, incident)),
        footer=_footer(telling),
    )


def digest_of(digest: Digest) -> Story:
    """Say what a service that only observes would have done in a day."""
    name = _name(digest.service)
    thread = f"[Trimtab {name} digest]"
    ways = "1 thing" if digest.total == 1 else f"{digest.total} things"
    examples = _lines(
        "For example", (f"{n.change or n.subject}: {n.wanted}" for n in digest.examples)
    )
    sections = (
        _counted("It would have", digest.would),
        examples,
        _counted("It would have refused", digest.refused),
        _counted("It noted", digest.noted),
    )
    command = f"trimtab log --service {name} --since {digest.day}"
    whole = "" if digest.whole else " The log of that day was too long to read to its end."
    return Story(
        thread=thread,
        subject=f"{thread} {digest.day}: it would have done {ways}",
        headline=f"{digest.day} (UTC): {name} only observes; nothing was changed.{whole}",
        sections=tuple(s for s in sections if s.lines),
        commands=(("Read on", command),) if _SERVICE.fullmatch(digest.service) else (),
        footer="To let it act, set its mode to approve or enforce.",
    )


def commands_for(service: ServiceId, entry: EntryId, *verbs: str) -> Iterable[str]:
    """Write the commands about an entry; none if a name is not one that we give."""
    if _ENTRY.fullmatch(entry) and _SERVICE.fullmatch(service):
        for verb in verbs:
            why = "" if verb in ("approve", "explain") else " --why '...'"
            yield f"trimtab {verb} '{entry}' --service {service}{why}"


def undoable(incident: Incident) -> tuple[Note, ...]:
    """What was done and can be taken back, newest first: the last of each subject.

    What came back is not offered, nor what was taken out and is back already.
    """
    out = set(still_out(incident))
    latest = {n.subject: n for n in _by_time(incident.notes) if n.place is Place.DONE}
    found = [n for n in latest.values() if n.undo and not n.back and (not n.out or n.out in out)]
    return tuple(reversed(found))


def _headline(telling: Telling) -> str:
    incident = telling.incident
    waits = len(awaiting(incident))
    counted = [f"{incident.counts[p]} {w}" for p, w in _COUNTED if incident.counts.get(p)]
    parts = [_opening(telling), ", ".join(counted) or "nothing done"]
    parts += [f"{waits} {'waits' if waits == 1 else 'wait'} for you"] if waits else []
    out = still_out(incident)
    parts += [f"{len(out)} still out"] if out else []
    return "; ".join(parts)


_COUNTED = (
    (Place.DONE, "done"),
    (Place.NOT_DONE, "came to nothing"),
    (Place.REFUSED, "refused"),
)


def _opening(telling: Telling) -> str:
    incident = telling.incident
    match telling.step:
        case Step.OPENED:
            return f"Since {_moment(incident.opened_at)}"
        case Step.UPDATED:
            return f"Message {telling.number}, since {_moment(incident.opened_at)}"
        case Step.CLOSED:
            over = "over" if not (awaiting(incident) or still_out(incident)) else "told to its end"
            return f"{over.capitalize()}, from {_moment(incident.opened_at)}"


def _sections(news: Sequence[Note], incident: Incident) -> Iterable[Section]:
    here = {place: [note for note in news if note.place is place] for place in Place}
    yield _lines("Seen", dict.fromkeys(_seen(news)))
    yield _lines("Done", (f"{_clock(n)} {n.change or n.subject}" for n in here[Place.DONE]))
    yield _lines("Came to nothing", (_came_to_nothing(n) for n in here[Place.NOT_DONE]))
    yield _lines("Refused", (f"{n.change or n.subject}: {n.text}" for n in here[Place.REFUSED]))
    yield _lines("Asked", (_asked(n) for n in here[Place.ASKED]))
    waiting = _by_time(awaiting(incident))
    yield _lines("Waits for you", (f"{n.change or n.subject}" for n in waiting))


def _seen(news: Sequence[Note]) -> Iterable[str]:
    for note in news:
        if note.place is Place.SEEN:
            yield f"{note.subject}: {note.text}"
        elif note.wanted:
            yield f"{note.subject}: {note.wanted}"


def _came_to_nothing(note: Note) -> str:
    return f"{_clock(note)} {note.kind}: {note.change or note.subject}: {note.text}"


def _asked(note: Note) -> str:
    what = " ".join(part for part in (note.subject, f"({note.text})") if part)
    return f"{_clock(note)} {note.kind} by {who(note.by)}: {what}"


def who(by: str) -> str:
    """Name a caller briefly: the end of an ARN, with the role it came through."""
    found = _WHO.fullmatch(by)
    return found["who"] if found else by


def _commands(service: ServiceId, incident: Incident) -> Iterable[tuple[str, str]]:
    for note in _by_time(awaiting(incident))[:MOST_LINES]:
        for verb in ("approve", "reject"):
            for command in commands_for(service, note.id, verb):
                yield f"{verb}: {note.change or note.subject}", command
    for note in undoable(incident)[:MOST_UNDOS]:
        for command in commands_for(service, note.undo or note.id, "undo"):
            yield f"take back: {note.change}", command
    if not _SERVICE.fullmatch(service):
        yield "read on", f"trimtab log --since {_stamp(incident.opened_at)}"
        return
    yield "read on", f"trimtab log --service {service} --since {_stamp(incident.opened_at)}"


def _footer(telling: Telling) -> str:
    if not telling.unsaid:
        return ""
    return f"{telling.unsaid} more since the last message; the log has them all."


def _lines(title: str, lines: Iterable[str]) -> Section:
    found = [safe(line) for line in lines]
    return Section(title, tuple(found[-MOST_LINES:]), max(0, len(found) - MOST_LINES))


def _counted(title: str, counts: Mapping[str, int]) -> Section:
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    return _lines(title, (f"{count} x {what}" for what, count in rows[:MOST_LINES]))


def _by_time(notes: Iterable[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: (note.at, note.id))


def _name(service: ServiceId) -> str:
    return "everything" if service == EVERYTHING else _NOT_IN_NAMES.sub("_", service)[:64]


def _clock(note: Note) -> str:
    return f"{note.at:%H:%M:%S}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"
