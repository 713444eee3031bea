"""Target groups and the rules that split requests among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab_lab.world.instances import Health, Registration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trimtab_lab.world.scenario import TargetGroupSpec


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

    def __init__(
        self, spec: TargetGroupSpec, arn: str, dimension: str, zones: tuple[str, ...]
    ) -> None:
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

        Cross-zone on (the Application Load Balancer's default): one pool. Off: one per zone that
        has a target. In each pool: the healthy ones, or everyone who is not draining when fewer
        than the configured minimum are healthy (fail open).
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
        healthy = [r for r in pool if r.state is Health.HEALTHY and not r.held_back]
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
