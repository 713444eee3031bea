"""People with the CLI: pauses, policies, and everything they may ask for, at any moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from trimtab.codec import ulid
from trimtab.model.change import Resize, Reweight
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, FleetId, InstanceId, ServiceId
from trimtab.model.policy import Lever, Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import (
    Approve,
    Asked,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Reject,
    Release,
    RestoreTarget,
    Undo,
    cited_by,
    size_subject,
    weights_subject,
    words_of,
)
from trimtab.model.tick import Pause
from trimtab.ports import Store
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.plan import Dice, Trouble
from trimtab_lab.chaos.stage import lowered

SERVICE = ServiceId("shop")
MOST_UNDONE = 8
"""Actions that one `undo --since` takes back here."""


class Operators:
    """They see what anybody can see: the log and the world. ``tell`` takes a line of the story."""

    def __init__(
        self, store: Store, oracle: Oracle, dice: Dice, tell: Callable[[str], None]
    ) -> None:
        self._store, self._oracle, self._dice, self._tell = store, oracle, dice, tell
        self._serial = 0

    def work(self, policy: Policy) -> None:
        """Pause, resume or apply a policy now and then."""
        if self._dice.strikes(Trouble.OPERATOR):
            self._pause(self._dice.of(Trouble.OPERATOR))
        if self._dice.strikes(Trouble.POLICY):
            dice = self._dice.of(Trouble.POLICY)
            self.apply(policy if dice.random() < 0.4 else lowered(policy, dice))

    # pauses and policies

    def _pause(self, dice: random.Random) -> None:
        where = dice.choice((SERVICE, None))
        if str(where) in self._oracle.pauses or dice.random() < 0.3:
            self.set_pause(where, None)
            return
        levers = dice.choice((frozenset(Lever), frozenset({dice.choice(list(Lever))})))
        minutes = dice.choice((None, 2, 6))
        now = self._oracle.world.now
        until = None if minutes is None else now + timedelta(minutes=minutes)
        self.set_pause(where, Pause(levers, "ops", "chaos", now, until))

    def set_pause(self, where: ServiceId | None, pause: Pause | None) -> None:
        """Pause or resume a service, or everything."""
        what = "resumes" if pause is None else f"pauses {', '.join(sorted(pause.levers))} of"
        self._tell(f"operator: {what} {where or 'everything'}")
        self._store.set_pause(where, pause, self._entry(Kind.PAUSE, ReasonCode.PAUSED))
        self._oracle.paused(str(where), pause)

    def apply(self, policy: Policy) -> None:
        """Put a policy in force."""
        self._tell("operator: applies a policy")
        entry = self._entry(Kind.POLICY, ReasonCode.POLICY_APPLIED)
        self._store.apply_policy(policy, policy.resources(), entry)

    def _entry(self, kind: Kind, code: ReasonCode) -> Entry:
        self._serial += 1
        now = self._oracle.world.now
        name = ulid(now, f"operator {self._serial}")
        return Entry(
            service=SERVICE, id=EntryId(f"{name}#000"), at=now, kind=kind, by="ops", tick=name,
            reason=Reason(code, "chaos"),
        )  # fmt: skip

    # requests

    def entries(self, asked: Sequence[Asked]) -> list[Entry]:
        """Write requests as the command line does: one entry each, of one moment."""
        blank = self._entry(Kind.REQUESTED, ReasonCode.REQUESTED)
        return [
            Entry(
                service=SERVICE, id=EntryId(f"{blank.tick}#{n:03}"), at=blank.at, kind=blank.kind,
                by="ann", tick=blank.tick, reason=blank.reason, subject=words_of(what),
                intent=cited_by(what), asked=what,
            )
            for n, what in enumerate(asked)
        ]  # fmt: skip

    def wishes(self, policy: Policy) -> tuple[Asked, ...]:
        """Ask for something now and then; mostly for what makes sense, but not always."""
        if not self._dice.strikes(Trouble.REQUEST):
            return ()
        dice = self._dice.of(Trouble.REQUEST)
        match dice.randrange(9):
            case 0 | 1 | 2:
                return self._answers(dice)
            case 3:
                return self._undo(dice)
            case 4:
                return tuple(self._undo_since(dice.choice((2, 5, 15))))
            case 5:
                return self._move(policy, dice)
            case 6:
                return (_hold(policy, self._oracle, dice),)
            case 7:
                return (_protect(policy, self._oracle, dice),)
            case _:
                return (Release(dice.choice(_subjects(policy))),)

    def _answers(self, dice: random.Random) -> tuple[Asked, ...]:
        """Approve or reject something that awaits it; now and then what was answered before."""
        book = self._oracle.book
        waiting = [a for a in book.awaiting if a not in book.said]
        if not waiting or dice.random() < 0.1:
            waiting = list(book.log)
        if not waiting:
            return ()
        name = waiting[-1] if dice.random() < 0.7 else dice.choice(waiting)
        return (Reject(name) if dice.random() < 0.25 else Approve(name),)

    def _undo(self, dice: random.Random) -> tuple[Asked, ...]:
        done = list(self._oracle.ended) if dice.random() < 0.9 else list(self._oracle.book.log)
        if not done:
            return ()
        name = done[-1] if dice.random() < 0.5 else dice.choice(done)
        return (Undo(name), Undo(name)) if dice.random() < 0.2 else (Undo(name),)

    def _undo_since(self, minutes: int) -> Iterator[Asked]:
        """Undo everything of the last minutes, newest first, as `undo --since` does."""
        since = self._oracle.world.now - timedelta(minutes=minutes)
        done = [e for e in self._oracle.ended.values() if e.kind is Kind.APPLIED and e.at >= since]
        newest = sorted(done, key=lambda e: e.at, reverse=True)[:MOST_UNDONE]
        yield from (Undo(EntryId(e.id.removesuffix("#outcome"))) for e in newest)

    def undo_since(self, minutes: int) -> tuple[Asked, ...]:
        """What takes back everything of the last minutes."""
        return tuple(self._undo_since(minutes))

    def _move(self, policy: Policy, dice: random.Random) -> tuple[Asked, ...]:
        held = self._oracle.held_out()
        if held and dice.random() < 0.6:
            out = dice.choice(held)
            return (RestoreTarget(out.fleet, out.instance, out.port),)
        fleet = policy.fleets[dice.choice(sorted(policy.fleets))]
        here = self._oracle.world.describe_target_health(fleet.target_group)
        if not here:
            return ()
        target = dice.choice(here)
        until = self._oracle.world.now + timedelta(minutes=dice.choice((1, 4, 10)))
        return (EjectTarget(fleet.name, InstanceId(target.id), target.port, until),)

    def releases(self) -> tuple[Asked, ...]:
        """What ends every hold in force, and those asked for."""
        tick = self._oracle.committed
        held = set(tick.memory.holds) if tick is not None else set()
        for entry in self._oracle.book.requested.values():
            match entry.asked:
                case HoldCapacity(fleet):
                    held.add(size_subject(fleet))
                case HoldWeights(route):
                    held.add(weights_subject(route))
                case Undo(about) if (done := self._oracle.intents.get(about)) is not None:
                    held |= _held_by_undo(done)
                case _:
                    pass
        return tuple(Release(subject) for subject in sorted(held))


def _held_by_undo(done: Entry) -> set[str]:
    """Name what the undo of an action holds."""
    match done.change:
        case Resize():
            return {size_subject(done.change.fleet)}
        case Reweight():
            return {weights_subject(done.change.route)}
        case _:
            return set()


def _hold(policy: Policy, oracle: Oracle, dice: random.Random) -> Asked:
    until = oracle.world.now + timedelta(minutes=dice.choice((2, 5, 10)))
    if dice.random() < 0.5:
        return HoldCapacity(FleetId(dice.choice(sorted(policy.fleets))), dice.randint(2, 9), until)
    route = policy.routes[0]
    blue = dice.choice((0, 20, 50, 80, 100))
    shares = dict(zip(sorted(route.split), (blue, 100 - blue), strict=True))
    return HoldWeights(route.name, shares, until)


def _protect(policy: Policy, oracle: Oracle, dice: random.Random) -> Asked:
    until = oracle.world.now + timedelta(minutes=dice.choice((2, 5, 10)))
    fleet = policy.fleets[FleetId(dice.choice(sorted(policy.fleets)))]
    here = oracle.world.describe_target_health(fleet.target_group)
    match dice.randrange(3):
        case 0 if here:
            target = dice.choice(here)
            return ProtectTarget(fleet.name, InstanceId(target.id), target.port, until)
        case 1:
            return ProtectRoute(policy.routes[0].name, until)
        case _:
            return ProtectFleet(fleet.name, until)


def _subjects(policy: Policy) -> list[str]:
    sizes = [size_subject(f) for f in sorted(policy.fleets)]
    return [*sizes, *(weights_subject(r.name) for r in policy.routes), "nothing at all"]


__all__ = ["SERVICE", "Operators"]
