"""The world's mutable insides: instances, registrations, target groups, scaling groups.

Plain slotted classes, because a simulated day touches them half a million times. Nobody outside the
world package holds one: calls answer with the frozen values of `trimtab_lab.world.views`. Times are
whole seconds since the epoch.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trimtab_lab.world.scenario import App, GroupSpec, TargetGroupSpec


class Health(StrEnum):
    """Target health states of ELBv2 (DescribeTargetHealth) that occur in this world."""

    INITIAL = "initial"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    DRAINING = "draining"
    UNUSED = "unused"


class Lifecycle(StrEnum):
    """Lifecycle states of an instance in an Auto Scaling group that occur in this world."""

    PENDING = "Pending"
    IN_SERVICE = "InService"
    ENTERING_STANDBY = "EnteringStandby"
    STANDBY = "Standby"
    TERMINATING = "Terminating"
    TERMINATED = "Terminated"


class Instance:
    """One EC2 instance and the application on it."""

    __slots__ = (
        "app",
        "arrivals",
        "backlog",
        "bucket",
        "cpu_steps",
        "cpu_sum",
        "dead",
        "error_share",
        "fail_share",
        "failing",
        "group",
        "health_status",
        "id",
        "in_service_at",
        "latency",
        "launched_at",
        "lifecycle",
        "next_at",
        "protected",
        "queue_shape",
        "registrations",
        "rho",
        "slow",
        "unreachable",
        "warm_up_s",
        "zone",
    )

    def __init__(self, id: str, zone: str, app: App, launched_at: int) -> None:  # noqa: A002
        self.id = id
        self.zone = zone
        self.app = app
        self.launched_at = launched_at
        self.group: ScalingGroup | None = None
        self.lifecycle = Lifecycle.IN_SERVICE
        self.in_service_at: int | None = launched_at
        self.next_at = 0
        """When the lifecycle moves on by itself, for the states that do."""
        self.warm_up_s = 0
        self.protected = False
        self.health_status = "Healthy"
        self.registrations: list[Registration] = []
        self.queue_shape = math.sqrt(2 * (app.workers + 1)) - 1
        self.arrivals = 0
        self.backlog = 0.0
        self.rho = 0.0
        self.latency = app.service_time_s
        self.bucket = 0
        self.fail_share = 0.0
        self.cpu_sum = 0.0
        self.cpu_steps = 0
        self.clear_faults()

    def clear_faults(self) -> None:
        """Forget all faults; those still on are put back by whoever cleared them."""
        self.dead = False
        self.unreachable = False
        self.failing = False
        self.slow = 1.0
        self.error_share = 0.0

    def speed(self, at: int) -> float:
        """Speed as a share of a warm, sound target's: cold targets ramp up linearly."""
        since = at - (self.in_service_at or at)
        if since >= self.warm_up_s:
            return 1.0 / self.slow
        cold = self.app.cold_speed
        return (cold + (1.0 - cold) * since / self.warm_up_s) / self.slow


class Registration:
    """One instance and port in one target group, with its health and this minute's counts."""

    __slots__ = (
        "anomalous",
        "anomaly_strikes",
        "arrivals",
        "bad_streak",
        "carry",
        "connection_errors",
        "in_group",
        "instance",
        "latency_sum",
        "mix",
        "next_check",
        "ok_streak",
        "port",
        "reason",
        "registered_at",
        "requests",
        "state",
        "target_5xx",
    )

    def __init__(self, instance: Instance, port: int, in_group: TargetGroup, at: int) -> None:
        self.instance = instance
        self.port = port
        self.in_group = in_group
        self.registered_at = at
        self.state = Health.INITIAL
        self.reason: str | None = "Elb.RegistrationInProgress"
        self.ok_streak = 0
        self.bad_streak = 0
        self.next_check = at
        """When the next check is due; for a draining target, when it is drained."""
        self.anomalous = False
        self.anomaly_strikes = 0
        self.arrivals = 0
        self.carry = 0.0
        self.clear_minute()

    def clear_minute(self) -> None:
        """Start the next minute's counts."""
        self.requests = 0
        self.target_5xx = 0
        self.connection_errors = 0
        self.latency_sum = 0.0
        self.mix: dict[int, int] = {}


