"""Builds a world from a scenario: every part made once, here, and wired together."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from trimtab_lab.world.access_log import AccessLog
from trimtab_lab.world.active_faults import Faults
from trimtab_lab.world.alarms import Alarms
from trimtab_lab.world.arns import Arns, load_balancer_dimension, target_group_dimension
from trimtab_lab.world.autoscaling import AutoScaling
from trimtab_lab.world.elb import LoadBalancing
from trimtab_lab.world.health import HealthChecker
from trimtab_lab.world.instances import Health, Instance, Lifecycle
from trimtab_lab.world.journal import Journal
from trimtab_lab.world.launches import Launches
from trimtab_lab.world.measure import Measure
from trimtab_lab.world.metrics import Metrics
from trimtab_lab.world.parts import Parts
from trimtab_lab.world.recorder import Recorder
from trimtab_lab.world.scaling_groups import ScalingGroup
from trimtab_lab.world.shares import check_attributes
from trimtab_lab.world.targets import Rule, TargetGroup
from trimtab_lab.world.traffic import Arrivals
from trimtab_lab.world.views import TargetRef
from trimtab_lab.world.world import World

if TYPE_CHECKING:
    from trimtab_lab.world.scenario import Scenario, Topology

SETTLED_S = 3600
"""Instances there from the start were launched this long before it, and are warm."""


def build_world(scenario: Scenario) -> World:
    """Make the world of a scenario: groups at their desired size, every target healthy and warm."""
    if 60 % scenario.step_s:
        raise ValueError(f"step_s must divide 60, so that minutes are whole: {scenario.step_s}")
    parts = _parts(scenario)
    _populate(scenario, parts)
    return World(scenario, parts)


def _parts(scenario: Scenario) -> Parts:
    topology = scenario.topology
    starts_at = int(scenario.demand.starts_at.timestamp())
    arns = Arns(topology.region, topology.account)
    balancer = arns.load_balancer(topology.load_balancer)
    target_groups = _target_groups(topology, arns)
    by_name = {group.spec.name: group for group in target_groups.values()}
    rules = _rules(topology, arns, by_name)
    comfortable = topology.target_groups[0].app.comfortable_per_minute
    recorder = Recorder(comfortable, scenario.slow_after_s)
    journal = Journal()
    recorder.clock = journal.clock = starts_at
    instances: dict[str, Instance] = {}
    metrics = Metrics(scenario.seed, scenario.metric_lag_s)
    checker = HealthChecker(target_groups.values(), journal, recorder)
    elb = LoadBalancing(target_groups, rules, instances, checker, journal)
    faults = Faults(scenario.faults, starts_at, target_groups, instances, journal)
    faults.metrics = metrics
    launches = Launches(elb, instances, journal, _stream(scenario, "launches"), faults)
    access_log = AccessLog(
        topology.account, topology.region, load_balancer_dimension(balancer), scenario.seed
    )
    groups = {
        spec.name: ScalingGroup(
            spec, arns.scaling_group(spec.name), tuple(by_name[name] for name in spec.target_groups)
        )
        for spec in topology.groups
    }
    return Parts(
        starts_at=starts_at,
        load_balancer_arn=balancer,
        load_balancer_dimension=load_balancer_dimension(balancer),
        target_groups=target_groups,
        rules=rules,
        scaling_groups=groups,
        instances=instances,
        journal=journal,
        recorder=recorder,
        metrics=metrics,
        measure=Measure(
            metrics, load_balancer_dimension(balancer), topology.app_namespace, access_log
        ),
        access_log=access_log,
        checker=checker,
        elb=elb,
        launches=launches,
        autoscaling=AutoScaling(groups, launches, journal),
        alarms=Alarms(metrics, journal, arns),
        faults=faults,
        arrivals=Arrivals(scenario.demand, scenario.step_s, _stream(scenario, "arrivals")),
        noise=_stream(scenario, "noise"),
    )


def _stream(scenario: Scenario, purpose: str) -> random.Random:
    return random.Random(f"{scenario.seed}:{purpose}")


def _target_groups(topology: Topology, arns: Arns) -> dict[str, TargetGroup]:
    groups = {}
    for spec in topology.target_groups:
        check_attributes(spec)
        arn = arns.target_group(spec.name)
        groups[arn] = TargetGroup(spec, arn, target_group_dimension(arn), topology.zones)
    return groups


def _rules(topology: Topology, arns: Arns, by_name: dict[str, TargetGroup]) -> dict[str, Rule]:
    rules = {}
    for spec in topology.rules:
        arn = arns.rule(topology.load_balancer, spec.port, spec.name)
        rules[arn] = Rule(
            arn=arn,
            listener_arn=arns.listener(topology.load_balancer, spec.port),
            name=spec.name,
            priority=spec.priority,
            weights={by_name[name].arn: weight for name, weight in spec.weights},
            stickiness_s=spec.stickiness_s,
            share=spec.share,
        )
    return rules


def _populate(scenario: Scenario, parts: Parts) -> None:
    before = parts.starts_at - SETTLED_S
    ids = _stream(scenario, "plain targets")
    for target_group in parts.target_groups.values():
        for zone in target_group.spec.plain_targets:
            name = f"i-0{ids.getrandbits(64):016x}"
            parts.instances[name] = Instance(name, zone, target_group.spec.app, before)
            parts.elb.register(target_group.arn, (TargetRef(name),), before)
    for group in parts.scaling_groups.values():
        for number in range(group.desired):
            zone = group.spec.zones[number % len(group.spec.zones)]
            instance = parts.launches.place(group, zone, before, 0)
            instance.lifecycle = Lifecycle.IN_SERVICE
            instance.in_service_at = before
            parts.launches.join_target_groups(group, instance, before)
    for target_group in parts.target_groups.values():
        for index, registration in enumerate(target_group.registrations):
            registration.is_ramped = True
            if target_group.rules:
                parts.checker.set_state(registration, Health.HEALTHY, None)
            spread = index * scenario.step_s % target_group.settings.interval_s
            registration.next_check = parts.starts_at + spread
