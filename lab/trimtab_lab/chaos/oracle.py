"""The oracle: what must hold between the world and the log after every single step.

It believes nobody: intents and outcomes are read from what lies in the tables, effects from the
world itself, and the sums are its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trimtab.adapters import records
from trimtab.adapters.tables import Add, Item, Key, Put, Remove, Table, Tables, Write
from trimtab.model.blast import WINDOW
from trimtab.model.change import (
    Change,
    Eject,
    Resize,
    Restore,
    Retire,
    Reweight,
    change_key,
    lever_of,
)
from trimtab.model.change import subject_of as subject
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId, FleetId, ServiceId
from trimtab.model.lease import WARDEN
from trimtab.model.policy import Mode, Policy
from trimtab.model.reason import ReasonCode
from trimtab.model.tick import Pause
from trimtab.model.tick import Tick as TickRecord
from trimtab_lab.chaos.asked import Book
from trimtab_lab.chaos.footprints import against_tags, as_intended, moves_size, named_by, print_of
from trimtab_lab.chaos.gates import Gate, log_puts, may_log
from trimtab_lab.chaos.judge import broken_by
from trimtab_lab.chaos.neighbour import count_of
from trimtab_lab.chaos.wardens import out_of_turn
from trimtab_lab.world.world import World

HOUR = timedelta(minutes=55)
"""Removals are counted from the intent, the world's effect comes minutes later."""
SHOWN_AFTER = timedelta(seconds=10)
"""What was done so long ago AWS shows to who looks."""
REFUSED = (ReasonCode.PAUSED, ReasonCode.PROTECTED_BY_REQUEST)
"""What act says when it does nothing, by somebody's word."""
OUT = ("deregistered", "EnteringStandby", "Standby")
"""How the world shows who has been taken out."""
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Effect:
    """A change that took effect in the world: of which intent, what it left, and in what order."""

    intent: EntryId
    change: Change
    at: datetime
    left: object
    happened: int


