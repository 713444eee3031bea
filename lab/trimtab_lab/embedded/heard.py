"""What people and programs hear: the topic's messages, and the events of a bus."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.sns.models import sns_backends

from trimtab_lab.simulator.stores import Told

if TYPE_CHECKING:
    import boto3

Event = dict[str, Any]


def messages(arn: str) -> tuple[Told, ...]:
    """Every message that a topic took, in order."""
    _, _, _, region, account, _ = arn.split(":", 5)
    topic = sns_backends[account][region].topics[arn]
    return tuple(
        Told(
            subject or "",
            text,
            {name: str(value["Value"]) for name, value in (attributes or {}).items()},
        )
        for _, text, subject, attributes, _ in topic.sent_notifications
    )


class Listener:
    """A program's own rule and queue for all that Trimtab sends to a bus."""

    def __init__(self, session: boto3.Session, bus: str = "default") -> None:
        sqs, events = session.client("sqs"), session.client("events")
        self._queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        pattern = json.dumps({"source": ["trimtab"]})
        events.put_rule(Name="listener", EventBusName=bus, EventPattern=pattern)
        target = arn["Attributes"]["QueueArn"]
        events.put_targets(Rule="listener", EventBusName=bus, Targets=[{"Id": "1", "Arn": target}])
        self._sqs = sqs

    def events(self) -> list[Event]:
        """Take what came since last asked, in order."""
        found: list[Event] = []
        while got := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in got:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
        return found
