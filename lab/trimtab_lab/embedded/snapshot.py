"""A world as it stands, in plain JSON: enough to look at it again, not to let it go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from trimtab.codec import decode, encode
from trimtab_lab.world.build import build_world
from trimtab_lab.world.instances import Health, Instance, Lifecycle
from trimtab_lab.world.scaling_groups import ScalingGroup
from trimtab_lab.world.scenario import Demand, GroupSpec, Scenario, Topology
from trimtab_lab.world.world import World

Json = dict[str, Any]


def world_to_json(world: World) -> Json:
    """Write down names, sizes, members, target health and weights."""
    return {
        "topology": encode(world.scenario.topology),
        "seed": world.scenario.seed,
        "groups": {group.name: _group(group) for group in world.describe_groups()},
        "targets": {
            group.arn: [
                {"id": t.id, "port": t.port, "state": t.state, "reason": t.reason}
                for t in world.describe_target_health(group.arn)
            ]
            for group in world.target_groups()
        },
        "rules": {
            rule.arn: {"weights": dict(rule.weights), "stickiness_s": rule.stickiness_s}
            for rule in world.rules()
        },
    }


def world_of_json(saved: Mapping[str, Any], now: datetime) -> World:
    """Make a world that looks like the one written down. It has no metrics and no history."""
    topology = decode(Topology, saved["topology"])
    topology = replace(
        topology, groups=tuple(_spec(spec, saved["groups"][spec.name]) for spec in topology.groups)
    )
    world = build_world(Scenario(topology, Demand.steady(0.0, now), seed=int(saved["seed"])))
    for name, group in world._p.scaling_groups.items():
        _restore_group(world, group, saved["groups"][name])
    _restore_targets(world, saved["targets"])
    for arn, rule in saved["rules"].items():
        world.modify_rule(arn, rule["weights"], rule["stickiness_s"])
    return world


def _group(group: Any) -> Json:
    members = [
        {
            "id": i.id,
            "zone": i.zone,
            "lifecycle": i.lifecycle,
            "health": i.health_status,
            "protected": i.protected,
        }
        for i in group.instances
    ]
    bounds = {"min": group.min_size, "max": group.max_size, "desired": group.desired}
    return {**bounds, "suspended": list(group.suspended), "members": members}


def _spec(spec: GroupSpec, saved: Mapping[str, Any]) -> GroupSpec:
    """Ask for as many instances as there were members; the real desired size is set after."""
    count = len(saved["members"])
    return replace(spec, min_size=saved["min"], max_size=saved["max"], desired=count)


def _restore_group(world: World, group: ScalingGroup, saved: Mapping[str, Any]) -> None:
    group.desired = saved["desired"]
    group.suspended = set(saved["suspended"])
    for instance, member in zip(tuple(group.instances), saved["members"], strict=True):
        _rename(world, instance, member["id"])
        instance.zone = member["zone"]
        instance.lifecycle = Lifecycle(member["lifecycle"])
        instance.health_status = member["health"]
        instance.protected = member["protected"]


def _restore_targets(world: World, saved: Mapping[str, Any]) -> None:
    for arn, targets in saved.items():
        group = world._p.target_groups[arn]
        plain = [r for r in group.registrations if r.instance.group is None]
        known = {r.instance.id for r in group.registrations}
        strangers = [t["id"] for t in targets if t["id"] not in known]
        for registration, name in zip(plain, strangers, strict=False):
            _rename(world, registration.instance, name)
        states = {(t["id"], t["port"]): t for t in targets}
        for registration in tuple(group.registrations):
            state = states.get((registration.instance.id, registration.port))
            if state is None:
                group.registrations.remove(registration)
                registration.instance.registrations.remove(registration)
            else:
                registration.state = Health(state["state"])
                registration.reason = state["reason"]
        group.routing_stale = True


def _rename(world: World, instance: Instance, name: str) -> None:
    del world._p.instances[instance.id]
    instance.id = name
    world._p.instances[name] = instance