@dataclass(slots=True)
class Oracle:
    """Watches all writes; ``broken`` gathers what should never have happened."""

    world: World
    tables: Tables
    on_intent: Callable[[Entry], None]
    on_log: Callable[[Sequence[Item]], None] = lambda _: None
    """Told of every transaction's entries, as they lie in the log."""
    broken: list[str] = field(default_factory=list)
    happened: int = 0
    intents: dict[EntryId, Entry] = field(default_factory=dict)
    ended: dict[EntryId, Entry] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    pauses: dict[str, tuple[int, Pause]] = field(default_factory=dict)
    failures: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    fleets: dict[FleetId, list[tuple[datetime, int]]] = field(default_factory=dict)
    ticks: int = 0
    most_removals: int = 20
    """How many targets all services of the account may lose within ten minutes."""
    counts_read: int = 0
    committed: TickRecord | None = None
    """The newest tick that was committed."""
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        self.book = Book(self.law)

    def law(self, holds: bool, text: str) -> None:
        """Note a law that does not hold."""
        if not holds:
            self.broken.append(text)

    # the log

    def judge(self, tick: TickRecord) -> None:
        """Look at a tick that is about to be committed."""
        self.ticks += 1
        self.broken += broken_by(tick)

    def was_committed(self, tick: TickRecord) -> None:
        """Keep a tick that the tables took. What failed later than its clock says failed then."""
        self.committed = tick
        for key, (times, last) in self.failures.items():
            self.failures[key] = times, min(last, tick.now)

    def counted(self) -> None:
        """Somebody read what all services have lost."""
        self.counts_read += 1

    def wrote(self, at: Gate, writes: Sequence[Write], before: Sequence[Item | None]) -> None:
        """Look at what the tables took."""
        self.happened += 1
        for write, was in zip(writes, before, strict=True):
            in_log = (isinstance(write, Put) and write.table is Table.LOG) or (
                isinstance(write, Remove) and write.key.table is Table.LOG
            )
            self.law(not in_log or was is None, f"{write.what} was there already: append-only")
            if isinstance(write, Add) and write.key.partition == records.BLAST:
                self._spent(write)
        self.book.happened = self.happened
        self.book.wrote(writes, before, at.is_old)
        self.broken += out_of_turn(writes, before, self.ended)
        puts = log_puts(writes)
        if puts:
            self.law(may_log(at), f"{at.running.name} writes to the log")
            self.on_log([put.item for put in puts])
        for put in puts:
            entry = records.read(Entry, put.item)
            if entry.kind is Kind.INTENDED:
                self._intended(at, entry)
            elif entry.id.endswith("#outcome"):
                self._ended(at, entry)

    def _spent(self, add: Add) -> None:
        """What meets the limit of all services stays within it, whoever else spends at that time.

        By the clock of whoever spends: of the window it spends in, and the one before.
        """
        if add.most is None or add.by <= 0:
            return  # others did it, or it came to nothing
        start = datetime.fromisoformat(add.key.sort)
        taken = count_of(self.tables, start) + count_of(self.tables, start - WINDOW)
        text = f"all services have lost {taken} since {start - WINDOW:%H:%M}"
        self.law(taken <= self.most_removals, f"{text}, {self.most_removals} may be")

    def _intended(self, at: Gate, entry: Entry) -> None:
        change = entry.change
        if change is None or entry.deadline is None:
            self.law(False, f"intent {entry.id} has no change or no deadline")
            return
        is_warden = entry.by == WARDEN
        under_way = [
            e.change
            for i, e in self.intents.items()
            if i not in self.ended and not (is_warden and e.deadline and e.deadline < entry.at)
        ]
        for other in under_way:
            if other is None or (is_warden and other == change and isinstance(other, Restore)):
                continue  # what the loop does not get done the warden does too: twice is once
            self.law(
                subject(other) != subject(change),
                f"two changes of {subject(change)} under way at once",
            )
            self.law(
                not (isinstance(change, Resize) and moves_size(other, change.group)),
                f"{subject(change)} is resized while {subject(other)} changes its size",
            )
        times, last = self.failures.get(change_key(change), (0, entry.at))
        wait = min(SHORTEST_WAIT * 2 ** (min(times, 9) - 1), LONGEST_WAIT) if times else 0 * HOUR
        self.law(
            is_warden or not times or entry.at - last >= wait,
            f"{change_key(change)} failed {times} times, and is tried again at once",
        )
        pause = self._pause_on(change, at)
        self.law(pause is None, f"{change_key(change)} is intended, and paused: {pause}")
        self._is_allowed(entry, change)
        self.intents[entry.id] = entry
        self.on_intent(entry)

    def _is_allowed(self, entry: Entry, change: Change) -> None:
        """Law 9 and 10: by the policy of its version, or by somebody's word; of what it names.

        The warden needs neither: it gives back what an intent of ours once took.
        """
        if entry.by == WARDEN:
            self.law(self._was_taken(change), f"{change_key(change)} gives back what nobody took")
            return
        policy = self._policy(entry)
        current = self.tables.get(records.current_key(ServiceId(entry.service)))
        in_force = current is not None and records.version_of(current) == entry.policy_version
        self.law(in_force, f"{change_key(change)} is intended by a policy that is not in force")
        mode = policy.mode(lever_of(change))
        self.law(
            mode is Mode.ENFORCE or (mode is Mode.APPROVE and entry.request is not None),
            f"{change_key(change)} is intended, and its lever may not act",
        )
        self.law(
            named_by(change) <= policy.resources(),
            f"{change_key(change)} is intended, and the policy does not name it",
        )
        self.book.protected(entry)
        if entry.request is not None:
            self.book.intended(entry, self.ended)
        else:
            self.book.reverted(entry)

    def _was_taken(self, change: Change) -> bool:
        """Tell whether an earlier intent of ours is about the same, the other way round."""
        earlier = [e.change for e in self.intents.values() if e.change is not None]
        alike = [e for e in earlier if subject(e) == subject(change)]
        return not isinstance(change, Eject | Retire) and bool(alike)

    def _ended(self, at: Gate, entry: Entry) -> None:
        name = EntryId(entry.id.removesuffix("#outcome"))
        self.law(name in self.intents, f"{entry.id} ends an intent that nobody logged")
        self.ended[name] = entry
        denied = self._was_done(at, name, entry)
        self.law(not denied, f"{entry.id} is said to have failed, and the world showed it done")
        if entry.change is not None and entry.by != WARDEN:  # it waits by its own clock
            key = change_key(entry.change)
            if entry.kind is Kind.FAILED:
                self.failures[key] = (self.failures.get(key, (0, entry.at))[0] + 1, entry.at)
            else:
                self.failures.pop(key, None)

    def _was_done(self, at: Gate, name: EntryId, entry: Entry) -> bool:
        """Tell whether what act refuses was done by a try before it began, and shows by now."""
        if not isinstance(entry.change, Eject) or entry.reason.code not in REFUSED:
            return False
        mine = [e for e in self.effects if e.intent == name and e.happened < at.began]
        shows = [e for e in mine if e.at <= self.world.now - SHOWN_AFTER]
        return bool(shows) and print_of(self.world, entry.change) in OUT

    # the world

    def before_change(self, at: Gate, change: Change) -> None:
        """Look at a change the world is about to be asked for."""
        self.happened += 1
        if at.running.name.startswith(WARDEN):
            at.intent = self._of_warden(change)
        found = self.intents.get(at.intent) if at.intent else None
        name = change_key(change)
        if found is None or found.change != change or found.deadline is None:
            self.law(False, f"{name} is done, and the log holds no such intent")
            return
        item = self.tables.get(Key(Table.LOG, found.service, found.id))
        self.law(item is not None, f"{name} is done, and its intent is not in the table")
        self.law(at.now <= found.deadline, f"{name} is done after its deadline")
        mine = (found.by == WARDEN) is at.running.name.startswith(WARDEN)
        self.law(mine, f"{name} is done by {at.running.name}, and {found.by} intended it")
        self.law(at.pauses_read, f"{name} is done, and the pause switch was not read")
        self.law(self._pause_on(change, at) is None, f"{name} is done, and it is paused")
        if not at.is_old and found.by != WARDEN:
            self.broken += self.book.protected_since(found.id, at.now, at.began)
        self.law(as_intended(change, at), f"{name} is done unseen: the world was not as intended")
        self.broken += against_tags(change, at)
        named = found.by == WARDEN or named_by(change) <= self._policy(found).resources()
        self.law(named, f"{name} is not of the policy's resources")
        if isinstance(change, Reweight):
            self.law(any(change.after.values()), f"{name} leaves no weight anywhere")
        at.before = print_of(self.world, change)

    def after_change(self, at: Gate, change: Change) -> None:
        """Look at what a change has done."""
        if at.intent is None or at.intent not in self.intents:
            return
        left = print_of(self.world, change)
        mine = [e for e in self.effects if e.intent == at.intent]
        twice = bool(mine) and left != at.before and at.before == mine[-1].left
        self.law(not twice, f"{change_key(change)} took effect twice for one intent")
        if left != at.before or not mine:
            self.effects.append(Effect(at.intent, change, self.world.now, left, self.happened))
        if isinstance(change, Eject) and not mine:
            self._within_budget(change, self._policy(self.intents[at.intent]))

    def _of_warden(self, change: Change) -> EntryId | None:
        """The warden's newest intent of this change that has no outcome yet."""
        mine = [
            name
            for name, e in self.intents.items()
            if e.by == WARDEN and e.change == change and name not in self.ended
        ]
        return mine[-1] if mine else None

    def _within_budget(self, change: Eject, policy: Policy) -> None:
        out = {e.instance for e in self.held_out() if e.fleet == change.fleet}
        now = self.world.now
        recent = [n for at, n in self.fleets.get(change.fleet, ()) if now - at < HOUR / 5]
        most = max(recent, default=0)
        allowed = max(
            math.floor(policy.health.eject.max_share * most + 1e-9), 1 if most >= 3 else 0
        )
        self.law(len(out) <= allowed, f"{len(out)} of {most} are out of {change.fleet} by us")
        hour = [
            e for e in self.effects if isinstance(e.change, Eject | Retire) and now - e.at < HOUR
        ]
        most_an_hour = policy.guard.max_removals_per_hour
        self.law(len(hour) <= most_an_hour, f"{len(hour)} removals within the hour")

    def held_out(self) -> list[Eject]:
        """What we took out of service, and what still is."""
        last: dict[tuple[Arn, str], Eject] = {}
        for effect in self.effects:
            if isinstance(effect.change, Eject):
                last[effect.change.target_group, effect.change.target] = effect.change
            elif isinstance(effect.change, Restore):
                last.pop((effect.change.target_group, effect.change.target), None)
        members = [i for group in self.world.describe_groups() for i in group.instances]
        ending = {i.id for i in members if i.lifecycle.startswith("Terminat")}
        alive = {i.id for i in self.world.instances()} - ending
        return [e for e in last.values() if e.instance in alive and self.is_out(e)]

    def is_out(self, eject: Eject) -> bool:
        """Tell whether the world shows out what this took out."""
        return print_of(self.world, eject) in ("Standby", "EnteringStandby", "deregistered")

    def count(self, policy: Policy) -> None:
        """Note how many instances each fleet has now, out of service or not."""
        for name, fleet in policy.fleets.items():
            here = {t.id for t in self.world.describe_target_health(fleet.target_group)}
            groups = self.world.describe_groups((fleet.group,)) if fleet.group else ()
            here |= {i.id for g in groups for i in g.instances}
            rows = self.fleets.setdefault(name, [])
            rows.append((self.world.now, len(here)))
            del rows[:-120]

    # pauses

    def paused(self, where: str, pause: Pause | None) -> None:
        """An operator has said stop, or go on."""
        self.happened += 1
        if pause is None:
            self.pauses.pop(where, None)
        else:
            self.pauses[where] = (self.happened, pause)

    def _pause_on(self, change: Change, at: Gate) -> str | None:
        """Say which pause was in force before the invocation began, and still is."""
        for where, (since, pause) in self.pauses.items():
            holds = pause.until is None or at.now < pause.until
            if since <= at.began and holds and lever_of(change) in pause.levers:
                return f"{pause.by} paused {'everything' if where == 'None' else where}"
        return None

    def _policy(self, entry: Entry) -> Policy:
        key = records.version_key(ServiceId(entry.service), entry.policy_version)
        item = self.tables.get(key)
        if item is None:
            raise LookupError(f"{entry.id} names a policy version that nobody stored")
        return records.read(Policy, item)


__all__ = ["Effect", "Oracle"]
