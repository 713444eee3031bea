"""The machinery of Auto Scaling groups: launching, ending and the passing of lifecycle states.

A group whose members (Pending and InService) are fewer than desired launches in the zone with the
fewest; with more, it terminates from the zone with the most, the oldest first, protected ones
never. A launch takes the group's delay, then the instance is InService, registered, and cold for
the group's warm-up. Ending one leaves the target groups first and waits for their draining.
Failed launches are tried again every minute, in the other zones first.

Approximations: no lifecycle hooks, no warm pools, no AZRebalance, no instance maintenance policy;
the termination policy is "balance the zones, then oldest"; EC2 status checks never fail, so a
group with health check type EC2 keeps what merely does not answer. With type ELB unhealthy
members are replaced at most a tenth of desired at a time, as the user guide says of its pacing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trimtab_lab.world.instances import Health, Instance, Lifecycle
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.scaling_groups import Activity
from trimtab_lab.world.views import TargetRef, moment

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from trimtab_lab.world.elb import LoadBalancing
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.scaling_groups import ScalingGroup

STOP_AFTER_S = 30
"""From the end of draining to the instance being gone."""
RETURN_FROM_STANDBY_S = 10
RETRY_S = 60


class Weather(Protocol):
    """What the faults now on mean for launches."""

    def refresh(self) -> None:
        """Put the faults on a new instance."""

    def no_capacity(self, group: ScalingGroup, zone: str) -> bool:
        """Launches in this zone fail for lack of capacity."""

    def launch_factor(self, group: ScalingGroup) -> float:
        """How much longer than usual launches take."""


class Launches:
    """Brings groups to their desired capacity and moves their instances along."""

    def __init__(
        self,
        elb: LoadBalancing,
        instances: dict[str, Instance],
        journal: Journal,
        rng: random.Random,
        weather: Weather,
    ) -> None:
        self._elb = elb
        self._instances = instances
        self._journal = journal
        self._rng = rng
        self._weather = weather

    def reconcile(self, group: ScalingGroup, at: int, cause: str) -> None:
        """Start what is needed for the group to have its desired number of members."""
        missing = group.desired - len(group.members())
        if missing > 0 and "Launch" not in group.suspended and group.next_try_at <= at:
            for _ in range(missing):
                if not self._launch(group, at, cause):
                    group.next_try_at = at + RETRY_S
                    break
        if missing < 0 and "Terminate" not in group.suspended:
            for _ in range(-missing):
                self._terminate_one(group, at, cause)

    def move_along(self, groups: Iterable[ScalingGroup], at: int) -> None:
        """Let every state that ends by itself end when its time has come."""
        for group in groups:
            due = [i for i in group.instances if i.next_at and i.next_at <= at]
            for instance in due:
                self._next_state(group, instance, at)

    def replace_unhealthy(self, group: ScalingGroup, at: int) -> None:
        """Terminate members marked Unhealthy, for the group to launch others in their place."""
        if group.suspended & {"HealthCheck", "ReplaceUnhealthy", "Terminate"}:
            return
        if group.spec.health_check_type == "ELB":
            self._mark_unhealthy(group, at)
        sick = [i for i in group.members() if i.health_status == "Unhealthy"]
        for instance in sick:
            why = f"At {_stamp(at)} an instance was taken out of service in response to a "
            why += "health check."
            self.terminate(group, instance, at, why)
        if sick:
            self.reconcile(group, at, "an instance was replaced after it failed a health check")

    def place(self, group: ScalingGroup, zone: str, at: int, ready_at: int) -> Instance:
        """Put a new instance into the group; it comes into service at `ready_at`."""
        instance = Instance(
            f"i-0{self._rng.getrandbits(64):016x}", zone, group.target_groups[0].spec.app, at
        )
        instance.group, instance.fleet = group.spec.name, group.fleet
        instance.warm_up_s = group.spec.warm_up_s
        instance.lifecycle = Lifecycle.PENDING
        instance.in_service_at = None
        instance.next_at = ready_at
        group.instances.append(instance)
        self._instances[instance.id] = instance
        self._weather.refresh()
        return instance

    def terminate(self, group: ScalingGroup, instance: Instance, at: int, cause: str) -> Activity:
        """End one instance: out of the target groups, drained, gone."""
        delay = self.leave_target_groups(instance, at)
        instance.lifecycle = Lifecycle.TERMINATING
        instance.next_at = at + delay + STOP_AFTER_S
        self._journal.note(EventKind.TERMINATE, instance.id, f"{group.fleet}: terminating")
        self._end_activity(group, instance, at, "Cancelled")
        activity = self.activity(group, f"Terminating EC2 instance: {instance.id}", cause, at)
        activity.instance_id = instance.id
        activity.status = "WaitingForELBConnectionDraining" if delay else "InProgress"
        group.running[instance.id] = activity
        return activity

    def leave_target_groups(self, instance: Instance, at: int) -> int:
        """Deregister an instance everywhere; returns how long the longest draining takes."""
        delays = [0]
        for registration in tuple(instance.registrations):
            if registration.state is not Health.DRAINING:
                delays.append(registration.in_group.spec.deregistration_delay_s)
                ref = TargetRef(instance.id, registration.port)
                self._elb.deregister(registration.in_group.arn, (ref,), at)
        return max(delays)

    def join_target_groups(self, group: ScalingGroup, instance: Instance, at: int) -> None:
        """Register an instance with the group's target groups, unless that is suspended."""
        if "AddToLoadBalancer" not in group.suspended:
            for target_group in group.target_groups:
                self._elb.register(target_group.arn, (TargetRef(instance.id),), at)

    def activity(self, group: ScalingGroup, description: str, cause: str, at: int) -> Activity:
        """Open a scaling activity, newest first in the group's list."""
        digits = f"{self._rng.getrandbits(128):032x}"
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        activity = Activity("-".join(parts), group.spec.name, description, cause, at)
        group.activities.appendleft(activity)
        return activity

    def _launch(self, group: ScalingGroup, at: int, cause: str) -> bool:
        before = len(group.members())
        why = (
            f"At {_stamp(at)} {cause}. At {_stamp(at)} an instance was started in response to a "
            "difference between desired and actual capacity, increasing the capacity "
            f"from {before} to {before + 1}."
        )
        zones = [z for z in _emptiest_first(group) if not self._weather.no_capacity(group, z)]
        if not zones:
            failed = self.activity(group, "Launching a new EC2 instance", why, at)
            failed.status, failed.ended_at = "Failed", at
            failed.message = (
                f"We currently do not have sufficient {group.spec.instance_type} capacity in the "
                "Availability Zones you requested. (Service: AmazonEC2; Error Code: "
                "InsufficientInstanceCapacity). Launching EC2 instance failed."
            )
            self._journal.note(EventKind.LAUNCH, group.spec.name, "launch failed: no capacity")
            return False
        low, high = group.spec.launch_delay_s
        delay = self._rng.randint(low, high) * self._weather.launch_factor(group)
        instance = self.place(group, zones[0], at, at + max(1, round(delay)))
        activity = self.activity(group, f"Launching a new EC2 instance: {instance.id}", why, at)
        activity.status, activity.instance_id = "PreInService", instance.id
        group.running[instance.id] = activity
        self._journal.note(EventKind.LAUNCH, instance.id, f"{group.fleet}: launching in {zones[0]}")
        return True

    def _terminate_one(self, group: ScalingGroup, at: int, cause: str) -> None:
        members = group.members()
        crowd = {zone: sum(i.zone == zone for i in members) for zone in group.spec.zones}
        willing = [i for i in members if not i.protected]
        if not willing:
            return
        victim = min(willing, key=lambda i: (-crowd.get(i.zone, 0), i.launched_at, i.id))
        why = (
            f"At {_stamp(at)} {cause}. At {_stamp(at)} an instance was taken out of service in "
            "response to a difference between desired and actual capacity, shrinking the capacity "
            f"from {len(members)} to {len(members) - 1}."
        )
        self.terminate(group, victim, at, why)

    def _next_state(self, group: ScalingGroup, instance: Instance, at: int) -> None:
        instance.next_at = 0
        self._end_activity(group, instance, at, "Successful")
        if instance.lifecycle is Lifecycle.PENDING:
            instance.lifecycle = Lifecycle.IN_SERVICE
            if instance.in_service_at is None:
                instance.in_service_at = at
            self.join_target_groups(group, instance, at)
            self._journal.note(EventKind.LAUNCH, instance.id, f"{group.fleet}: in service")
        elif instance.lifecycle is Lifecycle.ENTERING_STANDBY:
            instance.lifecycle = Lifecycle.STANDBY
            self._journal.note(EventKind.STANDBY, instance.id, f"{group.fleet}: in standby")
        elif instance.lifecycle is Lifecycle.TERMINATING:
            instance.lifecycle = Lifecycle.TERMINATED
            group.instances.remove(instance)
            del self._instances[instance.id]
            self._journal.note(EventKind.TERMINATE, instance.id, f"{group.fleet}: gone")

    def _end_activity(self, group: ScalingGroup, instance: Instance, at: int, status: str) -> None:
        activity = group.running.pop(instance.id, None)
        if activity:
            activity.status, activity.ended_at = status, at

    def _mark_unhealthy(self, group: ScalingGroup, at: int) -> None:
        members = group.members()
        if any(i.lifecycle is Lifecycle.PENDING for i in members):
            return
        may_go = max(1, group.desired // 10)
        for instance in members:
            settled = at - (instance.in_service_at or at) >= group.spec.grace_s
            failing = any(r.state is Health.UNHEALTHY for r in instance.registrations)
            if settled and failing and may_go:
                instance.health_status = "Unhealthy"
                may_go -= 1


def _emptiest_first(group: ScalingGroup) -> list[str]:
    members = group.members()
    order = {zone: place for place, zone in enumerate(group.spec.zones)}
    return sorted(order, key=lambda zone: (sum(i.zone == zone for i in members), order[zone]))


def _stamp(at: int) -> str:
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"
