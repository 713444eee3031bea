"""What operators asked, and what became of it: the oracle's book of requests, answers and undos."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.adapters import records
from trimtab.adapters.tables import Item, Put, Table, Write
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight, change_key
from trimtab.model.entry import Entry, Kind, effect_id, told_by
from trimtab.model.ids import Arn, EntryId
from trimtab.model.life import Stage, fold
from trimtab.model.reason import ReasonCode
from trimtab.model.request import (
    Approve,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Requests,
    RestoreTarget,
    Undo,
)
from trimtab_lab.chaos.gates import log_puts

ROUNDING = 0.011
"""Weights are whole percents."""

CAME_TO_NOTHING = (Kind.EXPIRED, Kind.CONFLICT, Kind.FAILED)
"""What was asked for once and ended so may be tried again: nobody has got it."""


@dataclass(slots=True)
class Book:
    """Every request and every proposal that awaited an answer, and all that was said of them."""

    law: Callable[[bool, str], None]
    log: dict[EntryId, Entry] = field(default_factory=dict)
    requested: dict[EntryId, Entry] = field(default_factory=dict)
    answered: dict[EntryId, Entry] = field(default_factory=dict)
    awaiting: dict[EntryId, Entry] = field(default_factory=dict)
    said: dict[EntryId, Entry] = field(default_factory=dict)
    carried: dict[EntryId, list[Entry]] = field(default_factory=dict)
    unlapsed: set[EntryId] = field(default_factory=set)
    protections: dict[str, Entry] = field(default_factory=dict)
    happened: int = 0
    when: dict[EntryId, int] = field(default_factory=dict)
    """How many things had happened when an entry was written."""

    def wrote(self, writes: Sequence[Write], before: Sequence[Item | None], is_old: bool) -> None:
        """Take down one transaction's entries, and what waits to be heard after it.

        The version before forgets which entry says that a proposal awaits an answer: nothing will
        ever say that it lapsed.
        """
        entries = [records.read(Entry, put.item) for put in log_puts(writes)]
        for entry in entries:
            self._take(entry)
        if is_old:
            self.unlapsed |= self.awaiting.keys()
        for write, was in zip(writes, before, strict=True):
            is_open = isinstance(write, Put) and write.table is Table.MEMORY
            if isinstance(write, Put) and is_open and write.item.get("item") == "requests":
                self._heard(write, was, entries)

    def _heard(self, put: Put, was: Item | None, entries: Sequence[Entry]) -> None:
        """What waits no longer must have its answer in this very transaction."""
        old = records.read(Requests, was).open if was is not None else ()
        left = {r.id for r in records.read(Requests, put.item).open}
        answers = {e.request for e in entries}
        for request in old:
            heard = request.id in left or request.id in answers
            self.law(heard, f"request {request.id} waits no longer, and nothing answers it")

    def _take(self, entry: Entry) -> None:
        self.log[entry.id] = entry
        self.when[entry.id] = self.happened
        if entry.kind is Kind.REQUESTED:
            self.requested[entry.id] = entry
        if entry.kind is Kind.AWAITING:
            self.awaiting[entry.id] = entry
        if entry.request is not None:
            known = entry.request in self.requested
            self.law(known, f"{entry.id} answers {entry.request}, which nobody asked")
            self.answered.setdefault(entry.request, entry)
        if entry.reason.code is ReasonCode.HOLD_ENDED:
            self.protections.pop(entry.subject, None)
        asked = self.requested.get(entry.request) if entry.request else None
        if asked is not None and entry.reason.code is ReasonCode.HOLD_SET:
            self.protections[entry.subject] = asked
        about = entry.id.removesuffix("#answer").removesuffix("#lapsed")
        if about != entry.id:
            name = EntryId(about)
            self.law(name in self.awaiting, f"{entry.id} answers what did not await an answer")
            self.law(name not in self.said, f"{name} is {entry.kind}, and was answered before")
            self.said[name] = entry

    def reverted(self, entry: Entry) -> None:
        """Look at an intent of ours that takes back another: only what did harm, towards before."""
        about = self.log.get(entry.intent or EntryId(""))
        if about is None or about.kind is not Kind.INTENDED or entry.change is None:
            return
        name = f"{change_key(entry.change)} reverts {about.id}"
        effect = self.log.get(effect_id(about.id))
        bad = effect is not None and effect.kind is Kind.INEFFECTIVE
        self.law(bad, f"{name}, and nothing says that it did no good")
        self.law(_takes_back(entry.change, about.change), f"{name}, and leads elsewhere")

    def protected(self, entry: Entry) -> None:
        """Look at an intent: nothing takes what an operator protects."""
        for subject, asked in self.protections.items():
            until = getattr(asked.asked, "until", entry.at)
            takes = entry.change is not None and _takes(entry.change, asked.asked)
            self.law(not takes or until <= entry.at, f"{entry.id} takes from {subject}")

    def protected_since(self, intent: EntryId, now: datetime, began: int) -> Iterator[str]:
        """Say who has protected what an intent takes, after it was written and before act began."""
        change = self.log[intent].change
        for name, entry in self.requested.items():
            if not isinstance(entry.asked, Protect) or entry.asked.until <= now:
                continue
            answer = self.answered.get(name)
            holds = answer is None or self.protections.get(answer.subject) is entry
            between = self.when[intent] < self.when[name] <= began
            if holds and between and change is not None and _takes(change, entry.asked):
                yield f"{intent} takes what {entry.by} has protected meanwhile"

    def intended(self, entry: Entry, ended: Mapping[EntryId, Entry]) -> None:
        """Look at an intent that says somebody asked for it."""
        asked = self.requested.get(entry.request or EntryId(""))
        if asked is None or entry.change is None:
            self.law(False, f"{entry.id} is intended for {entry.request}, which nobody asked")
            return
        name = f"{change_key(entry.change)} for {asked.subject}"
        self.law(_serves(entry.change, asked, self.log), f"{name}: that was not asked for")
        once = not isinstance(asked.asked, HoldCapacity | HoldWeights | Undo)
        earlier = self.carried.setdefault(asked.id, [])
        done = [e for e in earlier if e.id not in ended or ended[e.id].kind not in CAME_TO_NOTHING]
        self.law(not (once and done), f"{name}: carried out once before")
        if isinstance(asked.asked, Approve):
            self._approved(entry, name)
        if isinstance(asked.asked, Undo):
            self._undoes(entry, name, ended)
        earlier.append(entry)

    def _approved(self, entry: Entry, name: str) -> None:
        """Say what an approval must have: the very change, its yes in the log, and no other use."""
        about = self.awaiting.get(entry.intent or EntryId(""))
        self.law(about is not None, f"{name}: {entry.intent} awaited no approval")
        if about is None:
            return
        self.law(about.change == entry.change, f"{name}: another change was approved")
        said = self.said.get(about.id)
        is_yes = said is not None and said.kind is Kind.APPROVED and said.tick == entry.tick
        self.law(is_yes, f"{name}: the log says {said.kind if said else 'nothing'} of {about.id}")

    def _undoes(self, entry: Entry, name: str, ended: Mapping[EntryId, Entry]) -> None:
        """Only what was done is undone, and what leaves or returns at once is undone once."""
        about = self.log.get(entry.intent or EntryId(""))
        end = ended.get(about.id) if about else None
        done = end is not None and (
            end.kind is Kind.APPLIED or end.reason.code is ReasonCode.UNCONFIRMED
        )
        self.law(done, f"{name}: {entry.intent} did nothing that could be undone")
        undone = [
            e
            for undos in self.carried.values()
            for e in undos
            if e.intent == entry.intent and isinstance(e.change, Eject | Restore)
        ]
        twice = any(e.id in ended and ended[e.id].kind is Kind.APPLIED for e in undone)
        self.law(not twice, f"{name}: {entry.intent} was undone before")

    # at rest

    def unsettled(self) -> Iterator[str]:
        """Say what waits for an answer that never came."""
        for name, entry in self.requested.items():
            if name not in self.answered:
                yield f"request {name} ({entry.subject}) has no answer"
        for name, entry in self.awaiting.items():
            if name not in self.said and name not in self.unlapsed:
                yield f"{name} ({entry.subject}) still awaits an answer, and may act by itself"

    def lives(self) -> Iterator[str]:
        """Fold each action's thread and say which steps the table of lives does not allow."""
        threads: dict[EntryId, list[Entry]] = {}
        for entry in self.log.values():
            threads.setdefault(self._root(entry), []).append(entry)
        for name, entries in threads.items():
            if self.log[name].kind not in _ACTS:
                continue
            life = fold(entries)
            for flaw in life.illegal:
                yield f"the life of {name} has a step that cannot be: {flaw}"
            if life.stage is Stage.INTENDED:
                yield f"the life of {name} ends as intended"

    def _root(self, entry: Entry) -> EntryId:
        """The entry whose thread it is: of an outcome's intent, of an intent's proposal or undo."""
        above = self.log.get(entry.intent) if entry.intent else None
        follows = told_by(entry) != entry.id or entry.kind is Kind.INTENDED
        return self._root(above) if above is not None and follows else entry.id


