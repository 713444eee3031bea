"""How a guard or a condition is taken out: by patching, or by tables that forget it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import trimtab.act
import trimtab.guard
import trimtab.warden
from trimtab.adapters import store
from trimtab.adapters.tables import Add, Check, Found, Item, Key, Put, Table, Write
from trimtab.errors import TrimtabError
from trimtab.guard import protection
from trimtab.guard.plan import Plan as Granted
from trimtab.model.change import Change, subject_of
from trimtab.model.entry import Entry
from trimtab.model.halt import Halts
from trimtab.model.heard import Approval
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Incident, Progress, Told
from trimtab.model.lease import WARDEN, Lease, Leases
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.verdict import Proposal, Ruling
from trimtab.notify import Report, Teller
from trimtab.warden import Warden
from trimtab_lab.simulator.stores import DictTables

Patch = Callable[[], AbstractContextManager[None]]
Arm = Callable[[DictTables], Any]
"""Puts tables of its own before the real ones."""

TWINS = {"check_panic": "check_cause"}
"""Guards that another one makes needless today: both are taken out. Panic is one of the causes."""


@contextmanager
def patched(owner: Any, name: str, instead: Any) -> Iterator[None]:
    """Put something in another's place for a while."""
    whole = getattr(owner, name)
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, whole)


def instead_of(owner: Any, name: str, instead: Any) -> Patch:
    """Return how to put something in another's place."""
    return lambda: patched(owner, name, instead)


def without_guard(name: str) -> Patch:
    """Return how to take out a guard, and the one that makes it needless today."""
    left = tuple(g for g in trimtab.guard.GUARDS if g.__name__ not in (name, TWINS.get(name)))
    return instead_of(trimtab.guard, "GUARDS", left)


# the tables


class Careless:
    """Tables that leave out one condition: of the writes to items of one name."""

    def __init__(self, inner: DictTables, forgets: Callable[[Put], bool]) -> None:
        self._inner, self._forgets = inner, forgets

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes, less the forgotten conditions."""
        self._inner.write(
            [
                replace(w, expected=None) if isinstance(w, Put) and self._forgets(w) else w
                for w in writes
            ]
        )

    def get(self, key: Key) -> Item | None:
        """One item."""
        return self._inner.get(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Unchecked(Careless):
    """Tables that write without the checks of what lies beside."""

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes, less the checks."""
        self._inner.write([w for w in writes if not isinstance(w, Check)])


def unchecked(tables: DictTables) -> Unchecked:
    """Leave out every check."""
    return Unchecked(tables, lambda _: False)


class Spendthrift(Careless):
    """Tables that add to a count whatever it is by then."""

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes, less the limits of counts."""
        self._inner.write([replace(w, most=None) if isinstance(w, Add) else w for w in writes])


def spendthrift(tables: DictTables) -> Spendthrift:
    """Leave out the limit of every count."""
    return Spendthrift(tables, lambda _: False)


def careless_of(name: str, kept: Table = Table.MEMORY) -> Arm:
    """Leave out the condition on items whose sort key, or service, is or ends with ``name``."""

    def forgets(put: Put) -> bool:
        key = put.table.key_of(put.item)
        return put.table is kept and (key.sort.endswith(name) or key.partition == name)

    return lambda tables: Careless(tables, forgets)


class _Whole:
    """Tables that call an answer whole, whatever was left unread."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def get_many(self, keys: Sequence[Key]) -> Found:
        """What was answered."""
        return Found(self._inner.get_many(keys).items)


_remembered, _halts = store._remembered, store.TableStore.halts


def recalled_as_whole(service: Any, found: Found, blast: Any) -> Any:
    """What was not read counts as not there."""
    return _remembered(service, Found(found.items), blast)


def halts_as_whole(self: Any, service: Any) -> Any:
    """A pause that was not read counts as none."""
    return _halts(replace(self, tables=_Whole(self.tables)), service)


# the guard


def allowed(*_: object) -> tuple[Ruling, Reason]:
    """Whatever the mode."""
    return Ruling.ALLOWED, Reason(ReasonCode.WITHIN_LIMITS, "whatever the mode")


