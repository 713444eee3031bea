"""Walks a service's hash chain and names the first link that does not hold. Pure.

First each entry is held against itself (its hash, its key, the columns beside its body), then each
against the one before it, then the last against the head. An entry whose hash was made anew after
an edit agrees with itself, but not with what follows it; the newest one not with the head.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from trimtab.adapters.chain import START, hash_of
from trimtab.adapters.records import day_of, stamp
from trimtab.model.link import Head, Link


class Break(StrEnum):
    """How a chain is broken."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    RELINKED = "relinked"  # its hash was made anew after an edit, so that the next does not follow
    FORK = "fork"
    HEAD = "head"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fault:
    """The first bad link: where in the chain, which entry (if there is one), and what is wrong."""

    kind: Break
    n: int
    entry: str
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of a walk. ``unlinked`` entries were written before the chain existed."""

    checked: int
    unlinked: int
    head: Head
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the chain ended before and after its entries were read, and at earlier anchors."""

    before: Head
    after: Head
    anchors: Mapping[int, str] = field(default_factory=dict)


def verify(links: Iterable[Link], heads: Heads) -> Verified:
    """Check the entries up to the head that was read first; newer ones are still being written."""
    linked: dict[int, list[Link]] = defaultdict(list)
    unlinked: list[Link] = []
    for link in links:
        if link.n == 0:
            unlinked.append(link)
        else:
            linked[link.n].append(link)
    faults = [
        *_against_themselves(linked, heads.after),
        *_one_after_the_other(linked, heads),
        *_unlinked_among(unlinked, linked),
        *_against_anchors(linked, heads),
    ]
    first = min(faults, key=lambda fault: fault.n, default=None)
    checked = sum(len(found) for n, found in linked.items() if n <= heads.before.n)
    return Verified(checked, len(unlinked), heads.before, first)


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
        return _fault(Break.INSERTED, link, text)
    return _fault(Break.EDITED, link, f"beside its body {', '.join(wrong)} was changed")


def _broken(link: Link, broken: Sequence[Link], head: Head) -> Fault:
    """Say how an entry came to disagree with its own hash."""
    for other in broken:
        if other is not link and hash_of(link.n, link.prev, other.body) == link.hash:
            text = f"its place in the chain is that of entry {other.id}: the two were exchanged"
            return _fault(Break.REORDERED, link, text)
    if link.n < 1 or link.n > head.n:
        text = f"it claims number {link.n} of a chain that ends at {head.n}"
        return _fault(Break.EDITED, link, text)
    return _fault(Break.EDITED, link, "its content is not what its hash was made of")


def _columns_astray(link: Link) -> list[str]:
    """Name the attributes beside the body that do not follow from it."""
    try:
        body = json.loads(link.body)
        at = datetime.fromisoformat(body["at"])
        deadline = body.get("deadline")
        expected = {
            "kind": body["kind"],
            "tick": body["tick"],
            "day": day_of(at),
            "at_id": f"{stamp(at)}#{link.id}",
            **({"lever": body["lever"]} if body.get("lever") else {}),
            **({"deadline": stamp(datetime.fromisoformat(deadline))} if deadline else {}),
        }
        keys = {"service": str(body["service"]), "id": str(body["id"])}
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return ["body"]
    found = {**link.columns, "service": str(link.service), "id": str(link.id)}
    expected |= keys
    return sorted(n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n))


def _one_after_the_other(linked: Mapping[int, list[Link]], heads: Heads) -> list[Fault]:
    """Go along the chain to its first break: what comes after it cannot be told."""
    last = START
    for n in range(1, heads.before.n + 1):
        found = linked.get(n, [])
        if not found:
            return [_missing(n, last, linked, heads.before)]
        if len(found) > 1:
            return [_fork(found, linked.get(n + 1, []), last)]
        [link] = found
        if link.prev != last.hash:
            text = f"it does not follow entry {n - 1}: one of the two was replaced and hashed anew"
            return [_fault(Break.RELINKED, link, text)]
        last = Head(n, link.hash)
    faults: list[Fault] = []
    if last != heads.before:
        text = "the head of the chain has another hash: the newest entry, or the head, was replaced"
        faults.append(Fault(Break.HEAD, max(last.n, 1), "", text))
    for n in sorted(linked):
        if n > heads.after.n:
            text = f"the head of the chain is at {heads.after.n}: put past it, or the head set back"
            faults.append(_fault(Break.INSERTED, linked[n][0], text))
            break
    return faults


def _missing(n: int, last: Head, linked: Mapping[int, list[Link]], head: Head) -> Fault:
    for link in (link for found in linked.values() for link in found):
        if link.prev == last.hash:
            text = f"it follows entry {n - 1}, but its number was changed to {link.n}"
            return Fault(Break.EDITED, n, str(link.id), text)
    return Fault(Break.DELETED, n, "", f"no entry has number {n}; the chain has {head.n}")


def _fork(found: Sequence[Link], following: Sequence[Link], last: Head) -> Fault:
    """Name the one of several with one number that does not belong to the chain."""
    kept = {link.prev for link in following}
    astray = [link for link in found if link.prev != last.hash or (kept and link.hash not in kept)]
    link = (astray or found)[-1]
    names = ", ".join(sorted(link.id for link in found))
    return _fault(Break.FORK, link, f"{len(found)} entries have number {link.n}: {names}")


def _unlinked_among(unlinked: Sequence[Link], linked: Mapping[int, list[Link]]) -> list[Fault]:
    """Find entries without a link that are not older than the chain."""
    first = linked.get(1, [])
    began = min((link.columns.get("at_id", "") for link in first), default="")
    if not began:
        return []
    late = [link for link in unlinked if link.columns.get("at_id", began) >= began]
    text = "it has no place in the chain, yet is no older than the chain"
    return [_fault(Break.INSERTED, link, text) for link in late]


def _against_anchors(linked: Mapping[int, list[Link]], heads: Heads) -> list[Fault]:
    faults: list[Fault] = []
    for n, expected in sorted(heads.anchors.items()):
        if n == 0 or expected in {link.hash for link in linked.get(n, [])}:
            continue
        names = ", ".join(link.id for link in linked.get(n, []))
        text = f"the anchor says that entry {n} had the hash {expected[:12]}…; the log says another"
        faults.append(Fault(Break.ANCHOR, n, names, text))
    return faults


def _fault(kind: Break, link: Link, text: str) -> Fault:
    return Fault(kind, max(link.n, 0), str(link.id), text)
