"""Which permissions an AWS call needs: IAM authorizes what is in it, not its name.

A call that is not listed raises: say here what it needs before a function makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from trimtab_lab.iam.asked import Asked

Params = Mapping[str, Any]
_LEADING_KEYS = "dynamodb:LeadingKeys"
_ENCLOSING = "dynamodb:EnclosingOperation"
_ELB = "elasticloadbalancing"
_IN_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
_ELB_RESOURCES = ("TargetGroupArn", "RuleArn", "ListenerArn")
_READS = ("Describe", "Get", "List")


class Place(Protocol):
    """What must be known of the account to name a call's resources."""

    account: str
    region: str

    def partition_key(self, table: str, index: str | None) -> str:
        """Name the partition key of a table or of its index."""

    def group_arn(self, name: str) -> str:
        """Name an Auto Scaling group in full."""

    def group_of(self, instance: str) -> str:
        """Name the Auto Scaling group of an instance in full."""

    def tags(self, arn: str) -> Mapping[str, str]:
        """The tags of a resource that functions may change."""

    def key_of(self, arn: str) -> str:
        """The customer's KMS key of a queue, topic, table or bucket; empty if there is none."""


def asked_by(service: str, operation: str, params: Params, place: Place) -> Iterator[Asked]:
    """Say what a call needs, by boto3's name of the service and with boto3's parameters."""
    needed = _NEEDS.get(service)
    if needed is None:
        raise NotImplementedError(
            f"which permission does {service}:{operation} need? Say it in {__name__}"
        )
    yield from needed(operation, params, place)


