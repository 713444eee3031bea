"""Does a resource exist? Asked of its own service, never of CloudFormation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.e2e.operator import Operator

Ask = Callable[[Operator, str], Any]


def _bare(_: Operator, __: str) -> bool:
    """Part of another resource: its own effect is asserted where it matters."""
    return True


def _has_alarm(op: Operator, name: str) -> Any:
    return op.aws("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]


def _has_log_group(op: Operator, name: str) -> Any:
    groups = op.aws("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return [group for group in groups if group["logGroupName"] == name]


def _has_topic(op: Operator, arn: str) -> Any:
    return arn in [topic["TopicArn"] for topic in op.aws("sns").list_topics()["Topics"]]


def _has_key(op: Operator, key: str) -> Any:
    return op.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def _has_layer(op: Operator, arn: str) -> Any:
    name, _, version = arn.rpartition(":")
    versions = op.aws("lambda").list_layer_versions(LayerName=name.rpartition(":")[2])
    return int(version) in [each["Version"] for each in versions["LayerVersions"]]


ASK: dict[str, Ask] = {
    "AWS::CloudWatch::Alarm": _has_alarm,
    "AWS::CloudWatch::Dashboard": lambda op, it: op.aws("cloudwatch").get_dashboard(
        DashboardName=it
    ),
    "AWS::DynamoDB::Table": lambda op, it: op.aws("dynamodb").describe_table(TableName=it),
    "AWS::Events::Rule": lambda op, it: op.aws("events").describe_rule(Name=it),
    "AWS::IAM::Policy": _bare,
    "AWS::IAM::Role": lambda op, it: op.aws("iam").get_role(RoleName=it),
    "AWS::KMS::Key": _has_key,
    "AWS::Lambda::EventInvokeConfig": _bare,
    "AWS::Lambda::EventSourceMapping": lambda op, it: op.aws("lambda").get_event_source_mapping(
        UUID=it
    ),
    "AWS::Lambda::Function": lambda op, it: op.aws("lambda").get_function(FunctionName=it),
    "AWS::Lambda::LayerVersion": _has_layer,
    "AWS::Lambda::Permission": _bare,
    "AWS::Logs::LogGroup": _has_log_group,
    "AWS::S3::Bucket": lambda op, it: op.aws("s3").head_bucket(Bucket=it),
    "AWS::S3::BucketPolicy": _bare,
    "AWS::SNS::Subscription": lambda op, it: op.aws("sns").get_subscription_attributes(
        SubscriptionArn=it
    ),
    "AWS::SNS::Topic": _has_topic,
    "AWS::SNS::TopicPolicy": _bare,
    "AWS::SQS::Queue": lambda op, it: op.aws("sqs").get_queue_attributes(
        QueueUrl=it, AttributeNames=["QueueArn"]
    ),
    "AWS::SQS::QueuePolicy": _bare,
    "AWS::Scheduler::Schedule": lambda op, it: op.aws("scheduler").get_schedule(Name=it),
}


def exists(operator: Operator, kind: str, physical_id: str) -> bool:
    """Whether a resource's own service knows it."""
    try:
        return bool(ASK[kind](operator, physical_id))
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 404):
            return False
        raise


def is_part(kind: str) -> bool:
    """Whether it is a part of another resource, which no service can be asked for by itself."""
    return ASK[kind] is _bare
