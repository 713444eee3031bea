"""A plain policy for a scenario: its fleets, its splits, every lever at work."""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.codec import ulid
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId, FleetId, RouteId, ServiceId
from trimtab.model.policy import (
    FleetPolicy,
    HealthPolicy,
    Lever,
    Mode,
    OutlierPolicy,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import Names, Store
from trimtab_lab.world.scenario import GroupSpec, RuleSpec, Scenario, TargetGroupSpec, Topology
from trimtab_lab.world.world import World


def policy_for(
    scenario: Scenario, names: Names, mode: Mode = Mode.ENFORCE, service: str = "shop"
) -> Policy:
    """Return a policy for all that the scenario has, with the model's defaults.

    Targets are tracked at the scenario's comfortable load; the latency its application reports
    (milliseconds) finds outliers; each rule's first weights are its home.
    """
    topology = scenario.topology
    app = topology.target_groups[0].app
    latency = OutlierPolicy(TargetMetric(topology.app_namespace, "Latency"), floor=250.0)
    tracking = TargetTracking(ScalingMetric.REQUESTS_PER_TARGET, app.comfortable_per_minute)
    return Policy(
        service=ServiceId(service),
        modes=dict.fromkeys(Lever, mode),
        fleets={
            FleetId(spec.fleet): _fleet(spec, topology, names) for spec in topology.target_groups
        },
        health=HealthPolicy(outliers=(latency,)),
        scaling=ScalingPolicy(rules=(tracking,)),
        routes=tuple(_route(spec, topology, names) for spec in topology.rules),
    )


def put_policy(store: Store, policy: Policy, world: World) -> int:
    """Store a policy as an operator's `policy apply` does, dated with the world's time."""
    name = ulid(world.now, f"{policy.service} policy {world.now.isoformat()}")
    entry = Entry(
        service=policy.service,
        id=EntryId(f"{name}#000"),
        at=world.now,
        kind=Kind.POLICY,
        by="lab",
        tick=name,
        reason=Reason(ReasonCode.POLICY_APPLIED, "put in force by the lab"),
        subject=f"policy {policy.service}",
    )
    return store.apply_policy(policy, policy.resources(), entry)


def _fleet(spec: TargetGroupSpec, topology: Topology, names: Names) -> FleetPolicy:
    arn, load_balancer = names.target_group(spec.name)
    group = _group(spec.name, topology.groups)
    name = names.group(group) if group else None
    return FleetPolicy(FleetId(spec.fleet), arn, load_balancer, name, names.slow_start(arn))


def _group(target_group: str, groups: tuple[GroupSpec, ...]) -> str | None:
    return next((group.name for group in groups if target_group in group.target_groups), None)


def _route(spec: RuleSpec, topology: Topology, names: Names) -> RoutePolicy:
    rule: Arn = names.rule(f"{topology.load_balancer}:{spec.port}/{spec.priority}")
    return RoutePolicy(RouteId(spec.name), rule, _split(spec, topology))


def _split(spec: RuleSpec, topology: Topology) -> Mapping[FleetId, float]:
    fleets = {group.name: FleetId(group.fleet) for group in topology.target_groups}
    whole = sum(weight for _, weight in spec.weights)
    return {fleets[name]: weight / whole for name, weight in spec.weights}
