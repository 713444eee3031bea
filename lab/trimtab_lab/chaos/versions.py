"""The tables as the version before this one would read and write them, side by side with ours.

``version_before.json`` records every stored value's fields and codes as that version knew them:
before operators could ask for anything. It was strict, as ours is: what it did not know it refused
to read. And it wrote without what it did not know.
"""

from __future__ import annotations

import dataclasses
import json
import typing
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from trimtab.adapters.chain import hash_of, link_of
from trimtab.adapters.records import SERVICES
from trimtab.adapters.tables import Found, Item, Key, Put, Range, Table, Tables, Value, Write
from trimtab.model.entry import Entry
from trimtab.model.link import Head
from trimtab.model.memory import Memory
from trimtab.model.policy import Policy
from trimtab.model.tick import Pause
from trimtab.ports import Listed

KNOWN: Mapping[str, frozenset[str]] = {
    name: frozenset(what)
    for name, what in json.loads(
        Path(__file__).with_name("version_before.json").read_text()
    ).items()
}
"""Fields of each dataclass and values of each enumeration, as the version before had them."""
UNREADABLE = "written by a newer version"


class TablesBefore:
    """Tables for a function of the version before: blind to new items, refusing new fields."""

    def __init__(self, inner: Tables) -> None:
        self._inner = inner

    def get(self, key: Key) -> Item | None:
        """One item, if that version would have asked for it."""
        found = self._inner.get(key)
        return None if found is None else _as_read(found, key)

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Those items that exist and were known of."""
        found = self._inner.get_many(keys)
        read = {key: _as_read(item, key) for key, item in found.items.items()}
        return Found({key: item for key, item in read.items() if item is not None}, found.unread)

    def query(self, wanted: Range) -> Iterator[Item]:
        """A range."""
        for item in self._inner.query(wanted):
            read = _as_read(item, wanted.table.key_of(item))
            if read is not None:
                yield read

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes that version would have made, as it would have made them."""
        self._inner.write(list(_linked(_as_written(write) for write in writes)))


def _kind_at(key: Key) -> type | None:
    """What that version expected to find at a place; ``None`` where it never looked."""
    if key.table is Table.LOG:
        return Entry
    if key.table is not Table.MEMORY:
        return None
    if key.partition == SERVICES:
        return Listed
    if key.sort.startswith("policy#"):
        return Policy
    return {"memory": Memory, "pause": Pause}.get(key.sort)


def _is_chain(key: Key) -> bool:
    return key.table is Table.MEMORY and key.partition.startswith("chain#")


def _as_read(item: Item, key: Key) -> Item | None:
    kind = _kind_at(key)
    if _is_chain(key):
        return item
    if kind is None:
        return None
    readable = not any(_unknown(kind, json.loads(_text(item))))
    return item if readable else {**item, "body": UNREADABLE}


def _as_written(write: Write) -> Write | None:
    if not isinstance(write, Put) or write.table is Table.TICKS:
        return write
    key = write.table.key_of(write.item)
    kind = _kind_at(key)
    if kind is None:
        return write if _is_chain(key) else None
    data = json.loads(_text(write.item))
    if not any(_unknown(kind, data)):
        return write
    if key.table is Table.LOG and data.get("kind") not in KNOWN["Kind"]:
        return None
    body: str | bytes = json.dumps(_less(kind, data), sort_keys=True, separators=(",", ":"))
    if isinstance(write.item["body"], bytes):
        body = zlib.compress(str(body).encode())
    return replace(write, item={**write.item, "body": body})


def _linked(writes: Iterator[Write | None]) -> Iterator[Write]:
    """Hash entries anew whose text has changed, in the order they are written."""
    last: Head | None = None
    for write in writes:
        if write is None:
            continue
        if isinstance(write, Put) and write.table is Table.LOG:
            link = link_of(write.item)
            before = last or Head(link.n - 1, link.prev)
            last = Head(before.n + 1, hash_of(before.n + 1, before.hash, link.body))
            linked: dict[str, Value] = {"n": last.n, "prev": before.hash, "hash": last.hash}
            yield replace(write, item={**write.item, **linked})
        elif isinstance(write, Put) and last and _is_chain(write.table.key_of(write.item)):
            moved: dict[str, Value] = {"n": last.n, "version": last.n, "hash": last.hash}
            yield replace(write, item={**write.item, **moved})
        else:
            yield write


def _text(item: Item) -> str:
    body = item.get("body", "")
    return zlib.decompress(body).decode() if isinstance(body, bytes) else str(body)


def _unknown(hint: Any, data: Any) -> Iterator[str]:
    """Name what the version before did not know in stored data of this type."""
    kind = _kind_of(hint, data)
    if data is None or kind is None:
        return
    if isinstance(kind, type) and issubclass(kind, Enum):
        if data not in KNOWN.get(kind.__name__, ()):
            yield str(data)
        return
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        known = KNOWN.get(kind.__name__, frozenset()) | {"is"}
        yield from (name for name in data if name not in known)
    for inner, held in _parts(kind, data):
        yield from _unknown(inner, held)


def _less(hint: Any, data: Any) -> Any:
    """Leave out the fields that the version before did not know."""
    kind = _kind_of(hint, data)
    if data is None or kind is None:
        return data
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        known = KNOWN.get(kind.__name__, frozenset()) | {"is"}
        return {
            name: held if name == "is" else _less(hints[name], held)
            for name, held in data.items()
            if name in known
        }
    arguments = typing.get_args(kind)
    if isinstance(data, dict) and len(arguments) == 2:
        return {name: _less(arguments[1], held) for name, held in data.items()}
    if isinstance(data, list) and arguments:
        return [_less(arguments[0], held) for held in data]
    return data


def _kind_of(hint: Any, data: Any) -> Any:
    """The type that data is of, where the hint names several."""
    if isinstance(hint, typing.NewType):
        return hint.__supertype__
    members = [a for a in typing.get_args(hint) if a is not type(None)]
    if typing.get_origin(hint) in (tuple, frozenset) or not _is_union(hint):
        return hint
    if isinstance(data, dict) and "is" in data:
        return next((m for m in members if m.__name__ == data["is"]), members[0])
    return members[0]


def _is_union(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    return origin is not None and origin.__name__ in ("Union", "UnionType")


def _parts(kind: Any, data: Any) -> Iterator[tuple[Any, Any]]:
    """The values in an object, a mapping or a list, each with its type."""
    arguments = typing.get_args(kind)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        yield from ((hints[name], held) for name, held in data.items() if name != "is")
    elif isinstance(data, dict) and len(arguments) == 2:
        yield from ((arguments[0], name) for name in data)
        yield from ((arguments[1], held) for held in data.values())
    elif isinstance(data, list) and arguments:
        yield from ((arguments[0], held) for held in data)


__all__ = ["KNOWN", "TablesBefore"]
