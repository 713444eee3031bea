"""Weights read and written back without losing anything that is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from tests.builders import BLUE_ARN
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.errors import Conflict, NotFound, Refused
from trimtab.model.change import Reweight
from trimtab.model.ids import Arn, RouteId
from trimtab.model.observation import RouteSeen
from trimtab.model.reason import Reason, ReasonCode

GREEN_ARN = Arn(BLUE_ARN.replace("blue", "green"))
GREY_ARN = Arn(BLUE_ARN.replace("blue", "grey"))
_PLACE = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
RULE = Arn(f"{_PLACE}:listener-rule/app/shop/1/2/3")
OTHER = Arn(f"{_PLACE}:listener-rule/app/shop/1/2/4")
LISTENER = Arn(f"{_PLACE}:listener/app/shop/1/2")
STICKY = {"Enabled": True, "DurationSeconds": 600}


def forward(**weights: int) -> dict[str, Any]:
    arns = {"blue": BLUE_ARN, "green": GREEN_ARN, "grey": GREY_ARN}
    groups = [{"TargetGroupArn": arns[n], "Weight": w} for n, w in weights.items()]
    config = {"TargetGroups": groups, "TargetGroupStickinessConfig": STICKY}
    return {"Type": "forward", "Order": 2, "ForwardConfig": config}


def rules(*actions: Mapping[str, Any], arn: Arn = RULE) -> dict[str, Any]:
    return {"Rules": [{"RuleArn": arn, "Priority": "10", "Actions": list(actions)}]}


def listeners(*actions: Mapping[str, Any]) -> dict[str, Any]:
    return {"Listeners": [{"ListenerArn": LISTENER, "DefaultActions": list(actions)}]}


def shift(rule: Arn = RULE, **after: int) -> Reweight:
    before = {BLUE_ARN: 100, GREEN_ARN: 0}
    wanted = {BLUE_ARN: after["blue"], GREEN_ARN: after["green"]}
    return Reweight(RouteId("main"), rule, before, wanted)


def reason(found: RouteSeen | Reason) -> Reason:
    assert isinstance(found, Reason)
    return found


def test_every_weight_of_a_rule_is_seen_known_to_us_or_not(aws: FakeAws) -> None:
    aws.answer("DescribeRules", rules(forward(blue=90, green=10, grey=0)))
    found = AwsInfrastructure(aws.clients).routes([RULE])
    assert found == {RULE: RouteSeen(RULE, {BLUE_ARN: 90, GREEN_ARN: 10, GREY_ARN: 0})}


def test_rules_are_read_together_and_a_listener_by_its_default_action(aws: FakeAws) -> None:
    both = {"Rules": rules(forward(blue=1))["Rules"] + rules(forward(green=1), arn=OTHER)["Rules"]}
    aws.answer("DescribeRules", both)
    aws.answer("DescribeListeners", listeners(forward(blue=5, green=5)))
    found = AwsInfrastructure(aws.clients).routes([RULE, LISTENER, OTHER, RULE])
    assert [type(seen) for seen in found.values()] == [RouteSeen] * 3
    assert aws.of("DescribeRules") == [{"RuleArns": [RULE, OTHER]}]
    assert aws.of("DescribeListeners") == [{"ListenerArns": [LISTENER]}]


def test_a_rule_that_names_one_target_group_the_short_way_gives_it_weight_one(aws: FakeAws) -> None:
    aws.answer("DescribeRules", rules({"Type": "forward", "TargetGroupArn": BLUE_ARN}))
    assert AwsInfrastructure(aws.clients).routes([RULE])[RULE] == RouteSeen(RULE, {BLUE_ARN: 1})


def test_a_rule_that_does_not_forward_says_what_it_does(aws: FakeAws) -> None:
    redirect = {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"}}
    aws.answer("DescribeRules", rules(redirect))
    found = reason(AwsInfrastructure(aws.clients).routes([RULE])[RULE])
    assert found.code is ReasonCode.NOT_SEEN
    assert "it does redirect" in found.text


def test_one_missing_rule_of_a_batch_darkens_only_itself(aws: FakeAws) -> None:
    aws.answer(
        "DescribeRules", Failure("RuleNotFound"), rules(forward(blue=1)), Failure("RuleNotFound")
    )
    found = AwsInfrastructure(aws.clients).routes([RULE, OTHER])
    assert found[RULE] == RouteSeen(RULE, {BLUE_ARN: 1})
    assert reason(found[OTHER]).code is ReasonCode.NOT_FOUND


def test_a_throttled_batch_is_not_asked_again_rule_by_rule(aws: FakeAws) -> None:
    aws.answer("DescribeRules", Failure("Throttling"))
    found = AwsInfrastructure(aws.clients).routes([RULE, OTHER])
    assert {reason(seen).code for seen in found.values()} == {ReasonCode.THROTTLED}
    assert len(aws.calls) == 1


def test_a_rule_aws_does_not_mention_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeRules", {"Rules": []})
    found = AwsInfrastructure(aws.clients).routes([RULE])
    assert reason(found[RULE]).code is ReasonCode.NOT_FOUND


def test_writing_weights_keeps_stickiness_order_and_the_groups_of_others(aws: FakeAws) -> None:
    aws.answer("DescribeRules", rules(forward(blue=100, grey=7, green=0)))
    aws.answer("ModifyRule", {})
    calls = AwsHands(aws.clients).apply(shift(blue=80, green=20))
    assert aws.of("ModifyRule") == [
        {"RuleArn": RULE, "Actions": [forward(blue=80, grey=7, green=20)]}
    ]
    assert [call.operation for call in calls] == ["elasticloadbalancing:ModifyRule"]


def test_writing_weights_keeps_the_actions_before_the_forward(aws: FakeAws) -> None:
    oidc = {
        "Type": "authenticate-oidc",
        "Order": 1,
        "AuthenticateOidcConfig": {
            "Issuer": "https://id.example",
            "AuthorizationEndpoint": "https://id.example/a",
            "TokenEndpoint": "https://id.example/t",
            "UserInfoEndpoint": "https://id.example/u",
            "ClientId": "shop",
        },
    }
    aws.answer("DescribeRules", rules(oidc, forward(blue=100, green=0)))
    aws.answer("ModifyRule", {})
    AwsHands(aws.clients).apply(shift(blue=0, green=100))
    first, second = aws.of("ModifyRule")[0]["Actions"]
    # AWS does not show the secret, and would refuse the action without one
    kept = {**oidc["AuthenticateOidcConfig"], "UseExistingClientSecret": True}  # type: ignore[dict-item]
    assert first == {**oidc, "AuthenticateOidcConfig": kept}
    assert second == forward(blue=0, green=100)


def test_the_short_form_is_left_out_for_aws_refuses_it_beside_the_long_one(aws: FakeAws) -> None:
    config = {"TargetGroups": [{"TargetGroupArn": BLUE_ARN, "Weight": 1}]}
    both = {"Type": "forward", "TargetGroupArn": BLUE_ARN, "ForwardConfig": config}
    aws.answer("DescribeRules", rules(both))
    aws.answer("ModifyRule", {})
    change = Reweight(RouteId("main"), RULE, {BLUE_ARN: 1}, {BLUE_ARN: 9})
    AwsHands(aws.clients).apply(change)
    (action,) = aws.of("ModifyRule")[0]["Actions"]
    expected = {"TargetGroups": [{"TargetGroupArn": BLUE_ARN, "Weight": 9}]}
    assert action == {"Type": "forward", "ForwardConfig": expected}


def test_a_default_action_is_written_through_its_listener(aws: FakeAws) -> None:
    aws.answer("DescribeListeners", listeners(forward(blue=100, green=0)))
    aws.answer("ModifyListener", {})
    AwsHands(aws.clients).apply(shift(LISTENER, blue=50, green=50))
    assert aws.of("ModifyListener") == [
        {"ListenerArn": LISTENER, "DefaultActions": [forward(blue=50, green=50)]}
    ]


@pytest.mark.parametrize(
    "now", [forward(blue=99, green=1), forward(blue=100), forward(grey=1)], ids=str
)
def test_weights_that_somebody_else_changed_are_not_written_over(
    aws: FakeAws, now: dict[str, Any]
) -> None:
    aws.answer("DescribeRules", rules(now))
    with pytest.raises(Conflict, match="somebody else changed them"):
        AwsHands(aws.clients).apply(shift(blue=80, green=20))
    assert aws.of("ModifyRule") == []


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ({BLUE_ARN: 0, GREEN_ARN: 0}, "all weights would be 0"),
        ({BLUE_ARN: 1000, GREEN_ARN: 0}, "not within 0 to 999"),
        ({BLUE_ARN: -1, GREEN_ARN: 5}, "not within 0 to 999"),
        ({BLUE_ARN: True, GREEN_ARN: 5}, "not within 0 to 999"),
        ({BLUE_ARN: 50}, "must name the same"),
        ({}, "must name the same"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_weights_that_would_lose_traffic_are_refused_before_any_call(
    aws: FakeAws, after: dict[Arn, int], why: str
) -> None:
    change = Reweight(RouteId("main"), RULE, {BLUE_ARN: 100, GREEN_ARN: 0}, after)
    with pytest.raises(Refused, match=why):
        AwsHands(aws.clients).apply(change)
    assert aws.calls == []


def test_a_rule_that_is_gone_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeRules", {"Rules": []})
    with pytest.raises(NotFound, match="apply the policy again"):
        AwsHands(aws.clients).apply(shift(blue=80, green=20))


def test_a_rule_that_no_longer_forwards_is_refused(aws: FakeAws) -> None:
    aws.answer("DescribeRules", rules({"Type": "fixed-response"}))
    with pytest.raises(Refused, match="it does fixed-response"):
        AwsHands(aws.clients).apply(shift(blue=80, green=20))
