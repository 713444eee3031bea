"""Auto Scaling, answered by the world.

Stock moto launches and ends instances at once, all in one zone, leaves ended ones in their target
groups, enforces no bounds and keeps no activities. What is not here goes to moto's own backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab_lab.embedded.paging import page_of
from trimtab_lab.embedded.wire import Answers, Params
from trimtab_lab.world.arns import subnet_id
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.views import ActivityView, GroupView, InstanceView
from trimtab_lab.world.world import World

GROUPS_A_PAGE = 50
ACTIVITIES_A_PAGE = 100
NOTHING: dict[str, Any] = {}


def describe_groups(world: World, params: Params) -> dict[str, Any]:
    """Return groups, fifty a page if not asked for more; AWS leaves out unknown names."""
    names = params.get("AutoScalingGroupNames") or []
    chosen = [
        group
        for group in world.describe_groups(names)
        if all(_passes(world, group, f) for f in params.get("Filters") or [])
    ]
    size = int(params.get("MaxRecords") or GROUPS_A_PAGE)
    part, token = page_of(chosen, params.get("NextToken"), size, "InvalidNextToken")
    return {"AutoScalingGroups": [_group(world, group) for group in part], "NextToken": token}


def describe_activities(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: always empty. AWS: six weeks of activities, newest first."""
    found = world.describe_activities(params["AutoScalingGroupName"], limit=10_000)
    size = int(params.get("MaxRecords") or ACTIVITIES_A_PAGE)
    part, token = page_of(found, params.get("NextToken"), size, "InvalidNextToken")
    return {"Activities": [_activity(each) for each in part], "NextToken": token}


