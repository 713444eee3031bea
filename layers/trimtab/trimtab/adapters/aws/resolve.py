"""What a policy names, found in the account: once, when the policy is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.errors import NotFound, Refused
from trimtab.model.ids import Arn

if TYPE_CHECKING:
    from types_boto3_elbv2.type_defs import ListenerTypeDef, RuleTypeDef, TargetGroupTypeDef

TAGS_A_CALL = 20
SHOWN = 10
"""How many alternatives an error lists."""


@dataclass(frozen=True, slots=True)
class AwsNames:
    """Port ``Names`` on AWS. A name means exactly one thing, or the error says what there is."""

    clients: Clients

    def target_group(self, name: str) -> tuple[Arn, str]:
        """ARN and CloudWatch load-balancer dimension of a target group."""
        if name.startswith("tag:"):
            found = self._tagged(*_tag(name))
        elif name.startswith("arn:"):
            found = self._target_groups(TargetGroupArns=[name])
        else:
            found = self._target_groups(Names=[name])
        if len(found) != 1:
            there = found or self._target_groups()
            raise _not_one("target group", name, len(found), [g["TargetGroupName"] for g in there])
        return Arn(found[0]["TargetGroupArn"]), _balancer_of(found[0])

    def group(self, name: str) -> str:
        """Name of an Auto Scaling group."""
        if name.startswith("tag:"):
            found = self._groups(tag=_tag(name))
        else:
            wanted = name.split("autoScalingGroupName/", 1)[-1]
            found = self._groups(names=[wanted])
        if len(found) != 1:
            there = found or self._groups()
            raise _not_one("Auto Scaling group", name, len(found), there)
        return found[0]

    def rule(self, name: str) -> Arn:
        """ARN of a rule; of the listener for a default rule, which is changed through it alone."""
        if ":listener-rule/" in name:
            rule = next(iter(self._rules(arn=name)), None)
            if rule is None:
                raise NotFound(f"there is no listener rule {name}; see `aws elbv2 describe-rules`")
            return _listener_of(name) if rule.get("IsDefault") else Arn(name)
        if ":listener/" in name:
            with faults("elasticloadbalancing:DescribeListeners", name):
                there = self.clients.elb.describe_listeners(ListenerArns=[name])["Listeners"]
            if not there:
                raise NotFound(f"there is no listener {name}; see `aws elbv2 describe-listeners`")
            return Arn(name)
        balancer, port, priority = _place(name)
        listener = self._listener(balancer, port)
        if priority == "default":
            return Arn(listener)
        rules = self._rules(listener=listener)
        found = [rule["RuleArn"] for rule in rules if rule["Priority"] == priority]
        if len(found) != 1:
            raise _not_one("rule", name, len(found), [f"/{rule['Priority']}" for rule in rules])
        return Arn(found[0])

    def _target_groups(self, **wanted: Sequence[str]) -> list[TargetGroupTypeDef]:
        what = ", ".join(value for values in wanted.values() for value in values) or "all"
        paginator = self.clients.elb.get_paginator("describe_target_groups")
        try:
            with faults("elasticloadbalancing:DescribeTargetGroups", what):
                return [
                    group
                    for page in paginator.paginate(**wanted)  # type: ignore[arg-type]  # a TypedDict by name
                    for group in page["TargetGroups"]
                ]
        except NotFound:
            return []

    def _tagged(self, key: str, value: str) -> list[TargetGroupTypeDef]:
        groups = {group["TargetGroupArn"]: group for group in self._target_groups()}
        arns = list(groups)
        found = []
        for batch in (arns[i : i + TAGS_A_CALL] for i in range(0, len(arns), TAGS_A_CALL)):
            with faults("elasticloadbalancing:DescribeTags", ", ".join(batch)):
                answer = self.clients.elb.describe_tags(ResourceArns=batch)
            for one in answer["TagDescriptions"]:
                tags = {tag["Key"]: tag.get("Value", "") for tag in one.get("Tags", [])}
                if tags.get(key) == value:
                    found.append(groups[one["ResourceArn"]])
        return found

    def _groups(self, names: Sequence[str] = (), tag: tuple[str, str] | None = None) -> list[str]:
        paginator = self.clients.autoscaling.get_paginator("describe_auto_scaling_groups")
        what = ", ".join(names) or (f"tag:{tag[0]}={tag[1]}" if tag else "all")
        with faults("autoscaling:DescribeAutoScalingGroups", what):
            if tag:
                pages = paginator.paginate(Filters=[{"Name": f"tag:{tag[0]}", "Values": [tag[1]]}])
            else:
                pages = (
                    paginator.paginate(AutoScalingGroupNames=names)
                    if names
                    else paginator.paginate()
                )
            return [g["AutoScalingGroupName"] for page in pages for g in page["AutoScalingGroups"]]

    def _listener(self, balancer: str, port: int) -> str:
        with faults("elasticloadbalancing:DescribeLoadBalancers", balancer):
            found = self.clients.elb.describe_load_balancers(Names=[balancer])["LoadBalancers"]
        if not found:
            raise NotFound(
                f"there is no load balancer named {balancer!r} in this account and Region"
            )
        listeners = list(self._listeners(found[0]["LoadBalancerArn"]))
        arns = [one["ListenerArn"] for one in listeners if one.get("Port") == port]
        if len(arns) != 1:
            ports = [str(one.get("Port")) for one in listeners]
            raise _not_one("listener", f"{balancer}:{port}", len(arns), ports)
        return arns[0]

    def _listeners(self, balancer: str) -> Iterator[ListenerTypeDef]:
        with faults("elasticloadbalancing:DescribeListeners", balancer):
            paginator = self.clients.elb.get_paginator("describe_listeners")
            for page in paginator.paginate(LoadBalancerArn=balancer):
                yield from page["Listeners"]

    def _rules(self, listener: str = "", arn: str = "") -> list[RuleTypeDef]:
        paginator = self.clients.elb.get_paginator("describe_rules")
        with faults("elasticloadbalancing:DescribeRules", listener or arn):
            pages = (
                paginator.paginate(ListenerArn=listener)
                if listener
                else paginator.paginate(RuleArns=[arn])
            )
            return [rule for page in pages for rule in page["Rules"]]


def _tag(name: str) -> tuple[str, str]:
    key, equals, value = name.removeprefix("tag:").partition("=")
    if not key or not equals:
        raise Refused(f"{name!r}: expected tag:KEY=VALUE, such as tag:Name=shop-blue")
    return key, value


def _place(name: str) -> tuple[str, int, str]:
    balancer, _, rest = name.rpartition(":")
    port, _, priority = rest.partition("/")
    if not balancer or not port.isdecimal() or not (priority.isdecimal() or priority == "default"):
        raise Refused(
            f"{name!r}: expected LOAD_BALANCER:PORT/PRIORITY such as shop:443/10, "
            "LOAD_BALANCER:PORT/default, or the ARN of a rule or listener"
        )
    return balancer, int(port), priority


def _balancer_of(group: TargetGroupTypeDef) -> str:
    arns = sorted(set(group.get("LoadBalancerArns", [])))
    if len(arns) > 1:
        raise Refused(
            f"target group {group['TargetGroupName']} serves {len(arns)} load balancers "
            f"({', '.join(arns)}); Trimtab reads the metrics of one: use a target group of its own"
        )
    return arns[0].split(":loadbalancer/", 1)[-1] if arns else ""


def _listener_of(rule: str) -> Arn:
    return Arn(rule.replace(":listener-rule/", ":listener/", 1).rsplit("/", 1)[0])


def _not_one(kind: str, name: str, count: int, there: Sequence[str]) -> NotFound | Refused:
    shown = ", ".join(sorted(there)[:SHOWN]) or "none"
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    if count:
        return Refused(f"{count} {kind}s are meant by {name!r}: {shown}{more}; name exactly one")
    return NotFound(
        f"there is no {kind} {name!r} in this account and Region; there are: {shown}{more}. "
        "Check the name, the profile and the Region"
    )
