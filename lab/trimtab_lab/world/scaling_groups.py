"""Auto Scaling groups with their members and activities, as the world changes them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab_lab.world.instances import Lifecycle

if TYPE_CHECKING:
    from trimtab_lab.world.instances import Instance
    from trimtab_lab.world.scenario import GroupSpec
    from trimtab_lab.world.targets import TargetGroup


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
