"""AWS's errors become ours here, by one table, and nowhere else.

Three rules decide what the table cannot look up:

- A failed connection or a time-out is ``Unclear``, even if this attempt never left the machine:
  the SDK has retried by itself, and an earlier attempt may have arrived. So is any 5xx.
- Any other answer of AWS that is not listed is ``Refused``: AWS understood us and did nothing.
- Of a write that the SDK had to repeat, the first attempt may have arrived and its answer not. So
  if the last is turned away (throttled, contended, not found), that is ``Unclear`` too, but for a
  size; and any refusal of what is not repeatable, as the first attempt may be why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore import exceptions as sdk

from trimtab.adapters.aws.answers import part
from trimtab.adapters.aws.permissions import WRITES, actions_of
from trimtab.errors import (
    Conflict,
    Denied,
    NotFound,
    Refused,
    Throttled,
    TrimtabError,
    Unclear,
)
from trimtab.model.change import Resize
from trimtab.model.reason import Reason, ReasonCode

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError

ANY = "*"

_GENERAL: Mapping[type[TrimtabError], tuple[str, ...]] = {
    Denied: (
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    ),
    Throttled: (
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    ),
    Refused: ("InvalidParameterValue", "ValidationError", "ValidationException"),
    Unclear: (
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    ),
}

_OF_SERVICE: Mapping[str, Mapping[type[TrimtabError], tuple[str, ...]]] = {
    "elasticloadbalancing": {
        NotFound: (
            "InvalidTarget",  # registering what no longer exists
            "ListenerNotFound",
            "LoadBalancerNotFound",
            "RuleNotFound",
            "TargetGroupNotFound",
        ),
        Refused: (
            "IncompatibleProtocols",
            "InvalidConfigurationRequest",
            "InvalidLoadBalancerAction",
            "OperationNotPermitted",
            "TargetGroupAssociationLimit",
            "TooManyActions",
            "TooManyRegistrationsForTargetId",
            "TooManyTargets",
            "TooManyUniqueTargetGroupsPerLoadBalancer",
            "UnsupportedProtocol",
        ),
        Unclear: ("HealthUnavailable",),
    },
    "autoscaling": {
        Conflict: ("ResourceContention", "ScalingActivityInProgress"),
        Refused: ("InvalidNextToken", "LimitExceeded"),
    },
    "cloudwatch": {Refused: ("InvalidNextToken", "LimitExceeded")},
    "dynamodb": {
        Conflict: (
            "ConditionalCheckFailedException",
            "ReplicatedWriteConflictException",
            "TransactionConflictException",
        ),
        NotFound: ("ResourceNotFoundException",),
        Refused: (
            "IdempotentParameterMismatchException",
            "ItemCollectionSizeLimitExceededException",
        ),
        Unclear: ("TransactionInProgressException",),
    },
    "sqs": {
        Denied: ("InvalidSecurity", "KmsAccessDenied", "KmsOptInRequired"),
        NotFound: ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
        Throttled: ("KmsThrottled",),
        Refused: (
            "AWS.SimpleQueueService.BatchRequestTooLong",
            "BatchRequestTooLong",
            "InvalidAddress",
            "KmsDisabled",
            "KmsInvalidKeyUsage",
            "KmsInvalidState",
            "KmsNotFound",
            "UnsupportedOperation",
        ),
    },
    "s3": {NotFound: ("NoSuchBucket", "NoSuchKey")},
    "events": {
        Denied: ("NotAuthorizedException",),
        NotFound: ("ResourceNotFoundException",),
        Unclear: ("InternalException",),
    },
    "ssm": {
        Denied: ("InvalidKeyId",),
        NotFound: ("ParameterNotFound", "ParameterVersionNotFound"),
    },
    "sns": {
        Denied: ("InvalidSecurity", "KMSAccessDenied", "KMSOptInRequired"),
        NotFound: ("NotFound", "NotFoundException"),
        Throttled: ("KMSThrottling",),
        Refused: (
            "InvalidParameter",
            "KMSDisabled",
            "KMSInvalidState",
            "KMSNotFound",
            "ParameterValueInvalid",
        ),
    },
}

TABLE: Mapping[tuple[str, str], type[TrimtabError]] = {
    (service, code): error
    for service, rows in ((ANY, _GENERAL), *_OF_SERVICE.items())
    for error, codes in rows.items()
    for code in codes
}
"""(service or ``*``, AWS error code) -> our error. A service's own row goes before the general."""

SDK_TABLE: tuple[tuple[type[Exception], type[TrimtabError]], ...] = (
    (sdk.NoCredentialsError, Denied),
    (sdk.PartialCredentialsError, Denied),
    (sdk.CredentialRetrievalError, Denied),
    (sdk.TokenRetrievalError, Denied),
    (sdk.UnauthorizedSSOTokenError, Denied),
    (sdk.SSOTokenLoadError, Denied),
    (sdk.ParamValidationError, Refused),
    (sdk.NoRegionError, Refused),
    (sdk.EndpointProviderError, Refused),
    (sdk.UnknownEndpointError, Refused),
    (sdk.InvalidRegionError, Refused),
    (sdk.PaginationError, Refused),
    (sdk.HTTPClientError, Unclear),  # connect and read time-outs, closed connections, TLS, proxies
    (sdk.BotoCoreError, Unclear),
)
"""What the SDK itself raises -> our error; the first row that fits."""

UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What botocore's parsers, and ours, raise at an answer that is not what AWS documents."""

NOT_REPEATABLE = frozenset({
    "autoscaling:EnterStandby", "autoscaling:ExitStandby",
    "autoscaling:TerminateInstanceInAutoScalingGroup",
})  # fmt: skip

REMEMBERED = frozenset(
    action
    for kind, actions in WRITES.items()
    for action in actions
    if ":Describe" not in action and kind is not Resize
)
"""Writes that memory must know of if they took effect, or nobody would bring back who is out. A
group's size the next tick sees by itself."""

_CREDENTIALS = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})

_ADVICE: Mapping[type[TrimtabError], str] = {
    Conflict: "somebody else is changing it; the next tick decides anew",
    Throttled: "too many calls in this account and Region; it is tried again with the next tick",
    NotFound: "check that it exists in this account and Region, and that the policy names it",
    Refused: "nothing was changed; see the message of AWS",
    Unclear: "it may or may not have taken effect; the next tick looks",
}


@contextmanager
def faults(operation: str, resource: str) -> Iterator[None]:
    """Turn what goes wrong inside into one of our errors.

    ``operation`` is ``service:Operation`` as IAM writes it; ``resource`` is for people.
    """
    try:
        yield
    except sdk.ClientError as error:
        raise of_answer(error, operation, resource) from error
    except sdk.BotoCoreError as error:
        raise of_sdk(error, operation, resource) from error
    except UNREADABLE as error:
        # an answer, as far as it came: a write may have taken effect
        told = f"{type(error).__name__}: {error!s:.200} ({_ADVICE[Unclear]})"
        raise Unclear(f"{operation} on {resource}: its answer cannot be read: {told}") from error


def of_answer(error: ClientError, operation: str, resource: str) -> TrimtabError:
    """Return our error for an error that AWS answered."""
    details = part(error.response, "Error")
    code, message = str(details.get("Code", "")), str(details.get("Message", ""))
    meta = part(error.response, "ResponseMetadata")
    status = meta.get("HTTPStatusCode")
    kind = _kind(
        operation.split(":", 1)[0], code, message, status if isinstance(status, int) else 0
    )
    if meta.get("RetryAttempts") and _may_have_happened(kind, operation):
        kind = Unclear
    advice = _denied_advice(operation, code) if kind is Denied else _ADVICE[kind]
    return kind(f"{operation} on {resource}: AWS answered {code}: {message.strip()} ({advice})")


def _may_have_happened(kind: type[TrimtabError], operation: str) -> bool:
    """Tell whether an earlier attempt at an operation may have taken effect, by the last answer."""
    if operation not in REMEMBERED:
        return False
    return kind in (Throttled, Conflict, NotFound) or (
        kind is Refused and operation in NOT_REPEATABLE
    )


def of_sdk(error: BotoCoreError, operation: str, resource: str) -> TrimtabError:
    """Return our error for one that the SDK raised without an answer of AWS."""
    kind = next(ours for theirs, ours in SDK_TABLE if isinstance(error, theirs))
    advice = "give it valid AWS credentials" if kind is Denied else _ADVICE[kind]
    return kind(f"{operation} on {resource}: {type(error).__name__}: {error} ({advice})")


def reason_of(error: TrimtabError) -> Reason:
    """Say as a reason why something could not be read."""
    code = {
        Denied: ReasonCode.ACCESS_DENIED,
        Throttled: ReasonCode.THROTTLED,
        NotFound: ReasonCode.NOT_FOUND,
        Refused: ReasonCode.AWS_ERROR,
    }.get(type(error), ReasonCode.NOT_SEEN)
    cause = error.__cause__
    aws = (
        cause.response.get("Error", {}).get("Code") if isinstance(cause, sdk.ClientError) else None
    )
    return Reason(code, str(error), {"error": aws or type(cause or error).__name__})


def _kind(service: str, code: str, message: str, status: int) -> type[TrimtabError]:
    # Auto Scaling has no code for an absent group or instance, only this one with a sentence.
    if service == "autoscaling" and code == "ValidationError" and "not found" in message:
        return NotFound
    listed = TABLE.get((service, code)) or TABLE.get((ANY, code))
    if listed is not None:
        return listed
    return Unclear if status >= 500 else Refused  # noqa: PLR2004 (HTTP: the server's fault)


def _denied_advice(operation: str, code: str) -> str:
    if code in _CREDENTIALS or "Token" in code or "Signature" in code:
        return "the credentials are expired or wrong: sign in again"
    return f"allow the role {', '.join(actions_of(operation))} on it"
