"""SQS queues, SNS topics, and who may use them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, as_text, changed


class Queue:
    """AWS::SQS::Queue. ``Ref`` is its URL."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the queue."""
        fifo = given.get("FifoQueue", False)
        name = given.get("QueueName") or aws.name(logical_id, 75) + (".fifo" if fifo else "")
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=_attributes(given), tags=dict(aws.tags))
        return self._made(aws, url["QueueUrl"], name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Set its attributes; a name is for life."""
        if changed(given, before) & {"QueueName", "FifoQueue"}:
            return None
        left_out = {k: v for k, v in _DEFAULTS.items() if k in before and k not in given}
        attributes = {k: v for k, v in _attributes(given).items() if k != "FifoQueue"} | left_out
        aws.client("sqs").set_queue_attributes(QueueUrl=made.ref, Attributes=attributes)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the queue and what is in it."""
        aws.client("sqs").delete_queue(QueueUrl=made.ref)

    def _made(self, aws: Aws, url: str, name: str) -> Made:
        arn = f"arn:aws:sqs:{aws.region}:{aws.account}:{name}"
        return Made(url, url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


class QueuePolicy:
    """AWS::SQS::QueuePolicy: the same policy for several queues."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the policy on its queues."""
        self._put(aws, given["Queues"], json.dumps(given["PolicyDocument"]))
        name = aws.name(logical_id)
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew; take it off queues that are no longer named."""
        self._put(aws, [q for q in before["Queues"] if q not in given["Queues"]], "")
        self._put(aws, given["Queues"], json.dumps(given["PolicyDocument"]))
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Take it off."""
        self._put(aws, given["Queues"], "")

    def _put(self, aws: Aws, queues: Sequence[str], policy: str) -> None:
        for url in queues:
            aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


class Topic:
    """AWS::SNS::Topic. ``Ref`` is its ARN."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the topic."""
        name = given.get("TopicName") or aws.name(logical_id, 256)
        tags = [{"Key": key, "Value": value} for key, value in aws.tags]
        arn = aws.client("sns").create_topic(Name=name, Tags=tags)["TopicArn"]
        self._set(aws, arn, given)
        return Made(arn, arn, {"TopicArn": arn, "TopicName": name})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Set its attributes; a name is for life."""
        if "TopicName" in changed(given, before):
            return None
        self._set(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the topic, and its subscriptions with it."""
        aws.client("sns").delete_topic(TopicArn=made.ref)

    def _set(self, aws: Aws, arn: str, given: Given) -> None:
        for name in ("DisplayName", "KmsMasterKeyId"):
            if name in given:
                aws.client("sns").set_topic_attributes(
                    TopicArn=arn, AttributeName=name, AttributeValue=given[name]
                )


class TopicPolicy:
    """AWS::SNS::TopicPolicy."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the policy on its topics."""
        name = aws.name(logical_id)
        self.update(aws, Made(name, name), given, given)
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew."""
        policy = json.dumps(given["PolicyDocument"])
        for arn in given["Topics"]:
            aws.client("sns").set_topic_attributes(
                TopicArn=arn, AttributeName="Policy", AttributeValue=policy
            )
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Nothing: SNS goes back to its default, and the topic goes with the stack."""


class Subscription:
    """AWS::SNS::Subscription."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Subscribe."""
        answer = aws.client("sns").subscribe(
            TopicArn=given["TopicArn"],
            Protocol=given["Protocol"],
            Endpoint=given["Endpoint"],
            ReturnSubscriptionArn=True,
        )
        arn = answer["SubscriptionArn"]
        return Made(arn, arn)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Every property of ours is for life."""
        return None

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Unsubscribe."""
        aws.client("sns").unsubscribe(SubscriptionArn=made.ref)


_ATTRIBUTES = (
    "FifoQueue",
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "FifoThroughputLimit",
    "VisibilityTimeout",
    "MessageRetentionPeriod",
    "DelaySeconds",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "KmsMasterKeyId",
    "RedrivePolicy",
    "RedriveAllowPolicy",
)


_DEFAULTS = {
    "VisibilityTimeout": "30",
    "MessageRetentionPeriod": "345600",
    "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0",
    "RedrivePolicy": "",
}
"""What an attribute is once a template no longer names it."""


def _attributes(given: Given) -> dict[str, str]:
    return {name: as_text(given[name]) for name in _ATTRIBUTES if name in given}
