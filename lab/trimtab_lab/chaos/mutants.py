"""Mutants: the code with one guard or condition taken out. The campaign must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import trimtab.act
import trimtab.guard
import trimtab.narrate
from trimtab.adapters import store
from trimtab.adapters.tables import Check, Found, Item, Key, Put, Table, Write
from trimtab.decide import takeback
from trimtab.errors import TrimtabError
from trimtab.guard import protection
from trimtab.guard.plan import Plan as Granted
from trimtab.model.change import Change, subject_of
from trimtab.model.entry import Entry
from trimtab.model.halt import Halts
from trimtab.model.heard import Approval
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.verdict import Proposal, Ruling
from trimtab_lab.chaos.campaign import Outcome, run
from trimtab_lab.chaos.plan import Plan
from trimtab_lab.simulator.stores import DictTables


class Careless:
    """Tables that leave out one condition. ``forgets`` says of a write whether it is that one."""

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


@dataclass(frozen=True, slots=True)
class Mutant:
    """One thing taken out: by patching while it runs, or by tables that forget a condition."""

    name: str
    patched: Callable[[], AbstractContextManager[None]] = nullcontext
    arm: Callable[[DictTables], Any] | None = None


TWINS = {"check_panic": "check_cause"}
"""Guards that another one makes needless today: both are taken out. Panic is one of the causes."""


@contextmanager
def _without_guard(name: str) -> Iterator[None]:
    whole = trimtab.guard.GUARDS
    out = (name, TWINS.get(name))
    trimtab.guard.GUARDS = tuple(g for g in whole if g.__name__ not in out)
    try:
        yield
    finally:
        trimtab.guard.GUARDS = whole


@contextmanager
def _actor(name: str, instead: Callable[..., Any]) -> Iterator[None]:
    whole = getattr(trimtab.act.Actor, name)
    setattr(trimtab.act.Actor, name, instead)
    try:
        yield
    finally:
        setattr(trimtab.act.Actor, name, whole)


def _go(_self: object, _change: Change, _entry: Entry) -> trimtab.act.Found:
    return trimtab.act.GO


_refusal = trimtab.act.Actor._refusal


def _never_late(self: Any, entry: Entry, change: Change, _now: datetime) -> Any:
    return _refusal(self, entry, change, entry.at)


class _Deaf:
    """A pause switch that is read, and not minded."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def halts(self, service: Any) -> Halts:
        """None, whatever there is."""
        held: Halts = self._inner.halts(service)
        return replace(held, pauses=())


class _Hopeful(_Deaf):
    """A pause switch that counts as off when it cannot be read."""

    def halts(self, service: Any) -> Halts:
        """What there is, if it can be read."""
        try:
            held: Halts = self._inner.halts(service)
        except TrimtabError:
            return Halts()
        return held


def _reading_pauses(switch: type[_Deaf]) -> Callable[..., Any]:
    def refusal(self: Any, entry: Entry, change: Change, now: datetime) -> Any:
        held, self._paused = self._paused, switch(self._paused)
        try:
            return _refusal(self, entry, change, now)
        finally:
            self._paused = held

    return refusal


@contextmanager
def _patched(owner: Any, name: str, instead: Any) -> Iterator[None]:
    whole = getattr(owner, name)
    setattr(owner, name, instead)
    try:
        yield
    finally:
        setattr(owner, name, whole)


def _without(owner: Any, name: str, instead: Any) -> Callable[[], AbstractContextManager[None]]:
    return lambda: _patched(owner, name, instead)


def _allowed(*_: object) -> tuple[Ruling, Reason]:
    return Ruling.ALLOWED, Reason(ReasonCode.WITHIN_LIMITS, "whatever the mode")


def _same_subject(self: Approval, change: Change) -> bool:
    return self.entry.subject == subject_of(change)


_remembered_whole = store._remembered
_halts_whole = store.TableStore.halts
_protection = protection.check_protection


def _remembered(service: Any, found: Found) -> Any:
    return _remembered_whole(service, Found(found.items))


class _Whole:
    """Tables that call an answer whole, whatever was left unread."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def get_many(self, keys: Sequence[Key]) -> Found:
        """What was answered."""
        return Found(self._inner.get_many(keys).items)


def _halts(self: Any, service: Any) -> Any:
    return _halts_whole(replace(self, tables=_Whole(self.tables)), service)


def _unprotected(proposal: Proposal, plan: Granted) -> Any:
    memory = replace(plan.at.memory, holds={})
    return _protection(proposal, replace(plan, at=replace(plan.at, memory=memory)))


_unprotected.__name__ = "check_protection"


@contextmanager
def _guard_instead(instead: Any) -> Iterator[None]:
    whole = trimtab.guard.GUARDS
    trimtab.guard.GUARDS = tuple(instead if g.__name__ == instead.__name__ else g for g in whole)
    try:
        yield
    finally:
        trimtab.guard.GUARDS = whole


def _is_requests(put: Put) -> bool:
    return put.table is Table.MEMORY and put.item.get("item") == "requests"


def _is_head(put: Put) -> bool:
    return put.table is Table.MEMORY and put.item.get("item") == "head"


class Unchecked(Careless):
    """Tables that write without the checks of what lies beside."""

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes, less the checks."""
        self._inner.write([w for w in writes if not isinstance(w, Check)])


def _is_outcome(put: Put) -> bool:
    return put.table is Table.LOG and str(put.item["id"]).endswith("#outcome")


def _is_memory(put: Put) -> bool:
    return put.table is Table.MEMORY and put.item.get("item") == "memory"


def _guard(name: str) -> Mutant:
    return Mutant(name, lambda: _without_guard(name))


MUTANTS = (
    *(_guard(guard.__name__) for guard in trimtab.guard.GUARDS),
    Mutant("outcome: attribute_not_exists", arm=lambda t: Careless(t, _is_outcome)),
    Mutant("memory: version", arm=lambda t: Careless(t, _is_memory)),
    Mutant("act: deadline", lambda: _actor("_refusal", _never_late)),
    Mutant("act: pause", lambda: _actor("_refusal", _reading_pauses(_Deaf))),
    Mutant("act: unreadable is paused", lambda: _actor("_refusal", _reading_pauses(_Hopeful))),
    Mutant("act: look before the write", lambda: _actor("_look", _go)),
    Mutant("requests: version", arm=lambda t: Careless(t, _is_requests)),
    Mutant("chain: version of its head", arm=lambda t: Careless(t, _is_head)),
    Mutant("policy: version checked", arm=lambda t: Unchecked(t, lambda _: False)),
    Mutant("mode", _without(trimtab.guard, "_by_mode", _allowed)),
    Mutant("approval: the very change", _without(Approval, "covers", _same_subject)),
    Mutant("undo: only once", _without(takeback, "_taken_back", lambda *_: set())),
    Mutant("undo: only what was done", _without(takeback, "_may_have_happened", lambda _: True)),
    Mutant("awaiting: lapses", _without(trimtab.narrate, "lapses", lambda *_: [])),
    Mutant("protection by request", lambda: _guard_instead(_unprotected)),
    Mutant("recall: unread is unknown", _without(store, "_remembered", _remembered)),
    Mutant("pauses: unread is paused", _without(store.TableStore, "halts", _halts)),
)


def hunt(mutant: Mutant, seeds: range) -> tuple[int, Outcome | None]:
    """Look for a seed that finds the mutant; return how many were run, and what it broke."""
    with mutant.patched():
        for number, seed in enumerate(seeds, 1):
            found = run(Plan.of_seed(seed), mutant.arm)
            if found.broken:
                return number, found
    return len(seeds), None
