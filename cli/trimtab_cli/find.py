"""Finds the entry that an operator means: a whole id, or a unique beginning or end of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from trimtab.model.entry import Entry, outcome_id
from trimtab.model.ids import EntryId, ServiceId
from trimtab_cli.connect import Deployment
from trimtab_cli.entries import Wanted, line_of, newest
from trimtab_cli.plain import plain
from trimtab_cli.stop import USAGE, Stop

SHORTEST = 4
MOST_SHOWN = 10
MOST_SEARCHED = 100_000
OUTCOME = "#outcome"


@dataclass(frozen=True, slots=True)
class Story:
    """An entry and, of an intent, the outcome that ended it."""

    entry: Entry
    outcome: Entry | None


def find(deployment: Deployment, given: str, service: ServiceId | None, back: timedelta) -> Story:
    """Find one entry, in the last ``back`` unless its whole id is given."""
    name = given.strip().removesuffix(OUTCOME).upper()
    if len(name) < SHORTEST:
        raise Stop(f"{given!r} is too short", f"give at least {SHORTEST} characters", USAGE)
    entry = _exactly(deployment, name, service) or _alike(deployment, name, service, back)
    if entry.intent is not None:
        intent = deployment.ledger.entry(entry.service, entry.intent)
        return Story(intent, entry) if intent else Story(entry, None)
    outcome = deployment.ledger.entry(entry.service, outcome_id(entry.id))
    return Story(entry, outcome)


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
    alike = {
        (entry.service, entry.intent or entry.id): entry
        for entry in recent
        if _is_meant(name, entry)
    }
    if not alike:
        todo = "see `trimtab log`; look further back with --since"
        raise Stop(f"no entry's id begins or ends with {plain(name)!r}", todo)
    if len(alike) > 1:
        lines = tuple(line_of(entry).plain for entry in list(alike.values())[:MOST_SHOWN])
        raise Stop(f"{len(alike)} entries have such an id", "give more characters", more=lines)
    return next(iter(alike.values()))


def _is_meant(name: str, entry: Entry) -> bool:
    whole = (entry.intent or entry.id).upper()
    return whole.startswith(name) or whole.endswith(name)
