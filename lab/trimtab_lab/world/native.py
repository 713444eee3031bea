"""What AWS does by itself: a target-tracking policy on a group, the day "without Trimtab".

As the EC2 Auto Scaling user guide describes target tracking and observers report of its alarms:
an alarm above the target (3 of 3 minutes) scales out, one below 90 % of it (15 of 15) scales in;
the new size is proportional to metric over target, rounded up, the removal rounded down; missing
datapoints scale neither way; instances still warming up count as capacity already asked for and
hold back scale-in.

Approximations: one policy on one metric; after any change the next waits until the instances it
started are warm and those it ended are gone; no predictive scaling, no sub-minute metrics.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trimtab_lab.world.alarms import EXTRA_PERIODS, AlarmState, alarm_state, recent
from trimtab_lab.world.metrics import Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trimtab_lab.world.views import GroupView
    from trimtab_lab.world.world import World

OUT_PERIODS = 3
IN_PERIODS = 15
IN_BELOW = 0.9


class TargetTracking:
    """Tracks RequestCountPerTarget of a group's target group; call it at the end of each minute."""

    def __init__(self, group: str, target_per_minute: float) -> None:
        self.group = group
        self.target = target_per_minute
        self._high = self._low = AlarmState.INSUFFICIENT_DATA

    def __call__(self, world: World) -> None:
        """Look at the alarms and set the desired capacity if one of them says so."""
        group = world.describe_groups((self.group,))[0]
        target_group = world.target_group(group.target_group_arns[0])
        dimensions = {
            "TargetGroup": target_group.dimension,
            "LoadBalancer": world.load_balancer_dimension,
        }
        series = Series.of("AWS/ApplicationELB", "RequestCountPerTarget", dimensions, "Sum")
        values = recent(world.metrics, series, IN_PERIODS + EXTRA_PERIODS, world.now)
        self._high = self._judged(values, OUT_PERIODS, self._high)
        self._low = self._judged(values, IN_PERIODS, self._low)
        known = [value for value in values if value is not None]
        if known:
            self._scale(world, group, known[-1])

    def _judged(
        self, values: Sequence[float | None], periods: int, state: AlarmState
    ) -> AlarmState:
        newest = values[-periods - EXTRA_PERIODS :]
        if periods == OUT_PERIODS:
            breaching = [None if v is None else v > self.target for v in newest]
        else:
            breaching = [None if v is None else v < self.target * IN_BELOW for v in newest]
        return alarm_state(breaching, periods, periods, "missing", state)

    def _scale(self, world: World, group: GroupView, metric: float) -> None:
        serving = [i for i in group.instances if i.lifecycle == "InService"]
        warming = len(group.instances) > len(serving) or any(
            (world.now - i.in_service_at).total_seconds() < group.warm_up_s
            for i in serving
            if i.in_service_at
        )
        ratio = metric / self.target
        if self._high is AlarmState.ALARM and ratio > 1:
            wanted = min(scale_out(len(serving), ratio), group.max_size)
            if wanted > group.desired:
                world.set_desired_capacity(group.name, wanted)
        elif self._low is AlarmState.ALARM and ratio < IN_BELOW and not warming:
            wanted = max(scale_in(group.desired, ratio), group.min_size)
            if wanted < group.desired:
                world.set_desired_capacity(group.name, wanted)


def scale_out(capacity: int, ratio: float) -> int:
    """Capacity that brings the metric down to its target, rounded up: 4 at 1.3 times is 6."""
    return math.ceil(capacity * ratio - 1e-9)


def scale_in(capacity: int, ratio: float) -> int:
    """Capacity without what is idle, the removal rounded down: 10 at 0.65 times is 7."""
    return capacity - math.floor(capacity - capacity * ratio + 1e-9)
