"""Every way AWS can fail becomes one of our errors, with a text that helps."""

from __future__ import annotations

from typing import Any

import botocore.exceptions as sdk
import pytest
from botocore.exceptions import ClientError

from tests.adapters.fake_aws import Failure, FakeAws, failed
from tests.builders import BLUE, BLUE_ARN, an_eject
from trimtab.adapters.aws.autoscaling import enter_standby, groups_of, retire
from trimtab.adapters.aws.elb import deregister
from trimtab.adapters.aws.faults import ANY, SDK_TABLE, TABLE, faults, of_answer, reason_of
from trimtab.errors import (
    Conflict,
    Denied,
    NotFound,
    Refused,
    Throttled,
    TrimtabError,
    Unclear,
)
from trimtab.model.change import Change, Retire
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode

TABLE_NAMES = {
    ANY: "autoscaling:SetDesiredCapacity",
    "elasticloadbalancing": "elasticloadbalancing:DescribeRules",
    "autoscaling": "autoscaling:SetDesiredCapacity",
    "cloudwatch": "cloudwatch:GetMetricData",
    "dynamodb": "dynamodb:PutItem",
    "sqs": "sqs:SendMessageBatch",
    "sns": "sns:Publish",
    "events": "events:PutEvents",
    "ssm": "ssm:GetParameter",
    "s3": "s3:GetObject",
}


def answered(code: str, message: str = "because", status: int = 400) -> Any:
    return ClientError(dict(failed(Failure(code, message, status))), "Operation")  # type: ignore[arg-type]


@pytest.mark.parametrize(("row", "ours"), TABLE.items(), ids=str)
def test_every_listed_answer_becomes_its_error(
    row: tuple[str, str], ours: type[TrimtabError]
) -> None:
    service, code = row
    operation = TABLE_NAMES[service]
    with pytest.raises(ours) as raised, faults(operation, "the thing"):
        raise answered(code)
    assert type(raised.value) is ours
    assert all(part in str(raised.value) for part in (operation, "the thing", code, "because"))


MADE: dict[type[Exception], Exception] = {
    sdk.NoCredentialsError: sdk.NoCredentialsError(),
    sdk.PartialCredentialsError: sdk.PartialCredentialsError(provider="env", cred_var="key"),
    sdk.CredentialRetrievalError: sdk.CredentialRetrievalError(provider="sso", error_msg="no"),
    sdk.TokenRetrievalError: sdk.TokenRetrievalError(provider="sso", error_msg="no"),
    sdk.UnauthorizedSSOTokenError: sdk.UnauthorizedSSOTokenError(),
    sdk.SSOTokenLoadError: sdk.SSOTokenLoadError(error_msg="no"),
    sdk.ParamValidationError: sdk.ParamValidationError(report="a list, found text"),
    sdk.NoRegionError: sdk.NoRegionError(),
    sdk.EndpointProviderError: sdk.EndpointProviderError(msg="none"),
    sdk.UnknownEndpointError: sdk.UnknownEndpointError(service_name="elb", region_name="x"),
    sdk.InvalidRegionError: sdk.InvalidRegionError(region_name="?"),
    sdk.PaginationError: sdk.PaginationError(message="same token twice"),
    sdk.HTTPClientError: sdk.ReadTimeoutError(endpoint_url="https://aws.invalid"),
    sdk.BotoCoreError: sdk.BotoCoreError(),
}


@pytest.mark.parametrize(("theirs", "ours"), SDK_TABLE, ids=lambda v: v.__name__)
def test_every_listed_failure_of_the_sdk_becomes_its_error(
    theirs: type[Exception], ours: type[TrimtabError]
) -> None:
    with pytest.raises(TrimtabError) as raised, faults("sns:Publish", "the topic"):
        raise MADE[theirs]
    assert type(raised.value) is ours
    assert all(part in str(raised.value) for part in ("sns:Publish", "the topic"))


