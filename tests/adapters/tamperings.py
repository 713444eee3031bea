"""Everything that can be done to one entry of a log, and at which numbers that may be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.builders import an_entry, at
from trimtab.adapters import records
from trimtab.adapters.breaks import Fault
from trimtab.adapters.chain import START, hash_of, link_of
from trimtab.adapters.tables import Item
from trimtab.adapters.verify import Heads, verify
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.link import Head


def entries(size: int) -> Iterator[Entry]:
    """Intents and their outcomes, and notes with little in them."""
    for number in range(size):
        intent = an_entry(when=at(number // 2), seed=str(number // 2))
        match number % 4:
            case 1:
                done = replace(intent, id=outcome_id(intent.id), kind=Kind.APPLIED, deadline=None)
                yield replace(done, intent=intent.id, by="act")
            case 3:
                bare = replace(intent, id=EntryId(f"{intent.id}x"), kind=Kind.NOTED, lever=None)
                yield replace(bare, change=None, inverse=None, deadline=None)
            case _:
                yield intent


def number_of(item: Item) -> int:
    return int(item["n"])


@dataclass(frozen=True)
class Tampering:
    """Items put in and taken out, and the numbers at which the first bad link may be seen."""

    what: str
    seen_at: frozenset[int]
    put: tuple[Item, ...] = ()
    gone: tuple[str, ...] = ()


def rehashed(item: Item, **changes: Any) -> Item:
    """The item changed, its hash made anew so that it agrees with itself."""
    new = {**item, **changes}
    return {**new, "hash": hash_of(int(new["n"]), str(new["prev"]), str(new["body"]))}


def without(item: Item, name: str) -> Item:
    return {key: value for key, value in item.items() if key != name}


def edits(item: Item) -> Iterator[Tampering]:
    """Every attribute of an item and every field of its body changed, or taken away."""
    n = number_of(item)
    here, after = frozenset({n}), frozenset({n, n + 1})
    for name in (*records.COLUMNS, "prev", "hash"):
        yield Tampering(f"{name} changed", here, ({**item, name: "other"},))
        if name in item:
            yield Tampering(f"{name} removed", here, (without(item, name),))
    for number in (0, -1, n + 1, n + 7):
        yield Tampering(f"n is {number}", frozenset({0, n, number}), ({**item, "n": number},))
    yield Tampering("n removed", frozenset({0, n}), (without(item, "n"),))
    yield Tampering("prev made up", here, (rehashed(item, prev="f" * 64),))
    yield Tampering("number made up", frozenset({n, n + 1}), (rehashed(item, n=n + 1),))
    yield Tampering("a body cut short", here, ({**item, "body": str(item["body"])[:-1]},))
    yield Tampering("moved to another key", here, ({**item, "id": "Z"},), (str(item["id"]),))
    for what, body in other_bodies(json.loads(str(item["body"]))):
        yield Tampering(what, here, ({**item, "body": body},))
        yield Tampering(f"{what}, hashed anew", after, (rehashed(item, body=body),))


def other_bodies(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The body with one field changed, or taken away, at every depth."""
    for path, part in places(body):
        for key in list(part):
            held = part.pop(key)
            yield f"{path}{key} removed", canonical(body)
            part[key] = f"{held}?" if isinstance(held, str) else "?"
            yield f"{path}{key} changed", canonical(body)
            part[key] = held


def places(part: dict[str, Any], path: str = "body.") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, part
    for key in list(part):
        if isinstance(part[key], dict):
            yield from places(part[key], f"{path}{key}.")


def canonical(body: object) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def insertions(item: Item, last: Item) -> Iterator[Tampering]:
    """Entries that were never appended: copies and forgeries, also behind the last."""
    n, new = number_of(item), f"{item['id']!s}#forged"
    here = frozenset({n})
    copied = {**item, "id": new}
    body = canonical({**json.loads(str(item["body"])), "id": new})
    forged = {**copied, "body": body, "at_id": f"{item['at_id']!s}#forged"}
    behind = rehashed(forged, n=number_of(last) + 1, prev=last["hash"])
    bare = {k: v for k, v in forged.items() if k not in ("n", "prev", "hash")}
    yield Tampering("a copy", here, (copied,))
    yield Tampering("a forgery", here, (forged,))
    yield Tampering("a forgery, hashed", here, (rehashed(forged),))
    yield Tampering("a forgery that follows it", frozenset({n + 1}), (follower(forged, item),))
    yield Tampering("a forgery without a link", frozenset({0}), (bare,))
    yield Tampering("behind the last", frozenset({number_of(last) + 1}), (behind,))


def follower(forged: Item, item: Item) -> Item:
    return rehashed(forged, n=number_of(item) + 1, prev=item["hash"])


def exchanges(one: Item, other: Item) -> Iterator[Tampering]:
    """Two entries in each other's place, with and without hashes made anew."""
    n = number_of(one)
    link = ("n", "prev", "hash")
    swapped = (
        {**one, **{name: other[name] for name in link}},
        {**other, **{name: one[name] for name in link}},
    )
    yield Tampering("exchanged", frozenset({n}), swapped)
    anew = (rehashed(swapped[0]), rehashed(swapped[1]))
    yield Tampering("exchanged, hashed anew", frozenset({n, n + 1}), anew)
    bodies = ({**one, "body": other["body"]}, {**other, "body": one["body"]})
    yield Tampering("bodies exchanged", frozenset({n}), bodies)


def tamperings(items: Sequence[Item], index: int) -> Iterator[Tampering]:
    """Everything that can be done to one entry, and its exchange with each neighbour."""
    item = items[index]
    yield from edits(item)
    yield Tampering("deleted", frozenset({number_of(item)}), gone=(str(item["id"]),))
    yield from insertions(item, items[-1])
    if index + 1 < len(items):
        yield from exchanges(item, items[index + 1])


def found_in(
    items: Sequence[Item], head: Head, done: Tampering, now: datetime | None = None
) -> Fault | None:
    """What is said of a log as it would lie in the table."""
    lying = {str(item["id"]): item for item in items if item["id"] not in done.gone}
    lying |= {str(item["id"]): item for item in done.put}
    return verify((link_of(item) for item in lying.values()), Heads(head, head), now).fault


@dataclass(frozen=True)
class Part:
    """Some entries of a log as a log of their own: the same bodies, linked anew from the start."""

    items: tuple[Item, ...]
    head: Head


def part_of(items: Sequence[Item]) -> Part:
    linked: list[Item] = []
    last = START
    for n, item in enumerate(items, 1):
        linked.append(rehashed(item, n=n, prev=last.hash))
        last = Head(n, str(linked[-1]["hash"]))
    return Part(tuple(linked), last)
