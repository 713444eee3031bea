"""One world behind two kinds of ports: in memory, and boto3 on the embedded AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from trimtab.model.ids import Arn, InstanceId
from trimtab.model.observation import Target, TargetState
from trimtab.ports import Hands, Infrastructure, MetricKey, Names, Owners, Signs
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.ports import WorldHands, WorldInfrastructure, WorldNames
from trimtab_lab.simulator.signs import WorldSigns
from trimtab_lab.world.build import build_world
from trimtab_lab.world.scenario import (
    Demand,
    GroupSpec,
    RuleSpec,
    Scenario,
    TargetGroupSpec,
    Topology,
)
from trimtab_lab.world.world import World


def scenario() -> Scenario:
    """Blue has a group; green has targets of its own; both behind one rule, sticky for a minute."""
    topology = Topology(
        target_groups=(
            TargetGroupSpec("shop-blue", "blue", deregistration_delay_s=120),
            TargetGroupSpec(
                "shop-green",
                "green",
                deregistration_delay_s=120,
                plain_targets=("us-east-1a", "us-east-1b", "us-east-1c"),
            ),
        ),
        groups=(GroupSpec("shop-blue-asg", ("shop-blue",), min_size=3, max_size=6, desired=4),),
        rules=(
            RuleSpec("main", (("shop-blue", 80), ("shop-green", 20)), priority=10, stickiness_s=60),
        ),
        tags=(("trimtab:managed", "true"),),
    )
    return Scenario(topology, Demand.steady(3000.0))


@dataclass(frozen=True)
class Site:
    """A world and the ports over it."""

    world: World
    infrastructure: Infrastructure
    hands: Hands
    names: Names
    signs: Signs
    owners: Owners

    def group_arn(self, fleet: str) -> Arn:
        return next(Arn(g.arn) for g in self.world.target_groups() if g.fleet == fleet)

    @property
    def rule(self) -> Arn:
        return Arn(self.world.rules()[0].arn)

    @property
    def listener(self) -> Arn:
        return Arn(self.world.rules()[0].listener_arn)

    def targets(self, fleet: str) -> tuple[Target, ...]:
        arn = self.group_arn(fleet)
        found = self.infrastructure.targets([arn])[arn]
        assert isinstance(found, tuple)
        return found

    def states(self, fleet: str) -> dict[InstanceId, TargetState]:
        return {target.instance: target.state for target in self.targets(fleet)}

    def requests(self, fleet: str) -> MetricKey:
        arn = self.group_arn(fleet)
        dimensions = (
            ("LoadBalancer", self.world.load_balancer_dimension),
            ("TargetGroup", arn.rsplit(":", 1)[-1]),
        )
        return MetricKey("AWS/ApplicationELB", "RequestCount", "Sum", dimensions)

    def wait(self, minutes: float) -> None:
        self.world.advance(self.world.now + timedelta(minutes=minutes))


@contextmanager
def in_memory() -> Iterator[Site]:
    world = build_world(scenario())
    signs = WorldSigns(world)
    yield Site(
        world, WorldInfrastructure(world), WorldHands(world), WorldNames(world), signs, signs
    )


@contextmanager
def on_aws() -> Iterator[Site]:
    with Embedded(scenario()) as aws:
        ports = aws.connections
        # faults and the call log are about functions, so be one; but no one of them uses all ports
        aws.account.board.function = "act"
        aws.account.board.guardrail = None
        kept = (ports.infrastructure, ports.hands, ports.names, ports.signs, ports.owners)
        yield Site(aws.world, *kept)
