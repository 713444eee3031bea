"""The account the server shows: the demo's shop, with checks quick enough to watch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trimtab_lab.world.build import build_world
from trimtab_lab.world.scenario import Demand, HealthCheck, Scenario
from trimtab_lab.world.shop import shop_alarms, shop_topology
from trimtab_lab.world.world import World

PER_MINUTE = 4500.0
HISTORY = timedelta(minutes=45)
"""How long the shop has been open when the server starts: its metrics have a past."""
STEP_S = 5
QUICK_DRAINING_S = 5
QUICK_CHECK = HealthCheck(interval_s=5, timeout_s=2, healthy_threshold=2, unhealthy_threshold=2)


def shop_now(seed: int = 1) -> World:
    """Return the shop at this moment, under steady load, with its alarms; nothing is wrong yet.

    Health checks are every five seconds, draining takes as long, and datapoints arrive at once, so
    that a fault is seen and a target is out within a minute; AWS's defaults would take nine.
    """
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    topology = shop_topology(PER_MINUTE)
    groups = tuple(
        replace(group, health_check=QUICK_CHECK, deregistration_delay_s=QUICK_DRAINING_S)
        for group in topology.target_groups
    )
    scenario = Scenario(
        topology=replace(topology, target_groups=groups),
        demand=Demand.steady(PER_MINUTE, now - HISTORY),
        seed=seed,
        step_s=STEP_S,
        metric_lag_s=(0, 0),
    )
    world = build_world(scenario)
    for alarm in shop_alarms(world):
        world.put_alarm(replace(alarm, evaluation_periods=1))
    world.advance(datetime.now(UTC))
    world.take_alarm_changes()
    return world
