"""What AWS does in the roles' names, besides what the code calls.

Lambda writes a function's logs and traces, reads what feeds it and sets aside what it failed at;
EventBridge Scheduler invokes. All of it follows from the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trimtab_lab.embedded.place import AccountPlace
from trimtab_lab.embedded.template import STACK, Template
from trimtab_lab.iam import Asked

Need = tuple[str, Asked]
"""A role, by its function, and what is needed of it."""

_POLLING = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_READING = ("DescribeStream", "GetRecords", "GetShardIterator")
_IN_A_SUBNET = (
    "AssignPrivateIpAddresses",
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSubnets",
    "UnassignPrivateIpAddresses",
)
_DELIVERING = {"sqs": "SendMessage", "sns": "Publish", "lambda": "InvokeFunction"}
"""What handing an event to a target or a destination needs, by its service."""


def needs_of_platform(template: Template, place: AccountPlace) -> Iterator[Need]:
    """Say what AWS needs of each role."""
    shared = template.globals("Function")
    for function in template.resources("AWS::Serverless::Function").values():
        name = str(function["FunctionName"]).removeprefix(f"{STACK}-")
        for asked in _of_function({**shared, **function}, place):
            yield name, asked
    for schedule in template.resources("AWS::Scheduler::Schedule").values():
        target = schedule["Target"]
        role = str(target["RoleArn"]).rsplit("/", 1)[-1].removeprefix(f"{STACK}-")
        letters = target.get("DeadLetterConfig", {}).get("Arn")
        for arn in filter(None, (target["Arn"], letters)):
            for asked in _delivering(arn, place):
                yield role.removesuffix("Role").lower(), asked


def _of_function(function: Mapping[str, Any], place: AccountPlace) -> Iterator[Asked]:
    group = f"/aws/lambda/{function['FunctionName']}:log-stream:2026/03/02/[$LATEST]0"
    for operation in ("CreateLogStream", "PutLogEvents"):
        arn = f"arn:aws:logs:{place.region}:{place.account}:log-group:{group}"
        yield Asked(f"logs:{operation}", arn)
    if function.get("Tracing") == "Active":
        yield Asked("xray:PutTraceSegments", "*")
        yield Asked("xray:PutTelemetryRecords", "*")
    if function.get("VpcConfig"):
        yield from (Asked(f"ec2:{operation}", "*") for operation in _IN_A_SUBNET)
    if function.get("KmsKeyArn"):  # the environment
        yield Asked("kms:Decrypt", function["KmsKeyArn"])
    for event in function.get("Events", {}).values():
        yield from _feeding(event["Type"], event["Properties"], place)
    yield from _failing(function.get("EventInvokeConfig", {}), place)


def _feeding(kind: str, source: Mapping[str, Any], place: AccountPlace) -> Iterator[Asked]:
    match kind:
        case "SQS":
            for operation in _POLLING:
                yield Asked(f"sqs:{operation}", source["Queue"])
            yield from _decrypting(source["Queue"], place)
        case "DynamoDB":
            table, _, _ = str(source["Stream"]).partition("/stream/")
            for operation in _READING:
                yield Asked(f"dynamodb:{operation}", source["Stream"])
            yield Asked("dynamodb:ListStreams", f"{table}/stream/*")
            yield from _decrypting(table, place)
            yield from _failing(source, place)
        case "EventBridgeRule":
            pass  # the function's own policy lets EventBridge in, not its role
        case _:
            raise NotImplementedError(f"what does Lambda need for a {kind} event? Say it here")


def _failing(config: Mapping[str, Any], place: AccountPlace) -> Iterator[Asked]:
    failed = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if failed:
        yield from _delivering(failed, place)


def _delivering(arn: str, place: AccountPlace) -> Iterator[Asked]:
    service = arn.split(":")[2]
    yield Asked(f"{service}:{_DELIVERING[service]}", arn)
    if place.key_of(arn):
        yield Asked("kms:GenerateDataKey", place.key_of(arn))
        yield Asked("kms:Decrypt", place.key_of(arn))


def _decrypting(arn: str, place: AccountPlace) -> Iterator[Asked]:
    if place.key_of(arn):
        yield Asked("kms:Decrypt", place.key_of(arn))
