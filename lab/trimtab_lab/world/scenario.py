"""What a world is made of: topology, demand, faults and a seed. Frozen values, nothing else.

The same scenario always gives the same world. Durations are in seconds where the field says `_s`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from trimtab_lab.world.faults import Fault

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


@dataclass(frozen=True, slots=True)
class App:
    """How one target turns load into latency (the model is in `trimtab_lab.world.load`)."""

    service_time_s: float = 1 / 12
    workers: int = 2
    comfortable_per_minute: float = 900.0
    """Load at which a target is well used; the oracle of needed targets divides by it."""
    timeout_s: float = 5.0
    """A request that would wait longer than this is answered 503."""
    error_ratio: float = 0.0002
    """Share of requests that fail on a healthy target on a quiet day."""
    cold_speed: float = 0.4
    """Speed of a target fresh in service, as a share of a warm one's."""
    checks_queue: bool = False
    """The health check waits in the same queue as users, so overload can fail it."""

    @property
    def capacity_per_minute(self) -> float:
        """Requests per minute at which a warm target saturates."""
        return 60 * self.workers / self.service_time_s


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A target group's health check; the defaults are the Application Load Balancer's."""

    interval_s: int = 30
    timeout_s: int = 6
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    path: str = "/health"


@dataclass(frozen=True, slots=True)
class TargetGroupSpec:
    """A target group; `fleet` is the name users of the lab know it by."""

    name: str
    fleet: str
    app: App = App()
    port: int = 8080
    health_check: HealthCheck = HealthCheck()
    deregistration_delay_s: int = 300
    cross_zone: bool = True
    minimum_healthy_count: int = 1
    """Below this many healthy targets the load balancer routes to all of them (fail open)."""
    plain_targets: tuple[str, ...] = ()
    """Zones of the targets that belong to no Auto Scaling group, one entry per target."""
    slow_start_s: int = 0
    """A newcomer's share grows for so long; not at all with 0."""
    mitigates: bool = False
    """Weighted random, with anomaly mitigation on: anomalous targets get next to nothing."""


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """An Auto Scaling group and the target groups it registers its instances with."""

    name: str
    target_groups: tuple[str, ...]
    min_size: int
    max_size: int
    desired: int
    zones: tuple[str, ...] = ZONES
    instance_type: str = "m7g.large"
    health_check_type: str = "EC2"
    grace_s: int = 300
    launch_delay_s: tuple[int, int] = (90, 150)
    warm_up_s: int = 120


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A listener rule with a weighted forward action over target groups, by name."""

    name: str
    weights: tuple[tuple[str, int], ...]
    port: int = 80
    priority: int = 1
    stickiness_s: int | None = None
    share: float = 1.0
    """Share of the scenario's requests that match this rule."""


@dataclass(frozen=True, slots=True)
class Topology:
    """One account and Region with one load balancer."""

    target_groups: tuple[TargetGroupSpec, ...]
    groups: tuple[GroupSpec, ...]
    rules: tuple[RuleSpec, ...]
    load_balancer: str = "shop"
    region: str = "us-east-1"
    account: str = "123456789012"
    zones: tuple[str, ...] = ZONES
    app_namespace: str = "Shop"
    """Namespace of the application's own metrics per instance: Latency, Requests, Errors."""
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """Users' requests per minute from `starts_at` on; the last minute holds for ever after."""

    starts_at: datetime
    per_minute: tuple[float, ...]

    @staticmethod
    def steady(per_minute: float, starts_at: datetime | None = None) -> Demand:
        """The same load for ever: what most tests want."""
        return Demand(starts_at or datetime(2026, 3, 2, tzinfo=UTC), (per_minute,))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything a world is built from."""

    topology: Topology
    demand: Demand
    faults: tuple[Fault, ...] = ()
    seed: int = 1
    step_s: int = 10
    metric_lag_s: tuple[int, int] = (60, 120)
    """A datapoint arrives this long after the end of its minute, different for each."""
    slow_after_s: float = 0.5
    """Users' objective: an answer later than this counts as slow."""
    notes: tuple[str, ...] = field(default=())
    """What a reader of a report should know: trace, day, scale."""
