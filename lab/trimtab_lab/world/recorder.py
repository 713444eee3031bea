"""The day in columns, one value a minute: what users saw, and what capacity stood against it.

For reports and plots; nobody decides by it. `needed` is what perfect foresight would have kept in
service: the minute's requests divided by the comfortable load of one target, rounded up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trimtab_lab.world.load import quantile, slower_than

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trimtab_lab.world.instances import Registration
    from trimtab_lab.world.reported import Traffic


@dataclass(slots=True)
class Users:
    """What users got, since the world began."""

    requests: int = 0
    failed: int = 0
    slow: float = 0.0
    """Answered well, but later than the objective."""
    target_5xx: int = 0
    connection_errors: int = 0
    no_target: int = 0
    mix: dict[int, int] = field(default_factory=dict)
    """Latencies of the well answered ones (see `trimtab_lab.world.load`)."""

    @property
    def ok(self) -> int:
        """Requests answered without an error, slow ones too."""
        return self.requests - self.failed

    def latency(self, share: float) -> float:
        """Latency in seconds which `share` of the well answered requests did not exceed."""
        return quantile(self.mix, share)

    def add(self, minute: Traffic, slow: float, good: Mapping[int, int]) -> None:
        """Count one more minute."""
        self.requests += minute.requests + minute.no_target
        self.failed += minute.failed
        self.slow += slow
        self.target_5xx += minute.target_5xx
        self.connection_errors += minute.connection_errors
        self.no_target += minute.no_target
        for bucket, count in good.items():
            self.mix[bucket] = self.mix.get(bucket, 0) + count


@dataclass(slots=True)
class FleetColumns:
    """One fleet's minutes."""

    serving: list[int] = field(default_factory=list)
    """Targets the load balancer held healthy at the end of the minute."""
    desired: list[int] = field(default_factory=list)
    running: list[int] = field(default_factory=list)
    """Instances that exist, in whatever state: what is paid for."""
    weight: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FleetNow:
    """What the recorder is told of a fleet at the end of a minute."""

    serving: int
    desired: int
    running: int
    weight: int


@dataclass(slots=True)
class TargetTrack:
    """A target's states, each with the time it began; `gone` at the end."""

    fleet: str
    zone: str
    states: list[tuple[datetime, str]] = field(default_factory=list)


class Recorder:
    """Keeps the columns, the users' totals and every target's track."""

    def __init__(self, comfortable_per_minute: float, slow_after_s: float) -> None:
        self._comfortable = comfortable_per_minute
        self._slow_after_s = slow_after_s
        self.clock = 0
        self.users = Users()
        self.minutes: list[datetime] = []
        self.requests: list[int] = []
        self.failed: list[int] = []
        self.slow: list[int] = []
        self.p50_ms: list[float] = []
        self.p95_ms: list[float] = []
        self.needed: list[int] = []
        self.fleets: dict[str, FleetColumns] = {}
        self.targets: dict[str, TargetTrack] = {}
        self.instance_seconds = 0

    @property
    def instance_hours(self) -> float:
        """Instances paid for so far, in hours."""
        return self.instance_seconds / 3600

    def target_state(self, registration: Registration, state: str) -> None:
        """Note that a target changed state now."""
        name = f"{registration.instance.id}:{registration.port}"
        fleet = registration.in_group.spec.fleet
        track = self.targets.setdefault(name, TargetTrack(fleet, registration.instance.zone))
        track.states.append((datetime.fromtimestamp(self.clock, UTC), state))

    def minute(
        self, at: int, traffic: Mapping[str, Traffic], fleets: Mapping[str, FleetNow]
    ) -> None:
        """Close the minute that began at `at`."""
        whole = traffic[""]
        good = whole.good_mix()
        slow = slower_than(good, self._slow_after_s) * sum(good.values())
        self.users.add(whole, slow, good)
        asked = whole.requests + whole.no_target
        self.minutes.append(datetime.fromtimestamp(at, UTC))
        self.requests.append(asked)
        self.failed.append(whole.failed)
        self.slow.append(round(slow))
        self.p50_ms.append(round(quantile(good, 0.50) * 1000, 1))
        self.p95_ms.append(round(quantile(good, 0.95) * 1000, 1))
        self.needed.append(math.ceil(asked / self._comfortable))
        for name, now in fleets.items():
            columns = self.fleets.setdefault(name, FleetColumns())
            columns.serving.append(now.serving)
            columns.desired.append(now.desired)
            columns.running.append(now.running)
            columns.weight.append(now.weight)
            columns.requests.append(traffic[name].requests + traffic[name].no_target)
            columns.failed.append(traffic[name].failed)
            self.instance_seconds += 60 * now.running