class TargetGroup:
    """A target group, who is in it and whom the load balancer routes to."""

    __slots__ = (
        "arn",
        "carry",
        "counts",
        "departed",
        "dimension",
        "pointer",
        "pools",
        "registrations",
        "routing_stale",
        "rules",
        "samples",
        "settings",
        "spec",
        "unroutable",
        "zones",
    )

    def __init__(self, spec: TargetGroupSpec, arn: str, dimension: str, zones: tuple[str, ...]) -> None:
        self.spec = spec
        self.settings = spec.health_check
        self.arn = arn
        self.dimension = dimension
        self.zones = zones
        self.registrations: list[Registration] = []
        self.departed: list[Registration] = []
        """Gone this minute; kept until its counts are read."""
        self.rules = 0
        """How many rules forward to it; none means `unused`."""
        self.pools: list[list[Registration]] = []
        self.routing_stale = True
        self.pointer = 0
        self.carry = 0.0
        self.unroutable = 0
        self.counts: tuple[tuple[int, int], ...] = ()
        """(healthy, unhealthy) per zone, in the order of `zones`."""
        self.samples: list[tuple[tuple[int, int], ...]] = []

    def route(self) -> list[list[Registration]]:
        """Pools of targets the load balancer spreads requests over, up to date.

        Cross-zone on (the Application Load Balancer's default): one pool. Off: one per zone that has
        a target. In each pool: the healthy ones, or everyone who is not draining when fewer than the
        configured minimum are healthy (fail open).
        """
        if self.routing_stale:
            self.routing_stale = False
            present = [r for r in self.registrations if r.state is not Health.DRAINING]
            zones = [self.zones] if self.spec.cross_zone else [(zone,) for zone in self.zones]
            pools = [[r for r in present if r.instance.zone in near] for near in zones]
            self.pools = [self._open(pool) for pool in pools if pool]
            self.counts = tuple(self._count(present, zone) for zone in self.zones)
        return self.pools

    def healthy(self) -> int:
        """How many targets are healthy now."""
        self.route()
        return sum(healthy for healthy, _ in self.counts)

    def of_instance(self, instance_id: str) -> list[Registration]:
        """Registrations of an instance in this group, draining ones too."""
        return [r for r in self.registrations if r.instance.id == instance_id]

    def _open(self, pool: list[Registration]) -> list[Registration]:
        healthy = [r for r in pool if r.state is Health.HEALTHY]
        return healthy if len(healthy) >= self.spec.minimum_healthy_count else pool

    def _count(self, present: Iterable[Registration], zone: str) -> tuple[int, int]:
        states = [r.state for r in present if r.instance.zone == zone]
        return states.count(Health.HEALTHY), states.count(Health.UNHEALTHY)


@dataclass(slots=True)
class Rule:
    """A listener rule's forward action; replaced as a whole, as ModifyRule does."""

    arn: str
    listener_arn: str
    name: str
    priority: int
    weights: dict[str, int]
    stickiness_s: int | None
    share: float
    carry: float = 0.0


@dataclass(slots=True)
class Activity:
    """One scaling activity as it goes along."""

    id: str
    group: str
    description: str
    cause: str
    started_at: int
    status: str = "InProgress"
    ended_at: int | None = None
    message: str | None = None
    instance_id: str | None = None


class ScalingGroup:
    """An Auto Scaling group and its instances."""

    __slots__ = (
        "activities",
        "arn",
        "desired",
        "instances",
        "last_scaled_at",
        "max_size",
        "min_size",
        "next_try_at",
        "running",
        "spec",
        "suspended",
        "target_groups",
    )

    def __init__(self, spec: GroupSpec, arn: str, target_groups: tuple[TargetGroup, ...]) -> None:
        self.spec = spec
        self.arn = arn
        self.target_groups = target_groups
        self.min_size = spec.min_size
        self.max_size = spec.max_size
        self.desired = spec.desired
        self.suspended: set[str] = set()
        self.instances: list[Instance] = []
        self.activities: deque[Activity] = deque(maxlen=500)
        self.running: dict[str, Activity] = {}
        """Activities not ended yet, by instance."""
        self.last_scaled_at = 0
        self.next_try_at = 0

    def members(self) -> list[Instance]:
        """Instances that count towards the desired capacity."""
        counted = (Lifecycle.PENDING, Lifecycle.IN_SERVICE)
        return [i for i in self.instances if i.lifecycle in counted]

    @property
    def fleet(self) -> str:
        """Name of the fleet its instances serve in."""
        return self.target_groups[0].spec.fleet if self.target_groups else self.spec.name
