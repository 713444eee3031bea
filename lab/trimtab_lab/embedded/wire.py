"""Where every AWS call passes: moto has parsed it, and will write the answer's bytes.

A call is noted, may be interrupted, refused or throttled, and is then answered: by the world for
Elastic Load Balancing, Auto Scaling and CloudWatch, by moto's own backends for all else.
"""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Protocol

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.s3.exceptions import S3ClientError

from trimtab_lab.embedded.calls import ApiCall, CallLog
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.world import World

if TYPE_CHECKING:
    from moto.s3.responses import S3Response

Params = Mapping[str, Any]
Answer = Callable[[World, Params], Mapping[str, Any]]
"""Answers one operation: boto3's parameters in, boto3's answer out, or ``WorldError``."""
Answers = Mapping[tuple[str, str], Answer]
"""By boto3's name of the service, and operation."""
Moment = Literal["before", "after"]

_JSON = ("dynamodb", "sqs", "cloudwatch")
"""Services whose errors are named ``...Exception``."""


class Rights(Protocol):
    """Who may call what."""

    def refusal(self, function: str, service: str, operation: str, params: Params) -> str:
        """Say why a call is refused; nothing if it is allowed."""


class Refusal(ServiceException):
    """What AWS answers instead of a result. Of our own module: moto looks up its own's services."""


class Killed(BaseException):
    """The function died here: a timeout, no memory left, a machine gone. Nothing catches it."""


@dataclass(slots=True)
class Hook:
    """Do something when a call comes by; ``*`` is any."""

    function: str
    operation: str
    moment: Moment
    do: Callable[[], object]
    times: int

    def meets(self, function: str, operation: str, moment: Moment) -> bool:
        """Whether this is the call and the moment it waits for."""
        return (
            self.times > 0
            and self.moment == moment
            and self.function in ("*", function)
            and self.operation in ("*", operation)
        )


class Switchboard:
    """Answers calls, one after another; the threads of one function wait for each other."""

    def __init__(self, world: World, answers: Answers, calls: CallLog) -> None:
        self.world = world
        self.function = ""
        """The function now running."""
        self.hooks: list[Hook] = []
        self.denied: set[tuple[str, str]] = set()
        """(service, operation) that AWS refuses for lack of permission; ``*`` is any."""
        self.guardrail: Rights | None = None
        """The roles that functions are held to; none if they may call anything."""
        self._answers = answers
        self._calls = calls
        self._dice = random.Random(f"{world.scenario.seed}:api")
        self._lock = Lock()

    def answer(self, response: BaseResponse, stock: Callable[[BaseResponse], Any]) -> Any:
        """Answer the call that moto has parsed into ``response``."""
        service, operation = response.boto3_service_name, response._get_action()
        self._meet(operation, "before")
        with self._lock:  # not while a hook runs: it may invoke a function that has threads
            error = self._refusal(service, operation, _params(response))
            if error is None:
                error, answered = self._answered(response, service, operation, stock)
            else:
                answered = _written(response, error)
            self._note(service, operation, error)
        if error is None:
            self._meet(operation, "after")
        return answered

    def judged(self, service: str, operation: str, params: Params) -> Refusal | None:
        """Judge and note a call that moto answers by itself; hooks do not meet it."""
        with self._lock:
            error = self._refusal(service, operation, params)
            self._note(service, operation, error)
        return error

    def _answered(
        self,
        response: BaseResponse,
        service: str,
        operation: str,
        stock: Callable[[BaseResponse], Any],
    ) -> tuple[Refusal | None, Any]:
        ours = self._answers.get((service, operation))
        if ours is None:
            return None, stock(response)
        try:
            return None, _written(response, ours(self.world, response._get_params()))
        except WorldError as refusal:
            error = Refusal(refusal.code, refusal.message)
            return error, _written(response, error)

    def _refusal(self, service: str, operation: str, params: Params) -> Refusal | None:
        if not self.function:
            return None
        denied = self._denied(service, operation, params)
        if denied:
            code = "AccessDeniedException" if service in _JSON else "AccessDenied"
            return Refusal(code, denied)
        throttles = self.world.throttles()
        if throttles and self._dice.random() < share_of(throttles, service, operation):
            code = "ThrottlingException" if service in _JSON else "Throttling"
            return Refusal(code, "Rate exceeded")
        return None

    def _denied(self, service: str, operation: str, params: Params) -> str:
        if self.denied & {(service, operation), (service, "*")}:
            action = f"{service}:{operation}"
            return f"User: arn:aws:sts::role/{self.function} is not authorized to do {action}"
        if self.guardrail is None:
            return ""
        return self.guardrail.refusal(self.function, service, operation, params)

    def _meet(self, operation: str, moment: Moment) -> None:
        for hook in self.hooks:
            if hook.meets(self.function, operation, moment):
                hook.times -= 1
                hook.do()

    def _note(self, service: str, operation: str, error: Refusal | None) -> None:
        if self.function:
            code = error.code if error else ""
            at = datetime.now(UTC)
            self._calls.add(ApiCall(at, self.function, service, operation, code))


def share_of(throttles: Mapping[tuple[str, str], float], service: str, operation: str) -> float:
    """Share of an operation's calls to refuse; faults may name it as boto3's client or AWS does."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
    return max(throttles.get((service, name), 0.0) for name in (operation, snake, "*"))


def passing(
    board: Switchboard, stock: Callable[[BaseResponse], Any]
) -> Callable[[BaseResponse], Any]:
    """Return what takes the place of moto's ``BaseResponse.call_action``."""

    @functools.wraps(stock)
    def call_action(response: BaseResponse) -> Any:
        return board.answer(response, stock)

    return call_action


def judging(
    board: Switchboard, operation: str, stock: Callable[[S3Response], Any]
) -> Callable[[S3Response], Any]:
    """Return what takes the place of a method of moto's ``S3Response``: S3 has a way of its own."""

    @functools.wraps(stock)
    def judged(response: S3Response) -> Any:
        params = {"Bucket": response.bucket_name, "Key": response.parse_key_name()}
        refusal = board.judged("s3", operation, params)
        if refusal is not None:
            raise S3ClientError(refusal.code, str(refusal))
        return stock(response)

    return judged


def _params(response: BaseResponse) -> Params:
    """Return boto3's parameters; moto leaves those of some JSON services to each operation."""
    body = response.body
    unread = not response.automated_parameter_parsing and isinstance(body, str)
    params: Params = json.loads(body) if unread and body.startswith("{") else response._get_params()
    return params


class _Plain(ActionResult):
    """An answer in boto3's own shape. moto's picker looks for its models' names, and is slow."""

    def execute_result(self, context: Any) -> Any:
        """Serialize as moto does, taking values as they are."""
        serializer = context.serializer_class(
            operation_model=context.operation_model,
            value_picker=lambda at: at.obj.get(at.key) if isinstance(at.obj, Mapping) else None,
        )
        done = serializer.serialize(self.result)
        return done["status_code"], done["headers"], done["body"]


def _written(response: BaseResponse, answer: object) -> Any:
    kind = ActionResult if isinstance(answer, Exception) else _Plain
    status, headers, body = response.serialized(kind(answer))
    headers, body = response._enrich_response(headers, body)
    return status, headers, body
