"""boto3 clients with short patience: a tick that waits is a tick that decides on old data."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from boto3 import Session
from botocore.config import Config

from trimtab import __version__

if TYPE_CHECKING:
    from types_boto3_autoscaling import AutoScalingClient
    from types_boto3_cloudwatch import CloudWatchClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_elbv2 import ElasticLoadBalancingv2Client
    from types_boto3_events import EventBridgeClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_ssm import SSMClient

__all__ = ["AT_ONCE", "Clients", "Session"]

AT_ONCE = 10
"""Calls in flight at once: half the refill of ELB's read bucket (10/s) finds nobody waiting."""

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=3,
    # two more tries with jitter; after that the next tick is the retry
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=AT_ONCE,
    user_agent_extra=f"trimtab/{__version__}",
)


_WAITING = Config(
    connect_timeout=2,
    read_timeout=30,  # a probe ends within 25 seconds, whatever its targets do
    retries={"mode": "standard", "total_max_attempts": 1},  # the next minute is the retry
    max_pool_connections=AT_ONCE,
    user_agent_extra=f"trimtab/{__version__}",
)


class Clients:
    """One client per service, each built when it is first asked for.

    Building one costs tens of milliseconds, so a function pays only for those it uses. Not for
    use from several threads before it was built; a client itself may be shared by threads.
    """

    def __init__(self, session: Session | None = None, region: str | None = None) -> None:
        self._given = session
        self._region = region or None

    @cached_property
    def _session(self) -> Session:
        return self._given or Session(region_name=self._region)

    @cached_property
    def elb(self) -> ElasticLoadBalancingv2Client:
        """Elastic Load Balancing v2."""
        return self._session.client("elbv2", region_name=self._region, config=_CONFIG)

    @cached_property
    def autoscaling(self) -> AutoScalingClient:
        """EC2 Auto Scaling."""
        return self._session.client("autoscaling", region_name=self._region, config=_CONFIG)

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """CloudWatch."""
        return self._session.client("cloudwatch", region_name=self._region, config=_CONFIG)

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB."""
        return self._session.client("dynamodb", region_name=self._region, config=_CONFIG)

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS."""
        return self._session.client("sqs", region_name=self._region, config=_CONFIG)

    @cached_property
    def events(self) -> EventBridgeClient:
        """EventBridge."""
        return self._session.client("events", region_name=self._region, config=_CONFIG)

    @cached_property
    def ssm(self) -> SSMClient:
        """The Parameter Store of Systems Manager."""
        return self._session.client("ssm", region_name=self._region, config=_CONFIG)

    @cached_property
    def s3(self) -> Any:  # noqa: ANN401 - for one call we do not carry S3's stubs
        """S3."""
        return self._session.client("s3", region_name=self._region, config=_CONFIG)

    @cached_property
    def ec2(self) -> Any:  # noqa: ANN401 - for few calls we do not carry EC2's stubs, the largest
        """EC2."""
        return self._session.client("ec2", region_name=self._region, config=_CONFIG)

    @cached_property
    def lambdas(self) -> Any:  # noqa: ANN401 - for one call we do not carry Lambda's stubs
        """Lambda, with the patience to wait for an answer."""
        return self._session.client("lambda", region_name=self._region, config=_WAITING)

    @cached_property
    def sns(self) -> SNSClient:
        """SNS."""
        return self._session.client("sns", region_name=self._region, config=_CONFIG)
