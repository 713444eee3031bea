"""What we believe of an observation: per target, per fleet, and of the load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from itertools import repeat
from typing import NamedTuple

from trimtab.model.cause import Cause
from trimtab.model.ids import FleetId, TargetId
from trimtab.model.observation import Target
from trimtab.model.reason import DEPARTING, Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one detector says of one target. It is a finding, never an action.

    ``score`` is compared with ``threshold`` in the metric's own unit; ``since`` is when this was
    first seen without a break; ``at`` the time of the newest datum it rests on.
    """

    detector: ReasonCode
    score: float
    threshold: float
    samples: int
    peers: int
    since: datetime
    text: str
    at: datetime | None = None


class Condition(StrEnum):
    """What we believe of one target."""

    TRUSTED = "trusted"  # serves, and nothing speaks against it
    SUSPECT = "suspect"  # serves, and something speaks against it, not yet for long enough
    FAILING = "failing"  # evidence has held: should leave
    WARMING = "warming"  # new: not yet to be judged or counted
    LEAVING = "leaving"  # draining, by whoever's doing
    IDLE = "idle"  # registered but not in use by a load balancer
    UNKNOWN = "unknown"  # the load balancer cannot say


class TargetBelief(NamedTuple):
    """One target, what we believe, and why. ``serves``: users' requests reach it and may work.

    ``shadowed`` is what detectors in shadow found: it is told, and nothing may follow of it. A
    tuple, since one is made of every target in every tick.
    """

    target: Target
    condition: Condition
    serves: bool
    evidence: tuple[Evidence, ...] = ()
    shadowed: tuple[Evidence, ...] = ()

    @classmethod
    def trusting(cls, targets: Iterable[Target]) -> list[TargetBelief]:
        """Believe targets of which there is nothing to say; there may be thousands of them."""
        fields = zip(targets, repeat(Condition.TRUSTED), repeat(True), repeat(()), repeat(()))
        return list(map(partial(tuple.__new__, cls), fields))  # ``_make``, but for a call of each

    @property
    def bad(self) -> bool:
        """Whether something in use speaks against it, or the load balancer gives it no requests.

        Who serves is a fact, whatever is made of the load balancer's verdict on single targets:
        it always counts where too much is bad. Who is only about to be taken away is not bad.
        """
        if self.evidence and any(e.detector not in DEPARTING for e in self.evidence):
            return True
        return self.condition is Condition.SUSPECT and not self.serves

    @property
    def trusted(self) -> bool:
        """Whether it carries load now and nothing is proven against it.

        One to which the load balancer sends next to nothing, to mitigate an anomaly, carries none.
        """
        known = self.condition in (Condition.TRUSTED, Condition.SUSPECT)
        return self.serves and known and not self.target.mitigating


@dataclass(frozen=True, slots=True)
class Demand:
    """Load in units of one target at its target load.

    ``units`` 5.4 means: five targets at target load and one at 40 %. ``at`` is the start of the
    newest minute it rests on.
    """

    units: float
    at: datetime
    rule: str
    load: float


@dataclass(frozen=True, slots=True)
class FleetBelief:
    """What we believe of one fleet.

    ``targets`` is ``None`` when we are blind to target health. ``trusted`` of them carry load with
    no proof against them. ``demand`` is ``None`` when the
    load is unknown; ``demand_gap`` then says why. ``error_share`` is that of the newest minute,
    where there were enough requests. ``bad`` counts targets with evidence against them and those
    we hold out; ``bad_share`` is over all of the fleet's. ``panic``: so much is bad that removal
    must stop. ``down``: nothing in it can be trusted to serve. ``suspicious``: worth a closer look.
    ``cause`` is what best explains what is wrong, ``because`` says why. ``levels`` are the medians
    of the targets' own metrics, ``rest_share`` the share of requests failed by those that do not
    stand out; both only after a close look.
    """

    fleet: FleetId
    targets: tuple[TargetBelief, ...] | None
    trusted: int
    demand: Demand | None
    demand_gap: Reason | None
    error_share: float | None
    bad: int
    bad_share: float
    panic: bool
    down: bool
    suspicious: bool
    cause: Cause = Cause.NONE
    because: str = ""
    levels: Mapping[str, float] = field(default_factory=dict)
    rest_share: float | None = None

    def count(self, *conditions: Condition) -> int:
        """How many targets are in one of the conditions."""
        return sum(1 for t in self.targets or () if t.condition in conditions)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What we believe of a service this tick."""

    fleets: Mapping[FleetId, FleetBelief]

    def targets_of(self, fleet: FleetId) -> Mapping[TargetId, TargetBelief]:
        """The fleet's targets by id; empty when blind."""
        return {b.target.id: b for b in self.fleets[fleet].targets or ()}
