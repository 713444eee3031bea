"""IAM's judgement, by its rules: deny first, then allow, else no; wildcards, conditions, calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from trimtab_lab.iam import Asked, asked_by, judge, read_statements

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/Memory"
GROUP = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1-2:autoScalingGroupName/shop"
KEYS = "dynamodb:LeadingKeys"


def statement(**given: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE, **given}


def allowed(asked: Asked, *statements: Mapping[str, Any]) -> bool:
    return judge(
        read_statements({"Version": "2012-10-17", "Statement": [*statements]}), asked
    ).is_allowed


def get(*keys: str) -> Asked:
    context = ((KEYS, keys),) if keys else ()
    return Asked("dynamodb:GetItem", TABLE, context)


def test_what_nothing_allows_is_denied() -> None:
    assert not allowed(get())
    assert allowed(get(), statement())


def test_a_deny_outweighs_every_allow() -> None:
    assert not allowed(get(), statement(Effect="Deny"), statement())
    assert allowed(get(), statement(Effect="Deny", Resource=TABLE + "2"), statement())


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("dynamodb:GetItem", True),
        ("DynamoDB:getitem", True),
        ("dynamodb:Get*", True),
        ("dynamodb:GetIte?", True),
        ("*", True),
        ("dynamodb:Get", False),
        ("dynamodb:GetItem?", False),
        ("sqs:GetItem", False),
    ],
)
def test_actions_are_compared_without_case_and_with_wildcards(pattern: str, fits: bool) -> None:
    assert allowed(get(), statement(Action=["sns:Publish", pattern])) is fits


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        (GROUP, True),
        ("*", True),
        (GROUP.replace("1-2", "*"), True),
        (GROUP.replace("shop", "*"), True),
        (GROUP.replace("123456789012", "*"), True),
        (GROUP.replace("shop", "sho"), False),
        (GROUP.replace("123456789012", "210987654321"), False),
        ("arn:aws:autoscaling:*", False),
        (GROUP.lower(), False),
    ],
)
def test_a_wildcard_in_an_arn_stays_in_its_part(pattern: str, fits: bool) -> None:
    asked = Asked("autoscaling:EnterStandby", GROUP)
    assert allowed(asked, statement(Action="autoscaling:*", Resource=pattern)) is fits


@pytest.mark.parametrize(
    ("condition", "keys", "holds"),
    [
        ({"StringEquals": {KEYS: "a"}}, ("a",), True),
        ({"StringEquals": {KEYS: ["b", "a"]}}, ("a",), True),
        ({"StringEquals": {KEYS.upper(): "a"}}, ("a",), True),
        ({"StringEquals": {KEYS: "a"}}, ("A",), False),
        ({"StringEquals": {KEYS: "a*"}}, ("ab",), False),
        ({"StringEquals": {KEYS: "a"}}, (), False),
        ({"StringEqualsIfExists": {KEYS: "a"}}, (), True),
        ({"StringEqualsIfExists": {KEYS: "a"}}, ("b",), False),
        ({"StringLike": {KEYS: "a*"}}, ("ab",), True),
        ({"StringNotEquals": {KEYS: ["a", "b"]}}, ("b",), False),
        ({"StringNotEquals": {KEYS: "a"}}, (), True),
        ({"Bool": {KEYS: "false"}}, ("False",), True),
        ({"ArnEquals": {KEYS: TABLE.replace("Memory", "*")}}, (TABLE,), True),
        ({"ForAllValues:StringLike": {KEYS: "chain#*"}}, ("chain#a", "chain#b"), True),
        ({"ForAllValues:StringLike": {KEYS: "chain#*"}}, ("chain#a", "b"), False),
        ({"ForAllValues:StringLike": {KEYS: "chain#*"}}, (), True),
        ({"ForAnyValue:StringEquals": {KEYS: "a"}}, ("b", "a"), True),
        ({"ForAnyValue:StringEquals": {KEYS: "a"}}, (), False),
        ({"Null": {KEYS: "false"}}, (), False),
        ({"Null": {KEYS: "false"}}, ("a",), True),
        ({"Null": {KEYS: "true"}}, (), True),
        ({"StringLike": {KEYS: "a*"}, "Null": {KEYS: "true"}}, ("a",), False),
    ],
)
def test_a_condition_holds_as_iam_says(
    condition: dict[str, Any], keys: tuple[str, ...], holds: bool
) -> None:
    assert allowed(get(*keys), statement(Condition=condition)) is holds


@pytest.mark.parametrize(
    "odd",
    [
        statement(NotAction="*"),
        statement(Effect="allow"),
        statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
        statement(Condition={"Sometimes:StringEquals": {KEYS: "a"}}),
        statement(Condition={"NullIfExists": {KEYS: "true"}}),
    ],
)
def test_what_is_not_understood_is_not_passed_over(odd: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="understood"):
        read_statements({"Version": "2012-10-17", "Statement": [odd]})


class Home:
    """A place with one table, one queue under a customer's key, and tagged groups."""

    account, region = "123456789012", "us-east-1"

    def partition_key(self, table: str, index: str | None) -> str:
        return {("Log", None): "service", ("Log", "by-day"): "day"}[table, index]

    def group_arn(self, name: str) -> str:
        return GROUP.replace("shop", name)

    def group_of(self, instance: str) -> str:
        return GROUP

    def tags(self, arn: str) -> Mapping[str, str]:
        return {"managed": "true"}

    def key_of(self, arn: str) -> str:
        return "arn:key" if arn.endswith(":secret") else ""


