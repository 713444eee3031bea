"""Elastic Load Balancing: who is registered and how the load balancer judges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import TYPE_CHECKING, TypeVar

from trimtab.adapters.aws.clients import AT_ONCE, Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import TrimtabError
from trimtab.model.change import Eject, Restore
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId, Zone
from trimtab.model.observation import Target, TargetState
from trimtab.model.reason import Reason

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import TargetDescriptionTypeDef, TargetHealthDescriptionTypeDef

K = TypeVar("K")
V = TypeVar("V")

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
        return tuple(_target(found) for found in answer["TargetHealthDescriptions"])

    return each_at_once(read, target_groups)


def each_at_once(read: Callable[[K], V], keys: Sequence[K]) -> Mapping[K, V | Reason]:
    """Do one read per key, a few at once; one that fails answers its reason."""
    wanted = tuple(dict.fromkeys(keys))

    def answer(key: K) -> V | Reason:
        try:
            return read(key)
        except TrimtabError as error:
            return reason_of(error)

    if len(wanted) <= 1:
        return {key: answer(key) for key in wanted}
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(wanted))) as pool:
        return dict(zip(wanted, pool.map(answer, wanted), strict=True))


def register(clients: Clients, change: Restore) -> Call:
    """Put the target back into its target group."""
    with faults(
        "elasticloadbalancing:RegisterTargets", f"{change.target} in {change.target_group}"
    ):
        answer = clients.elb.register_targets(
            TargetGroupArn=change.target_group, Targets=[_described(change)]
        )
    return Call("elasticloadbalancing:RegisterTargets", answer["ResponseMetadata"]["RequestId"])


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
    return Call("elasticloadbalancing:DeregisterTargets", answer["ResponseMetadata"]["RequestId"])


def _place(change: Eject | Restore) -> str:
    return f"{change.target} in {change.target_group}"


def _described(change: Restore) -> TargetDescriptionTypeDef:
    """Name a target for registering.

    The zone goes with IP addresses only. AWS needs it for one outside the VPC, ignores it for one
    inside, and refuses it for an instance. What we pass is what AWS itself said at the ejection.
    """
    if change.zone and _is_address(change.instance):
        return {"Id": change.instance, "Port": change.port, "AvailabilityZone": change.zone}
    return {"Id": change.instance, "Port": change.port}


def _is_address(instance: str) -> bool:
    try:
        ip_address(instance)
    except ValueError:
        return False
    return True


def _target(found: TargetHealthDescriptionTypeDef) -> Target:
    target, health = found.get("Target", {}), found.get("TargetHealth", {})
    anomaly = found.get("AnomalyDetection", {})
    return Target(
        instance=InstanceId(target.get("Id", "")),
        port=target.get("Port", 0),  # a Lambda function has none
        zone=Zone(target.get("AvailabilityZone", "")),
        state=_STATES.get(health.get("State", ""), TargetState.OTHER),
        state_reason=health.get("Reason", ""),
        anomalous=_ANOMALOUS.get(anomaly.get("Result", "")),
        mitigating=anomaly.get("MitigationInEffect") == "yes",
    )
