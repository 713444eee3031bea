"""Things that go wrong, when and where.

A scenario schedules faults; tests and a live lab switch them on and off by hand. What a fault does
is a property of the instances, metrics and launches it touches, read by the rest of the world; API
throttling is only remembered here, for whoever plays the API to enforce.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """What goes wrong; `amount` means something different for each, given in brackets."""

    DEAD = "dead"
    """The process is gone: connections are refused, checks fail."""
    SLOW = "slow"
    """Service time is multiplied [factor], capacity divided; /health still answers in time."""
    ERRORS = "errors"
    """A share of requests is answered 5xx, fast [share]; /health still answers 200."""
    DEEP = "deep"
    """A part that a share of requests needs is broken: those are answered 5xx [share]; /health
    still answers 200, and what our probe asks for needs that part."""
    FLEET_DOWN = "fleet_down"
    """Every target, new ones too, answers 503 to everything, checks included."""
    ZONE_OUTAGE = "zone_outage"
    """Nothing in the zone can be reached: requests and checks time out."""
    METRICS_DARK = "metrics_dark"
    """No datapoint arrives while it lasts; the withheld ones come when it ends."""
    METRICS_LATE = "metrics_late"
    """Every datapoint arrives later [extra seconds]."""
    METRICS_ABSURD = "metrics_absurd"
    """Every datapoint measured while it lasts says one and the same thing [value; may be nan]."""
    METRICS_TWICE = "metrics_twice"
    """What is reported is counted twice: an agent sends everything again."""
    NO_CAPACITY = "no_capacity"
    """Launches fail with InsufficientInstanceCapacity."""
    SLOW_LAUNCHES = "slow_launches"
    """Launches take longer [factor]."""
    PROBE_BLIND = "probe_blind"
    """Our probe reaches nobody, from anywhere or from one zone: its security group, its routes."""
    IMPAIRED = "impaired"
    """EC2's own check of the machine fails; the application goes on as it does."""
    SPOT_NOTICE = "spot_notice"
    """EC2 gives notice of a spot interruption, and takes the instance two minutes later."""
    RETIREMENT = "retirement"
    """AWS has scheduled the instance's retirement [seconds from now]; nothing else happens."""
    THROTTLED = "throttled"
    """A share of calls to an AWS API is refused [share]; enforced by whoever plays the API."""


@dataclass(frozen=True, slots=True)
class KthTarget:
    """The k-th healthy target of a fleet in order of launch, chosen when the fault starts."""

    fleet: str
    k: int


@dataclass(frozen=True, slots=True)
class OneInstance:
    """An instance by id."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class WholeFleet:
    """Every instance of a fleet, now and later."""

    fleet: str


@dataclass(frozen=True, slots=True)
class InZone:
    """Every instance of a zone, now and later; for launches: launches there."""

    zone: str


@dataclass(frozen=True, slots=True)
class InNamespace:
    """The metrics of one namespace."""

    namespace: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """Calls to an operation of an AWS service, in boto3's names; `*` is any operation."""

    service: str
    operation: str


@dataclass(frozen=True, slots=True)
class Everywhere:
    """All instances, all metrics, all launches."""


Where = KthTarget | OneInstance | WholeFleet | InZone | InNamespace | ApiCall | Everywhere


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong `after_s` seconds into the world, for `lasts_s` (None: for good)."""

    kind: FaultKind
    where: Where = Everywhere()
    after_s: int = 0
    lasts_s: int | None = None
    amount: float = 1.0


def describe(fault: Fault) -> str:
    """Say a fault in a few words, for the journal.

    Example: ``Fault(SLOW, KthTarget("blue", 1), amount=4)`` is "slow x4 at target 1 of blue".
    """
    match fault.kind:
        case FaultKind.SLOW | FaultKind.SLOW_LAUNCHES:
            what = f"{fault.kind} x{fault.amount:g}"
        case FaultKind.ERRORS | FaultKind.DEEP | FaultKind.THROTTLED:
            what = f"{fault.kind} {fault.amount:.0%}"
        case FaultKind.METRICS_LATE:
            what = f"{fault.kind} +{fault.amount:g}s"
        case FaultKind.METRICS_ABSURD:
            what = f"{fault.kind} {fault.amount:g}"
        case _:
            what = str(fault.kind)
    return f"{what} {_place(fault.where)}"


def _place(where: Where) -> str:
    match where:
        case KthTarget(fleet, k):
            return f"at target {k} of {fleet}"
        case OneInstance(instance_id):
            return f"at {instance_id}"
        case WholeFleet(fleet):
            return f"in all of {fleet}"
        case InZone(zone):
            return f"in {zone}"
        case InNamespace(namespace):
            return f"in {namespace}"
        case ApiCall(service, operation):
            return f"on {service}.{operation}"
        case Everywhere():
            return "everywhere"