_ACTS = (Kind.INTENDED, Kind.AWAITING)


def _serves(change: Change, entry: Entry, log: Mapping[EntryId, Entry]) -> bool:
    """Tell whether a change is what was asked for, or a step on the way there."""
    match entry.asked:
        case Approve(about):
            return log[about].change == change
        case EjectTarget():
            return isinstance(change, Eject) and _is_of(change, entry.asked)
        case RestoreTarget():
            return isinstance(change, Restore) and _is_of(change, entry.asked)
        case HoldCapacity(fleet, size):
            is_it = isinstance(change, Resize) and change.fleet == fleet
            return is_it and _towards(change, size)
        case HoldWeights(route, weights):
            return (
                isinstance(change, Reweight)
                and change.route == route
                and len(change.after) == len(weights)
            )
        case Undo(about):
            return _takes_back(change, log[about].change)
        case _:
            return False


def _takes(change: Change, asked: object) -> bool:
    """Tell whether a change takes what a request protects."""
    match asked:
        case ProtectRoute(route):
            return isinstance(change, Reweight) and change.route == route
        case ProtectFleet(fleet):
            shrinks = isinstance(change, Resize) and change.after < change.before
            return (shrinks or isinstance(change, Eject)) and getattr(change, "fleet", "") == fleet
        case ProtectTarget():
            return isinstance(change, Eject) and change.target == asked.target
        case _:
            return False


def _is_of(change: Eject | Restore, asked: EjectTarget | RestoreTarget) -> bool:
    return (change.fleet, change.target) == (asked.fleet, asked.target)


def _towards(change: Change, size: int) -> bool:
    if not isinstance(change, Resize):
        return False
    return min(change.before, size) <= change.after <= max(change.before, size)


def _takes_back(change: Change, done: Change | None) -> bool:
    """Tell whether a change leads back to where another began, at once or a step of the way."""
    match done:
        case Eject():
            return isinstance(change, Restore) and change.target == done.target
        case Restore():
            return isinstance(change, Eject) and change.target == done.target
        case Resize():
            return _towards(change, done.before)
        case Reweight():
            return isinstance(change, Reweight) and _weighs_towards(change, done.before)
        case Retire() | None:
            return False


def _weighs_towards(change: Reweight, wish: Mapping[Arn, int]) -> bool:
    now, then, goal = (
        {g: w / (sum(m.values()) or 1) for g, w in m.items()}
        for m in (change.before, change.after, wish)
    )
    return all(
        min(now[g], goal.get(g, 0.0)) - ROUNDING
        <= then[g]
        <= max(now[g], goal.get(g, 0.0)) + ROUNDING
        for g in then
    )


__all__ = ["Book"]
