"""EC2 Auto Scaling: groups and their members, size and standby."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab.adapters.aws.answers import (
    Answer,
    each,
    each_if_any,
    flag,
    pages_of,
    part,
    request_id,
    text,
    text_if_any,
    values,
    whole,
)
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import Refused, TrimtabError
from trimtab.model.change import Eject, Resize, Restore, Retire
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId, Zone
from trimtab.model.observation import Group, Lifecycle, Member
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import marks_of

A_CALL = 100
RECENT = 20
"""How many of a group's newest activities are looked at for a failed launch."""

LIFECYCLES: Mapping[str, Lifecycle | None] = {
    "Pending": Lifecycle.PENDING,
    "Pending:Wait": Lifecycle.PENDING,
    "Pending:Proceed": Lifecycle.PENDING,
    "Quarantined": Lifecycle.LEAVING,  # AWS: "not used"
    "InService": Lifecycle.IN_SERVICE,
    "Terminating": Lifecycle.LEAVING,
    "Terminating:Wait": Lifecycle.LEAVING,
    "Terminating:Proceed": Lifecycle.LEAVING,
    "Terminating:Retained": Lifecycle.LEAVING,
    "Terminated": Lifecycle.LEAVING,
    "Detaching": Lifecycle.LEAVING,
    "Detached": Lifecycle.LEAVING,
    "EnteringStandby": Lifecycle.ENTERING_STANDBY,
    "Standby": Lifecycle.STANDBY,
    # out of service while its disk is replaced; comes back through Pending
    "ReplacingRootVolume": Lifecycle.PENDING,
    "ReplacingRootVolume:Wait": Lifecycle.PENDING,
    "ReplacingRootVolume:Proceed": Lifecycle.PENDING,
    "RootVolumeReplaced": Lifecycle.PENDING,
    # in the warm pool: not a member, and not counted in the desired capacity
    "Warmed:Pending": None,
    "Warmed:Pending:Wait": None,
    "Warmed:Pending:Proceed": None,
    "Warmed:Pending:Retained": None,
    "Warmed:Terminating": None,
    "Warmed:Terminating:Wait": None,
    "Warmed:Terminating:Proceed": None,
    "Warmed:Terminating:Retained": None,
    "Warmed:Terminated": None,
    "Warmed:Stopped": None,
    "Warmed:Running": None,
    "Warmed:Hibernated": None,
}
"""AWS's lifecycle states. One that is not here yet counts as leaving: not as capacity."""


def groups_of(clients: Clients, names: Sequence[str]) -> Mapping[str, Group | Reason]:
    """Describe groups, a hundred a call, following every page."""
    wanted = tuple(dict.fromkeys(names))
    found: dict[str, Group | Reason] = {}
    for batch in (wanted[i : i + A_CALL] for i in range(0, len(wanted), A_CALL)):
        try:
            found |= _described(clients, batch)
        except TrimtabError as error:
            found |= dict.fromkeys(batch, reason_of(error))
    return {name: found.get(name) or _absent(name) for name in wanted}


def resize(clients: Clients, change: Resize) -> Call:
    """Set the desired capacity, whatever the group's cooldown: the guard has its own."""
    with faults("autoscaling:SetDesiredCapacity", change.group):
        answer = clients.autoscaling.set_desired_capacity(
            AutoScalingGroupName=change.group,
            DesiredCapacity=change.after,
            HonorCooldown=False,
        )
    return Call("autoscaling:SetDesiredCapacity", request_id(answer))


def enter_standby(clients: Clients, change: Eject) -> Call:
    """Set a member aside: it leaves all its group's target groups and is not replaced by health.

    Without ``replace`` the desired capacity shrinks by one; AWS refuses that below the minimum.
    """
    group = _group(change)
    with faults("autoscaling:EnterStandby", f"{change.instance} of {group}"):
        answer = clients.autoscaling.enter_standby(
            InstanceIds=[change.instance],
            AutoScalingGroupName=group,
            ShouldDecrementDesiredCapacity=not change.replace,
        )
    return Call("autoscaling:EnterStandby", request_id(answer))


def exit_standby(clients: Clients, change: Restore) -> Call:
    """Bring a member back; AWS grows the desired capacity by one and registers it again."""
    group = _group(change)
    with faults("autoscaling:ExitStandby", f"{change.instance} of {group}"):
        answer = clients.autoscaling.exit_standby(
            InstanceIds=[change.instance], AutoScalingGroupName=group
        )
    return Call("autoscaling:ExitStandby", request_id(answer))


