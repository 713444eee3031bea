"""Small worlds for tests: name only what the test is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.model import StringShape
from botocore.session import get_session

from trimtab_lab.world.build import build_world
from trimtab_lab.world.scenario import (
    ZONES,
    App,
    Demand,
    GroupSpec,
    HealthCheck,
    RuleSpec,
    Scenario,
    TargetGroupSpec,
    Topology,
)

if TYPE_CHECKING:
    from trimtab_lab.world.faults import Fault
    from trimtab_lab.world.views import GroupView, TargetHealth
    from trimtab_lab.world.world import World

FAST_CHECKS = HealthCheck(interval_s=10, timeout_s=2, healthy_threshold=2, unhealthy_threshold=2)
AN_APP = App()
GROUP = "web-asg"


def a_scenario(
    *,
    per_minute: float = 1800.0,
    desired: int = 3,
    app: App = AN_APP,
    checks: HealthCheck = FAST_CHECKS,
    health_check_type: str = "EC2",
    draining_s: int = 60,
    cross_zone: bool = True,
    faults: tuple[Fault, ...] = (),
    seed: int = 1,
) -> Scenario:
    """One fleet `web` of three, bounds 1 to 6, launches of 60 s; 600 requests a minute each."""
    group = TargetGroupSpec(
        "web",
        "web",
        app=app,
        health_check=checks,
        deregistration_delay_s=draining_s,
        cross_zone=cross_zone,
    )
    scaling = GroupSpec(
        GROUP,
        ("web",),
        min_size=1,
        max_size=6,
        desired=desired,
        health_check_type=health_check_type,
        grace_s=60,
        launch_delay_s=(60, 60),
        warm_up_s=60,
    )
    topology = Topology((group,), (scaling,), (RuleSpec("main", (("web", 1),)),))
    return Scenario(topology, Demand.steady(per_minute), faults=faults, seed=seed)


def two_fleets(blue: int, green: int, *, per_minute: float = 3000.0) -> Scenario:
    """Two fleets of three plain targets each, split by the given weights."""
    groups = tuple(
        TargetGroupSpec(name, name, health_check=FAST_CHECKS, plain_targets=ZONES)
        for name in ("blue", "green")
    )
    rule = RuleSpec("main", (("blue", blue), ("green", green)))
    return Scenario(Topology(groups, (), (rule,)), Demand.steady(per_minute))


def enum_of(service: str, shape: str) -> set[str]:
    """Values botocore's model of a service allows for an enumeration."""
    found = get_session().get_service_model(service).shape_for(shape)
    assert isinstance(found, StringShape)
    return set(found.enum)


def a_world(scenario: Scenario | None = None) -> World:
    """The world of a scenario, at its beginning."""
    return build_world(scenario or a_scenario())


def with_faults(scenario: Scenario, *faults: Fault) -> Scenario:
    """The same scenario with other faults."""
    return replace(scenario, faults=faults)


def run(world: World, *, minutes: float = 0, seconds: float = 0) -> World:
    """Let time pass."""
    world.advance(world.now + timedelta(minutes=minutes, seconds=seconds))
    return world


def arn(world: World, fleet: str = "web") -> str:
    """ARN of a fleet's target group."""
    return next(group.arn for group in world.target_groups() if group.fleet == fleet)


def the_group(world: World) -> GroupView:
    """The one Auto Scaling group."""
    return world.describe_groups((GROUP,))[0]


def lifecycles(world: World) -> list[str]:
    """Lifecycle states of the group's instances, sorted."""
    return sorted(instance.lifecycle for instance in the_group(world).instances)


def health(world: World, fleet: str = "web") -> dict[str, TargetHealth]:
    """Health of a fleet's targets by id."""
    return {target.id: target for target in world.describe_target_health(arn(world, fleet))}


def states(world: World, fleet: str = "web") -> list[str]:
    """Health states of a fleet's targets, sorted."""
    return sorted(target.state for target in health(world, fleet).values())
