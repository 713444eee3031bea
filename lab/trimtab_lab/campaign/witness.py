"""The laws of the design, held over every tick of a story and over what came of it.

Laws 1 to 6 are judged by the arithmetic that the property tests use, 9 and 11 by thinking the tick
through again, 7, 10 and 12 between the log and what was done to the world. Law 8 needs two
controllers at once and crashes between two writes: that is the chaos campaign's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from trimtab.model.change import Change, Retire, change_key, subject_of
from trimtab.model.entry import OUTCOMES, Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.policy import Policy
from trimtab.model.tick import Tick
from trimtab_lab.chaos.footprints import named_by
from trimtab_lab.chaos.judge import broken_by

MOST = 20
"""So many broken laws are told of one story: the first says enough."""


@dataclass(slots=True)
class Witness:
    """Watches one story; ``broken`` names each law that did not hold, and when."""

    policy: Policy
    broken: list[str] = field(default_factory=list)
    ticks: int = 0
    _open: dict[EntryId, Change] = field(default_factory=dict)

    def judge(self, tick: Tick) -> None:
        """Look at one tick, before anything of it is carried out."""
        self.ticks += 1
        self._note(tick.now.strftime("%H:%M"), (*broken_by(tick), *_unleased(tick)))

    def after(self, minute: int, entries: Iterable[Entry], done: Sequence[Change] = ()) -> None:
        """Look at what a minute wrote into the log, and at what was done to the world in it."""
        left = list(done)
        for entry in entries:
            self._note(f"minute {minute}", self._of_entry(entry, left))
        unlogged = (f"law 7: {change_key(c)} was done, and no intent says so" for c in left)
        self._note(f"minute {minute}", unlogged)

    def ended(self) -> None:
        """Look around once the story is over."""
        waiting = (f"law 7: {change_key(c)} never got an outcome" for c in self._open.values())
        self._note("in the end", waiting)

    def _of_entry(self, entry: Entry, left: list[Change]) -> Iterator[str]:
        change = entry.change
        if entry.kind is Kind.INTENDED and change is not None:
            self._open[entry.id] = change
            if entry.inverse is None and not isinstance(change, Retire):
                yield f"law 12: nothing takes {change_key(change)} back"
            if not named_by(change) <= self.policy.resources():
                yield f"law 10: {change_key(change)} touches what the policy does not name"
        elif entry.kind in OUTCOMES and entry.intent is not None:
            intended = self._open.pop(entry.intent, None)
            if intended is None:
                yield f"law 7: {entry.id} ends an intent that nobody logged, or twice"
            elif entry.kind is Kind.APPLIED and intended in left:
                left.remove(intended)

    def _note(self, when: str, found: Iterable[str]) -> None:
        for text in found:
            if len(self.broken) < MOST:
                self.broken.append(f"{when}: {text}")


def _unleased(tick: Tick) -> Iterator[str]:
    """Law 10: say what is held out and on no lease, so that nobody gives it back if we die."""
    leased = {lease.subject for lease in tick.leases.held}
    for fleet in tick.memory.fleets.values():
        for held in fleet.ejected.values():
            if subject_of(held.eject) not in leased:
                yield f"law 10: {subject_of(held.eject)} is held out without a lease"
