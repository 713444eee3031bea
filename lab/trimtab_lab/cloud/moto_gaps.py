"""Where moto as a server is in our way; each says what stock moto does and what AWS does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.dynamodb.models import dynamodb_backends
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.sqs.models import sqs_backends

_OVER_PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


@contextmanager
def gaps_closed() -> Iterator[None]:
    """Mend moto for as long as the context lasts."""
    with ExitStack() as fixes:
        fixes.enter_context(_mappings_are_only_recorded())
        fixes.enter_context(_loopback_counts_as_tls())
        _functions_keep_how_they_log(fixes)
        yield


def _mappings_are_only_recorded() -> Any:
    # Stock moto invokes a mapping's function (in docker) inside the call that feeds its source.
    # AWS's pollers do it later; ours are in `sources`.
    stock = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
        mapping = stock(backend, spec)
        for queue in sqs_backends[backend.account_id][backend.region_name].queues.values():
            queue.lambda_event_source_mappings.clear()
        for table in dynamodb_backends[backend.account_id][backend.region_name].tables.values():
            table.lambda_event_source_mappings.clear()
        return mapping

    return patch.object(LambdaBackend, "create_event_source_mapping", create_event_source_mapping)


def _loopback_counts_as_tls() -> Any:
    # Stock moto takes a statement with a condition it does not know for a denial, so a bucket that
    # refuses plain HTTP refuses everything. Here plain HTTP over loopback stands for HTTPS.
    stock = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(
        statement: IAMPolicyStatement, *args: Any, **kwargs: Any
    ) -> PermissionResult:
        if statement._statement.get("Condition") == _OVER_PLAIN_HTTP:
            return PermissionResult.NEUTRAL
        return stock(statement, *args, **kwargs)

    return patch.object(IAMPolicyStatement, "is_action_permitted", is_action_permitted)


def _functions_keep_how_they_log(fixes: ExitStack) -> None:
    # Stock moto drops LoggingConfig, so the runtime would not know how to log.
    made, told, changed = (
        LambdaFunction.__init__,
        LambdaFunction.get_configuration,
        LambdaFunction.update_configuration,
    )

    def __init__(  # noqa: N807 (it takes that one's place)
        function: LambdaFunction, **given: Any
    ) -> None:
        function.__dict__["_logging"] = given["spec"].get("LoggingConfig")
        made(function, **given)

    def get_configuration(function: LambdaFunction, *args: Any, **kwargs: Any) -> dict[str, Any]:
        logging = function.__dict__["_logging"]
        return told(function, *args, **kwargs) | ({"LoggingConfig": logging} if logging else {})

    def update_configuration(function: LambdaFunction, updates: dict[str, Any]) -> dict[str, Any]:
        function.__dict__["_logging"] = updates.get("LoggingConfig", function.__dict__["_logging"])
        return changed(function, updates)

    for name, mended in (
        ("__init__", __init__),
        ("get_configuration", get_configuration),
        ("update_configuration", update_configuration),
    ):
        fixes.enter_context(patch.object(LambdaFunction, name, mended))