def set_desired_capacity(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: no bounds, all at once. AWS: refuses what MinSize and MaxSize forbid."""
    world.set_desired_capacity(
        params["AutoScalingGroupName"],
        int(params["DesiredCapacity"]),
        bool(params.get("HonorCooldown")),
    )
    return NOTHING


def update_group(world: World, params: Params) -> dict[str, Any]:
    """Set a group's bounds and desired capacity; nothing else of it is modelled."""
    name = params["AutoScalingGroupName"]
    found = world.describe_groups((name,))
    if not found:
        raise WorldError("ValidationError", f"AutoScalingGroup name not found - {name}")
    bounds = (params.get("MinSize", found[0].min_size), params.get("MaxSize", found[0].max_size))
    world.update_group(name, int(bounds[0]), int(bounds[1]))
    if "DesiredCapacity" in params:
        world.set_desired_capacity(name, int(params["DesiredCapacity"]))
    return NOTHING


def enter_standby(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: the standby member stays in its target groups. AWS: it is deregistered."""
    activities = world.enter_standby(
        params["AutoScalingGroupName"],
        params.get("InstanceIds") or [],
        bool(params["ShouldDecrementDesiredCapacity"]),
    )
    return {"Activities": [_activity(each) for each in activities]}


def exit_standby(world: World, params: Params) -> dict[str, Any]:
    """AWS: the member comes back through Pending and is registered again."""
    activities = world.exit_standby(params["AutoScalingGroupName"], params.get("InstanceIds") or [])
    return {"Activities": [_activity(each) for each in activities]}


def terminate_instance(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: it stays in its target groups as healthy. AWS: it drains, then ends."""
    decrement = bool(params["ShouldDecrementDesiredCapacity"])
    return {"Activity": _activity(world.terminate_instance(params["InstanceId"], decrement))}


def set_instance_health(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: stored, and that is all. AWS: an unhealthy member is replaced."""
    world.set_instance_health(params["InstanceId"], params["HealthStatus"])
    return NOTHING


def set_instance_protection(world: World, params: Params) -> dict[str, Any]:
    """Protect members from scale-in, or stop doing so."""
    world.set_instance_protection(
        params["AutoScalingGroupName"], params["InstanceIds"], bool(params["ProtectedFromScaleIn"])
    )
    return NOTHING


def suspend_processes(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: stored, not honoured. AWS: the process stops."""
    world.suspend_processes(params["AutoScalingGroupName"], params.get("ScalingProcesses") or ())
    return NOTHING


def resume_processes(world: World, params: Params) -> dict[str, Any]:
    """Let suspended processes go on."""
    world.resume_processes(params["AutoScalingGroupName"], params.get("ScalingProcesses") or ())
    return NOTHING


def describe_refreshes(world: World, params: Params) -> dict[str, Any]:
    """Stock moto has none. AWS: a group's refreshes, newest first."""
    name = params["AutoScalingGroupName"]
    state = world.labels.refreshes.get(name)
    if state is None:
        return {"InstanceRefreshes": []}
    refresh = {"InstanceRefreshId": "1", "AutoScalingGroupName": name, "Status": state}
    return {"InstanceRefreshes": [refresh]}


def describe_instances(world: World, params: Params) -> dict[str, Any]:
    """Whose instances are; AWS leaves out those of no group."""
    wanted = params.get("InstanceIds") or []
    return {
        "AutoScalingInstances": [
            {
                "InstanceId": i.id,
                "AutoScalingGroupName": i.group,
                "AvailabilityZone": i.zone,
                "LifecycleState": i.lifecycle,
                "HealthStatus": i.health_status.upper(),
                "ProtectedFromScaleIn": i.protected,
            }
            for i in world.instances()
            if i.group is not None and (not wanted or i.id in wanted)
        ]
    }


ANSWERS: Answers = {
    ("autoscaling", "DescribeInstanceRefreshes"): describe_refreshes,
    ("autoscaling", "DescribeAutoScalingInstances"): describe_instances,
    ("autoscaling", "DescribeAutoScalingGroups"): describe_groups,
    ("autoscaling", "DescribeScalingActivities"): describe_activities,
    ("autoscaling", "SetDesiredCapacity"): set_desired_capacity,
    ("autoscaling", "UpdateAutoScalingGroup"): update_group,
    ("autoscaling", "EnterStandby"): enter_standby,
    ("autoscaling", "ExitStandby"): exit_standby,
    ("autoscaling", "TerminateInstanceInAutoScalingGroup"): terminate_instance,
    ("autoscaling", "SetInstanceHealth"): set_instance_health,
    ("autoscaling", "SetInstanceProtection"): set_instance_protection,
    ("autoscaling", "SuspendProcesses"): suspend_processes,
    ("autoscaling", "ResumeProcesses"): resume_processes,
}


def _passes(world: World, group: GroupView, wanted: Mapping[str, Any]) -> bool:
    name, values = wanted["Name"], wanted["Values"]
    tags = {"Name": group.name, **dict(world.scenario.topology.tags)}
    if name.startswith("tag:"):
        return tags.get(name.removeprefix("tag:")) in values
    if name == "tag-key":
        return bool(tags.keys() & set(values))
    if name == "tag-value":
        return bool(set(tags.values()) & set(values))
    raise WorldError("ValidationError", f"Filter type {name} is not correct.")


def _group(world: World, group: GroupView) -> dict[str, Any]:
    spec = next(s for s in world.scenario.topology.groups if s.name == group.name)
    tags = [
        {
            "ResourceId": group.name,
            "ResourceType": "auto-scaling-group",
            "Key": key,
            "Value": value,
            "PropagateAtLaunch": True,
        }
        for key, value in world.scenario.topology.tags
    ]
    return {
        "AutoScalingGroupName": group.name,
        "AutoScalingGroupARN": group.arn,
        "MinSize": group.min_size,
        "MaxSize": group.max_size,
        "DesiredCapacity": group.desired,
        "DefaultCooldown": 300,
        "AvailabilityZones": list(group.zones),
        "TargetGroupARNs": list(group.target_group_arns),
        "LoadBalancerNames": [],
        "HealthCheckType": group.health_check_type,
        "HealthCheckGracePeriod": group.grace_s,
        "DefaultInstanceWarmup": group.warm_up_s,
        "Instances": [_instance(world, i, spec.instance_type) for i in group.instances],
        "CreatedTime": world.scenario.demand.starts_at,
        "SuspendedProcesses": [
            {"ProcessName": process, "SuspensionReason": "User suspended"}
            for process in group.suspended
        ],
        "VPCZoneIdentifier": ",".join(subnet_id(zone) for zone in group.zones),
        "EnabledMetrics": [],
        "Tags": tags,
        "TerminationPolicies": ["Default"],
        "NewInstancesProtectedFromScaleIn": False,
    }


def _instance(world: World, instance: InstanceView, instance_type: str) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "InstanceType": instance_type,
        "AvailabilityZone": instance.zone,
        "LifecycleState": instance.lifecycle,
        "HealthStatus": instance.health_status,
        "ProtectedFromScaleIn": instance.protected,
        "LaunchTemplate": {
            "LaunchTemplateId": f"lt-0{instance.group}",
            "Version": world.labels.versions.get(instance.id, "1"),
        },
    }


def _activity(activity: ActivityView) -> dict[str, Any]:
    described: dict[str, Any] = {
        "ActivityId": activity.id,
        "AutoScalingGroupName": activity.group,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started_at,
        "StatusCode": activity.status,
        "Progress": activity.progress,
        "Details": "{}",
    }
    if activity.ended_at is not None:
        described["EndTime"] = activity.ended_at
    if activity.message is not None:
        described["StatusMessage"] = activity.message
    return described
