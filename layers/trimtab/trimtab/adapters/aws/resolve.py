"""What a policy names, found in the account: once, when the policy is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from trimtab.adapters.aws.answers import Answer, each, pages_of, text, text_if_any, values
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults
from trimtab.adapters.aws.signs import tags_of
from trimtab.errors import NotFound, Refused
from trimtab.model.ids import Arn
from trimtab.model.signs import Marks, marks_of

SLOW_START = "slow_start.duration_seconds"
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
            names = [text_if_any(g, "TargetGroupName") for g in there]
            raise _not_one("target group", name, len(found), names)
        return Arn(text(found[0], "TargetGroupArn")), _balancer_of(found[0])

    def slow_start(self, target_group: Arn) -> timedelta:
        """The target group's ``slow_start.duration_seconds``; those of an NLB have none."""
        with faults("elasticloadbalancing:DescribeTargetGroupAttributes", target_group):
            answer = self.clients.elb.describe_target_group_attributes(TargetGroupArn=target_group)
            held = {text(a, "Key"): text_if_any(a, "Value") for a in each(answer, "Attributes")}
        seconds = held.get(SLOW_START, "")
        return timedelta(seconds=int(seconds) if seconds.isdecimal() else 0)

    def marks(self, target_group: Arn, group: str | None) -> tuple[Marks, Marks]:
        """Who manages a target group and its Auto Scaling group, by their tags."""
        with faults("elasticloadbalancing:DescribeTags", target_group):
            answer = self.clients.elb.describe_tags(ResourceArns=[target_group])
            own = [marks_of(tags_of(one)) for one in each(answer, "TagDescriptions")]
        return (own or [Marks()])[0], self._marks_of_group(group) if group else Marks()

    def _marks_of_group(self, name: str) -> Marks:
        with faults("autoscaling:DescribeAutoScalingGroups", name):
            answer = self.clients.autoscaling.describe_auto_scaling_groups(
                AutoScalingGroupNames=[name]
            )
            found = [marks_of(tags_of(one)) for one in each(answer, "AutoScalingGroups")]
        return (found or [Marks()])[0]

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
                answer = self.clients.elb.describe_listeners(ListenerArns=[name])
                there = each(answer, "Listeners")
            if not there:
                raise NotFound(f"there is no listener {name}; see `aws elbv2 describe-listeners`")
            return Arn(name)
        balancer, port, priority = _place(name)
        listener = self._listener(balancer, port)
        if priority == "default":
            return Arn(listener)
        rules = self._rules(listener=listener)
        found = [text(rule, "RuleArn") for rule in rules if text(rule, "Priority") == priority]
        if len(found) != 1:
            raise _not_one("rule", name, len(found), [f"/{text(r, 'Priority')}" for r in rules])
        return Arn(found[0])

    def _target_groups(self, **wanted: Sequence[str]) -> list[Answer]:
        what = ", ".join(value for each_of in wanted.values() for value in each_of) or "all"
        paginator = self.clients.elb.get_paginator("describe_target_groups")
        pages = paginator.paginate(**wanted)  # type: ignore[arg-type]  # a TypedDict by name
        try:
            with faults("elasticloadbalancing:DescribeTargetGroups", what):
                return [
                    group
                    for page in pages_of(pages, "NextMarker")
                    for group in each(page, "TargetGroups")
                ]
        except NotFound:
            return []

    def _tagged(self, key: str, value: str) -> list[Answer]:
        groups = {text(group, "TargetGroupArn"): group for group in self._target_groups()}
        arns = list(groups)
        found = []
        for batch in (arns[i : i + TAGS_A_CALL] for i in range(0, len(arns), TAGS_A_CALL)):
            with faults("elasticloadbalancing:DescribeTags", ", ".join(batch)):
                answer = self.clients.elb.describe_tags(ResourceArns=batch)
                for one in each(answer, "TagDescriptions"):
                    tags = {text(t, "Key"): text_if_any(t, "Value") for t in each(one, "Tags")}
                    if tags.get(key) == value:
                        found.append(groups[text(one, "ResourceArn")])
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
            return [
                text(group, "AutoScalingGroupName")
                for page in pages_of(pages, "NextToken")
                for group in each(page, "AutoScalingGroups")
            ]

    def _listener(self, balancer: str, port: int) -> str:
        with faults("elasticloadbalancing:DescribeLoadBalancers", balancer):
            answer = self.clients.elb.describe_load_balancers(Names=[balancer])
            found = each(answer, "LoadBalancers")
        if not found:
            raise NotFound(
                f"there is no load balancer named {balancer!r} in this account and Region"
            )
        listeners = list(self._listeners(text(found[0], "LoadBalancerArn")))
        arns = [text(one, "ListenerArn") for one in listeners if one.get("Port") == port]
        if len(arns) != 1:
            ports = [str(one.get("Port")) for one in listeners]
            raise _not_one("listener", f"{balancer}:{port}", len(arns), ports)
        return arns[0]

    def _listeners(self, balancer: str) -> Iterator[Answer]:
        with faults("elasticloadbalancing:DescribeListeners", balancer):
            paginator = self.clients.elb.get_paginator("describe_listeners")
            pages = paginator.paginate(LoadBalancerArn=balancer)
            for page in pages_of(pages, "NextMarker"):
                yield from each(page, "Listeners")

    def _rules(self, listener: str = "", arn: str = "") -> list[Answer]:
        paginator = self.clients.elb.get_paginator("describe_rules")
        with faults("elasticloadbalancing:DescribeRules", listener or arn):
            pages = (
                paginator.paginate(ListenerArn=listener)
                if listener
                else paginator.paginate(RuleArns=[arn])
            )
            return [rule for page in pages_of(pages, "NextMarker") for rule in each(page, "Rules")]


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


def _balancer_of(group: Answer) -> str:
    arns = sorted({str(arn) for arn in values(group, "LoadBalancerArns")})
    if len(arns) > 1:
        raise Refused(
            f"target group {text(group, 'TargetGroupName')} serves {len(arns)} load balancers "
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
