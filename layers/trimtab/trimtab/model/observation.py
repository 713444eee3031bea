"""Everything seen in one tick, each sample with its own time. What was not seen is a gap.

A missing value is never a number: where a read failed the field is ``None`` and a ``Gap`` says why.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from trimtab.model.ids import (
    Arn,
    FleetId,
    InstanceId,
    RouteId,
    ServiceId,
    TargetId,
    Zone,
    target_id,
)
from trimtab.model.reading import Reading
from trimtab.model.reason import Reason
from trimtab.model.report import Report
from trimtab.model.signs import Closer, Marks


class TargetState(StrEnum):
    """Target health states of Elastic Load Balancing, plus one for those to come."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNHEALTHY_DRAINING = "unhealthy.draining"
    DRAINING = "draining"
    UNUSED = "unused"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Target:
    """One registration in a target group, as the load balancer sees it.

    ``state_reason`` is AWS's code (``Target.Timeout``), empty when healthy. ``anomalous`` is ALB's
    own anomaly detection, ``None`` where it does not say. ``id`` is the registration's name,
    instance and port, put together once: it is asked for many times a tick.
    """

    instance: InstanceId
    port: int
    zone: Zone
    state: TargetState
    state_reason: str = ""
    anomalous: bool | None = None
    mitigating: bool = False
    id: TargetId = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Name the registration."""
        object.__setattr__(self, "id", target_id(self.instance, self.port))


class Lifecycle(StrEnum):
    """Lifecycle states of a group's member, folded to what a decision needs."""

    PENDING = "pending"
    IN_SERVICE = "in_service"
    ENTERING_STANDBY = "entering_standby"
    STANDBY = "standby"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of an Auto Scaling group. ``protected``: from scale-in.

    ``version`` tells apart what members were launched from: a template's and its number.
    """

    instance: InstanceId
    zone: Zone
    lifecycle: Lifecycle
    healthy: bool = True
    protected: bool = False
    version: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """An Auto Scaling group as described. ``launch_failure`` is the newest failed launch's text.

    ``marks`` are its own tags'. ``target_groups`` are all it registers its members in: standby
    takes a member out of every one of them.
    """

    name: str
    min_size: int
    max_size: int
    desired: int
    members: tuple[Member, ...]
    suspended: frozenset[str] = frozenset()
    launch_failure: str = ""
    marks: Marks | None = None
    target_groups: tuple[Arn, ...] = ()

    @property
    def in_service(self) -> int:
        """How many members are in service."""
        return sum(1 for m in self.members if m.lifecycle is Lifecycle.IN_SERVICE)


@dataclass(frozen=True, slots=True)
class Point:
    """One datapoint: ``at`` is the start of its period."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """Datapoints oldest first, one a minute where there is one. ``complete``: AWS said so.

    Held as columns, ``times`` beside ``values``: there are thousands of series in a tick, and what
    is asked of most is their last few values. Raises ``ValueError`` if one is longer.
    """

    times: tuple[datetime, ...] = ()
    values: tuple[float, ...] = ()
    complete: bool = True

    def __post_init__(self) -> None:
        """Refuse columns of two lengths."""
        if len(self.times) != len(self.values):
            raise ValueError(f"{len(self.times)} times and {len(self.values)} values")

    @classmethod
    def of(cls, points: Iterable[Point], complete: bool = True) -> Series:
        """Return the series of some points."""
        held = tuple(points)
        return cls(tuple(p.at for p in held), tuple(p.value for p in held), complete)

    @staticmethod
    def renewed(stored: dict[str, Any]) -> dict[str, Any]:
        """Return what an earlier version stored, a list of points, as columns."""
        points = stored.get("points")
        fields = {"at", "value"}
        if not isinstance(points, list) or any(
            not isinstance(p, dict) or p.keys() != fields for p in points
        ):
            return stored
        rest = {name: held for name, held in stored.items() if name != "points"}
        return {
            "times": [p["at"] for p in points],
            "values": [p["value"] for p in points],
            **rest,
        }

    @property
    def points(self) -> tuple[Point, ...]:
        """Its points, oldest first."""
        return tuple(map(Point, self.times, self.values))

    @property
    def by_time(self) -> dict[datetime, float]:
        """Its values by the start of their periods, oldest first."""
        return dict(zip(self.times, self.values, strict=True))

    @property
    def last(self) -> Point | None:
        """The newest point, if any."""
        return Point(self.times[-1], self.values[-1]) if self.times else None

    def since(self, at: datetime) -> Series:
        """Return what is no older than ``at``."""
        first = bisect_left(self.times, at)
        return Series(self.times[first:], self.values[first:], self.complete)


class LoadSignal(StrEnum):
    """Fleet-level series that the observer knows how to fetch."""

    REQUESTS = "requests"
    ERRORS = "errors"
    LATENCY = "latency"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class FleetSeen:
    """One fleet in one tick.

    ``targets`` is ``None`` when target health could not be read; ``group`` is ``None`` when there
    is none or it could not be read (a gap tells which). ``signals`` holds only what was asked for
    and answered. ``metrics`` holds per-target series by metric name, then instance; empty when
    nobody looked that closely this tick (``looked_closely``). ``reports`` holds what others saw of
    it lately, oldest first, if the policy reads that. ``closer`` is what was asked besides, because
    something is the matter; ``None``: nothing was. ``reading`` counts the series asked for: one
    that several fleets share counts for each.
    """

    fleet: FleetId
    targets: tuple[Target, ...] | None
    group: Group | None = None
    signals: Mapping[LoadSignal, Series] | None = None
    metrics: Mapping[str, Mapping[InstanceId, Series]] | None = None
    looked_closely: bool = False
    reports: tuple[Report, ...] = ()
    closer: Closer | None = None
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class RouteSeen:
    """A forward action as it is: the weight of every target group in it, known to us or not."""

    rule: Arn
    weights: Mapping[Arn, int]


@dataclass(frozen=True, slots=True)
class Gap:
    """Something we could not see: ``what`` (``target_health`` ...), of which fleet or route."""

    what: str
    subject: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything seen of one service in one tick, taken at ``now``."""

    service: ServiceId
    now: datetime
    fleets: Mapping[FleetId, FleetSeen]
    routes: Mapping[RouteId, RouteSeen]
    gaps: tuple[Gap, ...] = ()

    @property
    def reading(self) -> Reading:
        """The series asked for in this tick, of all fleets."""
        return sum((f.reading for f in self.fleets.values() if f.reading), Reading())
