"""Every type of resource the local cloud's CloudFormation can make.

A type that is not here fails the deployment, as an unknown one does in AWS: add a `Kind` that makes
the calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimtab_lab.cloud.stacks.kinds import (
    buckets,
    events,
    lambdas,
    queues,
    roles,
    tables,
    watch,
)
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, Kind

__all__ = ["KINDS", "Aws", "Given", "Kind"]

KINDS: Mapping[str, Kind] = {
    "AWS::CloudWatch::Alarm": watch.Alarm(),
    "AWS::CloudWatch::Dashboard": watch.Dashboard(),
    "AWS::DynamoDB::Table": tables.Table(),
    "AWS::Events::Rule": events.Rule(),
    "AWS::IAM::Policy": roles.Policy(),
    "AWS::IAM::Role": roles.Role(),
    "AWS::KMS::Key": roles.Key(),
    "AWS::Lambda::EventInvokeConfig": lambdas.InvokeConfig(),
    "AWS::Lambda::EventSourceMapping": lambdas.EventSource(),
    "AWS::Lambda::Function": lambdas.Function(),
    "AWS::Lambda::LayerVersion": lambdas.Layer(),
    "AWS::Lambda::Permission": lambdas.Permission(),
    "AWS::Logs::LogGroup": watch.LogGroup(),
    "AWS::S3::Bucket": buckets.Bucket(),
    "AWS::S3::BucketPolicy": buckets.BucketPolicy(),
    "AWS::SNS::Subscription": queues.Subscription(),
    "AWS::SNS::Topic": queues.Topic(),
    "AWS::SNS::TopicPolicy": queues.TopicPolicy(),
    "AWS::SQS::Queue": queues.Queue(),
    "AWS::SQS::QueuePolicy": queues.QueuePolicy(),
    "AWS::Scheduler::Schedule": events.Schedule(),
}
