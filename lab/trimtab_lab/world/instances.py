"""One EC2 instance, the application on it and its registrations, as the world changes them.

Plain slotted classes here and in `targets` and `scaling_groups`, because a simulated day touches
them half a million times. Nobody outside the world package holds one: calls answer with the
frozen values of `trimtab_lab.world.views`. Times are whole seconds since the epoch.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trimtab_lab.world.scenario import App, TargetGroupSpec


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
        "deep_broken",
        "error_share",
        "fail_share",
        "failing",
        "fleet",
        "group",
        "health_status",
        "id",
        "impaired_since",
        "in_service_at",
        "latency",
        "launched_at",
        "lifecycle",
        "next_at",
        "noticed_at",
        "protected",
        "queue_shape",
        "registrations",
        "retires_at",
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
        self.group: str | None = None
        """Name of its Auto Scaling group, and the fleet that group serves in."""
        self.fleet: str | None = None
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
        self.deep_broken = False
        self.slow = 1.0
        self.error_share = 0.0
        self.impaired_since: int | None = None
        self.noticed_at: int | None = None
        self.retires_at: int | None = None

    def drop_all(self) -> None:
        """Lose whatever waits in its queue: who comes next waits for nobody."""
        self.backlog = self.rho = 0.0
        self.latency = self.app.service_time_s

    def speed(self, at: int) -> float:
        """Speed as a share of a warm, sound target's: cold targets ramp up linearly."""
        since = at - (self.in_service_at or at)
        if since >= self.warm_up_s:
            return 1.0 / self.slow
        cold = self.app.cold_speed
        return (cold + (1.0 - cold) * since / self.warm_up_s) / self.slow


class Membership(Protocol):
    """What a registration knows of its target group."""

    arn: str
    spec: TargetGroupSpec
    routing_stale: bool
    registrations: list[Registration]


class Registration:
    """One instance and port in one target group, with its health and this minute's counts."""

    __slots__ = (
        "anomalous",
        "anomaly_strikes",
        "arrivals",
        "bad_streak",
        "carry",
        "connection_errors",
        "held_back",
        "in_group",
        "instance",
        "is_ramped",
        "latency_sum",
        "mitigated",
        "mix",
        "next_check",
        "ok_streak",
        "port",
        "ramps_from",
        "reason",
        "registered_at",
        "requests",
        "state",
        "target_5xx",
    )

    def __init__(self, instance: Instance, port: int, in_group: Membership, at: int) -> None:
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
        self.mitigated = 1.0
        """What mitigation of anomalies leaves it of its share."""
        self.ramps_from: int | None = None
        self.is_ramped = False
        """It has had its slow start, or needed none."""
        self.held_back = False
        """A proxy that is not of AWS sends it nothing, though the load balancer would."""
        self.clear_minute()

    def clear_minute(self) -> None:
        """Start the next minute's counts."""
        self.requests = 0
        self.target_5xx = 0
        self.connection_errors = 0
        self.latency_sum = 0.0
        self.mix: dict[int, int] = {}
