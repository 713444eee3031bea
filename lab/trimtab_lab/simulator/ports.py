"""The ports on the world, in memory: what AWS's adapters would answer, without AWS between.

Held to the same behaviour as the boto3 adapters by one contract suite (tests/contract). The world's
throttling fault is honoured with the tries the SDK would make, from a stream of chance of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar, assert_never

from trimtab.adapters.plausible import sieved
from trimtab.errors import Conflict, NotFound, Refused, Throttled, TrimtabError
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId, Zone
from trimtab.model.observation import (
    Group,
    Lifecycle,
    Member,
    Point,
    RouteSeen,
    Series,
    Target,
    TargetState,
)
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import Marks, marks_of
from trimtab.ports import MetricKey
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.metrics import Series as WorldSeries
from trimtab_lab.world.views import GroupView, InstanceView, TargetHealth, TargetRef, moment
from trimtab_lab.world.world import World

K = TypeVar("K")
V = TypeVar("V")

TRIES = 3
"""How often the SDK tries a throttled call in all, as the adapters configure it."""

_LIFECYCLES = {
    "Pending": Lifecycle.PENDING,
    "InService": Lifecycle.IN_SERVICE,
    "EnteringStandby": Lifecycle.ENTERING_STANDBY,
    "Standby": Lifecycle.STANDBY,
}
_ANOMALOUS = {"anomalous": True, "normal": False}
_ELB = "elasticloadbalancing"
_BOTO3_NAMES = {_ELB: "elbv2"}
"""Services whose name in IAM, which the log uses, is not boto3's, which faults use."""


Before = Callable[[str], None]
"""Told of a call of AWS's by its name in IAM, before it is made; it may raise in its place."""


class Api:
    """What calls of both ports go through: the throttling, and the errors' names."""

    def __init__(self, world: World, before: Before = lambda _: None) -> None:
        self.world, self._before = world, before
        self._dice = random.Random(f"{world.scenario.seed}:throttling")
        self._calls = count(1)

    def called(self, operation: str, boto3_operation: str) -> Call:
        """Count a call that went through; raise ``Throttled`` for one that did not."""
        self._before(operation)
        throttles = self.world.throttles()
        if throttles:
            service, name = operation.split(":", 1)
            service = _BOTO3_NAMES.get(service, service)
            names = (boto3_operation, name, "*")
            share = max(throttles.get((service, each), 0.0) for each in names)
            if share and self._dice.random() < share**TRIES:
                raise Throttled(f"{operation}: too many calls; the next tick tries again")
        return Call(operation, f"simulated-{next(self._calls):06}")


class WorldInfrastructure:
    """Port ``Infrastructure`` over a world. ``before`` is told of each of AWS's calls."""

    def __init__(self, world: World, before: Before = lambda _: None) -> None:
        self._world = world
        self._api = Api(world, before)

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        """Target health of each target group. No zones: AWS names those of addresses only."""

        def read(arn: Arn) -> tuple[Target, ...]:
            self._api.called(f"{_ELB}:DescribeTargetHealth", "describe_target_health")
            return tuple(_target(found) for found in self._world.describe_target_health(arn))

        return {arn: _answer(read, arn) for arn in dict.fromkeys(target_groups)}

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        """Auto Scaling groups with their members."""

        def read(name: str) -> Group:
            self._api.called(
                "autoscaling:DescribeAutoScalingGroups", "describe_auto_scaling_groups"
            )
            found = self._world.describe_groups((name,))
            if not found:
                raise NotFound(f"there is no Auto Scaling group {name!r}")
            return _group(self._api, found[0])

        return {name: _answer(read, name) for name in dict.fromkeys(names)}

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        """Weights of rules. A listener of the world answers for itself: it has none."""

        def read(arn: Arn) -> RouteSeen:
            self._api.called(f"{_ELB}:DescribeRules", "describe_rules")
            return RouteSeen(arn, {Arn(a): w for a, w in self._world.rule(arn).weights})

        def read_any(arn: Arn) -> RouteSeen | Reason:
            if arn in {rule.listener_arn for rule in self._world.rules()}:
                return Reason(ReasonCode.NOT_SEEN, f"{arn}: only what forwards has weights")
            return _answer(read, arn)

        return {arn: read_any(arn) for arn in dict.fromkeys(rules)}

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        """Raw one-minute series of what has arrived by now."""
        first, last = (at.replace(second=0, microsecond=0) for at in (start, end))
        window = (int(first.timestamp()), int(last.timestamp()), int(self._world.now.timestamp()))

        def read(key: MetricKey) -> Series:
            self._api.called("cloudwatch:GetMetricData", "get_metric_data")
            wanted = WorldSeries(key.namespace, key.name, key.dimensions, key.statistic)
            found = sorted(self._world.metrics.values(wanted, window).items())
            return sieved([Point(moment(at), v) for at, v in found], key)

        return {key: _answer(read, key) for key in dict.fromkeys(keys)}