def retire(clients: Clients, change: Retire) -> Call:
    """Terminate a member in standby. It is not in the desired capacity, so that stays as it is.

    Never by ``SetInstanceHealth``: AWS replaces what is marked unhealthy at its own pace, not ours.
    """
    with faults(
        "autoscaling:TerminateInstanceInAutoScalingGroup", f"{change.instance} of {change.group}"
    ):
        answer = clients.autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=change.instance, ShouldDecrementDesiredCapacity=False
        )
    return Call("autoscaling:TerminateInstanceInAutoScalingGroup", request_id(answer))


def _group(change: Eject | Restore) -> str:
    if change.group is None:
        raise Refused(f"standby of {change.instance}: the change does not say of which group")
    return change.group


def _described(clients: Clients, names: Sequence[str]) -> Mapping[str, Group | Reason]:
    with faults("autoscaling:DescribeAutoScalingGroups", ", ".join(names)):
        # an empty page does not mean the end: the paginator goes by NextToken alone
        pages = clients.autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            AutoScalingGroupNames=[*names], PaginationConfig={"PageSize": A_CALL}
        )
        described = {
            text(group, "AutoScalingGroupName"): group
            for page in pages_of(pages, "NextToken")
            for group in each(page, "AutoScalingGroups")
        }
    return {name: _group_or_reason(clients, name, group) for name, group in described.items()}


def _group_or_reason(clients: Clients, name: str, group: Answer) -> Group | Reason:
    """Read one group; one that cannot be read leaves the others of its page alone."""
    try:
        with faults("autoscaling:DescribeAutoScalingGroups", name):
            return _group_seen(clients, name, group)
    except TrimtabError as error:
        return reason_of(error)


def _group_seen(clients: Clients, name: str, group: Answer) -> Group:
    instances = each_if_any(group, "Instances")
    members = tuple(m for i in instances if (m := _member(i)) is not None)
    desired = whole(group, "DesiredCapacity")
    serving = sum(1 for m in members if m.lifecycle is Lifecycle.IN_SERVICE)
    return Group(
        name=name,
        min_size=whole(group, "MinSize"),
        max_size=whole(group, "MaxSize"),
        desired=desired,
        members=members,
        suspended=frozenset(
            text_if_any(process, "ProcessName")
            for process in each_if_any(group, "SuspendedProcesses")
        ),
        launch_failure=_launch_failure(clients, name) if serving < desired else "",
        marks=marks_of(
            {text(tag, "Key"): text_if_any(tag, "Value") for tag in each_if_any(group, "Tags")}
        ),
        target_groups=tuple(Arn(str(arn)) for arn in values(group, "TargetGroupARNs")),
    )


def _member(instance: Answer) -> Member | None:
    lifecycle = LIFECYCLES.get(text(instance, "LifecycleState"), Lifecycle.LEAVING)
    if lifecycle is None:
        return None
    return Member(
        instance=InstanceId(text(instance, "InstanceId")),
        zone=Zone(text(instance, "AvailabilityZone")),
        lifecycle=lifecycle,
        healthy=text(instance, "HealthStatus").lower() == "healthy",
        protected=flag(instance, "ProtectedFromScaleIn"),
        version=_version(instance),
    )


def _version(instance: Answer) -> str:
    """Name what a member was launched from; empty where AWS does not say."""
    template = part(instance, "LaunchTemplate")
    if not template:
        return text_if_any(instance, "LaunchConfigurationName")
    return f"{text_if_any(template, 'LaunchTemplateId')}:{text_if_any(template, 'Version')}"


def _launch_failure(clients: Clients, name: str) -> str:
    """Say why the newest finished launch failed; empty if it did not.

    A group whose activities cannot be read is still worth seeing, so that is no error.
    """
    try:
        with faults("autoscaling:DescribeScalingActivities", name):
            answer = clients.autoscaling.describe_scaling_activities(
                AutoScalingGroupName=name, MaxRecords=RECENT
            )
            return _newest_failure(each(answer, "Activities"))
    except TrimtabError:
        return ""


def _newest_failure(activities: Sequence[Answer]) -> str:
    for activity in activities:  # newest first
        status = text(activity, "StatusCode")
        if not text_if_any(activity, "Description").startswith("Launching"):
            continue
        if status in ("Failed", "Cancelled"):
            return text_if_any(activity, "StatusMessage") or f"launch {status.lower()}"
        if status == "Successful":
            return ""
    return ""


def _absent(name: str) -> Reason:
    return Reason(
        ReasonCode.NOT_FOUND,
        f"there is no Auto Scaling group {name!r} in this account and Region; "
        "if it was replaced, apply the policy again",
    )