@pytest.mark.parametrize(
    "error",
    [
        sdk.ReadTimeoutError(endpoint_url="https://aws.invalid"),
        sdk.ConnectTimeoutError(endpoint_url="https://aws.invalid"),
        sdk.EndpointConnectionError(endpoint_url="https://aws.invalid"),
        sdk.ConnectionClosedError(endpoint_url="https://aws.invalid"),
        sdk.SSLError(endpoint_url="https://aws.invalid", error=OSError("reset")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_is_unclear_for_an_earlier_try_may_have_arrived(
    error: sdk.BotoCoreError,
) -> None:
    with pytest.raises(Unclear, match="may or may not"), faults("sns:Publish", "t"):
        raise error


def test_an_unlisted_answer_is_refused_and_an_unlisted_failure_of_the_server_unclear() -> None:
    assert type(of_answer(answered("Novel"), "sns:Publish", "t")) is Refused
    assert type(of_answer(answered("Novel", status=503), "sns:Publish", "t")) is Unclear


def test_a_code_means_what_its_own_service_says_it_means() -> None:
    error = answered("ValidationError", "AutoScalingGroup name not found - no such group: x")
    assert type(of_answer(error, "autoscaling:SetDesiredCapacity", "x")) is NotFound
    assert type(of_answer(error, "cloudwatch:GetMetricData", "x")) is Refused


def test_a_denied_call_names_the_iam_action_that_is_missing(aws: FakeAws) -> None:
    aws.answer("DeregisterTargets", Failure("AccessDenied", status=403))
    with pytest.raises(Denied, match="allow the role elasticloadbalancing:DeregisterTargets on it"):
        deregister(aws.clients, an_eject())


def test_expired_credentials_are_told_from_a_missing_permission(aws: FakeAws) -> None:
    aws.answer("DeregisterTargets", Failure("ExpiredToken", status=403))
    with pytest.raises(Denied, match="sign in again"):
        deregister(aws.clients, an_eject())


def test_a_standby_refused_after_the_sdk_repeated_it_is_unclear(aws: FakeAws) -> None:
    eject = an_eject(method=EjectMethod.STANDBY, group="blue-asg")
    aws.answer(
        "EnterStandby",
        Failure("ValidationError", "The instance is not in InService."),
        Failure("ValidationError", "The instance is not in InService.", retried=1),
    )
    with pytest.raises(Refused):
        enter_standby(aws.clients, eject)
    with pytest.raises(Unclear):
        enter_standby(aws.clients, eject)


STANDBY = an_eject(method=EjectMethod.STANDBY, group="blue-asg")
END = Retire(BLUE, BLUE_ARN, an_eject().instance, 8080, an_eject().zone, "blue-asg")


@pytest.mark.parametrize(
    ("write", "change", "operation", "code"),
    [
        (deregister, an_eject(), "DeregisterTargets", "Throttling"),
        (deregister, an_eject(), "DeregisterTargets", "InvalidTarget"),
        (enter_standby, STANDBY, "EnterStandby", "Throttling"),
        (enter_standby, STANDBY, "EnterStandby", "ScalingActivityInProgress"),
        (retire, END, "TerminateInstanceInAutoScalingGroup", "ResourceContention"),
    ],
)
def test_a_write_that_the_sdk_had_to_repeat_may_have_happened_whatever_was_answered_last(
    aws: FakeAws, write: Any, change: Change, operation: str, code: str
) -> None:
    """The first attempt may have arrived, and its answer not: what is out must not be forgotten."""
    aws.answer(operation, Failure(code, "no"), Failure(code, "no", retried=2))
    with pytest.raises((Throttled, NotFound, Conflict)):
        write(aws.clients, change)
    with pytest.raises(Unclear, match=code):
        write(aws.clients, change)


def test_an_end_whose_instance_is_gone_when_the_sdk_repeats_it_may_have_happened(
    aws: FakeAws,
) -> None:
    gone = Failure(
        "ValidationError", "Instance Id not found - No managed instance found", retried=1
    )
    aws.answer("TerminateInstanceInAutoScalingGroup", gone)
    with pytest.raises(Unclear):
        retire(aws.clients, END)


def test_a_read_that_was_repeated_says_what_was_answered(aws: FakeAws) -> None:
    aws.answer("DescribeAutoScalingGroups", Failure("Throttling", "no", retried=2))
    found = groups_of(aws.clients, ["blue-asg"])["blue-asg"]
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.THROTTLED


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Denied("x"), ReasonCode.ACCESS_DENIED),
        (Throttled("x"), ReasonCode.THROTTLED),
        (NotFound("x"), ReasonCode.NOT_FOUND),
        (Refused("x"), ReasonCode.AWS_ERROR),
        (Unclear("x"), ReasonCode.NOT_SEEN),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_could_not_be_read_has_a_reason(error: TrimtabError, code: ReasonCode) -> None:
    assert reason_of(error).code is code
    assert reason_of(error).text == "x"


def test_an_answer_that_cannot_be_read_is_unclear_and_keeps_its_cause() -> None:
    with pytest.raises(Unclear, match="cannot be read") as caught, faults("sns:Publish", "t"):
        raise KeyError("MessageId")
    assert isinstance(caught.value.__cause__, KeyError)


def test_our_own_mistakes_are_not_taken_for_aws() -> None:
    with pytest.raises(AssertionError), faults("sns:Publish", "t"):
        raise AssertionError("bug")
