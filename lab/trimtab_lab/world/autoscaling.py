"""The Auto Scaling API: desired capacity, standby, termination, bounds, with AWS's refusals.

Entering standby with decrement needs room above MinSize, without it a replacement is launched;
exit adds one to desired and needs room below MaxSize (user guide, "Temporarily remove
instances"). Standby members do not count towards desired, take no traffic and are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.instances import Lifecycle
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.launches import RETURN_FROM_STANDBY_S
from trimtab_lab.world.views import moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trimtab_lab.world.instances import Instance
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.launches import Launches
    from trimtab_lab.world.scaling_groups import Activity, ScalingGroup

DEFAULT_COOLDOWN_S = 300
PROCESSES = (
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "Launch",
    "ReplaceUnhealthy",
    "ScheduledActions",
    "Terminate",
)


class AutoScaling:
    """The Auto Scaling groups and what one may ask of them."""

    def __init__(
        self, groups: dict[str, ScalingGroup], launches: Launches, journal: Journal
    ) -> None:
        self.groups = groups
        self._launches = launches
        self._journal = journal

    def group(self, name: str) -> ScalingGroup:
        """The group of a name."""
        if name not in self.groups:
            raise WorldError("ValidationError", f"AutoScalingGroup name not found - {name}")
        return self.groups[name]

    def set_desired(self, name: str, desired: int, honor_cooldown: bool, at: int) -> None:
        """Set the desired capacity inside the group's bounds."""
        group = self.group(name)
        self._check_desired(group, desired)
        if honor_cooldown and at - group.last_scaled_at < DEFAULT_COOLDOWN_S:
            raise WorldError(
                "ScalingActivityInProgress",
                f"Scaling activity is in progress on AutoScalingGroup {name} (cooldown).",
            )
        if desired != group.desired:
            before, group.desired = group.desired, desired
            group.last_scaled_at = at
            self._journal.note(EventKind.CAPACITY, name, f"desired {before} -> {desired}")
            cause = (
                "a user request explicitly set group desired capacity changing the desired "
                f"capacity from {before} to {desired}"
            )
            self._launches.reconcile(group, at, cause)

    def update(self, name: str, bounds: tuple[int, int], at: int) -> None:
        """Set MinSize and MaxSize; desired moves into the new bounds."""
        group = self.group(name)
        low, high = bounds
        if not 0 <= low <= high:
            raise WorldError(
                "ValidationError",
                f"Max bound, {high}, must be greater than or equal to min bound, {low}",
            )
        group.min_size, group.max_size = low, high
        desired = min(max(group.desired, low), high)
        if desired != group.desired:
            self.set_desired(name, desired, False, at)

    def enter_standby(
        self, name: str, ids: Sequence[str], decrement: bool, at: int
    ) -> tuple[Activity, ...]:
        """Take members out of service without ending them."""
        group = self.group(name)
        members = [self._member(group, i, Lifecycle.IN_SERVICE) for i in ids]
        if decrement and group.desired - len(members) < group.min_size:
            raise WorldError("ValidationError", _no_room(group, "place into standby", len(members)))
        activities = tuple(self._stand_by(group, member, at) for member in members)
        if decrement:
            group.desired -= len(members)
        self._launches.reconcile(group, at, "instances were moved to standby")
        return activities

    def exit_standby(self, name: str, ids: Sequence[str], at: int) -> tuple[Activity, ...]:
        """Put standby members back into service; desired grows by as many."""
        group = self.group(name)
        members = [self._member(group, i, Lifecycle.STANDBY) for i in ids]
        if group.desired + len(members) > group.max_size:
            raise WorldError(
                "ValidationError", _no_room(group, "move out of standby", len(members))
            )
        group.desired += len(members)
        return tuple(self._return(group, member, at) for member in members)

    def terminate(self, instance_id: str, decrement: bool, at: int) -> Activity:
        """End one member; without decrement the group replaces it."""
        group = self._group_of(instance_id)
        member = self._member(group, instance_id, None)
        if decrement and member.lifecycle is not Lifecycle.STANDBY:
            self._check_desired(group, group.desired - 1)
            group.desired -= 1
        why = f"At {moment(at):%Y-%m-%dT%H:%M:%SZ} an instance was taken out of service in "
        activity = self._launches.terminate(group, member, at, why + "response to a user request.")
        self._launches.reconcile(group, at, "an instance was terminated by a user request")
        return activity

    def set_health(self, instance_id: str, status: str) -> None:
        """Mark a member Healthy or Unhealthy; the group replaces an unhealthy one."""
        if status not in ("Healthy", "Unhealthy"):
            raise WorldError("ValidationError", f"Instance health status is invalid: {status}")
        group = self._group_of(instance_id)
        self._member(group, instance_id, None).health_status = status

    def protect(self, name: str, ids: Sequence[str], protected: bool) -> None:
        """Protect members from scale-in, or stop doing so."""
        group = self.group(name)
        for member in [self._member(group, i, None) for i in ids]:
            member.protected = protected

    def suspend(self, name: str, processes: Sequence[str]) -> None:
        """Suspend processes; all of them when none is named."""
        self.group(name).suspended |= set(_known(processes))

    def resume(self, name: str, processes: Sequence[str], at: int) -> None:
        """Resume processes; all of them when none is named."""
        group = self.group(name)
        group.suspended -= set(_known(processes))
        self._launches.reconcile(group, at, "a suspended process was resumed")

    def _stand_by(self, group: ScalingGroup, member: Instance, at: int) -> Activity:
        why = f"At {moment(at):%Y-%m-%dT%H:%M:%SZ} instance {member.id} was moved to standby in "
        activity = self._launches.activity(
            group,
            f"Moving EC2 instance to Standby: {member.id}",
            why + "response to a user request.",
            at,
        )
        activity.instance_id = member.id
        group.running[member.id] = activity
        member.lifecycle = Lifecycle.ENTERING_STANDBY
        member.next_at = max(at + 1, at + self._launches.leave_target_groups(member, at))
        self._journal.note(EventKind.STANDBY, member.id, f"{group.fleet}: entering standby")
        return activity

    def _return(self, group: ScalingGroup, member: Instance, at: int) -> Activity:
        why = (
            f"At {moment(at):%Y-%m-%dT%H:%M:%SZ} instance {member.id} was moved out of standby in "
        )
        activity = self._launches.activity(
            group,
            f"Moving EC2 instance out of Standby: {member.id}",
            why + "response to a user request.",
            at,
        )
        activity.instance_id, activity.status = member.id, "PreInService"
        group.running[member.id] = activity
        member.lifecycle = Lifecycle.PENDING
        member.next_at = at + RETURN_FROM_STANDBY_S
        self._journal.note(EventKind.STANDBY, member.id, f"{group.fleet}: leaving standby")
        return activity

    def _check_desired(self, group: ScalingGroup, desired: int) -> None:
        name = group.spec.name
        if desired > group.max_size:
            raise WorldError(
                "ValidationError",
                f"New SetDesiredCapacity value {desired} is above max value {group.max_size} "
                f"for the AutoScalingGroup {name}.",
            )
        if desired < group.min_size:
            raise WorldError(
                "ValidationError",
                f"New SetDesiredCapacity value {desired} is below min value {group.min_size} "
                f"for the AutoScalingGroup {name}.",
            )

    def _group_of(self, instance_id: str) -> ScalingGroup:
        for group in self.groups.values():
            if any(instance.id == instance_id for instance in group.instances):
                return group
        raise WorldError("ValidationError", _unknown(instance_id))

    def _member(self, group: ScalingGroup, instance_id: str, wanted: Lifecycle | None) -> Instance:
        found = next((i for i in group.instances if i.id == instance_id), None)
        if found is None:
            raise WorldError("ValidationError", _unknown(instance_id))
        if wanted is not None and found.lifecycle is not wanted:
            raise WorldError("ValidationError", f"The instance {instance_id} is not in {wanted}.")
        if found.lifecycle is Lifecycle.TERMINATING:
            raise WorldError("ValidationError", f"The instance {instance_id} is being terminated.")
        return found


def _unknown(instance_id: str) -> str:
    return f"Instance Id not found - No managed instance found for instance ID: {instance_id}"


def _no_room(group: ScalingGroup, what: str, count: int) -> str:
    return (
        f"AutoScalingGroup {group.spec.name} has min-size={group.min_size}, "
        f"max-size={group.max_size}, and desired-size={group.desired}. To {what} {count} "
        "instance(s), please update the AutoScalingGroup sizes appropriately."
    )


def _known(processes: Sequence[str]) -> Sequence[str]:
    for process in processes:
        if process not in PROCESSES:
            raise WorldError("ValidationError", f"Invalid process type: {process}")
    return processes or PROCESSES
