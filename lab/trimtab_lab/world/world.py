"""The world: virtual time, and AWS-like calls on what lives in it.

`advance` runs the world in steps: faults, launches, health checks, users' requests; at each full
minute the counts become metrics, groups look after themselves, alarms are evaluated and tenants
(native scaling, or whoever is attached) have their turn. Calls act at `now` and answer with plain
values, or raise `WorldError` with the code AWS would answer. All chance comes from the scenario's
seed, in one stream per purpose, so looking at the world never changes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.world.health import probe_failure
from trimtab_lab.world.instances import Lifecycle
from trimtab_lab.world.machines import Labels, MachineView, NoticeView
from trimtab_lab.world.metrics import KEEP_MINUTES
from trimtab_lab.world.recorder import FleetNow, Users
from trimtab_lab.world.traffic import route, serve
from trimtab_lab.world.views import (
    moment,
    view_of_activity,
    view_of_group,
    view_of_instance,
    view_of_rule,
    view_of_target_group,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from trimtab_lab.world.access_log import AccessLog
    from trimtab_lab.world.alarms import AlarmChange, AlarmSpec, AlarmView
    from trimtab_lab.world.faults import Fault
    from trimtab_lab.world.parts import Parts
    from trimtab_lab.world.scenario import HealthCheck, Scenario
    from trimtab_lab.world.views import (
        ActivityView,
        GroupView,
        InstanceView,
        RuleView,
        TargetGroupView,
        TargetHealth,
        TargetRef,
    )


class World:
    """One simulated account; made by `trimtab_lab.world.build.build_world`."""

    def __init__(self, scenario: Scenario, parts: Parts) -> None:
        self.scenario = scenario
        self._p = parts
        self._now = parts.starts_at
        self._rejected = 0
        self.metrics = parts.metrics
        self.journal = parts.journal
        self.recorder = parts.recorder
        self.labels = Labels()
        """Tags, refreshes and versions, set by whoever plays the people."""
        self.tenants: list[Callable[[World], None]] = []
        """Called with the world at the end of every minute, in order."""

    # time

    @property
    def now(self) -> datetime:
        """The world's time."""
        return moment(self._now)

    def advance(self, to: datetime) -> None:
        """Let time pass until `to` (whole steps; a part of a step is left for the next call)."""
        end = int(to.timestamp())
        step = self.scenario.step_s
        while self._now + step <= end:
            self._step(step)

    def stand_still(self, minutes: int) -> None:
        """Let the clock alone go on: nothing happens, and nothing is measured."""
        self._now += 60 * minutes
        self._p.journal.clock = self._p.recorder.clock = self._now

    def _step(self, step: int) -> None:
        at = self._now
        p = self._p
        p.journal.clock = p.recorder.clock = at
        p.faults.run(at)
        p.launches.move_along(p.scaling_groups.values(), at)
        p.checker.run(at)
        for group in p.target_groups.values():
            group.route()
            group.samples.append(group.counts)
        self._rejected += route(p.arrivals.at(at), p.rules.values(), p.target_groups, at)
        serve(p.instances.values(), at, step, p.noise)
        self._now = at + step
        if self._now % 60 == 0:
            self._close_minute(self._now - 60)

    def _close_minute(self, began: int) -> None:
        p, now = self._p, self._now
        p.journal.clock = p.recorder.clock = now
        p.checker.judge_minute()
        traffic = p.measure.close_traffic(began, p.target_groups.values(), self._rejected)
        groups = p.scaling_groups.values()
        steps = 60 // self.scenario.step_s
        p.measure.close_instances(began, steps, p.instances.values(), groups)
        p.access_log.close(now)
        self._rejected = 0
        p.recorder.minute(began, traffic, self._fleets())
        for group in groups:
            p.launches.replace_unhealthy(group, now)
            p.launches.reconcile(
                group, now, "a difference between desired and actual capacity was found"
            )
        if now % 3600 == 0:
            p.measure.forget_before(now - KEEP_MINUTES * 60)
        p.alarms.evaluate(self.now)
        for tenant in self.tenants:
            tenant(self)

    def _fleets(self) -> dict[str, FleetNow]:
        p = self._p
        fleets: dict[str, FleetNow] = {}
        for target_group in p.target_groups.values():
            name = target_group.spec.fleet
            group = next((g for g in p.scaling_groups.values() if g.fleet == name), None)
            plain = {r.instance.id for r in target_group.registrations if r.instance.group is None}
            fleets[name] = FleetNow(
                serving=target_group.healthy(),
                desired=group.desired if group else len(plain),
                running=len(group.instances) if group else len(plain),
                weight=sum(r.weights.get(target_group.arn, 0) for r in p.rules.values()),
            )
        return fleets

    @property
    def access_log(self) -> AccessLog:
        """What the load balancer writes of every request, once it is told how."""
        return self._p.access_log

    # users

    @property
    def users(self) -> Users:
        """What users got so far, up to the last full minute."""
        return self.recorder.users

    # load balancing

    @property
    def load_balancer_arn(self) -> str:
        """ARN of the one load balancer."""
        return self._p.load_balancer_arn

    @property
    def load_balancer_dimension(self) -> str:
        """How CloudWatch names the load balancer."""
        return self._p.load_balancer_dimension

    def target_groups(self) -> tuple[TargetGroupView, ...]:
        """DescribeTargetGroups and their attributes."""
        return tuple(self.target_group(arn) for arn in self._p.target_groups)

    def target_group(self, arn: str) -> TargetGroupView:
        """One target group."""
        return view_of_target_group(self._p.elb.group(arn), (self.load_balancer_arn,))

    def describe_target_health(
        self, target_group_arn: str, targets: Sequence[TargetRef] = ()
    ) -> tuple[TargetHealth, ...]:
        """DescribeTargetHealth, anomaly detection included."""
        return self._p.elb.describe_health(target_group_arn, targets)

    def register_targets(self, target_group_arn: str, targets: Sequence[TargetRef]) -> None:
        """RegisterTargets."""
        self._p.elb.register(target_group_arn, targets, self._act())

    def deregister_targets(self, target_group_arn: str, targets: Sequence[TargetRef]) -> None:
        """DeregisterTargets; unknown targets are silently fine."""
        self._p.elb.deregister(target_group_arn, targets, self._act())

    def hold_back(self, target_group_arn: str, ids: Collection[str]) -> None:
        """Let a proxy in front hold back exactly these instances; AWS has no such call."""
        group = self._p.elb.group(target_group_arn)
        for registration in group.registrations:
            registration.held_back = registration.instance.id in ids
        group.routing_stale = True

    def counts_of_minute(self, target_group_arn: str) -> dict[str, tuple[int, int]]:
        """(requests, failures) of each instance since the minute began, as a proxy counts them."""
        return {
            r.instance.id: (r.requests, r.target_5xx + r.connection_errors)
            for r in self._p.elb.group(target_group_arn).registrations
        }

    def modify_health_check(self, target_group_arn: str, settings: HealthCheck) -> None:
        """ModifyTargetGroup, its health check."""
        self._p.elb.modify_health_check(target_group_arn, settings)

    def modify_deregistration_delay(self, target_group_arn: str, seconds: int) -> None:
        """ModifyTargetGroupAttributes, deregistration_delay.timeout_seconds."""
        self._p.elb.modify_deregistration_delay(target_group_arn, seconds)

    def rules(self) -> tuple[RuleView, ...]:
        """DescribeRules of every listener."""
        return tuple(view_of_rule(rule) for rule in self._p.rules.values())

    def rule(self, rule_arn: str) -> RuleView:
        """One listener rule."""
        return view_of_rule(self._p.elb.rule(rule_arn))

    def modify_rule(
        self, rule_arn: str, weights: Mapping[str, int], stickiness_s: int | None = None
    ) -> RuleView:
        """ModifyRule: replaces the whole forward action, so what is left out is gone."""
        self._act()
        return view_of_rule(self._p.elb.modify_rule(rule_arn, weights, stickiness_s))

    # groups and instances

    def describe_groups(self, names: Sequence[str] = ()) -> tuple[GroupView, ...]:
        """DescribeAutoScalingGroups; unknown names are left out, as AWS does."""
        groups = self._p.scaling_groups
        return tuple(view_of_group(g) for name, g in groups.items() if not names or name in names)

    def instances(self) -> tuple[InstanceView, ...]:
        """Every instance that is not gone, in a group or not."""
        return tuple(view_of_instance(instance) for instance in self._p.instances.values())

    def set_desired_capacity(self, name: str, desired: int, honor_cooldown: bool = False) -> None:
        """SetDesiredCapacity."""
        self._p.autoscaling.set_desired(name, desired, honor_cooldown, self._act())

    def update_group(self, name: str, min_size: int, max_size: int) -> None:
        """UpdateAutoScalingGroup, its bounds."""
        self._p.autoscaling.update(name, (min_size, max_size), self._act())

    def enter_standby(
        self, name: str, instance_ids: Sequence[str], decrement: bool
    ) -> tuple[ActivityView, ...]:
        """EnterStandby; without `decrement` a replacement is launched."""
        entered = self._p.autoscaling.enter_standby(name, instance_ids, decrement, self._act())
        return tuple(view_of_activity(activity) for activity in entered)

    def exit_standby(self, name: str, instance_ids: Sequence[str]) -> tuple[ActivityView, ...]:
        """ExitStandby; desired grows by as many."""
        returned = self._p.autoscaling.exit_standby(name, instance_ids, self._act())
        return tuple(view_of_activity(activity) for activity in returned)

    def terminate_instance(self, instance_id: str, decrement: bool) -> ActivityView:
        """TerminateInstanceInAutoScalingGroup."""
        return view_of_activity(self._p.autoscaling.terminate(instance_id, decrement, self._act()))

    def set_instance_health(self, instance_id: str, status: str) -> None:
        """SetInstanceHealth."""
        self._p.autoscaling.set_health(instance_id, status)

    def move_instance(self, instance_id: str, zone: str) -> None:
        """Let an instance be in another zone; AWS has no such call, but addresses do so."""
        instance = self._p.instances[instance_id]
        instance.zone = zone
        for registration in instance.registrations:
            registration.in_group.routing_stale = True
        self._p.faults.refresh()

    def set_instance_protection(self, name: str, ids: Sequence[str], protected: bool) -> None:
        """SetInstanceProtection from scale-in."""
        self._p.autoscaling.protect(name, ids, protected)

    def suspend_processes(self, name: str, processes: Sequence[str] = ()) -> None:
        """SuspendProcesses."""
        self._p.autoscaling.suspend(name, processes)

    def resume_processes(self, name: str, processes: Sequence[str] = ()) -> None:
        """ResumeProcesses."""
        self._p.autoscaling.resume(name, processes, self._act())

    def describe_activities(self, name: str, limit: int = 100) -> tuple[ActivityView, ...]:
        """DescribeScalingActivities, newest first."""
        activities = tuple(self._p.autoscaling.group(name).activities)[:limit]
        return tuple(view_of_activity(activity) for activity in activities)

    # our own probe

    def ask(self, instance_id: str, zone: str, timeout_s: float) -> str:
        """Say how an instance fails a probe of ours, sent now from a zone; empty if it answers."""
        if self._p.faults.blinds_probe(zone):
            return f"timed out after {timeout_s:g} s connecting"
        instance = self._p.instances.get(instance_id)
        if instance is None or instance.lifecycle is Lifecycle.TERMINATED:
            return "not reachable"
        return probe_failure(instance, timeout_s, f"{self.scenario.seed}:{self._now}:{zone}")

    def machines(self, ids: Collection[str]) -> tuple[MachineView, ...]:
        """DescribeInstanceStatus of these instances; those that are no more are left out."""
        found = [i for i in self._p.instances.values() if i.id in ids]
        return tuple(
            MachineView(i.id, i.zone, _moment(i.impaired_since), _moment(i.retires_at))
            for i in found
        )

    def spot_notices(self) -> tuple[NoticeView, ...]:
        """DescribeSpotInstanceRequests, those whose instance is about to be interrupted."""
        found = [(i.id, _moment(i.noticed_at)) for i in self._p.instances.values()]
        return tuple(NoticeView(name, at) for name, at in found if at is not None)

    # alarms

    def put_alarm(self, spec: AlarmSpec) -> None:
        """PutMetricAlarm."""
        self._p.alarms.put(spec, self.now)

    def alarms(self) -> tuple[AlarmView, ...]:
        """DescribeAlarms."""
        return self._p.alarms.all()

    def take_alarm_changes(self) -> tuple[AlarmChange, ...]:
        """Changes of alarm state since last asked: each would be an EventBridge event."""
        return self._p.alarms.take_changes()

    # faults

    def active_faults(self) -> tuple[Fault, ...]:
        """Faults that are on now."""
        return self._p.faults.active()

    def switch_on(self, fault: Fault) -> None:
        """Start a fault now; `lasts_s` counts from now."""
        self._p.faults.switch_on(fault, self._act())

    def switch_off(self, fault: Fault) -> None:
        """End a fault now."""
        self._p.faults.switch_off(fault, self._act())

    def throttles(self) -> dict[tuple[str, str], float]:
        """Share of API calls to refuse, by (boto3 service, operation); `*` is any operation."""
        return self._p.faults.throttles()

    def _act(self) -> int:
        self._p.journal.clock = self._p.recorder.clock = self._now
        return self._now


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
