"""The ports as one invocation has them: at every call the dice may stop, break or blind it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from trimtab.adapters.records import BLAST
from trimtab.adapters.tables import Found, Item, Key, Put, Range, Table, Tables, Write
from trimtab.errors import Denied, Refused, Throttled, Unclear
from trimtab.model.change import Change
from trimtab.model.entry import Call
from trimtab.model.ids import EntryId, InstanceId
from trimtab.model.reason import Reason
from trimtab.model.tick import Ask
from trimtab.ports import Queue
from trimtab_lab.chaos.baton import Crashed, Invocation
from trimtab_lab.chaos.plan import Dice, Trouble
from trimtab_lab.simulator.ports import WorldHands
from trimtab_lab.world.world import World

A_PAGE = 40
"""Items of a query's page: few, so that a log of an hour has several."""
T = TypeVar("T")
K = TypeVar("K")


class Watch(Protocol):
    """Who is told of everything that takes effect."""

    def counted(self) -> None:
        """Somebody read what all services have lost."""
        ...

    def wrote(self, at: Gate, writes: Sequence[Write], before: Sequence[Item | None]) -> None:
        """Tables took these writes; ``before`` is what lay at each place."""
        ...

    def before_change(self, at: Gate, change: Change) -> None:
        """The world is about to be asked for a change."""
        ...

    def after_change(self, at: Gate, change: Change) -> None:
        """The world has made the change."""
        ...


class Struck(Protocol):
    """Who counts what went wrong."""

    struck: int


@dataclass(slots=True)
class Gate:
    """One invocation's way to the outside, and what it has seen there."""

    running: Invocation
    dice: Dice
    watch: Watch
    tell: Callable[[str], None]
    sleep: Callable[[Invocation], None]
    now: datetime
    """The invocation's own clock, which may be wrong."""
    intent: EntryId | None = None
    """Which intent an act invocation is carrying out."""
    began: int = 0
    """How many things had happened in the campaign when it began."""
    is_old: bool = False
    """Whether it runs the version before this one."""
    pauses_read: bool = False
    tagged: frozenset[InstanceId] | Reason | None = None
    """Whom it has read nobody is to touch; ``None`` if it has not asked."""
    before: object = None
    """What its change is about, as it was."""
    seen: dict[str, object] = field(default_factory=dict)
    """The newest answers of the world, by AWS name."""
    counts_for: Struck | None = None
    """Who counts what goes wrong in it."""

    def call(self, what: str, do: Callable[[], T]) -> T:
        """Stop for the baton, then make the call, as the dice will have it."""
        if self.dice.strikes(Trouble.DELAY, what):
            self.sleep(self.running)
            self._count()
        self.running.stop()
        if self.dice.strikes(Trouble.THROTTLE, what):
            self.say(f"{what}: throttled")
            raise Throttled(f"{what}: too many calls")
        if self.dice.strikes(Trouble.DENY, what):
            self.say(f"{what}: denied")
            raise Denied(f"{what}: not authorized")
        unclear, crash = (
            self.dice.strikes(Trouble.UNCLEAR, what),
            self.dice.strikes(Trouble.CRASH, what),
        )
        half = self.dice.of(Trouble.UNCLEAR if unclear else Trouble.CRASH).random() < 0.5
        if half and (unclear or crash):
            self._break(what, unclear, "before it took effect")
        answer = do()
        if unclear or crash:
            self._break(what, unclear, "after it took effect")
        return answer

    def _break(self, what: str, unclear: bool, when: str) -> None:
        self.say(f"{what}: {'timed out' if unclear else 'crashed'} {when}")
        if unclear:
            raise Unclear(f"{what}: no answer in time")
        raise Crashed

    def first(self, what: str) -> Callable[[str], None]:
        """Return what stops before every AWS call of one port call but the first.

        Before that one the port call itself has stopped. In between others go on; a call that
        fails here has had no effect.
        """
        made: list[str] = []

        def before(operation: str) -> None:
            made.append(operation)
            if len(made) > 1:
                self.call(f"{what}: {operation}", lambda: None)

        return before

    def say(self, text: str) -> None:
        """Add a line to the story, in its own name."""
        self._count()
        self.tell(f"{self.running.name}: {text}")

    def _count(self) -> None:
        if self.counts_for is not None:
            self.counts_for.struck += 1


