"""Glances at a deployment and its world, for the story of a stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.e2e.operator import STACK, Operator
from trimtab_lab.embedded.calls import WRITES

QUEUES_OF_FAILURES = (
    "work-dead.fifo",
    "undelivered-events",
    "failed-invocations",
    "failed-intents",
    "failed-notifications",
)
INBOX = "people"


def first_unhealthy(operator: Operator) -> str | None:
    targets = operator.world()["targets"]["shop-blue"]
    return next((t["id"] for t in targets if t["state"] == "unhealthy"), None)


def entry_of(operator: Operator, kind: str, instance: str) -> Any:
    found = (e for e in operator.log() if e["kind"] == kind and instance in json.dumps(e))
    return next(found, None)


def intent_undoing(operator: Operator, remembered: dict[str, Any]) -> Any:
    """The intent that takes the first one back, once it is carried out."""
    log = operator.log()
    back = (e for e in log if e["kind"] == "intended" and e.get("intent") == remembered["intent"])
    done = {e.get("intent") for e in log if e["kind"] == "applied"}
    return next((e for e in back if e["id"] in done), None)


def is_refused(operator: Operator, code: str) -> bool:
    return any(e["kind"] == "refused" and e["reason"]["code"] == code for e in operator.log())


def is_as_before(operator: Operator, before: Any) -> bool:
    world = operator.world()
    return all(world[part] == before[part] for part in ("targets", "groups", "weights"))


def writes_of(operator: Operator, function: str) -> dict[str, int]:
    """How often a function changed a load balancer, a group or a route."""
    changing = {f"{service}:{operation}" for service, operation in WRITES}
    called = operator.calls(f"{STACK}-{function}")
    return {call: times for call, times in called.items() if call in changing}


def assert_is_out(operator: Operator, instance: str) -> None:
    world = operator.world()
    states = {t["id"]: t["state"] for t in world["targets"]["shop-blue"]}
    assert states.get(instance) in (None, "draining", "unused"), states
    assert world["groups"]["shop-blue-asg"]["instances"].get(instance) in (
        None, "EnteringStandby", "Standby", "InService",
    )  # fmt: skip


def is_in_standby(operator: Operator, instance: str) -> bool:
    members = operator.world()["groups"]["shop-blue-asg"]["instances"]
    return bool(members[instance] == "Standby")


def is_scheduled(operator: Operator) -> bool:
    return any(tick["by"] == "schedule" for tick in operator.ticks())


def files_in(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def failures_kept(operator: Operator) -> dict[str, int]:
    """Queues of failures that hold something."""
    sqs, found = operator.aws("sqs"), {}
    for name in QUEUES_OF_FAILURES:
        url = sqs.get_queue_url(QueueName=f"{STACK}-{name}")["QueueUrl"]
        counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found[name] = int(counted["ApproximateNumberOfMessages"])
    return {name: count for name, count in found.items() if count}


def read_the_topic(operator: Operator) -> None:
    queue = operator.aws("sqs").create_queue(QueueName=INBOX)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{INBOX}"
    assert queue.endswith(INBOX)
    operator.aws("sns").subscribe(
        TopicArn=operator.outputs()["TopicArn"], Protocol="sqs", Endpoint=arn
    )


def told(operator: Operator, instance: str) -> str | None:
    sqs = operator.aws("sqs")
    url = sqs.get_queue_url(QueueName=INBOX)["QueueUrl"]
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return next((m["Body"] for m in messages if instance in m["Body"]), None)
