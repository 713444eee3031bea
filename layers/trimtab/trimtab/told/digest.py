"""Digest: a day of those services that only observe, from the log. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Digest, Note, Place
from trimtab.told.fold import inert_note
from trimtab.told.kinds import is_digested

MOST_READ = 10_000
"""Entries of a day that are read; what is beyond is not counted, and the digest says so."""
MOST_EXAMPLES = 5


def digests_of(day: str, entries: Iterable[Entry]) -> tuple[Digest, ...]:
    """Sum a day up, one digest per service that has something to say, by name."""
    read = list(islice(entries, MOST_READ + 1))
    whole = len(read) <= MOST_READ
    found: dict[ServiceId, list[Entry]] = {}
    for entry in {(e.service, e.id): e for e in read[:MOST_READ]}.values():
        if is_digested(entry):
            found.setdefault(entry.service, []).append(entry)
    return tuple(_digest(service, day, found[service], whole) for service in sorted(found))


def _digest(service: ServiceId, day: str, entries: list[Entry], whole: bool) -> Digest:
    would: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    noted: Counter[str] = Counter()
    examples: dict[str, Note] = {}
    for entry in entries:
        match entry.kind:
            case Kind.SHADOWED:
                why = (
                    f"{entry.lever or 'other'}: {entry.wanted.code if entry.wanted else 'unknown'}"
                )
                would[why] += 1
                examples.setdefault(why, inert_note(entry, Place.SEEN))
            case Kind.REFUSED:
                refused[f"{entry.lever or 'other'}: {entry.reason.code}"] += 1
            case _:
                noted[str(entry.reason.code)] += 1
    top = sorted(examples, key=lambda why: (-would[why], why))[:MOST_EXAMPLES]
    return Digest(service, day, would, refused, noted, tuple(examples[why] for why in top), whole)
