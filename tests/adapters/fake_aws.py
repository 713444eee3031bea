"""AWS answering from a script: real clients, real parameter checks, no network.

The answer is put in where botocore would send the request, so that what goes out has been checked
against AWS's own service model, and what comes back is what an adapter really gets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.awsrequest import AWSResponse, HeadersDict

from trimtab.adapters.aws.clients import Clients, Session

SERVICES = {
    "S3": "s3",
    "Lambda": "lambda",
    "Elastic Load Balancing v2": "elasticloadbalancing",
    "Auto Scaling": "autoscaling",
    "CloudWatch": "cloudwatch",
    "DynamoDB": "dynamodb",
    "SQS": "sqs",
    "SNS": "sns",
    "EventBridge": "events",
    "SSM": "ssm",
    "EC2": "ec2",
}


@cache
def _session() -> Session:
    """One for all tests: what takes time is reading the service models."""
    return Session(region_name="eu-west-1")


Params = Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """AWS answers with an error."""

    code: str
    message: str = "because"
    status: int = 400
    retried: int = 0
    more: Mapping[str, Any] | None = None


Answer = Mapping[str, Any] | Failure | BaseException | Callable[[Params], Mapping[str, Any]]


class FakeAws:
    """Answers each operation in the order told; the last answer is repeated."""

    def __init__(self) -> None:
        self.clients = Clients(self)  # type: ignore[arg-type]  # all of a session that is used
        self.calls: list[tuple[str, Params]] = []
        self._answers: dict[str, list[Answer]] = defaultdict(list)

    def client(self, *names: str, **options: Any) -> Any:
        """A client as the session would build it, but talking to us."""
        client = _session().client(*names, **options)  # type: ignore[call-overload]
        client.meta.events.register_first("provide-client-params", _keep)
        client.meta.events.register_first("before-call", self._called)
        return client

    def answer(self, operation: str, *answers: Answer) -> None:
        self._answers[operation] += answers

    def of(self, operation: str) -> list[Params]:
        """The parameters of each call of an operation."""
        return [params for name, params in self.calls if name.endswith(f":{operation}")]

    @property
    def operations(self) -> list[str]:
        return [name for name, _ in self.calls]

    def _called(self, model: Any, context: dict[str, Any], **_: Any) -> Any:
        operation = f"{SERVICES[model.service_model.service_id]}:{model.name}"
        self.calls.append((operation, dict(context["asked"])))
        return self._answer(operation, context["asked"])

    def _answer(self, operation: str, params: Params) -> tuple[AWSResponse, Mapping[str, Any]]:
        name = operation.split(":")[1]
        answers = self._answers[name]
        if not answers:
            raise AssertionError(f"the test did not say what {operation} answers")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Failure):
            return response(answer.status), failed(answer)
        made = answer(params) if callable(answer) else answer
        meta = {"RequestId": f"request-{len(self.calls)}", "HTTPStatusCode": 200}
        return response(200), {**made, "ResponseMetadata": meta}


def _keep(params: Params, context: dict[str, Any], **_: Any) -> None:
    context["asked"] = params


def response(status: int) -> AWSResponse:
    headers: Any = HeadersDict()  # the stubs want a base class that botocore itself does not use
    return AWSResponse("https://aws.invalid/", status, headers, None)


def failed(failure: Failure) -> Mapping[str, Any]:
    return {
        "Error": {"Code": failure.code, "Message": failure.message},
        "ResponseMetadata": {"HTTPStatusCode": failure.status, "RetryAttempts": failure.retried},
        **(failure.more or {}),
    }
