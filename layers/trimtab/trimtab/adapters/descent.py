"""Goes down a chain from its head, from each entry to what it vouches for. Pure.

An entry vouches for the one before it, by its hash. Where that one is missing, the entry says until
when it and all before it were kept, and names with their hashes those that were kept longer: so
whatever is not due yet is either vouched for, or missed. What is due, but not deleted yet, and has
lost the entry that vouched for it, is only held against itself.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime

from trimtab import codec
from trimtab.adapters.breaks import Break, Fault, fault_at
from trimtab.adapters.chain import START, hash_of
from trimtab.adapters.retention import dues_after, is_due, longest_from
from trimtab.errors import Malformed
from trimtab.model.kept import Due, Kept
from trimtab.model.link import Head, Link

Numbered = Mapping[int, Sequence[Link]]
"""The entries there are, by their numbers; several of one number are a fork."""


def kept_of(link: Link) -> Kept | None:
    """Read how long an entry says it is kept; ``Malformed`` if that cannot be read."""
    if '"kept":' not in link.body:
        return None
    try:
        given = json.loads(link.body).get("kept")
    except (ValueError, AttributeError, RecursionError) as error:
        raise Malformed(f"entry {link.id}: not the JSON of an entry: {error}") from error
    return None if given is None else codec.decode(Kept, given)


def head_at(link: Link) -> Head:
    """Return the head of the chain as it was when ``link`` was the newest."""
    kept = kept_of(link)
    before = Head(link.n - 1, link.prev, kept.before if kept else ())
    return Head(link.n, link.hash, dues_after(before, Head(link.n, link.hash), kept))


class Descent:
    """What is found on the way down from the head.

    ``expired`` counts the entries that are missing because their time was up, ``overdue`` are those
    whose time is up too, and for which nothing that is there vouches any more.
    """

    def __init__(self, numbered: Numbered, head: Head, now: datetime | None) -> None:
        """Go all the way down. ``now=None``: nothing may be missing."""
        self.faults: list[Fault] = []
        self.overdue: list[Link] = []
        self.expired = 0
        self._numbered = numbered
        self._now = now
        self._head = head
        self._following = {link.prev: link for found in numbered.values() for link in found}
        self._present = sorted(n for n in numbered if 1 <= n <= head.n)
        self._go()
        self._look_at_overdue()

    def _go(self) -> None:
        """Go from entry to entry; ``judge`` is the last that can be trusted about what is gone."""
        link: Link | None = None
        above = judge = self._head
        while above.n > 0:
            named: Due | None = Due(above.n, above.hash)
            if above.n in self._numbered:
                self._hold(above)
            else:
                named = self._over_a_gap(above.n, judge)
            if named is None:
                return
            found = self._numbered[named.n]
            link = next((each for each in found if each.hash == named.hash), found[-1])
            above = _before(link)
            if link.hash == named.hash == hash_of(link.n, link.prev, link.body):
                judge = above
        if link is not None and above != START:
            text = "it is the first, and says that another came before it"
            self.faults.append(fault_at(Break.RELINKED, link, text))

    def _hold(self, above: Head) -> None:
        """Hold the entry of a number against what the one after it, or the head, says of it."""
        found = self._numbered[above.n]
        link = next((each for each in found if each.hash == above.hash), found[-1])
        follower = next(iter(self._numbered.get(above.n + 1, ())), None)
        is_last = above.n == self._head.n
        if len(found) > 1:
            self.faults.append(self._fork(found, above))
        elif link.hash != above.hash and is_last:
            text = "the head of the chain has another hash: the newest entry, or the head, was"
            self.faults.append(Fault(Break.HEAD, link.n, "", f"{text} replaced"))
        elif link.hash != above.hash and follower is not None:
            text = f"it does not follow entry {link.n}: one of the two was replaced and hashed anew"
            self.faults.append(fault_at(Break.RELINKED, follower, text))
        elif _agrees(link, above):
            return
        elif is_last:
            text = "the head of the chain says otherwise until when its entries are kept"
            self.faults.append(Fault(Break.HEAD, link.n, "", text))
        elif follower is not None and above.dues:  # an older version of ours says nothing of it
            text = "it says otherwise until when the entries before it are kept"
            self.faults.append(fault_at(Break.EDITED, follower, text))

    def _over_a_gap(self, top: int, judge: Head) -> Due | None:
        """Judge what is missing from ``top`` down; return the entry to go on from."""
        low = self._below(top)
        if not judge.dues or judge.dues[-1].n != judge.n:
            missing = low.n + 1 if low else 1
            self._miss(missing, f"no entry has number {missing}; the chain has {self._head.n}")
            return low
        for due in (due for due in reversed(judge.dues) if due.n <= top):
            if due.n in self._numbered:
                self._pass(due.n + 1, top)
                self._hold_named(due)
                return due
            if not is_due(due.until, self._now):
                until = f"until {codec.iso(due.until)}" if due.until else "for ever"
                self._miss(due.n, f"no entry has number {due.n}, which is to be kept {until}")
                return self._below(due.n)
        longest = longest_from(judge.dues, top)
        if longest is None or not is_due(longest.until, self._now):
            return low  # who could tell is not to be trusted, and was named for it
        self._pass(1, top)
        return None

    def _hold_named(self, due: Due) -> None:
        """Hold an entry against the hash by which a later one names it."""
        found = self._numbered[due.n]
        if len(found) > 1:
            self.faults.append(self._fork(found, Head(due.n, due.hash)))
        elif found[0].hash != due.hash:
            text = "later entries name another hash for it: it was replaced and hashed anew"
            self.faults.append(fault_at(Break.EDITED, found[0], text))

    def _below(self, n: int) -> Due | None:
        """The next entry there is under a number, taken at its word."""
        under = bisect_left(self._present, n)
        if not under:
            return None
        [*_, link] = self._numbered[self._present[under - 1]]
        return Due(link.n, link.hash)

    def _pass(self, first: int, last: int) -> None:
        """Pass over a part of the chain whose time is up, whatever is left of it."""
        low, high = bisect_left(self._present, first), bisect_right(self._present, last)
        left = self._present[low:high]
        self.expired += last + 1 - first - len(left)
        self.overdue += [link for n in left for link in self._numbered[n]]

    def _miss(self, n: int, text: str) -> None:
        """Report a missing entry, or the one whose number was changed."""
        before = [START.hash] if n == 1 else [link.hash for link in self._numbered.get(n - 1, ())]
        follower = next((self._following[each] for each in before if each in self._following), None)
        if follower is not None:
            text = f"it follows entry {n - 1}, but its number was changed to {follower.n}"
            self.faults.append(Fault(Break.EDITED, n, str(follower.id), text))
        else:
            self.faults.append(Fault(Break.DELETED, n, "", text))

    def _fork(self, found: Sequence[Link], above: Head) -> Fault:
        """Name the one of several with one number that does not belong to the chain."""
        before = [link.hash for link in self._numbered.get(above.n - 1, ())]
        astray = [
            link
            for link in found
            if link.hash != above.hash or (before and link.prev not in before)
        ]
        link = (astray or found)[-1]
        names = ", ".join(sorted(link.id for link in found))
        return fault_at(Break.FORK, link, f"{len(found)} entries have number {link.n}: {names}")

    def _look_at_overdue(self) -> None:
        """Hold what nothing vouches for against itself, and against what is left beside it."""
        last: Link | None = None
        for link in sorted(self.overdue, key=lambda link: link.n):
            if last is not None and last.n == link.n:
                self.faults.append(self._fork((last, link), Head(link.n, last.hash)))
            elif last is not None and last.n == link.n - 1 and last.hash != link.prev:
                text = f"it does not follow entry {last.n}: one of the two was replaced"
                self.faults.append(fault_at(Break.RELINKED, link, text))
            kept = _kept_or_none(link)
            if not is_due(kept.until if kept else None, self._now):
                text = "the entries after it say that it was due by now, but it says otherwise"
                self.faults.append(fault_at(Break.INSERTED, link, text))
            last = link


def _agrees(link: Link, above: Head) -> bool:
    """Tell whether an entry, and what comes after it, say the same about what is kept."""
    try:
        return head_at(link).dues == above.dues
    except Malformed:
        return True  # it is named for that where it is held against itself


def _before(link: Link) -> Head:
    kept = _kept_or_none(link)
    return Head(link.n - 1, link.prev, kept.before if kept else ())


def _kept_or_none(link: Link) -> Kept | None:
    try:
        return kept_of(link)
    except Malformed:
        return None