class GatedTables:
    """The tables, behind a gate. What the port may gain passes through ungated."""

    def __init__(self, inner: Tables, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def get(self, key: Key) -> Item | None:
        """One item."""
        return self._gate.call(f"get {key.sort}", lambda: self._inner.get(key))

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Those items that exist; whether pauses were among them is remembered."""
        asks_pauses = any(key.sort == "pause" for key in keys)
        if asks_pauses:
            self._gate.pauses_read = False
        what = _named(keys)
        found = self._gate.call(what, lambda: self._inner.get_many(keys))
        if self._gate.dice.strikes(Trouble.FULL, what):
            found = _in_part(found, keys, self._gate.dice.of(Trouble.FULL))
            self._gate.say(f"{what}: {len(found.unread)} were not answered")
        if any(key.partition == BLAST for key in keys):
            self._gate.watch.counted()
        if asks_pauses and not any(key.sort == "pause" for key in found.unread):
            self._gate.pauses_read = True
        return found

    def query(self, wanted: Range) -> Iterator[Item]:
        """A range, page by page where it is read forward: others go on between two pages."""
        what = f"query {wanted.partition}"
        if wanted.by_day or wanted.newest_first or wanted.limit is not None:
            yield from self._gate.call(what, lambda: list(self._inner.query(wanted)))
            return
        page, low = [], wanted.low
        while True:
            part = replace(wanted, low=low, limit=A_PAGE)
            page = self._gate.call(what, partial(_listed, self._inner, part))
            yield from page
            if len(page) < A_PAGE:
                return
            low = f"{wanted.table.key_of(page[-1]).sort}\x00"

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes or none."""

        def do() -> None:
            before = [self._inner.get(key_of(write)) for write in writes]
            self._inner.write(writes)
            self._gate.watch.wrote(self._gate, writes, before)

        what = f"transaction of {len(writes)}"
        self._gate.call(what, do if not self._is_full(what) else self._refuse)

    def _is_full(self, what: str) -> bool:
        return self._gate.dice.strikes(Trouble.FULL, what)

    def _refuse(self) -> None:
        self._gate.say("the table takes no more")
        if self._gate.dice.of(Trouble.FULL).random() < 0.5:
            raise Refused("an item is larger than 400 KB")
        raise Throttled("the table's throughput is used up")


def _listed(tables: Tables, wanted: Range) -> list[Item]:
    return list(tables.query(wanted))


def _named(keys: Sequence[Key]) -> str:
    """Name a batch read by what it is for: a tick's memory, what holds act back, or neither."""
    sorts = {key.sort for key in keys}
    if "pause" not in sorts:
        return f"get {len(keys)} items"
    return "get recall" if any(sort.startswith("policy#") for sort in sorts) else "get halts"


def _in_part(found: Found, keys: Sequence[Key], dice: random.Random) -> Found:
    """Leave some keys unanswered, as BatchGetItem does when throughput runs out."""
    unread = frozenset(key for key in keys if dice.random() < 0.5)
    return Found({k: i for k, i in found.items.items() if k not in unread}, unread)


NEVER_IN_THE_LOG = frozenset({"notify", "sweep", "digest", "anchor", "survey", "access"})
"""Functions that tell, or report: none of them may write to the log."""


def may_log(at: Gate) -> bool:
    """Tell whether it is a function that may write to the log."""
    return at.running.name.partition("-")[0] not in NEVER_IN_THE_LOG


def key_of(write: Write) -> Key:
    """Where a write goes."""
    return write.table.key_of(write.item) if isinstance(write, Put) else write.key


def log_puts(writes: Sequence[Write]) -> list[Put]:
    """The log entries among writes."""
    return [w for w in writes if isinstance(w, Put) and w.table is Table.LOG]


class GatedHands:
    """The world's writes, behind a gate and before the oracle's eyes."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world, self._gate = world, gate

    def apply(self, change: Change) -> tuple[Call, ...]:
        """Carry out ``change``."""
        what = f"apply {type(change).__name__}"

        def do() -> tuple[Call, ...]:
            self._gate.watch.before_change(self._gate, change)
            calls = WorldHands(self._world, self._gate.first(what)).apply(change)
            self._gate.watch.after_change(self._gate, change)
            return calls

        return self._gate.call(what, do)


class GatedQueue:
    """The work queue, behind a gate."""

    def __init__(self, inner: Queue, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def ask(self, asks: Sequence[Ask]) -> None:
        """Send."""
        self._gate.call(f"send {len(asks)} asks", lambda: self._inner.ask(asks))
