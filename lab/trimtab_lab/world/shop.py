"""The demo's day: a shop of two fleets in three zones, real traffic, and four things going wrong.

The seed picks the weekday of the trace, and jitters when each fault strikes and whom. The day is
scaled so that its busiest minutes need about eleven targets of 900 requests a minute, and moved to
the same weekday of March 2026. Nothing here knows of Trimtab.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from trimtab_lab.traces import Trace, load_trace, scaled_to_peak, smoothed
from trimtab_lab.world.alarms import AlarmSpec
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget, WholeFleet
from trimtab_lab.world.measure import ELB
from trimtab_lab.world.metrics import Series
from trimtab_lab.world.native import TargetTracking
from trimtab_lab.world.scenario import (
    App,
    Demand,
    GroupSpec,
    RuleSpec,
    Scenario,
    TargetGroupSpec,
    Topology,
)

if TYPE_CHECKING:
    from trimtab_lab.world.world import World

A_MONDAY = date(2026, 3, 2)
TARGET_PER_MINUTE = 900.0
BUSIEST_NEEDS = 11
SMOOTH_MINUTES = 5
HOUR = 3600
SMALLEST, LARGEST = 3, 16


def shop_topology(per_minute: float = 4500.0) -> Topology:
    """Two fleets behind one rule, blue 80 and green 20, sized for the load the day begins with."""
    app = App(comfortable_per_minute=TARGET_PER_MINUTE)
    return Topology(
        target_groups=tuple(
            TargetGroupSpec(f"shop-{fleet}", fleet, app, deregistration_delay_s=120)
            for fleet in ("blue", "green")
        ),
        groups=tuple(
            GroupSpec(
                f"shop-{fleet}-asg",
                (f"shop-{fleet}",),
                min_size=SMALLEST,
                max_size=LARGEST,
                desired=max(SMALLEST, math.ceil(per_minute * share / TARGET_PER_MINUTE)),
            )
            for fleet, share in (("blue", 0.8), ("green", 0.2))
        ),
        rules=(RuleSpec("main", (("shop-blue", 80), ("shop-green", 20))),),
        app_namespace="Shop",
        tags=(("trimtab:managed", "true"),),
    )


def shop_day(seed: int = 1, trace: str = "nasa", day: date | None = None) -> Scenario:
    """The demo's scenario; `trace` is a shipped name or a file, `day` one of its whole days."""
    source = load_trace(trace)
    rng = random.Random(f"shop:{seed}")
    chosen = day or rng.choice(_days(source))
    counts, factor = scaled_to_peak(
        smoothed(source.day(chosen), SMOOTH_MINUTES), BUSIEST_NEEDS * TARGET_PER_MINUTE
    )
    starts = datetime.combine(A_MONDAY + timedelta(days=chosen.weekday()), time(0), UTC)
    return Scenario(
        topology=shop_topology(max(counts[:10])),
        demand=Demand(starts, counts),
        faults=_a_bad_day(counts, rng),
        seed=seed,
        notes=(
            f"trace {source.name}, {chosen:%A} {chosen}, scaled by {factor:.3g} "
            f"after a moving mean of {SMOOTH_MINUTES} minutes, replayed as {starts:%Y-%m-%d}",
        ),
    )


def shop_alarms(world: World) -> tuple[AlarmSpec, ...]:
    """Alarms a careful owner has: errors of each fleet, and targets its balancer gave up."""
    alarms = []
    for group in world.target_groups():
        dimensions = {
            "TargetGroup": group.dimension,
            "LoadBalancer": world.load_balancer_dimension,
        }
        errors = Series.of(ELB, "HTTPCode_Target_5XX_Count", dimensions, "Sum")
        sick = Series.of(ELB, "UnHealthyHostCount", dimensions, "Maximum")
        alarms += [
            AlarmSpec(
                f"{group.name}-5xx",
                errors,
                100.0,
                evaluation_periods=1,
                treat_missing_data="notBreaching",
            ),
            AlarmSpec(
                f"{group.name}-unhealthy",
                sick,
                0.0,
                evaluation_periods=2,
                treat_missing_data="notBreaching",
            ),
        ]
    return tuple(alarms)


def native_scaling(world: World) -> None:
    """Attach what AWS does by itself: one target-tracking policy per group."""
    for group in world.describe_groups():
        world.tenants.append(TargetTracking(group.name, TARGET_PER_MINUTE))


def _days(source: Trace) -> tuple[date, ...]:
    days = source.weekdays()
    if not days:
        raise ValueError(
            f"{source.name} has no whole day to replay; expected 1,440 known minutes (UTC)"
        )
    return days


def _a_bad_day(counts: tuple[float, ...], rng: random.Random) -> tuple[Fault, ...]:
    """Faults at jittered times: metrics dark where load rises, a fleet down where it is high."""
    rise = _steepest_minute(counts)
    busy = _busiest_hour(counts, avoid=rise)

    def near(minute: float, minutes: int) -> int:
        return int(minute * 60) + rng.randint(-minutes, minutes) * 60

    dead = near(2.5 * 60, 40)
    slow = near(6.5 * 60, 40)
    return (
        Fault(FaultKind.DEAD, KthTarget("blue", rng.randint(1, 2)), dead, 2 * HOUR),
        Fault(FaultKind.SLOW, KthTarget("blue", rng.randint(0, 3)), slow, 2 * HOUR, 4.0),
        Fault(FaultKind.METRICS_DARK, after_s=near(rise, 3), lasts_s=600),
        Fault(FaultKind.FLEET_DOWN, WholeFleet("blue"), near(busy, 20), 40 * 60),
    )


def _steepest_minute(counts: tuple[float, ...]) -> int:
    """Middle of the hour in which the day's load rises most, from the fifth hour on."""
    hours = range(5 * 60, len(counts) - 120, 10)
    rises = {m: sum(counts[m + 30 : m + 60]) - sum(counts[m : m + 30]) for m in hours}
    return max(rises, key=lambda minute: rises[minute]) + 30


def _busiest_hour(counts: tuple[float, ...], avoid: int) -> int:
    """Start of the busiest hour at least two hours away from another trouble."""
    hours = [m for m in range(9 * 60, len(counts) - 180, 10) if abs(m - avoid) > 120]
    return max(hours, key=lambda minute: sum(counts[minute : minute + 60]))
