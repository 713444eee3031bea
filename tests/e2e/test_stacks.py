"""CloudFormation here is not more lenient than AWS's: what cannot be made, changed or deleted
fails the operation, and a failed one goes back to where it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.operator import Operator

pytestmark = [pytest.mark.e2e]

KEYS = {
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
QUEUE = {
    "Type": "AWS::SQS::Queue",
    "Properties": {"QueueName": {"Fn::Sub": "${AWS::StackName}-q"}},
}
UNKNOWN = {"Type": "AWS::Unheard::Of", "Properties": {"Queue": {"Ref": "Queue"}}}


def test_a_type_that_cannot_be_made_rolls_the_stack_back(operator: Operator) -> None:
    _deploy(operator, "unknown", {"Queue": QUEUE, "Other": UNKNOWN})
    stack = _stack(operator, "unknown")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AWS::Unheard::Of" in stack["StackStatusReason"]
    assert _queues(operator, "unknown") == []


def test_an_update_that_fails_goes_back(operator: Operator) -> None:
    _deploy(operator, "back", {"Queue": QUEUE})
    name = {"Fn::Sub": "${AWS::StackName}-q"}
    slower = {**QUEUE, "Properties": {"QueueName": name, "VisibilityTimeout": 77}}
    _deploy(operator, "back", {"Queue": slower, "Other": UNKNOWN}, "UPDATE")
    assert _stack(operator, "back")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (url,) = _queues(operator, "back")
    sqs = operator.aws("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "30"


def test_the_same_template_again_is_an_empty_change_set(operator: Operator) -> None:
    _deploy(operator, "same", {"Queue": QUEUE})
    described = _change_set(operator, "same", {"Queue": QUEUE}, "UPDATE")
    assert described["Status"] == "FAILED"
    assert "didn't contain changes" in described["StatusReason"]


def test_a_protected_table_cannot_be_deleted(operator: Operator) -> None:
    table = {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {**KEYS, "DeletionProtectionEnabled": True},
    }
    _deploy(operator, "kept", {"Table": table, "Queue": QUEUE})
    operator.aws("cloudformation").delete_stack(StackName="kept")
    stack = _stack(operator, "kept")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "Table" in stack["StackStatusReason"]


def test_a_locked_bucket_that_is_retained_stays_with_what_is_in_it(operator: Operator) -> None:
    retention = {"Mode": "GOVERNANCE", "Days": "365"}  # a parameter gives numbers as text
    bucket = {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "Properties": {
            "BucketName": "anchors-of-a-stack",
            "ObjectLockEnabled": True,
            "ObjectLockConfiguration": {
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": retention},
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        },
    }
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document},
    }
    _deploy(operator, "locks", {"Bucket": bucket, "Policy": policy, "Queue": QUEUE})
    assert _stack(operator, "locks")["StackStatus"] == "CREATE_COMPLETE"
    s3 = operator.aws("s3")
    s3.put_object(Bucket="anchors-of-a-stack", Key="anchors/1", Body=b"{}")
    operator.aws("cloudformation").delete_stack(StackName="locks")
    assert _queues(operator, "locks") == []
    kept = s3.get_object(Bucket="anchors-of-a-stack", Key="anchors/1")
    assert kept["ObjectLockMode"] == "GOVERNANCE"


def test_a_parameter_that_is_not_allowed_is_refused(operator: Operator) -> None:
    cloudformation = operator.aws("cloudformation")
    body = {
        "Parameters": {"Way": {"Type": "String", "AllowedValues": ["left", "right"]}},
        "Resources": {"Queue": QUEUE},
    }
    with pytest.raises(cloudformation.exceptions.ClientError, match="must be one of"):
        cloudformation.create_change_set(
            StackName="way", ChangeSetName="c", ChangeSetType="CREATE",
            TemplateBody=json.dumps(body),
            Parameters=[{"ParameterKey": "Way", "ParameterValue": "up"}],
        )  # fmt: skip


def _change_set(operator: Operator, name: str, resources: Any, kind: str) -> Any:
    cloudformation = operator.aws("cloudformation")
    made = cloudformation.create_change_set(
        StackName=name, ChangeSetName=f"{name}-{kind}", ChangeSetType=kind,
        TemplateBody=json.dumps({"Resources": resources}),
    )  # fmt: skip
    return cloudformation.describe_change_set(ChangeSetName=made["Id"])


def _deploy(operator: Operator, name: str, resources: Any, kind: str = "CREATE") -> None:
    described = _change_set(operator, name, resources, kind)
    operator.aws("cloudformation").execute_change_set(ChangeSetName=described["ChangeSetId"])


def _stack(operator: Operator, name: str) -> Any:
    return operator.aws("cloudformation").describe_stacks(StackName=name)["Stacks"][0]


def _queues(operator: Operator, prefix: str) -> Any:
    return operator.aws("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