def same_subject(self: Approval, change: Change) -> bool:
    """An approval is good for any change of the same subject."""
    return self.entry.subject == subject_of(change)


def _unprotected(proposal: Proposal, plan: Granted) -> Any:
    memory = replace(plan.at.memory, holds={})
    return protection.check_protection(proposal, replace(plan, at=replace(plan.at, memory=memory)))


def unprotected() -> AbstractContextManager[None]:
    """Let the guard of protections see none that operators have asked for."""
    guards = (_unprotected if g is protection.check_protection else g for g in trimtab.guard.GUARDS)
    return patched(trimtab.guard, "GUARDS", tuple(guards))


# act


def go(_self: object, _change: Change, _entry: Entry) -> trimtab.act.Found:
    """Never look."""
    return trimtab.act.GO


_refusal = trimtab.act.Actor._refusal


def never_late(self: Any, entry: Entry, change: Change, _now: datetime) -> Any:
    """Mind no deadline."""
    return _refusal(self, entry, change, entry.at)


def as_refused(_self: Any, refusal: Any, _change: Change) -> Any:
    """What is refused has failed, whether or not an earlier try did it."""
    return refusal


class Deaf:
    """A pause switch that is read, and not minded."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def halts(self, service: Any) -> Halts:
        """No pauses, whatever there is."""
        held: Halts = self._inner.halts(service)
        return replace(held, pauses=())


class Hopeful(Deaf):
    """A pause switch that counts as off when it cannot be read."""

    def halts(self, service: Any) -> Halts:
        """What there is, if it can be read."""
        try:
            held: Halts = self._inner.halts(service)
        except TrimtabError:
            return Halts()
        return held


def reading_pauses(switch: type[Deaf]) -> Callable[..., Any]:
    """Return a refusal that asks this switch."""

    def refusal(self: Any, entry: Entry, change: Change, now: datetime) -> Any:
        held, self._paused = self._paused, switch(self._paused)
        try:
            return _refusal(self, entry, change, now)
        finally:
            self._paused = held

    return refusal


_carry_out = trimtab.act.Actor.carry_out


def anybodys(self: Any, service: Any, intent: Any, now: datetime) -> Any:
    """Carry out the warden's intents as well, in its name."""
    held = self._ledger.entries(service, [intent]).get(intent)
    name, self._name = self._name, WARDEN if held and held.by == WARDEN else self._name
    try:
        return _carry_out(self, service, intent, now)
    finally:
        self._name = name


# the warden

_A_DAY = timedelta(days=1)
_watch_or_say, _watch = Warden._watch_or_say, Warden._watch


def _early(
    self: Warden, service: ServiceId, row: Leases, now: datetime, room: int
) -> trimtab.warden.Watched:
    return _watch_or_say(self, service, row, now + _A_DAY, room)


def _at_its_time(self: Warden, service: ServiceId, row: Leases, *due_now_room: Any) -> Any:
    due, now, room = due_now_room
    return _watch(self, service, row, due, now - _A_DAY, room)


@contextmanager
def all_due() -> Iterator[None]:
    """Let the warden take every lease for run out."""
    with patched(Warden, "_watch_or_say", _early), patched(Warden, "_watch", _at_its_time):
        yield


def all_unpaused(
    _self: Any, _service: ServiceId, due: Sequence[Lease], _now: datetime
) -> tuple[Lease, ...]:
    """No pause holds the warden."""
    return tuple(due)


# notify


def forgotten(told: Told, channel: str, _now: datetime, _wait: timedelta | None = None) -> Told:
    """A channel that could not be reached counts as told."""
    incidents = tuple(_as_told(incident, channel) for incident in told.incidents)
    return replace(told, incidents=incidents)


def _as_told(incident: Incident, channel: str) -> Incident:
    progress = Progress(incident.counted, 1, closed=incident.closed_at is not None)
    return replace(incident, progress={**incident.progress, channel: progress})


def nothing_lost() -> AbstractContextManager[None]:
    """What reached nobody, and is stored nowhere, counts as told."""

    def hear(self: Teller, service: ServiceId, entries: Any, now: datetime, report: Report) -> None:
        _hear(self, service, entries, now, report)
        report.lost.clear()

    return patched(Teller, "hear", hear)


_hear = Teller.hear