LOG = TABLE.replace("Memory", "Log")
A_ROW = {"service": {"S": "shop"}, "id": {"S": "1"}}


@pytest.mark.parametrize(
    ("service", "operation", "params", "needed"),
    [
        pytest.param(
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "Log", "Item": A_ROW}},
                    {"ConditionCheck": {"TableName": "Log", "Key": A_ROW}},
                ]
            },
            [
                Asked(
                    f"dynamodb:{name}",
                    LOG,
                    (
                        ("dynamodb:EnclosingOperation", ("TransactWriteItems",)),
                        (KEYS, ("shop",)),
                    ),
                )
                for name in ("PutItem", "ConditionCheckItem")
            ],
            id="a transaction needs what is in it",
        ),
        pytest.param(
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"Log": {"Keys": [A_ROW, A_ROW, {"service": {"S": "b"}}]}}},
            [Asked("dynamodb:BatchGetItem", LOG, ((KEYS, ("shop", "b")),))],
            id="a batch asks once a table, for all its keys",
        ),
        pytest.param(
            "dynamodb",
            "Query",
            {
                "TableName": "Log",
                "IndexName": "by-day",
                "KeyConditionExpression": "#p = :p AND #s BETWEEN :low AND :high",
                "ExpressionAttributeNames": {"#p": "day", "#s": "at_id"},
                "ExpressionAttributeValues": {":p": {"S": "2026-03-02"}},
            },
            [Asked("dynamodb:Query", f"{LOG}/index/by-day", ((KEYS, ("2026-03-02",)),))],
            id="an index is a resource of its own",
        ),
        pytest.param(
            "dynamodb",
            "Scan",
            {"TableName": "Log"},
            [Asked("dynamodb:Scan", LOG)],
            id="a scan has no leading key",
        ),
        pytest.param(
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/secret"},
            [
                Asked("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:secret"),
                Asked("kms:GenerateDataKey", "arn:key"),
                Asked("kms:Decrypt", "arn:key"),
            ],
            id="a batch is its messages, and the key they are encrypted with",
        ),
        pytest.param(
            "s3",
            "PutObject",
            {"Bucket": "anchors:secret", "Key": "anchors/2026/03/02.json"},
            [
                Asked("s3:PutObject", "arn:aws:s3:::anchors:secret/anchors/2026/03/02.json"),
                Asked("kms:GenerateDataKey", "arn:key"),
            ],
            id="an object is encrypted with the key of its bucket, and not read again",
        ),
        pytest.param(
            "autoscaling",
            "SetDesiredCapacity",
            {"AutoScalingGroupName": "shop"},
            [
                Asked(
                    "autoscaling:SetDesiredCapacity",
                    GROUP,
                    (("aws:ResourceTag/managed", ("true",)),),
                )
            ],
            id="a change is of a resource with its tags",
        ),
        pytest.param(
            "autoscaling",
            "TerminateInstanceInAutoScalingGroup",
            {"InstanceId": "i-1", "ShouldDecrementDesiredCapacity": False},
            [
                Asked(
                    "autoscaling:TerminateInstanceInAutoScalingGroup",
                    GROUP,
                    (("aws:ResourceTag/managed", ("true",)),),
                )
            ],
            id="the end of an instance is a change of its group",
        ),
        pytest.param(
            "elbv2",
            "DescribeRules",
            {"RuleArns": ["arn:rule"]},
            [Asked("elasticloadbalancing:DescribeRules", "*")],
            id="a read knows no resource",
        ),
    ],
)
def test_a_call_needs(
    service: str, operation: str, params: dict[str, Any], needed: list[Asked]
) -> None:
    assert list(asked_by(service, operation, params, Home())) == needed


def test_a_call_nobody_has_described_raises() -> None:
    with pytest.raises(NotImplementedError, match="which permission does s3:DeleteObject need"):
        list(asked_by("s3", "DeleteObject", {}, Home()))
