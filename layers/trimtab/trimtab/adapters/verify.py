"""Walks a service's hash chain and names the first link that does not hold. Pure.

Each entry is held against itself (its hash, its key, the columns beside its body), the last against
the head, and each against the one after it. An entry whose hash was made anew after an edit agrees
with itself, but not with what follows it; the newest one not with the head.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from trimtab.adapters.breaks import Break, Fault, fault_at
from trimtab.adapters.chain import hash_of
from trimtab.adapters.descent import Descent
from trimtab.adapters.records import day_of, stamp
from trimtab.adapters.retention import is_due
from trimtab.model.kept import Due
from trimtab.model.link import Head, Link


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a walk. ``unlinked`` entries were written before the chain existed.

    ``expired`` entries are gone because their time was up. ``overdue`` ones could be, are there
    still, and have lost the entries that vouched for them: they are not among those ``checked``.
    """

    checked: int
    unlinked: int
    head: Head
    fault: Fault | None = None
    expired: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the chain ended before and after its entries were read, and at earlier anchors."""

    before: Head
    after: Head
    anchors: Mapping[int, Head] = field(default_factory=dict)


def verify(links: Iterable[Link], heads: Heads, now: datetime | None = None) -> Verified:
    """Check the entries up to the head that was read first; newer ones are still being written.

    What is missing and was due by ``now`` has expired. Without ``now`` nothing may be missing.
    """
    linked: dict[int, list[Link]] = defaultdict(list)
    unlinked: list[Link] = []
    for link in links:
        if link.n == 0:
            unlinked.append(link)
        else:
            linked[link.n].append(link)
    down = Descent(linked, heads.before, now)
    faults = [
        *_against_themselves(linked, heads.after),
        *down.faults,
        *_past_the_head(linked, heads.after),
        *_unlinked_among(unlinked, linked, down.expired > 0),
        *_against_anchors(linked, heads, now),
    ]
    first = min(faults, key=lambda fault: fault.n, default=None)
    there = sum(len(found) for n, found in linked.items() if n <= heads.before.n)
    overdue = len(down.overdue)
    return Verified(
        there - overdue, len(unlinked), heads.before, first, expired=down.expired, overdue=overdue
    )


def is_sound(link: Link) -> bool:
    """Tell whether an entry agrees with its own hash, its key and the columns beside it."""
    return hash_of(link.n, link.prev, link.body) == link.hash and not _columns_astray(link)


def _against_themselves(linked: Mapping[int, list[Link]], head: Head) -> list[Fault]:
    broken: list[Link] = []
    faults: list[Fault] = []
    for link in (link for found in linked.values() for link in found):
        if hash_of(link.n, link.prev, link.body) != link.hash:
            broken.append(link)
        elif wrong := _columns_astray(link):
            faults.append(_astray(link, wrong))
    if broken:
        faults.append(_broken(min(broken, key=lambda link: link.n), broken, head))
    return faults


def _astray(link: Link, wrong: Sequence[str]) -> Fault:
    if "service" in wrong or "id" in wrong:
        text = "it lies under a key that its body does not bear: copied or moved here"
        return fault_at(Break.INSERTED, link, text)
    return fault_at(Break.EDITED, link, f"beside its body {', '.join(wrong)} was changed")


def _broken(link: Link, broken: Sequence[Link], head: Head) -> Fault:
    """Say how an entry came to disagree with its own hash."""
    for other in broken:
        if other is not link and hash_of(link.n, link.prev, other.body) == link.hash:
            text = f"its place in the chain is that of entry {other.id}: the two were exchanged"
            return fault_at(Break.REORDERED, link, text)
    if link.n < 1 or link.n > head.n:
        text = f"it claims number {link.n} of a chain that ends at {head.n}"
        return fault_at(Break.EDITED, link, text)
    return fault_at(Break.EDITED, link, "its content is not what its hash was made of")


def _columns_astray(link: Link) -> list[str]:
    """Name the attributes beside the body that do not follow from it."""
    try:
        body = json.loads(link.body)
        at = datetime.fromisoformat(body["at"])
        deadline, until = body.get("deadline"), body.get("kept", {}).get("until")
        expected = {
            "kind": body["kind"],
            "tick": body["tick"],
            "day": day_of(at),
            "at_id": f"{stamp(at)}#{link.id}",
            **({"lever": body["lever"]} if body.get("lever") else {}),
            **({"deadline": stamp(datetime.fromisoformat(deadline))} if deadline else {}),
            **({"expires": _seconds(until)} if until else {}),
        }
        keys = {"service": str(body["service"]), "id": str(body["id"])}
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return ["body"]
    found = {**link.columns, "service": str(link.service), "id": str(link.id)}
    expected |= keys
    return sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))


def _past_the_head(linked: Mapping[int, list[Link]], head: Head) -> list[Fault]:
    beyond = min((n for n in linked if n > head.n), default=None)
    if beyond is None:
        return []
    text = f"the head of the chain is at {head.n}: put past it, or the head set back"
    return [fault_at(Break.INSERTED, linked[beyond][0], text)]


def _seconds(until: str) -> str:
    return str(int(datetime.fromisoformat(until).timestamp()))


def _unlinked_among(
    unlinked: Sequence[Link], linked: Mapping[int, list[Link]], has_expired: bool
) -> list[Fault]:
    """Find entries without a link that are not older than the chain.

    A chain whose first entry was to expire is younger than the version that began to link.
    """
    first = linked.get(1, [])
    began = min((link.columns.get("at_id", "") for link in first), default="")
    if not began and not has_expired:
        return []
    late = [link for link in unlinked if link.columns.get("at_id", began) >= began]
    text = "it has no place in the chain, yet is no older than the chain"
    return [fault_at(Break.INSERTED, link, text) for link in late]


def _against_anchors(
    linked: Mapping[int, list[Link]], heads: Heads, now: datetime | None
) -> list[Fault]:
    faults: list[Fault] = []
    for n, anchor in sorted(heads.anchors.items()):
        if n == 0:
            continue
        for due in anchor.dues or (Due(n, anchor.hash),):
            found = linked.get(due.n, [])
            if due.hash in {link.hash for link in found}:
                continue
            if not found and n <= heads.before.n and is_due(due.until, now):
                continue
            names = ", ".join(link.id for link in found)
            says = f"the anchor says that entry {due.n} had the hash {due.hash[:12]}…"
            faults.append(Fault(Break.ANCHOR, due.n, names, f"{says}; the log says another"))
        if n == heads.before.n and replace(anchor, dues=()) != replace(heads.before, dues=()):
            text = f"the anchor says that the chain ended with the hash {anchor.hash[:12]}…"
            faults.append(Fault(Break.ANCHOR, n, "", f"{text}; its head says another"))
    return faults
