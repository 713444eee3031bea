"""The state ports in memory: the same store and ledger as on AWS, over dictionaries.

What lies in a table is JSON text or bytes, so nothing that was read can change what is stored.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.records import deduplication_of
from trimtab.adapters.reports import TableReports
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import (
    Add,
    Check,
    Found,
    Item,
    Key,
    LostRace,
    Put,
    Range,
    Remove,
    Table,
    Write,
    refuse_oversized,
)
from trimtab.adapters.tellings import TableTellings
from trimtab.channels import TopicChannel
from trimtab.errors import Refused
from trimtab.model.tick import Ask
from trimtab.notify import Teller

REMEMBERED_TAKES = 5


class DictTables:
    """The tables in memory: conditions, transactions and order as DynamoDB has them."""

    def __init__(self) -> None:
        self._items: dict[Key, Item] = {}
        # each partition's keys in order of their sort keys: of a table, and of the index by day
        self._rows: dict[tuple[Table, str], list[tuple[str, Key]]] = defaultdict(list)
        self._days: dict[str, list[tuple[str, Key]]] = defaultdict(list)
        self._lock = threading.RLock()

    def get(self, key: Key) -> Item | None:
        """One item."""
        return self._items.get(key)

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Those items that exist."""
        with self._lock:
            return Found({key: self._items[key] for key in keys if key in self._items})

    def query(self, wanted: Range) -> Iterator[Item]:
        """A range, as it is when the first item is taken."""
        with self._lock:
            found = self._found(wanted)
        yield from found[: wanted.limit]

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes or none."""
        refuse_oversized(writes)
        with self._lock:
            lost = [n for n, write in enumerate(writes) if not self._holds(write)]
            if lost:
                raise LostRace("; ".join(writes[n].what for n in lost), frozenset(lost))
            for write in writes:
                match write:
                    case Put():
                        self._put(write)
                    case Remove():
                        self._remove(write.key)
                    case Check():
                        pass
                    case Add():
                        self._add(write)
                    case _:
                        assert_never(write)

    def _holds(self, write: Write) -> bool:
        if isinstance(write, Remove):
            return True
        if isinstance(write, Add):
            return write.most is None or self._count(write.key) + write.by <= write.most
        key = write.table.key_of(write.item) if isinstance(write, Put) else write.key
        held = self._items.get(key)
        if write.expected is None:
            return True
        if write.expected == 0:
            return held is None
        return held is not None and held.get("version") == write.expected

    def _put(self, put: Put) -> None:
        key, item = put.table.key_of(put.item), dict(put.item)
        if key not in self._items:
            insort(self._rows[put.table, key.partition], (key.sort, key), key=_sort)
            if "at_id" in item:
                insort(self._days[str(item["day"])], (str(item["at_id"]), key), key=_sort)
        self._items[key] = item

    def _count(self, key: Key) -> int:
        n = self._items.get(key, {}).get("n", 0)
        if not isinstance(n, int):
            raise Refused(f"nothing was written, DynamoDB refuses it (n of {key.sort} is {n!r})")
        return n

    def _add(self, add: Add) -> None:
        partition, sort = add.key.table.value
        held = self._items.get(add.key, {})
        item = {**held, partition: add.key.partition, sort: add.key.sort, **add.values}
        self._put(Put(add.key.table, {**item, "n": self._count(add.key) + add.by}, add.what, None))

    def _remove(self, key: Key) -> None:
        item = self._items.pop(key, None)
        if item is None:
            return
        self._rows[key.table, key.partition].remove((key.sort, key))
        if "at_id" in item:
            self._days[str(item["day"])].remove((str(item["at_id"]), key))

    def _found(self, wanted: Range) -> list[Item]:
        rows = (
            self._days.get(wanted.partition, [])
            if wanted.by_day
            else self._rows.get((wanted.table, wanted.partition), [])
        )
        first = bisect_left(rows, wanted.low, key=_sort)
        last = bisect_left(rows, wanted.high, key=_sort) if wanted.high else len(rows)
        keys = [key for _, key in rows[first:last] if wanted.service in ("", key.partition)]
        return [self._items[key] for key in (keys[::-1] if wanted.newest_first else keys)]


class ListQueue:
    """Port ``Queue`` in memory: asks wait in order until they are taken.

    What was asked is asked once; as SQS does, it is forgotten after about five minutes, told here
    by as many takes: a clock that was set back asks for the same minutes again.
    """

    def __init__(self) -> None:
        self._waiting: list[Ask] = []
        self._asked: deque[set[str]] = deque([set()], maxlen=REMEMBERED_TAKES)

    def ask(self, asks: Sequence[Ask]) -> None:
        """Send; the same service asked twice for the same minute and cause is asked once."""
        for ask in asks:
            name = deduplication_of(ask)
            if not any(name in names for names in self._asked):
                self._asked[-1].add(name)
                self._waiting.append(ask)

    def take(self) -> tuple[Ask, ...]:
        """Take all that waits."""
        taken, self._waiting = tuple(self._waiting), []
        self._asked.append(set())
        return taken


@dataclass(frozen=True, slots=True)
class Told:
    """One message that people got."""

    subject: str
    text: str
    attributes: Mapping[str, str]


class ListTopic:
    """Port ``Topic`` in memory: what was told, in order."""

    def __init__(self) -> None:
        self.told: list[Told] = []

    def tell(self, subject: str, text: str, attributes: Mapping[str, str]) -> None:
        """Send one message."""
        self.told.append(Told(subject, text, dict(attributes)))


class InMemory:
    """All the state ports of one deployment, in memory; ``keep=None`` records no ticks."""

    def __init__(self, keep: timedelta | None = timedelta(days=14)) -> None:
        self.tables = DictTables()
        self.store = TableStore(self.tables)
        self.ledger = TableLedger(self.tables, keep)
        self.queue = ListQueue()
        self.topic = ListTopic()
        self.tellings = TableTellings(self.tables)
        self.reports = TableReports(self.tables)
        self.teller = Teller(self.tellings, (TopicChannel(self.topic),))


def _sort(row: tuple[str, Key]) -> str:
    return row[0]
