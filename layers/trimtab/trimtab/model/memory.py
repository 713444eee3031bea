"""Memory: what one tick leaves for the next. Sparse: a healthy target has no entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trimtab.model.change import Change, Eject
from trimtab.model.effect import Caution, Expectation, Unverified
from trimtab.model.ids import EntryId, FleetId, InstanceId, RouteId, TargetId, Zone
from trimtab.model.ladder import Ladder
from trimtab.model.reason import ReasonCode
from trimtab.model.request import Protect


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector keeps finding fault with a target ``since``; ``times`` in a row."""

    detector: ReasonCode
    since: datetime
    times: int = 1


@dataclass(frozen=True, slots=True)
class Ejection:
    """A target we hold out ``until`` then, and how often it has been out."""

    eject: Eject
    reason: ReasonCode
    since: datetime
    until: datetime
    strikes: int


@dataclass(frozen=True, slots=True)
class Strikes:
    """How often a target was ejected, and when it last came back."""

    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """How many targets a fleet was found to need, for stabilization."""

    at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent on its way: counted as done by the guard until its outcome is known.

    ``until``: how long an operator wants a target out. ``undoes``: the intents it takes back.
    ``expects``: what it should change; ``None`` if an older version wrote it. ``short``: what is
    left of what it takes back once it is done, if that is only a part.
    """

    entry: EntryId
    change: Change
    reason: ReasonCode
    at: datetime
    deadline: datetime
    until: datetime | None = None
    undoes: tuple[EntryId, ...] = ()
    expects: Expectation | None = None
    short: Change | None = None


@dataclass(frozen=True, slots=True)
class Remainder:
    """What is left of an action that was taken back in part, last ``at``."""

    change: Change
    at: datetime


@dataclass(frozen=True, slots=True)
class Setback:
    """A change that AWS refused or that failed, ``times`` in a row, last ``at``."""

    code: ReasonCode
    at: datetime
    times: int


@dataclass(frozen=True, slots=True)
class Action:
    """A past action, for budgets over time. ``removal``: it took something out of service."""

    at: datetime
    fleet: FleetId | None
    zone: Zone | None
    removal: bool


@dataclass(frozen=True, slots=True)
class FleetMemory:
    """What is remembered of one fleet.

    ``findings``, ``shadowed`` (those of detectors in shadow) and ``warming`` hold only targets that
    something is the matter with; ``warming``
    says when an instance was last seen launching or in its first health checks. ``demand`` is the
    last known load in target units, for doubt only: it may keep capacity, never remove it.
    ``latency`` is a slow mean of the fleet's latency in seconds (what "usual" means);
    ``seen_at`` is when target health was last read: over a gap, findings are held against nobody.
    ``close_until``, ``watched_at`` and ``swept_at`` say when to read more than the load.
    ``usual`` is a slow mean of the targets' median metrics; ``population`` the registrations last
    believed, and when; ``blind_since`` says since when we have been blind without a break.
    ``ladder`` says what became of replacements; ``others`` are those whom somebody else keeps out;
    ``dark_since`` says since when nothing in any zone was ready.
    """

    findings: Mapping[TargetId, tuple[Finding, ...]] = field(default_factory=dict)
    warming: Mapping[InstanceId, datetime] = field(default_factory=dict)
    ejected: Mapping[TargetId, Ejection] = field(default_factory=dict)
    strikes: Mapping[TargetId, Strikes] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    resized_up: datetime | None = None
    resized_down: datetime | None = None
    demand: float | None = None
    demand_at: datetime | None = None
    latency: float | None = None
    seen_at: datetime | None = None
    close_until: datetime | None = None
    watched_at: datetime | None = None
    swept_at: datetime | None = None
    usual: Mapping[str, float] = field(default_factory=dict)
    population: int | None = None
    population_at: datetime | None = None
    blind_since: datetime | None = None
    others: tuple[InstanceId, ...] = ()
    dark_since: datetime | None = None
    shadowed: Mapping[TargetId, tuple[Finding, ...]] = field(default_factory=dict)
    ladder: Ladder = field(default_factory=Ladder)

    def is_on_probation(self, target: TargetId, lasts: timedelta, now: datetime) -> bool:
        """Whether it was out for a fault of its own, and is back for less than ``lasts``."""
        held = self.strikes.get(target)
        is_back = held is not None and held.count > 0 and now - held.last < lasts
        return is_back and target not in self.ejected

    def on_probation(self, lasts: timedelta, now: datetime) -> frozenset[TargetId]:
        """All targets that are."""
        return frozenset(t for t in self.strikes if self.is_on_probation(t, lasts, now))


@dataclass(frozen=True, slots=True)
class RouteMemory:
    """Since when a route's fleets are short or well again, and when weights last moved."""

    short_since: Mapping[FleetId, datetime] = field(default_factory=dict)
    well_since: Mapping[FleetId, datetime] = field(default_factory=dict)
    moved_at: datetime | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A verdict that was logged and still stands, so that it is not logged every minute.

    ``entry`` is the entry of one that awaits approval, until it is answered.
    """

    codes: tuple[ReasonCode, ReasonCode]
    ruling: str
    since: datetime
    entry: EntryId | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's word that something stays as it is ``until`` then.

    A fleet's group at ``size``, a route at ``weights``, what ``protects`` names out of our reach;
    with none of them, a target stays in rotation. ``undoes``: it holds what an undo restores, and
    gives way when the load needs more. ``was`` is the size that a held one took the place of.
    """

    request: EntryId
    by: str
    why: str
    since: datetime
    until: datetime
    size: int | None = None
    weights: Mapping[FleetId, int] | None = None
    undoes: tuple[EntryId, ...] = ()
    protects: Protect | None = None
    was: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of one service. ``version`` is what the store held; 0: nothing yet.

    ``holds`` are by subject; ``undone`` says which intents were taken back, and when; ``remains``
    what is left of those that were taken back in part only.
    ``unverified`` actions were applied and nobody knows yet whether they helped; ``regretted`` ones
    made things worse and are to be taken back; ``cautions`` say what is not done again for a while.
    ``at``: when the tick was that left it; a tick before that has a clock that was set back.
    """

    version: int = 0
    fleets: Mapping[FleetId, FleetMemory] = field(default_factory=dict)
    routes: Mapping[RouteId, RouteMemory] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()
    actions: tuple[Action, ...] = ()
    standing: Mapping[str, Standing] = field(default_factory=dict)
    setbacks: Mapping[str, Setback] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    undone: Mapping[EntryId, datetime] = field(default_factory=dict)
    remains: Mapping[EntryId, Remainder] = field(default_factory=dict)
    unverified: tuple[Unverified, ...] = ()
    regretted: tuple[Unverified, ...] = ()
    cautions: Mapping[str, Caution] = field(default_factory=dict)
    at: datetime | None = None

    def fleet(self, name: FleetId) -> FleetMemory:
        """What is remembered of a fleet; empty if nothing."""
        return self.fleets.get(name) or FleetMemory()

    def route(self, name: RouteId) -> RouteMemory:
        """What is remembered of a route; empty if nothing."""
        return self.routes.get(name) or RouteMemory()
