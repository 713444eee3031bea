"""Elastic Load Balancing: who is registered and how the load balancer judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, TypeVar

from trimtab.adapters.aws.answers import Answer, each, part, request_id, text, text_if_any, whole
from trimtab.adapters.aws.clients import AT_ONCE, Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import TrimtabError
from trimtab.model.change import Eject, Restore
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId, Zone, is_address
from trimtab.model.observation import Target, TargetState
from trimtab.model.reason import Reason, ReasonCode

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef

K = TypeVar("K")
V = TypeVar("V")

PATIENCE = 10.0
"""Seconds for all reads of a look together, half of what reconcile may run: one target group that
stalls takes 9 of them (three tries of the client), and must not take the others' time too.
"""
_STATES = {state.value: state for state in TargetState}
_ANOMALOUS = {"anomalous": True, "normal": False}


def targets_of(
    clients: Clients, target_groups: Sequence[Arn]
) -> Mapping[Arn, tuple[Target, ...] | Reason]:
    """Read the target health of each target group, some at once: AWS has no batch form."""
    elb = clients.elb  # built here, before there are threads

    def read(arn: Arn) -> tuple[Target, ...]:
        with faults("elasticloadbalancing:DescribeTargetHealth", arn):
            answer = elb.describe_target_health(TargetGroupArn=arn, Include=["AnomalyDetection"])
            return tuple(_target(found) for found in each(answer, "TargetHealthDescriptions"))

    return each_at_once(read, target_groups)


def each_at_once(
    read: Callable[[K], V], keys: Sequence[K], patience: float = PATIENCE
) -> Mapping[K, V | Reason]:
    """Do one read per key, a few at once; one that fails, or is not done in time, answers why."""
    wanted = tuple(dict.fromkeys(keys))

    def answer(key: K) -> V | Reason:
        try:
            return read(key)
        except TrimtabError as error:
            return reason_of(error)

    if len(wanted) <= 1:
        return {key: answer(key) for key in wanted}
    pool = ThreadPoolExecutor(max_workers=min(AT_ONCE, len(wanted)))
    asked = {key: pool.submit(answer, key) for key in wanted}
    wait(asked.values(), timeout=patience)
    # what still waits for an answer gives up by itself, by the client's own time-outs
    pool.shutdown(wait=False, cancel_futures=True)
    return {
        key: one.result() if one.done() and not one.cancelled() else _late(patience)
        for key, one in asked.items()
    }


def _late(patience: float) -> Reason:
    return Reason(ReasonCode.NOT_SEEN, f"no answer within the {patience:.0f} seconds of this look")


def register(clients: Clients, change: Restore) -> Call:
    """Put the target back into its target group."""
    with faults(
        "elasticloadbalancing:RegisterTargets", f"{change.target} in {change.target_group}"
    ):
        answer = clients.elb.register_targets(
            TargetGroupArn=change.target_group, Targets=[_described(change)]
        )
    return Call("elasticloadbalancing:RegisterTargets", request_id(answer))


def deregister(clients: Clients, change: Eject) -> Call:
    """Take the target out of its target group; its connections drain first.

    The port is always named: without it, all ports of that instance would leave.
    """
    with faults(
        "elasticloadbalancing:DeregisterTargets", f"{change.target} in {change.target_group}"
    ):
        answer = clients.elb.deregister_targets(
            TargetGroupArn=change.target_group,
            Targets=[{"Id": change.instance, "Port": change.port}],
        )
    return Call("elasticloadbalancing:DeregisterTargets", request_id(answer))


def _place(change: Eject | Restore) -> str:
    return f"{change.target} in {change.target_group}"


def _described(change: Restore) -> TargetDescriptionTypeDef:
    """Name a target for registering.

    The zone goes with IP addresses only. AWS needs it for one outside the VPC, ignores it for one
    inside, and refuses it for an instance. What we pass is what AWS itself said at the ejection.
    """
    if change.zone and is_address(change.instance):
        return {"Id": change.instance, "Port": change.port, "AvailabilityZone": change.zone}
    return {"Id": change.instance, "Port": change.port}


def _target(found: Answer) -> Target:
    target, health = part(found, "Target"), part(found, "TargetHealth")
    anomaly = part(found, "AnomalyDetection")
    return Target(
        instance=InstanceId(text(target, "Id")),
        port=whole(target, "Port", absent=0),  # a Lambda function has none
        zone=Zone(text_if_any(target, "AvailabilityZone")),
        state=_STATES.get(text_if_any(health, "State"), TargetState.OTHER),
        state_reason=text_if_any(health, "Reason"),
        anomalous=_ANOMALOUS.get(text_if_any(anomaly, "Result")),
        mitigating=text_if_any(anomaly, "MitigationInEffect") == "yes",
    )
