"""Finds the entry that an operator means: a whole id, or a unique beginning or end of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from trimtab.codec import time_of_ulid
from trimtab.model.entry import Entry, Kind, answer_id, effect_id, lapse_id, outcome_id, told_by
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.life import Life, fold
from trimtab_cli.connect import Deployment
from trimtab_cli.entries import Wanted, line_of, newest
from trimtab_cli.plain import plain
from trimtab_cli.stop import USAGE, Stop

SHORTEST = 4
MOST_SHOWN = 10
MOST_SEARCHED = 100_000
ENDINGS = ("#outcome", "#effect", "#answer", "#lapsed")
"""Of keys of entries that go on with the story of another."""
MOST_IN_A_THREAD = 5_000
"""Entries after an action among which its thread is looked for."""


@dataclass(frozen=True, slots=True)
class Story:
    """An entry and, of an intent, the outcome that ended it and the effect it had.

    ``thread``: all entries about the same action, oldest first; ``life``: how far it has come.
    ``expired`` says what of it is, or may be, gone from the log; nothing if it is whole.
    """

    entry: Entry
    outcome: Entry | None
    thread: tuple[Entry, ...] = ()
    effect: Entry | None = None
    expired: str = ""

    @property
    def life(self) -> Life:
        """The stage of the action."""
        return fold(self.thread or (self.entry,))


def find(deployment: Deployment, given: str, service: ServiceId | None, back: timedelta) -> Story:
    """Find one entry, in the last ``back`` unless its whole id is given."""
    name = given.strip()
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    name = name.upper()
    if len(name) < SHORTEST:
        raise Stop(f"{given!r} is too short", f"give at least {SHORTEST} characters", USAGE)
    entry = _exactly(deployment, name, service) or _alike(deployment, name, service, back)
    expired = _expired(entry, deployment)
    if told_by(entry) != entry.id:
        whole = deployment.ledger.entry(entry.service, told_by(entry))
        expired = _expired(whole, deployment) if whole else f"{told_by(entry)} is not in the log"
        entry = whole or entry
    told = deployment.ledger.entries(entry.service, [outcome_id(entry.id), effect_id(entry.id)])
    outcome, effect = told.get(outcome_id(entry.id)), told.get(effect_id(entry.id))
    return Story(entry, outcome, thread_of(deployment, entry), effect, expired)


def log_begins(deployment: Deployment, service: ServiceId) -> datetime | None:
    """When the oldest entry was written, if others before it are gone; ``None`` if it is all there.

    Whether they expired or were deleted ``trimtab log verify`` tells.
    """
    first = next(iter(deployment.ledger.links(service)), None)
    at = time_of_ulid(first.id) if first is not None else None
    return at if first is not None and first.n > 1 else None


def _expired(entry: Entry, deployment: Deployment) -> str:
    if entry.kept is None or not entry.kept.has_expired(deployment.now()):
        return ""
    return "it has expired, and what became of it may be gone from the log already"


def thread_of(deployment: Deployment, entry: Entry) -> tuple[Entry, ...]:
    """All entries of the action that an entry belongs to, the requests about it included.

    What came before is named by the entry itself; what came after is looked for in the log.
    """
    first = entry
    if entry.kind is Kind.INTENDED and entry.intent is not None:
        about = deployment.ledger.entry(entry.service, entry.intent)
        first = about if about is not None and about.kind is Kind.AWAITING else entry
    end = deployment.now() + timedelta(seconds=1)
    found = {first.id: first, entry.id: entry}
    names = [make(first.id) for make in (outcome_id, answer_id, lapse_id)]
    found |= deployment.ledger.entries(entry.service, names)
    later = deployment.ledger.of_service(entry.service, first.at, end)
    for other in islice(later, MOST_IN_A_THREAD):
        takes_back = other.kind is Kind.INTENDED and any(name in found for name in other.undoes)
        if (other.intent in found or takes_back) and other.id not in found:
            found[other.id] = other
    intents = [e.id for e in found.values() if e.kind is Kind.INTENDED]
    ends = [make(each) for each in intents for make in (outcome_id, effect_id)]
    found |= deployment.ledger.entries(entry.service, ends)
    asked = {e.request for e in found.values() if e.request is not None} - found.keys()
    found |= deployment.ledger.entries(entry.service, sorted(asked))
    return tuple(sorted(found.values(), key=lambda e: (e.at, e.id)))


def _exactly(deployment: Deployment, name: str, service: ServiceId | None) -> Entry | None:
    if "#" not in name:
        return None
    services = [service] if service else [each.service for each in deployment.store.services()]
    for each in services:
        names = (EntryId(name), outcome_id(EntryId(name)))
        found = deployment.ledger.entries(each, names)
        if found:
            return found.get(names[0]) or found[names[1]]
    return None


def _alike(deployment: Deployment, name: str, service: ServiceId | None, back: timedelta) -> Entry:
    now = deployment.now()
    wanted = Wanted(service, frozenset(), frozenset())
    recent = newest(deployment, wanted, now - back, now + timedelta(seconds=1), limit=MOST_SEARCHED)
    alike = {(entry.service, told_by(entry)): entry for entry in recent if _is_meant(name, entry)}
    if not alike:
        todo = "see `trimtab log`; look further back with --since"
        missing = f"no entry's id begins or ends with {plain(name)!r}"
        raise Stop(_before_the_log(deployment, name, service) or missing, todo)
    if len(alike) > 1:
        lines = tuple(line_of(entry).plain for entry in list(alike.values())[:MOST_SHOWN])
        raise Stop(f"{len(alike)} entries have such an id", "give more characters", more=lines)
    return next(iter(alike.values()))


def _before_the_log(deployment: Deployment, name: str, service: ServiceId | None) -> str:
    """Say of an id that is older than the log that it is; nothing if it is not."""
    at = time_of_ulid(name)
    services = [service] if service else [each.service for each in deployment.store.services()]
    begins = [b for each in services if (b := log_begins(deployment, each)) is not None]
    if at is None or not begins or at >= max(begins):
        return ""
    return (
        f"{plain(name)} is of {at:%Y-%m-%d}, and the log begins on {max(begins):%Y-%m-%d}: "
        "what was before has expired"
    )


def _is_meant(name: str, entry: Entry) -> bool:
    whole = told_by(entry).upper()
    return whole.startswith(name) or whole.endswith(name)
