"""Requests: what an operator asks of a service. Heard by the next tick, judged by every guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.model.ids import EntryId, FleetId, InstanceId, RouteId, TargetId, target_id

MOST_OPEN = 100
"""Requests of one service that may wait at once."""
MOST_HEARD = 10
"""Requests answered in one tick: the others wait for the next."""
MOST_PROTECTED = 50
"""Targets of one service that may be protected one by one: more are a fleet."""
SETTLES_FOR = timedelta(minutes=30)
"""How long what an operator took back is not done again by ourselves."""


@dataclass(frozen=True, slots=True)
class Approve:
    """Do what an awaiting entry proposed, if that still stands."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class Reject:
    """Do not do what an awaiting entry proposes, as long as it proposes the same."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back what an intent did, if the world still is as it left it."""

    entry: EntryId


@dataclass(frozen=True, slots=True)
class EjectTarget:
    """Take one target out and keep it out ``until`` then."""

    fleet: FleetId
    instance: InstanceId
    port: int
    until: datetime

    @property
    def target(self) -> TargetId:
        """The registration meant."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class RestoreTarget:
    """Bring back one target that we hold out."""

    fleet: FleetId
    instance: InstanceId
    port: int

    @property
    def target(self) -> TargetId:
        """The registration meant."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class HoldCapacity:
    """Bring a fleet's group to ``size`` and leave it there ``until`` then."""

    fleet: FleetId
    size: int
    until: datetime


@dataclass(frozen=True, slots=True)
class HoldWeights:
    """Bring a route to these weights and leave it there ``until`` then. It names all its fleets."""

    route: RouteId
    weights: Mapping[FleetId, int]
    until: datetime


@dataclass(frozen=True, slots=True)
class ProtectTarget:
    """Let nothing of ours take this target out, or shrink its group over it, ``until`` then."""

    fleet: FleetId
    instance: InstanceId
    port: int
    until: datetime

    @property
    def target(self) -> TargetId:
        """The registration meant."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class ProtectFleet:
    """Let nothing of ours take a target out of a fleet, or shrink its group, ``until`` then."""

    fleet: FleetId
    until: datetime


@dataclass(frozen=True, slots=True)
class ProtectRoute:
    """Let nothing of ours move a route's weights ``until`` then, whatever happens behind it."""

    route: RouteId
    until: datetime


Protect = ProtectTarget | ProtectFleet | ProtectRoute


@dataclass(frozen=True, slots=True)
class Release:
    """End a hold or a protection, by its subject as ``trimtab status`` shows it."""

    subject: str


Asked = (
    Approve
    | Reject
    | Undo
    | EjectTarget
    | RestoreTarget
    | HoldCapacity
    | HoldWeights
    | ProtectTarget
    | ProtectFleet
    | ProtectRoute
    | Release
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``id`` is that of its ``requested`` entry, ``by`` whoever asked."""

    id: EntryId
    by: str
    at: datetime
    why: str
    what: Asked


@dataclass(frozen=True, slots=True)
class Requests:
    """What waits to be heard, oldest first. ``version`` is what the store held; 0: nothing yet."""

    version: int = 0
    open: tuple[Request, ...] = ()

    @property
    def heard(self) -> tuple[Request, ...]:
        """Those that one tick answers."""
        return self.open[:MOST_HEARD]

    @property
    def left(self) -> Requests:
        """What waits after that, as the store is to hold it."""
        return Requests(self.version + 1, self.open[MOST_HEARD:])


def cited_by(asked: Asked) -> EntryId | None:
    """Name the entry that a request is about, if it is about one."""
    return asked.entry if isinstance(asked, Approve | Reject | Undo) else None


def size_subject(fleet: FleetId) -> str:
    """Name a hold of a fleet's size."""
    return f"size of {fleet}"


def weights_subject(route: RouteId) -> str:
    """Name a hold of a route's weights."""
    return f"weights of {route}"


def protection_subject(asked: Protect) -> str:
    """Name a protection."""
    return f"protection of {protected_by(asked)}"


def protected_by(asked: Protect) -> str:
    """Name what is protected."""
    match asked:
        case ProtectTarget():
            return f"target {asked.fleet}/{asked.target}"
        case ProtectFleet():
            return f"fleet {asked.fleet}"
        case ProtectRoute():
            return f"route {asked.route}"


def words_of(asked: Asked) -> str:
    """Say in words what is asked."""
    match asked:
        case Approve() | Reject() | Undo():
            return f"{type(asked).__name__.lower()} {asked.entry}"
        case EjectTarget():
            return f"eject {asked.target} of {asked.fleet} until {_moment(asked.until)}"
        case RestoreTarget():
            return f"restore {asked.target} of {asked.fleet}"
        case HoldCapacity():
            return f"hold {asked.fleet} at {asked.size} until {_moment(asked.until)}"
        case HoldWeights():
            weights = ", ".join(f"{f} {w}" for f, w in sorted(asked.weights.items()))
            return f"hold {asked.route} at {weights} until {_moment(asked.until)}"
        case ProtectTarget() | ProtectFleet() | ProtectRoute():
            return f"protect {protected_by(asked)} until {_moment(asked.until)}"
        case Release():
            return f"release {asked.subject}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