class WorldHands:
    """Port ``Hands`` over a world."""

    def __init__(self, world: World, before: Before = lambda _: None) -> None:
        self._world = world
        self._api = Api(world, before)
        self.applied: list[Change] = []
        """Every change that took effect, in order."""

    def apply(self, change: Change) -> tuple[Call, ...]:
        """Carry out ``change``."""
        try:
            call = self._write(change)
        except WorldError as error:
            raise error_of(error) from error
        self.applied.append(change)
        return (call,)

    def _write(self, change: Change) -> Call:
        match change:
            case Eject():
                return self._eject(change)
            case Restore():
                return self._restore(change)
            case Retire():
                name = "autoscaling:TerminateInstanceInAutoScalingGroup"
                call = self._api.called(name, "terminate_instance_in_auto_scaling_group")
                self._world.terminate_instance(change.instance, False)
                return call
            case Resize():
                call = self._api.called("autoscaling:SetDesiredCapacity", "set_desired_capacity")
                self._world.set_desired_capacity(change.group, change.after)
                return call
            case Reweight():
                return self._reweigh(change)
            case _:
                assert_never(change)

    def _eject(self, change: Eject) -> Call:
        if change.method is EjectMethod.DEREGISTER:
            call = self._api.called(f"{_ELB}:DeregisterTargets", "deregister_targets")
            self._world.deregister_targets(change.target_group, (_ref(change),))
            return call
        group = _group_of(change)
        call = self._api.called("autoscaling:EnterStandby", "enter_standby")
        self._world.enter_standby(group, (change.instance,), decrement=not change.replace)
        return call

    def _restore(self, change: Restore) -> Call:
        if change.method is EjectMethod.DEREGISTER:
            call = self._api.called(f"{_ELB}:RegisterTargets", "register_targets")
            self._world.register_targets(change.target_group, (_ref(change),))
            return call
        group = _group_of(change)
        call = self._api.called("autoscaling:ExitStandby", "exit_standby")
        self._world.exit_standby(group, (change.instance,))
        return call

    def _reweigh(self, change: Reweight) -> Call:
        if change.before.keys() != change.after.keys() or not any(change.after.values()):
            raise Refused(f"{change.rule}: the weights name different groups, or are all 0")
        self._api.called(f"{_ELB}:DescribeRules", "describe_rules")
        rule = self._world.rule(change.rule)
        weights = dict(rule.weights)
        if any(weights.get(arn) != weight for arn, weight in change.before.items()):
            raise Conflict(f"{change.rule}: the weights are {weights}, somebody else changed them")
        call = self._api.called(f"{_ELB}:ModifyRule", "modify_rule")
        after = weights | {str(arn): weight for arn, weight in change.after.items()}
        self._world.modify_rule(change.rule, after, rule.stickiness_s)
        return call


