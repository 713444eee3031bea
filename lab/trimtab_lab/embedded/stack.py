"""What the stack makes, made in moto from the template's own definitions: tables, queues, topic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trimtab.settings import Settings
from trimtab_lab.embedded.patterns import Pattern, read_pattern
from trimtab_lab.embedded.template import STACK, Template

if TYPE_CHECKING:
    import boto3

_TABLE = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)
_QUEUE = (
    "FifoQueue",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "ContentBasedDeduplication",
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "RedrivePolicy",
)


@dataclass(frozen=True, slots=True)
class StreamSource:
    """How Lambda hands a table's stream to a function."""

    function: str
    arn: str
    table: str
    filters: tuple[Pattern, ...]
    batch_size: int
    max_age_s: int
    retries: int
    bisect: bool
    partial: bool
    dead_letters: str
    """Name of the queue told of what was given up."""


@dataclass(frozen=True, slots=True)
class QueueSource:
    """How Lambda hands a queue to a function."""

    function: str
    queue_url: str
    arn: str
    batch_size: int
    partial: bool
    visibility_s: int


@dataclass(frozen=True, slots=True)
class EventRule:
    """An EventBridge rule and the function it invokes."""

    function: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Timer:
    """A schedule: every how many minutes, and what it hands over (with placeholders)."""

    every_minutes: int
    input: str


