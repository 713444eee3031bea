"""What a policy names, found in an account, or said to be missing with what there is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from trimtab.adapters.aws.resolve import AwsNames
from trimtab.errors import Denied, NotFound, Refused
from trimtab.model.ids import Arn

_PLACE = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
BALANCER = f"{_PLACE}:loadbalancer/app/shop/1"
LISTENER = f"{_PLACE}:listener/app/shop/1/2"
RULE = f"{_PLACE}:listener-rule/app/shop/1/2/3"


def target_group(name: str, *balancers: str) -> dict[str, Any]:
    arn = f"{_PLACE}:targetgroup/{name}/0123456789abcdef"
    return {"TargetGroupArn": arn, "TargetGroupName": name, "LoadBalancerArns": list(balancers)}


def target_groups(*groups: dict[str, Any], marker: str = "") -> dict[str, Any]:
    return {"TargetGroups": list(groups)} | ({"NextMarker": marker} if marker else {})


def tags(group: dict[str, Any], **values: str) -> dict[str, Any]:
    pairs = [{"Key": k, "Value": v} for k, v in values.items()]
    return {"ResourceArn": group["TargetGroupArn"], "Tags": pairs}


def scaling_groups(*names: str, token: str = "") -> dict[str, Any]:
    groups = [{"AutoScalingGroupName": name} for name in names]
    return {"AutoScalingGroups": groups} | ({"NextToken": token} if token else {})


def names(aws: FakeAws) -> AwsNames:
    return AwsNames(aws.clients)


@pytest.mark.parametrize("balancers", [(BALANCER,), (BALANCER, BALANCER)], ids=["one", "twice"])
def test_a_target_group_is_its_arn_and_the_dimension_of_its_load_balancer(
    aws: FakeAws, balancers: tuple[str, ...]
) -> None:
    blue = target_group("blue", *balancers)
    aws.answer("DescribeTargetGroups", target_groups(blue))
    assert names(aws).target_group("blue") == (blue["TargetGroupArn"], "app/shop/1")
    assert aws.of("DescribeTargetGroups") == [{"Names": ["blue"]}]


def test_a_target_group_without_a_load_balancer_has_no_dimension(aws: FakeAws) -> None:
    blue = target_group("blue")
    aws.answer("DescribeTargetGroups", target_groups(blue))
    assert names(aws).target_group(blue["TargetGroupArn"]) == (blue["TargetGroupArn"], "")
    assert aws.of("DescribeTargetGroups") == [{"TargetGroupArns": [blue["TargetGroupArn"]]}]


@pytest.mark.parametrize(
    ("held", "seconds"), [({"slow_start.duration_seconds": "90"}, 90), ({}, 0)], ids=["set", "none"]
)
def test_slow_start_is_the_target_groups_own(
    aws: FakeAws, held: dict[str, str], seconds: int
) -> None:
    attributes = [{"Key": key, "Value": value} for key, value in held.items()]
    aws.answer("DescribeTargetGroupAttributes", {"Attributes": attributes})
    assert names(aws).slow_start(Arn("arn:tg")) == timedelta(seconds=seconds)
    assert aws.of("DescribeTargetGroupAttributes") == [{"TargetGroupArn": "arn:tg"}]


def test_a_target_group_of_two_load_balancers_is_refused(aws: FakeAws) -> None:
    aws.answer(
        "DescribeTargetGroups", target_groups(target_group("blue", BALANCER, f"{BALANCER}2"))
    )
    with pytest.raises(Refused, match="serves 2 load balancers"):
        names(aws).target_group("blue")


def test_a_name_that_is_not_there_lists_those_that_are(aws: FakeAws) -> None:
    aws.answer(
        "DescribeTargetGroups",
        Failure("TargetGroupNotFound"),
        target_groups(target_group("green"), marker="1"),
        target_groups(target_group("blue-2")),
    )
    with pytest.raises(NotFound, match=r"no target group 'blue' .* there are: blue-2, green"):
        names(aws).target_group("blue")


def test_a_tag_is_looked_up_twenty_at_a_time_over_all_pages(aws: FakeAws) -> None:
    groups = [target_group(f"tg-{n:02}", BALANCER) for n in range(30)]
    aws.answer(
        "DescribeTargetGroups",
        target_groups(*groups[:15], marker="1"),
        target_groups(*groups[15:]),
    )
    aws.answer(
        "DescribeTags",
        {"TagDescriptions": [tags(g, fleet="green") for g in groups[:20]]},
        {"TagDescriptions": [tags(groups[25], fleet="blue"), tags(groups[26], color="blue")]},
    )
    assert names(aws).target_group("tag:fleet=blue")[0] == groups[25]["TargetGroupArn"]
    assert [len(call["ResourceArns"]) for call in aws.of("DescribeTags")] == [20, 10]


def test_a_tag_that_several_carry_names_them(aws: FakeAws) -> None:
    groups = [target_group("blue-1"), target_group("blue-2")]
    aws.answer("DescribeTargetGroups", target_groups(*groups))
    aws.answer("DescribeTags", {"TagDescriptions": [tags(g, fleet="blue") for g in groups]})
    with pytest.raises(Refused, match=r"2 target groups are meant .* blue-1, blue-2; name exactly"):
        names(aws).target_group("tag:fleet=blue")


@pytest.mark.parametrize("wrong", ["tag:fleet", "tag:=blue", "tag:"])
def test_a_tag_without_key_or_value_is_refused_without_a_call(aws: FakeAws, wrong: str) -> None:
    for find in (names(aws).target_group, names(aws).group):
        with pytest.raises(Refused, match="expected tag:KEY=VALUE"):
            find(wrong)
    assert aws.calls == []


def test_a_group_is_found_by_its_name_or_its_arn(aws: FakeAws) -> None:
    arn = (
        "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:uuid:autoScalingGroupName/a/b"
    )
    aws.answer("DescribeAutoScalingGroups", scaling_groups("a/b"))
    assert [names(aws).group(name) for name in ("a/b", arn)] == ["a/b", "a/b"]
    asked = [call["AutoScalingGroupNames"] for call in aws.of("DescribeAutoScalingGroups")]
    assert asked == [["a/b"], ["a/b"]]


def test_a_group_is_found_by_a_tag_over_all_pages(aws: FakeAws) -> None:
    aws.answer("DescribeAutoScalingGroups", scaling_groups(token="1"), scaling_groups("blue-asg"))
    assert names(aws).group("tag:fleet=blue") == "blue-asg"
    filters = aws.of("DescribeAutoScalingGroups")[0]["Filters"]
    assert filters == [{"Name": "tag:fleet", "Values": ["blue"]}]


def test_a_group_that_is_not_there_lists_some_that_are(aws: FakeAws) -> None:
    there = [f"asg-{n:02}" for n in range(14)]
    aws.answer("DescribeAutoScalingGroups", scaling_groups(), scaling_groups(*there))
    with pytest.raises(NotFound, match=r"asg-00, .*asg-09 and 4 more"):
        names(aws).group("blue-asg")


def a_balancer(aws: FakeAws) -> AwsNames:
    aws.answer("DescribeLoadBalancers", {"LoadBalancers": [{"LoadBalancerArn": BALANCER}]})
    listeners = [{"ListenerArn": LISTENER, "Port": 443}, {"ListenerArn": "other", "Port": 80}]
    aws.answer("DescribeListeners", {"Listeners": listeners})
    rules = [{"RuleArn": RULE, "Priority": "10"}, {"RuleArn": "last", "Priority": "default"}]
    aws.answer("DescribeRules", {"Rules": rules})
    return names(aws)


def test_a_rule_is_found_by_its_place(aws: FakeAws) -> None:
    assert a_balancer(aws).rule("shop:443/10") == RULE
    assert aws.of("DescribeLoadBalancers") == [{"Names": ["shop"]}]
    assert aws.of("DescribeRules") == [{"ListenerArn": LISTENER}]


def test_the_default_rule_is_its_listener(aws: FakeAws) -> None:
    assert a_balancer(aws).rule("shop:443/default") == LISTENER


def test_a_place_that_is_not_there_lists_those_that_are(aws: FakeAws) -> None:
    with pytest.raises(NotFound, match=r"no rule 'shop:443/11' .* /10, /default"):
        a_balancer(aws).rule("shop:443/11")
    with pytest.raises(NotFound, match=r"no listener 'shop:8443' .* 443, 80"):
        a_balancer(aws).rule("shop:8443/10")


def test_a_load_balancer_that_is_not_there_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeLoadBalancers", Failure("LoadBalancerNotFound"))
    with pytest.raises(NotFound, match="shop"):
        names(aws).rule("shop:443/10")


@pytest.mark.parametrize("wrong", ["main", "shop:https/10", "shop:443", "shop:443/first", ":443/1"])
def test_a_place_that_cannot_be_read_is_refused_without_a_call(aws: FakeAws, wrong: str) -> None:
    with pytest.raises(Refused, match="expected LOAD_BALANCER:PORT/PRIORITY"):
        names(aws).rule(wrong)
    assert aws.calls == []


def test_an_arn_means_itself_once_aws_knows_it(aws: FakeAws) -> None:
    aws.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Priority": "10"}]})
    aws.answer("DescribeListeners", {"Listeners": [{"ListenerArn": LISTENER}]})
    assert [names(aws).rule(arn) for arn in (RULE, LISTENER)] == [RULE, LISTENER]


def test_the_arn_of_a_default_rule_means_its_listener(aws: FakeAws) -> None:
    default = {"RuleArn": RULE, "Priority": "default", "IsDefault": True}
    aws.answer("DescribeRules", {"Rules": [default]})
    assert names(aws).rule(RULE) == LISTENER


def test_a_listener_aws_does_not_mention_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeListeners", {"Listeners": []})
    with pytest.raises(NotFound, match="no listener"):
        names(aws).rule(LISTENER)


def test_a_rule_aws_does_not_mention_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeRules", {"Rules": []})
    with pytest.raises(NotFound, match="no listener rule"):
        names(aws).rule(RULE)


def test_missing_permission_is_not_taken_for_missing_things(aws: FakeAws) -> None:
    aws.answer("DescribeTargetGroups", Failure("AccessDenied", status=403))
    with pytest.raises(Denied):
        names(aws).target_group("blue")
