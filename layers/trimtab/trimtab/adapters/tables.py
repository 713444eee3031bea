"""Three tables as the store and the ledger need them: conditional, transactional, by key and time.

The words of DynamoDB without DynamoDB: ``aws.tables`` speaks them to AWS, the lab's simulator to a
dictionary, and one store and one ledger stand on both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from trimtab.errors import Conflict, Refused

Value = str | int | bool | bytes
Item = Mapping[str, Value]

MOST_WRITES = 100
MOST_ITEM_BYTES = 400 * 1024
MOST_TRANSACTION_BYTES = 4 * 1024 * 1024


class Table(Enum):
    """The tables, each with the names of its keys. ``LOG`` also has an index by day."""

    MEMORY = ("service", "item")
    LOG = ("service", "id")
    TICKS = ("service", "at")

    def key_of(self, item: Item) -> Key:
        """Return the key of one of this table's items."""
        partition, sort = self.value
        return Key(self, str(item[partition]), str(item[sort]))


LOG_BY_DAY = ("day", "at_id")
"""Key names of the log's index by day."""


@dataclass(frozen=True, slots=True)
class Key:
    """Where one item lies."""

    table: Table
    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Put:
    """Write an item, if its place holds what is expected.

    ``expected`` is the ``version`` that must be there, 0 for nothing at all, ``None`` for whatever.
    ``what`` names it for people, should it fail.
    """

    table: Table
    item: Item
    what: str
    expected: int | None = 0


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but let the transaction fail unless an item is at ``expected``."""

    key: Key
    what: str
    expected: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove an item, if it is there."""

    key: Key
    what: str


@dataclass(frozen=True, slots=True)
class Add:
    """Add ``by`` to the count ``n`` of an item, which begins at nothing.

    ``most``: the transaction fails if there would be more than that. Unlike a ``Put`` it does not
    care what others have added meanwhile. ``values`` are set beside the count.
    """

    key: Key
    what: str
    by: int
    most: int | None = None
    values: Mapping[str, Value] = field(default_factory=dict)


Write = Put | Check | Remove | Add


@dataclass(frozen=True, slots=True)
class Range:
    """Items of one partition with ``low <= sort key < high``, in order of the sort key.

    ``by_day``: of the log's index by day, where ``service`` may narrow to one service.
    """

    table: Table
    partition: str
    low: str = ""
    high: str = ""
    newest_first: bool = False
    limit: int | None = None
    by_day: bool = False
    service: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a read of many keys found. ``unread`` could not be told: neither there nor absent."""

    items: Mapping[Key, Item]
    unread: frozenset[Key] = frozenset()


class LostRace(Conflict):
    """Nothing was written, for somebody else wrote first.

    ``taken`` numbers the writes whose place did not hold what they expected, ``contended`` those
    that another transaction was just writing.
    """

    def __init__(
        self, told: str, taken: frozenset[int], contended: frozenset[int] = frozenset()
    ) -> None:
        """Say which writes lost."""
        super().__init__(f"nothing was written, for somebody else wrote first ({told})")
        self.taken = taken
        self.contended = contended

    def only(self, number: int) -> bool:
        """Whether one write alone stood in the way."""
        return self.taken | self.contended == {number}


class Tables(Protocol):
    """The operations. All raise the errors of ``trimtab.errors``; ``get``s read consistently."""

    def get(self, key: Key) -> Item | None:
        """One item."""
        ...

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Those items that exist."""
        ...

    def query(self, wanted: Range) -> Iterator[Item]:
        """A range, read on as far as it is consumed."""
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes or none; ``LostRace`` if one found something else than expected."""
        ...


def size_of(item: Item) -> int:
    """Return the bytes DynamoDB counts for an item, near enough and never less."""
    return sum(len(name.encode()) + _width(value) for name, value in item.items())


def refuse_oversized(writes: Sequence[Write]) -> None:
    """Raise ``Refused`` for a transaction that no table would take, saying what is too big."""
    if len(writes) > MOST_WRITES:
        raise Refused(
            f"{len(writes)} writes in one transaction, at most {MOST_WRITES} are possible; "
            "fold several log entries into one"
        )
    total = 0
    for write in writes:
        size = size_of(write.item) if isinstance(write, Put) else 0
        if size > MOST_ITEM_BYTES:
            raise Refused(f"{write.what}: {size:,} bytes, an item holds {MOST_ITEM_BYTES:,}")
        total += size
    if total > MOST_TRANSACTION_BYTES:
        raise Refused(f"{total:,} bytes in one transaction, it holds {MOST_TRANSACTION_BYTES:,}")


def _width(value: Value) -> int:
    if isinstance(value, bytes):
        return len(value)
    return len(str(value).encode()) + 1
