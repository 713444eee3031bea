"""The hash chain of a service's log: what an entry's ``hash`` is, and the writes that make it.

Every entry carries ``n`` (1, 2, 3 ... per service, in the order of writing), ``prev`` (the ``hash``
of entry ``n - 1``; 64 zeros for the first) and::

    hash = SHA-256 of the UTF-8 text  [n,"prev",body]      in lower-case hexadecimal

``body`` is the attribute ``body`` exactly as it is stored, which is canonical JSON (keys sorted, no
spaces, ASCII), so the whole text is the canonical JSON of the list of the three. With a shell::

    printf '[%s,"%s",%s]' "$n" "$prev" "$body" | sha256sum

The head of the chain (``n`` and ``hash`` of the newest entry) is an item of its own, in the Memory
table under the partition ``chain#<service>``, and moves in the transaction that writes the entries.
Where entries are not kept for ever it also says until when they are (``dues``), as each of them
says of those before it: see ``trimtab.adapters.retention``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from trimtab import codec
from trimtab.adapters import records
from trimtab.adapters.retention import dues_after, kept_after
from trimtab.adapters.tables import Item, Key, LostRace, Put, Table, Tables, Value, Write
from trimtab.errors import Malformed
from trimtab.model.entry import Entry
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.kept import Due
from trimtab.model.link import Head, Link

START = Head(0, "0" * 64)
"""Before the first entry."""
TRIES = 8
"""Of a write that lost only the race for the chain's head. Each loss is somebody else's gain."""


def hash_of(n: int, prev: str, body: str) -> str:
    """Return the hash of entry ``n`` after the one whose hash is ``prev``."""
    # ours is ASCII; what somebody put in its place must still be hashed, to be found out
    text = f'[{n},"{prev}",{body}]'.encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()


def head_key(service: ServiceId) -> Key:
    """Where the head of a service's chain lies: apart, so that a role can be given no more."""
    return Key(Table.MEMORY, f"chain#{service}", "head")


def head_of(item: Item | None) -> Head:
    """Read a head; the start of the chain if there is none."""
    if item is None:
        return START
    n, text = item.get("n"), item.get("hash")
    if not isinstance(n, int) or not isinstance(text, str) or item.get("version") != n:
        raise Malformed(f"{item['service']!s} holds no head of a chain: its n is {n!r}")
    dues = item.get("dues", "[]")
    return Head(n, text, codec.loads(tuple[Due, ...], dues if isinstance(dues, str) else ""))


def link_of(item: Item) -> Link:
    """Read how an item of the log hangs in its chain, without judging it."""
    n = item.get("n", 0)
    columns = {name: _column(name, item[name]) for name in records.COLUMNS if name in item}
    prev, own, body = (str(item.get(name, "")) for name in ("prev", "hash", "body"))
    whose, where = ServiceId(str(item["service"])), EntryId(str(item["id"]))
    return Link(whose, where, n if isinstance(n, int) else -1, prev, own, body, columns)


def _column(name: str, value: Value) -> str:
    """Write an attribute as text; one of another kind like nothing that follows from a body."""
    expected = int if name == "expires" else str
    return str(value) if type(value) is expected else f"not {expected.__name__}: {value!r}"


def write_linked(
    tables: Tables,
    service: ServiceId,
    entries: Sequence[Entry],
    others: Sequence[Write] = (),
    keep: timedelta | None = None,
) -> None:
    """Write ``others`` and a service's next entries, to be kept so long, all or nothing.

    ``keep`` is ``None`` for ever. When somebody else appended meanwhile and nothing else is in the
    way, the entries are linked anew. Raises ``LostRace``, whose numbers are those of ``others``
    first and then the entries.
    """
    if not entries:
        tables.write(others)
        return
    for left in range(TRIES - 1, -1, -1):
        head = head_of(tables.get(head_key(service)))
        try:
            tables.write([*others, *_links(service, entries, head, keep)])
        except LostRace as lost:
            if not left or not lost.only(len(others) + len(entries)):
                raise
        else:
            return


def _links(
    service: ServiceId, entries: Sequence[Entry], after: Head, keep: timedelta | None
) -> list[Write]:
    """Put entries behind ``after``, and the head behind them."""
    writes: list[Write] = []
    head = after
    for entry in entries:
        kept = kept_after(head, entry.at, keep)
        item = records.entry_item(replace(entry, kept=kept))
        n = head.n + 1
        linked = Head(n, hash_of(n, head.hash, str(item["body"])))
        item = {**item, "n": n, "prev": head.hash, "hash": linked.hash}
        writes.append(Put(Table.LOG, item, f"log entry {entry.service}/{entry.id}"))
        head = replace(linked, dues=dues_after(head, linked, kept))
    key = head_key(service)
    moved: dict[str, Value] = {"service": key.partition, "item": key.sort, "version": head.n}
    moved |= {"n": head.n, "hash": head.hash}
    if head.dues:
        moved["dues"] = codec.dumps(head.dues)
    writes.append(Put(Table.MEMORY, moved, f"head of the chain of {service}", after.n))
    return writes