class WorldNames:
    """Port ``Names`` over a world: by name or ARN."""

    def __init__(self, world: World) -> None:
        self._world = world

    def target_group(self, name: str) -> tuple[Arn, str]:
        """ARN and load-balancer dimension of a target group."""
        for group in self._world.target_groups():
            if name in (group.name, group.arn):
                attached = group.load_balancer_arns
                return Arn(group.arn), self._world.load_balancer_dimension if attached else ""
        raise NotFound(f"there is no target group {name!r} in this world")

    def slow_start(self, target_group: Arn) -> timedelta:
        """The target group's slow start."""
        held = dict(self._world.target_group(target_group).attributes)
        return timedelta(seconds=int(held.get("slow_start.duration_seconds", "0")))

    def marks(self, target_group: Arn, group: str | None) -> tuple[Marks, Marks]:
        """What tags say; every resource of the world carries the scenario's."""
        shared = dict(self._world.scenario.topology.tags)
        own = self._world.labels.target_group_tags.get(target_group, {})
        return marks_of(shared | own), marks_of(shared) if group else Marks()

    def group(self, name: str) -> str:
        """Name of an Auto Scaling group."""
        for group in self._world.describe_groups():
            if name in (group.name, group.arn):
                return group.name
        raise NotFound(f"there is no Auto Scaling group {name!r} in this world")

    def rule(self, name: str) -> Arn:
        """ARN of ``LOAD_BALANCER:PORT/PRIORITY``."""
        topology = self._world.scenario.topology
        for rule, spec in zip(self._world.rules(), topology.rules, strict=True):
            written = f"{topology.load_balancer}:{spec.port}/{rule.priority}"
            if name in (rule.arn, written):
                return Arn(rule.arn)
        raise NotFound(f"there is no listener rule {name!r} in this world")


def error_of(error: WorldError) -> TrimtabError:
    """Return our error for one of the world's, as ``trimtab.adapters.aws.faults`` would."""
    absent = error.code == "ValidationError" and "not found" in error.message
    if absent or error.code.endswith("NotFound"):
        return NotFound(str(error))
    if error.code == "ScalingActivityInProgress":
        return Conflict(str(error))
    return Refused(str(error))


_CODES = {
    Throttled: ReasonCode.THROTTLED,
    NotFound: ReasonCode.NOT_FOUND,
    Refused: ReasonCode.AWS_ERROR,
}


def _answer(read: Callable[[K], V], key: K) -> V | Reason:
    try:
        return read(key)
    except WorldError as error:
        failure = error_of(error)
    except TrimtabError as error:
        failure = error
    return Reason(_CODES.get(type(failure), ReasonCode.NOT_SEEN), str(failure))


def _target(found: TargetHealth) -> Target:
    return Target(
        instance=InstanceId(found.id),
        port=found.port,
        zone=Zone(""),
        state=TargetState(found.state),
        state_reason=found.reason or "",
        anomalous=_ANOMALOUS.get(found.anomaly or ""),
        mitigating=found.mitigation == "yes",
    )


def _group(api: Api, view: GroupView) -> Group:
    world = api.world
    members = tuple(_member(world, instance) for instance in view.instances)
    serving = sum(m.lifecycle is Lifecycle.IN_SERVICE for m in members)
    return Group(
        name=view.name,
        min_size=view.min_size,
        max_size=view.max_size,
        desired=view.desired,
        members=members,
        suspended=frozenset(view.suspended),
        launch_failure=_launch_failure(api, view.name) if serving < view.desired else "",
        marks=marks_of(dict(world.scenario.topology.tags)),
        target_groups=tuple(Arn(arn) for arn in view.target_group_arns),
    )


def _member(world: World, instance: InstanceView) -> Member:
    return Member(
        instance=InstanceId(instance.id),
        zone=Zone(instance.zone),
        lifecycle=_LIFECYCLES.get(instance.lifecycle, Lifecycle.LEAVING),
        healthy=instance.health_status == "Healthy",
        protected=instance.protected,
        version=f"lt-0{instance.group}:{world.labels.versions.get(instance.id, '1')}",
    )


def _launch_failure(api: Api, group: str) -> str:
    try:
        api.called("autoscaling:DescribeScalingActivities", "describe_scaling_activities")
    except TrimtabError:
        return ""  # a group whose activities cannot be read is still worth seeing
    for activity in api.world.describe_activities(group, limit=20):
        if not activity.description.startswith("Launching"):
            continue
        if activity.status in ("Failed", "Cancelled"):
            return activity.message or f"launch {activity.status.lower()}"
        if activity.status == "Successful":
            return ""
    return ""


def _ref(change: Eject | Restore) -> TargetRef:
    return TargetRef(change.instance, change.port)


def _group_of(change: Eject | Restore) -> str:
    if change.method is EjectMethod.AUTO or change.group is None:
        raise Refused(f"{change.target}: an intent must say standby of which group, or deregister")
    return change.group
