"""What the world's calls answer: plain frozen values in our spelling, not boto3's dicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from trimtab_lab.world.scenario import HealthCheck

if TYPE_CHECKING:
    from trimtab_lab.world.instances import Instance, Registration
    from trimtab_lab.world.scaling_groups import Activity, ScalingGroup
    from trimtab_lab.world.targets import Rule, TargetGroup


@lru_cache(maxsize=4096)
def moment(at: int) -> datetime:
    """Aware UTC time of the world's seconds; the same few are asked for again and again."""
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True, slots=True)
class TargetRef:
    """How ELBv2 names a target: id and, unless it is the group's own, a port."""

    id: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One entry of DescribeTargetHealth."""

    id: str
    port: int
    zone: str
    state: str
    reason: str | None
    description: str | None
    anomaly: str | None = None
    """`normal` or `anomalous` where the load balancer judges it, else nothing."""
    mitigation: str = "no"


@dataclass(frozen=True, slots=True)
class TargetGroupView:
    """One entry of DescribeTargetGroups with the attributes the world honours."""

    arn: str
    name: str
    fleet: str
    port: int
    dimension: str
    load_balancer_arns: tuple[str, ...]
    health_check: HealthCheck
    attributes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """One listener rule with its weighted forward action."""

    arn: str
    listener_arn: str
    name: str
    priority: int
    weights: tuple[tuple[str, int], ...]
    stickiness_s: int | None


@dataclass(frozen=True, slots=True)
class InstanceView:
    """An instance as its Auto Scaling group (or, without one, EC2) shows it."""

    id: str
    zone: str
    group: str | None
    lifecycle: str
    health_status: str
    protected: bool
    launched_at: datetime
    in_service_at: datetime | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """One entry of DescribeAutoScalingGroups."""

    name: str
    arn: str
    min_size: int
    max_size: int
    desired: int
    zones: tuple[str, ...]
    target_group_arns: tuple[str, ...]
    health_check_type: str
    grace_s: int
    warm_up_s: int
    suspended: tuple[str, ...]
    instances: tuple[InstanceView, ...]


@dataclass(frozen=True, slots=True)
class ActivityView:
    """One entry of DescribeScalingActivities."""

    id: str
    group: str
    description: str
    cause: str
    started_at: datetime
    ended_at: datetime | None
    status: str
    message: str | None
    instance_id: str | None

    @property
    def progress(self) -> int:
        """Percent, as AWS shows it: 100 once ended."""
        return 100 if self.ended_at else 50


_WORDS = {
    "Elb.RegistrationInProgress": "Target registration is in progress",
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.Timeout": "Request timed out",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes: [503]",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.NotRegistered": "Target is not registered to the target group",
    "Target.NotInUse": "Target group is not configured to receive traffic from the load balancer",
    "Target.InvalidState": "Target is in the terminated state",
}


def view_of_target(registration: Registration, judged: bool) -> TargetHealth:
    """Show one registration; `judged` when the load balancer detects anomalies in its group."""
    result = ("anomalous" if registration.anomalous else "normal") if judged else None
    return TargetHealth(
        id=registration.instance.id,
        port=registration.port,
        zone=registration.instance.zone,
        state=registration.state.value,
        reason=registration.reason,
        description=_WORDS[registration.reason] if registration.reason else None,
        anomaly=result,
        mitigation="yes" if judged and registration.mitigated < 1.0 else "no",
    )


def unregistered(target: TargetRef, port: int) -> TargetHealth:
    """Answer for a target asked for by name that is not in the group."""
    reason = "Target.NotRegistered"
    return TargetHealth(target.id, target.port or port, "", "unused", reason, _WORDS[reason])


def view_of_target_group(group: TargetGroup, load_balancers: tuple[str, ...]) -> TargetGroupView:
    """Show one target group."""
    mitigates = group.spec.mitigates
    attributes = {
        "deregistration_delay.timeout_seconds": str(group.spec.deregistration_delay_s),
        "load_balancing.algorithm.type": "weighted_random" if mitigates else "round_robin",
        "load_balancing.algorithm.anomaly_mitigation": "on" if mitigates else "off",
        "load_balancing.cross_zone.enabled": "true" if group.spec.cross_zone else "false",
        "slow_start.duration_seconds": str(group.spec.slow_start_s),
        "stickiness.enabled": "false",
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": str(
            group.spec.minimum_healthy_count
        ),
    }
    return TargetGroupView(
        arn=group.arn,
        name=group.spec.name,
        fleet=group.spec.fleet,
        port=group.spec.port,
        dimension=group.dimension,
        load_balancer_arns=load_balancers if group.rules else (),
        health_check=group.settings,
        attributes=tuple(sorted(attributes.items())),
    )


def view_of_rule(rule: Rule) -> RuleView:
    """Show one rule."""
    return RuleView(
        rule.arn,
        rule.listener_arn,
        rule.name,
        rule.priority,
        tuple(rule.weights.items()),
        rule.stickiness_s,
    )


def view_of_instance(instance: Instance) -> InstanceView:
    """Show one instance."""
    since = instance.in_service_at
    return InstanceView(
        id=instance.id,
        zone=instance.zone,
        group=instance.group,
        lifecycle=instance.lifecycle.value,
        health_status=instance.health_status,
        protected=instance.protected,
        launched_at=moment(instance.launched_at),
        in_service_at=None if since is None else moment(since),
    )


def view_of_group(group: ScalingGroup) -> GroupView:
    """Show one Auto Scaling group."""
    return GroupView(
        name=group.spec.name,
        arn=group.arn,
        min_size=group.min_size,
        max_size=group.max_size,
        desired=group.desired,
        zones=group.spec.zones,
        target_group_arns=tuple(tg.arn for tg in group.target_groups),
        health_check_type=group.spec.health_check_type,
        grace_s=group.spec.grace_s,
        warm_up_s=group.spec.warm_up_s,
        suspended=tuple(sorted(group.suspended)),
        instances=tuple(view_of_instance(instance) for instance in group.instances),
    )


def view_of_activity(activity: Activity) -> ActivityView:
    """Show one scaling activity."""
    return ActivityView(
        id=activity.id,
        group=activity.group,
        description=activity.description,
        cause=activity.cause,
        started_at=moment(activity.started_at),
        ended_at=None if activity.ended_at is None else moment(activity.ended_at),
        status=activity.status,
        message=activity.message,
        instance_id=activity.instance_id,
    )