def _dynamodb(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation.startswith("Transact"):
        for item in params["TransactItems"]:
            for kind, given in item.items():
                name = _IN_A_TRANSACTION[kind]
                yield from _on_table(name, given, place, {_ENCLOSING: (operation,)})
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table, given in params["RequestItems"].items():
            key = place.partition_key(table, None)
            rows = given["Keys"] if operation == "BatchGetItem" else _written(given)
            leading = tuple(dict.fromkeys(_text(row[key]) for row in rows))
            yield from _of_table(operation, table, place, {_LEADING_KEYS: leading})
    else:
        yield from _on_table(operation, params, place, {})


def _on_table(
    operation: str, params: Params, place: Place, context: Mapping[str, tuple[str, ...]]
) -> Iterator[Asked]:
    table, index = params["TableName"], params.get("IndexName")
    key = place.partition_key(table, index)
    leading: tuple[str, ...] = ()
    if "Key" in params or "Item" in params:
        leading = (_text((params.get("Key") or params["Item"])[key]),)
    elif operation == "Query":
        leading = (_queried(params, key),)
    known = {_LEADING_KEYS: leading} if leading else {}
    place_in_it = f"{table}/index/{index}" if index else table
    yield from _of_table(operation, place_in_it, place, {**context, **known})


def _of_table(
    operation: str, table: str, place: Place, context: Mapping[str, tuple[str, ...]]
) -> Iterator[Asked]:
    arn = f"arn:aws:dynamodb:{place.region}:{place.account}:table/{table}"
    yield Asked(f"dynamodb:{operation}", arn).given(context)
    yield from _decrypting(arn, place)


def _written(requests: list[Params]) -> list[Params]:
    return [
        r["PutRequest"]["Item"] if "PutRequest" in r else r["DeleteRequest"]["Key"]
        for r in requests
    ]


def _queried(params: Params, key: str) -> str:
    """The partition a query asks for: ``#p = :p``, as our adapters write it."""
    names = params.get("ExpressionAttributeNames", {})
    for part in params["KeyConditionExpression"].split(" AND "):
        left, _, right = part.partition(" = ")
        if names.get(left, left) == key:
            return _text(params["ExpressionAttributeValues"][right])
    raise ValueError(f"no partition in {params['KeyConditionExpression']}")


def _text(value: Mapping[str, str]) -> str:
    return next(iter(value.values()))


def _sqs(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    queue = params["QueueUrl"].rsplit("/", 1)[-1]
    arn = f"arn:aws:sqs:{place.region}:{place.account}:{queue}"
    name = operation.removesuffix("Batch")
    yield Asked(f"sqs:{name}", arn)
    if name == "SendMessage":
        yield from _encrypting(arn, place)
    elif name == "ReceiveMessage":
        yield from _decrypting(arn, place)


def _sns(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    yield Asked(f"sns:{operation.removesuffix('Batch')}", params["TopicArn"])
    yield from _encrypting(params["TopicArn"], place)


def _elbv2(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation.startswith(_READS):
        yield Asked(f"{_ELB}:{operation}", "*")
        return
    arn = next(params[name] for name in _ELB_RESOURCES if name in params)
    yield Asked(f"{_ELB}:{operation}", arn).given(_tags(arn, place))


def _autoscaling(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation.startswith(_READS):
        yield Asked(f"autoscaling:{operation}", "*")
        return
    if operation == "TerminateInstanceInAutoScalingGroup":
        arn = place.group_of(params["InstanceId"])  # IAM asks about the instance's group
    else:
        arn = place.group_arn(params["AutoScalingGroupName"])
    yield Asked(f"autoscaling:{operation}", arn).given(_tags(arn, place))


def _cloudwatch(operation: str, _: Params, __: Place) -> Iterator[Asked]:
    yield Asked(f"cloudwatch:{operation}", "*")


def _ec2(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation == "CreateTags":
        for instance in params["Resources"]:
            yield _tagging(instance, params["Tags"], place)
        return
    if not operation.startswith(_READS):
        raise NotImplementedError(f"which permission does ec2:{operation} need?")
    yield Asked(f"ec2:{operation}", "*")


def _tagging(instance: str, tags: list[Params], place: Place) -> Asked:
    """A tag of an instance: IAM is told its keys, and the tags that the instance has."""
    arn = f"arn:aws:ec2:{place.region}:{place.account}:instance/{instance}"
    group = place.group_of(instance).rsplit("/", 1)[-1]
    asked = Asked("ec2:CreateTags", arn).given({"aws:TagKeys": tuple(t["Key"] for t in tags)})
    if group == "none":
        return asked
    return asked.given({"aws:ResourceTag/aws:autoscaling:groupName": (group,)})


def _lambda(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation != "Invoke":
        raise NotImplementedError(f"which permission does lambda:{operation} need?")
    function = f"{place.region}:{place.account}:function:{params['FunctionName']}"
    yield Asked("lambda:InvokeFunction", f"arn:aws:lambda:{function}")


def _events(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation != "PutEvents":
        raise NotImplementedError(f"which permission does events:{operation} need?")
    for entry in params["Entries"]:
        bus = str(entry.get("EventBusName", "default")).rsplit("/", 1)[-1]
        arn = f"arn:aws:events:{place.region}:{place.account}:event-bus/{bus}"
        context = {"events:source": "Source", "events:detail-type": "DetailType"}
        yield Asked("events:PutEvents", arn).given(
            {key: (str(entry[name]),) for key, name in context.items()}
        )


def _s3(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    if operation not in ("GetObject", "PutObject"):
        raise NotImplementedError(f"which permission does s3:{operation} need?")
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    yield Asked(f"s3:{operation}", f"{bucket}/{params['Key']}")
    key = place.key_of(bucket)
    if key:  # what arrives in one part is never read again
        yield Asked("kms:GenerateDataKey" if operation == "PutObject" else "kms:Decrypt", key)


def _ssm(operation: str, params: Params, place: Place) -> Iterator[Asked]:
    names = [params["Name"]] if "Name" in params else params["Names"]
    for name in names:
        bare = str(name).removeprefix("/")
        arn = f"arn:aws:ssm:{place.region}:{place.account}:parameter/{bare}"
        yield Asked(f"ssm:{operation}", arn)


def _tags(arn: str, place: Place) -> dict[str, tuple[str, ...]]:
    return {f"aws:ResourceTag/{name}": (value,) for name, value in place.tags(arn).items()}


def _encrypting(arn: str, place: Place) -> Iterator[Asked]:
    key = place.key_of(arn)
    if key:
        yield Asked("kms:GenerateDataKey", key)
        yield Asked("kms:Decrypt", key)


def _decrypting(arn: str, place: Place) -> Iterator[Asked]:
    key = place.key_of(arn)
    if key:
        yield Asked("kms:Decrypt", key)


_NEEDS: Mapping[str, Callable[[str, Params, Place], Iterator[Asked]]] = {
    "autoscaling": _autoscaling,
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "elbv2": _elbv2,
    "events": _events,
    "lambda": _lambda,
    "s3": _s3,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
}
