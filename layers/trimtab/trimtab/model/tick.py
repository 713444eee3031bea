"""The record of one tick: all it saw, believed, wanted and ruled, and the memory it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.model.assessment import Assessment
from trimtab.model.blast import UNLIMITED, Blast, Spend
from trimtab.model.entry import Entry
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.lease import Leases
from trimtab.model.memory import Memory
from trimtab.model.observation import Observation
from trimtab.model.policy import Lever, Policy
from trimtab.model.request import Requests
from trimtab.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Pause:
    """Someone said stop: no writes of these levers until ``until`` (none: until resumed)."""

    levers: frozenset[Lever]
    by: str
    why: str
    since: datetime
    until: datetime | None = None

    def holds(self, lever: Lever, now: datetime) -> bool:
        """Whether ``lever`` is paused at ``now``."""
        return lever in self.levers and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the store holds of a service before a tick. ``pauses``: its own and everybody's."""

    policy: Policy
    memory: Memory
    pauses: tuple[Pause, ...] = ()
    requests: Requests = field(default_factory=Requests)
    leases: Leases = field(default_factory=Leases)
    blast: Blast = UNLIMITED


SCHEDULE = "schedule"
"""Who asks every minute."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Why a service is looked at now: the schedule, an alarm, an operator."""

    service: ServiceId
    by: str
    asked_at: datetime
    about: str = ""
    """A request's id: one operator may ask for several things in a minute. It is not sent along."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that the pure part of a tick is a function of.

    ``cited`` holds the entries that requests are about, and those about them; ``returned`` when
    removals were intended that came to nothing.
    """

    seen: Observation
    policy: Policy
    memory: Memory
    pauses: tuple[Pause, ...] = ()
    requests: Requests = field(default_factory=Requests)
    cited: Mapping[EntryId, Entry] = field(default_factory=dict)
    leases: Leases = field(default_factory=Leases)
    blast: Blast = UNLIMITED
    returned: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """One finished pass of the loop, ready to be committed as a whole."""

    id: str
    inputs: Inputs
    belief: Assessment
    verdicts: tuple[Verdict, ...]
    entries: tuple[Entry, ...]
    memory: Memory
    by: str = "schedule"
    settled: tuple[EntryId, ...] = field(default=())
    leases: Leases = field(default_factory=Leases)
    spends: tuple[Spend, ...] = ()

    @property
    def service(self) -> ServiceId:
        """Whose tick this is."""
        return self.inputs.seen.service

    @property
    def now(self) -> datetime:
        """When it was taken."""
        return self.inputs.seen.now
