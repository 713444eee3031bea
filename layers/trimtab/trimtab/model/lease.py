"""Leases: what is temporary, and how to give it back without whoever took it.

A living controller renews a service's leases with each tick. When it stops, the warden gives back
what has expired, and needs nothing for it but the lease and a look at the world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.model.change import Change
from trimtab.model.memory import Pending
from trimtab.model.reason import ReasonCode

WARDEN = "warden"
"""Who gives back what has expired, as its entries say."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a route had to carry when the controller last knew, in targets at their target load.

    ``most`` is how much of that one target may be made to carry.
    """

    units: float
    at: datetime
    most: float


@dataclass(frozen=True, slots=True)
class Lease:
    """Something temporary: what gives it back, and when that is due.

    ``inverse`` is made for the world as the tick saw it; ``on_its_way`` is what an intent under way
    may have made of it meanwhile. Neither a route's nor a group's state is touched when it is
    something else by then: somebody else has set it. A route goes home by at most ``step`` of its
    traffic at a time, a group no higher than ``most``. Nobody remembers an ``orphan``, so nobody
    renews it.
    """

    subject: str
    inverse: Change
    expires: datetime
    why: str
    step: float = 1.0
    load: Load | None = None
    most: int | None = None
    on_its_way: Change | None = None
    orphan: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """The warden's latest intent to give one thing back, after so many ``failures`` in a row."""

    pending: Pending
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Leases:
    """The leases of one service. ``version`` is what the store holds; 0: nothing yet.

    Controller and warden write them with that condition, so that neither acts on what the other
    has changed. ``attempts`` and ``said`` (why something is kept, as the log has it) are the
    warden's, by subject, until a tick takes the attempts over.
    """

    version: int = 0
    held: tuple[Lease, ...] = ()
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    said: Mapping[str, ReasonCode] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to hold, to settle or to forget."""
        return not (self.held or self.attempts or self.said)
