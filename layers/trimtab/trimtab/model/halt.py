"""Halts: what keeps a change that was decided from being carried out, whatever was decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.memory import Memory
from trimtab.model.policy import EjectMethod
from trimtab.model.request import (
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Request,
)
from trimtab.model.tick import Pause


@dataclass(frozen=True, slots=True)
class Protection:
    """Something put out of our reach; ``since``: when a tick heard of it, ``None``: not yet."""

    asked: Protect
    by: str
    why: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Halts:
    """The pauses of a service and of everything, and what is protected in the service."""

    pauses: tuple[Pause, ...] = ()
    protections: tuple[Protection, ...] = ()

    def newer_than(self, decided: datetime, now: datetime) -> Iterator[Protection]:
        """Protections that whoever decided then did not know of, and that still hold.

        The others have met the guard, which knows more of what it protects.
        """
        for each in self.protections:
            if each.asked.until > now and (each.since is None or each.since > decided):
                yield each


def protections_asked(requests: Iterable[Request]) -> tuple[Protection, ...]:
    """Return what requests that nobody has heard yet protect."""
    return tuple(Protection(r.what, r.by, r.why) for r in requests if isinstance(r.what, Protect))


def protections_held(memory: Memory) -> tuple[Protection, ...]:
    """Return what a service's memory protects."""
    return tuple(
        Protection(hold.protects, hold.by, hold.why, hold.since)
        for _, hold in sorted(memory.holds.items())
        if hold.protects is not None
    )


def forbids(asked: Protect, change: Change) -> bool:
    """Tell whether a protection speaks against a change, by their names alone.

    Nobody who carries out a change knows whom a group that shrinks will end: it may be anybody.
    """
    if isinstance(change, Reweight):
        return isinstance(asked, ProtectRoute) and change.route == asked.route
    if isinstance(asked, ProtectRoute) or change.fleet != asked.fleet or _gives(change):
        return False
    if isinstance(asked, ProtectFleet) or isinstance(change, Resize):
        return True
    return _takes(change, asked)


def _gives(change: Eject | Restore | Retire | Resize) -> bool:
    return isinstance(change, Restore) or (
        isinstance(change, Resize) and change.after >= change.before
    )


def _takes(change: Eject | Restore | Retire, asked: ProtectTarget) -> bool:
    """Standby ends all registrations of an instance, and so does its own end."""
    if change.instance != asked.instance:
        return False
    if isinstance(change, Retire):
        return True
    return change.method is EjectMethod.STANDBY or change.target == asked.target