class Stack:
    """The template's stack, deployed to moto."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self._functions = template.resources("AWS::Serverless::Function")

    @property
    def functions(self) -> tuple[str, ...]:
        """The functions that are made."""
        made = self._functions.values()
        return tuple(str(given["FunctionName"]).removeprefix(f"{STACK}-") for given in made)

    @property
    def settings(self) -> Settings:
        """Settings of the whole deployment, as an operator sees it."""
        names = {"AWS_REGION": self.template.region, "TRIMTAB_ACCOUNT": self.template.account}
        for function in self.functions:
            names |= self.environment(function)
        return Settings.from_env(names)

    def environment(self, function: str) -> dict[str, str]:
        """Environment variables of a function, as the template gives them."""
        shared = self.template.globals("Function").get("Environment", {}).get("Variables", {})
        own = self._properties(function).get("Environment", {}).get("Variables", {})
        return {name: str(value) for name, value in {**shared, **own}.items()}

    def timeout(self, function: str) -> int:
        """Seconds a function may run."""
        given = {**self.template.globals("Function"), **self._properties(function)}
        return int(given["Timeout"])

    def streams(self) -> tuple[StreamSource, ...]:
        """Every stream that feeds a function."""
        return tuple(
            StreamSource(
                function=function,
                arn=str(source["Stream"]),
                table=str(source["Stream"]).split(":table/", 1)[1].split("/", 1)[0],
                filters=tuple(
                    read_pattern(json.loads(f["Pattern"]))
                    for f in source.get("FilterCriteria", {}).get("Filters", [])
                ),
                batch_size=int(source.get("BatchSize", 100)),
                max_age_s=int(source.get("MaximumRecordAgeInSeconds", 86400)),
                retries=int(source.get("MaximumRetryAttempts", 10_000)),
                bisect=bool(source.get("BisectBatchOnFunctionError", False)),
                partial=_partial(source),
                dead_letters=str(source["DestinationConfig"]["OnFailure"]["Destination"]).rsplit(
                    ":", 1
                )[-1],
            )
            for function, source in self._events("DynamoDB")
        )

    def queues(self) -> tuple[QueueSource, ...]:
        """Every queue that feeds a function."""
        made = self.template.resources("AWS::SQS::Queue")
        names = {self._queue_name(name, given): given for name, given in made.items()}
        found = []
        for function, source in self._events("SQS"):
            name = str(source["Queue"]).rsplit(":", 1)[-1]
            found.append(
                QueueSource(
                    function=function,
                    queue_url=self.queue_url(name),
                    arn=str(source["Queue"]),
                    batch_size=int(source.get("BatchSize", 10)),
                    partial=_partial(source),
                    visibility_s=int(names[name].get("VisibilityTimeout", 30)),
                )
            )
        return tuple(found)

    def sweep(self) -> tuple[int, str]:
        """Minutes between notify's sweeps, and what the schedule hands it."""
        schedule = self.template.resources("AWS::Scheduler::Schedule")["SweepSchedule"]
        number, unit = schedule["ScheduleExpression"].removeprefix("rate(").rstrip(")").split()
        if unit != "minutes":
            raise ValueError(f"expected rate(N minutes), found {schedule['ScheduleExpression']}")
        return int(number), str(schedule["Target"]["Input"])

    def rules(self) -> tuple[EventRule, ...]:
        """Every EventBridge rule."""
        return tuple(
            EventRule(function, read_pattern(source["Pattern"]))
            for function, source in self._events("EventBridgeRule")
        )

    def failures_of(self, function: str) -> str:
        """Name of the queue that keeps a function's failed asynchronous invocations."""
        config = self._properties(function)["EventInvokeConfig"]
        return str(config["DestinationConfig"]["OnFailure"]["Destination"]).rsplit(":", 1)[-1]

    def tries_of(self, function: str) -> int:
        """How often an asynchronous invocation is tried in all."""
        return 1 + int(self._properties(function)["EventInvokeConfig"]["MaximumRetryAttempts"])

    def timer_of(self, function: str) -> Timer:
        """The one schedule that runs a function every so many minutes."""
        ending = f":{STACK}-{function}"
        made = self.template.resources("AWS::Scheduler::Schedule").values()
        (schedule,) = [each for each in made if str(each["Target"]["Arn"]).endswith(ending)]
        every, unit = schedule["ScheduleExpression"][len("rate(") : -1].split()
        if not unit.startswith("minute"):
            raise ValueError(f"{function} runs every {every} {unit}, expected minutes")
        return Timer(int(every), str(schedule["Target"]["Input"]))

    def queue_url(self, name: str) -> str:
        """URL of a queue."""
        template = self.template
        return f"https://sqs.{template.region}.amazonaws.com/{template.account}/{name}"

    def deploy(self, session: boto3.Session) -> None:
        """Make tables, queues, topic, and the bucket for anchors if there is to be one."""
        dynamodb, sqs = session.client("dynamodb"), session.client("sqs")
        for name, given in self.template.resources("AWS::DynamoDB::Table").items():
            dynamodb.create_table(TableName=self.template.resolve({"Ref": name}), **_table(given))
        queues = self.template.resources("AWS::SQS::Queue")
        for name in sorted(queues, key=lambda name: "RedrivePolicy" in queues[name]):
            given = {key: queues[name][key] for key in _QUEUE if key in queues[name]}
            sqs.create_queue(
                QueueName=self._queue_name(name, queues[name]),
                Attributes={key: _attribute(value) for key, value in given.items()},
            )
        sns = session.client("sns")
        for name in self.template.resources("AWS::SNS::Topic"):
            sns.create_topic(Name=str(self.template.resolve({"Ref": name})).rsplit(":", 1)[-1])
        for name, given in self.template.resources("AWS::S3::Bucket").items():
            bucket = str(self.template.resolve({"Ref": name}))
            s3 = session.client("s3")
            s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=given["ObjectLockEnabled"])
            lock = _lock(given["ObjectLockConfiguration"])
            s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)

    def expiring(self) -> Mapping[str, str]:
        """The tables whose items expire, and by which attribute."""
        return {
            str(self.template.resolve({"Ref": name})): str(expiry["AttributeName"])
            for name, given in self.template.resources("AWS::DynamoDB::Table").items()
            if (expiry := given.get("TimeToLiveSpecification")) and expiry["Enabled"]
        }

    def _properties(self, function: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = next(
            given
            for given in self._functions.values()
            if given["FunctionName"] == f"{STACK}-{function}"
        )
        return found

    def _events(self, kind: str) -> list[tuple[str, Mapping[str, Any]]]:
        return [
            (given["FunctionName"].removeprefix(f"{STACK}-"), event["Properties"])
            for given in self._functions.values()
            for event in given.get("Events", {}).values()
            if event["Type"] == kind
        ]

    def _queue_name(self, name: str, given: Mapping[str, Any]) -> str:
        return str(given.get("QueueName") or f"{STACK}-{name}")


def _partial(source: Mapping[str, Any]) -> bool:
    return "ReportBatchItemFailures" in source.get("FunctionResponseTypes", [])


def _table(given: Mapping[str, Any]) -> dict[str, Any]:
    table = {key: given[key] for key in _TABLE if key in given}
    stream = given.get("StreamSpecification")
    if stream:
        table["StreamSpecification"] = {"StreamEnabled": True, **stream}
    return table


def _lock(given: Mapping[str, Any]) -> Any:
    retention = given["Rule"]["DefaultRetention"]
    days = {**retention, "Days": int(retention["Days"])}
    return {**given, "Rule": {"DefaultRetention": days}}


def _attribute(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict) else str(value)
