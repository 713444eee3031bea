"""Lambda's event sources: the work queue to reconcile, the log's stream to act and notify.

As Lambda does it: batches, partial failures, retries in order, bisecting, and giving up into a
dead-letter queue by age or by tries. Deviation: one shard, and a failed batch is tried again at the
world's next step instead of after a back-off.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from trimtab_lab.embedded.functions import FunctionError, Functions
from trimtab_lab.embedded.stack import QueueSource, StreamSource

if TYPE_CHECKING:
    from moto.dynamodb.models.table import StreamShard
    from moto.sqs.models import Message, SQSBackend

Record = dict[str, Any]
Tamper = Callable[[str, Record], Sequence[Record]]
"""Given the function and a stream record: what is delivered in its place."""


class QueueDelivery:
    """Receives messages and hands them over until none is visible."""

    def __init__(self, source: QueueSource, sqs: SQSBackend, functions: Functions) -> None:
        self.source = source
        self._name = source.queue_url.rsplit("/", 1)[-1]
        self._sqs = sqs
        self._functions = functions

    def pump(self) -> list[str]:
        """Deliver all that is visible; say which invocations went wrong."""
        troubles: list[str] = []
        while self._sqs.get_queue(self._name).messages:
            messages = self._sqs.receive_message(
                self._name, self.source.batch_size, 0, self.source.visibility_s
            )
            if not messages:
                break
            troubles += self._deliver(messages)
        return troubles

    def _deliver(self, messages: Sequence[Message]) -> list[str]:
        queue = self._sqs.get_queue(self._name)
        event = {"Records": [sqs_record(m, queue.queue_arn, queue.region) for m in messages]}
        try:
            answer = self._functions.invoke(self.source.function, event)
        except FunctionError as error:
            return [str(error)]
        failed = _failed(answer) if self.source.partial else frozenset()
        for message in messages:
            if message.id not in failed:
                self._sqs.delete_message(self._name, str(message.receipt_handle))
        return []


def sqs_record(message: Message, queue_arn: str, region: str) -> Record:
    """A message as Lambda hands it over."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if message.group_id is not None:
        attributes["MessageGroupId"] = message.group_id
        attributes["MessageDeduplicationId"] = str(message.deduplication_id)
        attributes["SequenceNumber"] = str(message.sequence_number)
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }


class StreamDelivery:
    """Hands a table's stream to one function, in order, from where it got to."""

    def __init__(
        self, source: StreamSource, shard: Callable[[], StreamShard], functions: Functions
    ) -> None:
        self.source = source
        self.tamper: Tamper | None = None
        self.given_up: list[Record] = []
        """Records that went to the dead-letter queue."""
        self._shard = shard
        self._functions = functions
        self._next = 0
        self._tries = 0
        self._size = source.batch_size

    @property
    def waiting(self) -> bool:
        """Whether the stream holds what was not delivered yet."""
        return self._next < len(self._shard().items)

    def pump(self) -> list[str]:
        """Deliver until nothing is left or a batch failed; say what went wrong."""
        while self.waiting:
            batch = self._batch()
            if not batch:
                continue
            positions = [position for position, _ in batch]
            records = [record for _, record in batch]
            trouble = self._deliver(positions, records)
            if trouble:
                return [trouble]
        return []

    def _batch(self) -> list[tuple[int, Record]]:
        """Take the next records that pass the filter; what passes none is behind us."""
        items = self._shard().items
        batch: list[tuple[int, Record]] = []
        while self._next < len(items) and not batch:
            for position in range(self._next, len(items)):
                record = stream_record(items[position].record, self._shard())
                if self._passes(record) and not self._is_too_old(record):
                    batch.append((position, record))
                if len(batch) == self._size:
                    break
            if not batch:
                self._next = len(items)
        return batch

    def _deliver(self, positions: list[int], records: list[Record]) -> str:
        tamper = self.tamper
        given = [
            changed
            for record in records
            for changed in (tamper(self.source.function, record) if tamper else (record,))
        ]
        try:
            answer = (
                self._functions.invoke(self.source.function, {"Records": given}) if given else {}
            )
        except FunctionError as error:
            if self.source.bisect and len(records) > 1:
                self._size = max(1, len(records) // 2)
                return ""
            self._failed_at(positions[0], records[0])
            return str(error)
        failed = _failed(answer) if self.source.partial else frozenset()
        for position, record in zip(positions, records, strict=True):
            if record["dynamodb"]["SequenceNumber"] in failed:
                self._failed_at(position, record)
                return f"{self.source.function}: gave back {record['dynamodb']['Keys']}"
        self._go_on(positions[-1] + 1)
        return ""

    def _failed_at(self, position: int, record: Record) -> None:
        self._tries = self._tries + 1 if position == self._next else 1
        self._next = position
        if self._tries > self.source.retries:
            self.given_up.append(record)
            self._go_on(position + 1)

    def _go_on(self, position: int) -> None:
        self._next, self._tries, self._size = position, 0, self.source.batch_size

    def _passes(self, record: Record) -> bool:
        return not self.source.filters or any(test(record) for test in self.source.filters)

    def _is_too_old(self, record: Record) -> bool:
        created = float(record["dynamodb"]["ApproximateCreationDateTime"])
        if datetime.now(UTC).timestamp() - created <= self.source.max_age_s:
            return False
        self.given_up.append(record)
        return True


def stream_record(record: Record, shard: StreamShard) -> Record:
    """A stream record as Lambda hands it over; moto's own names the wrong Region and no source."""
    inner = record["dynamodb"]
    created = inner["ApproximateCreationDateTime"].replace(tzinfo=UTC)
    table = shard.table
    return {
        **record,
        "awsRegion": table.region_name,
        "eventSourceARN": f"{table.table_arn}/stream/{table.latest_stream_label}",
        "dynamodb": {**inner, "ApproximateCreationDateTime": created.timestamp()},
    }


def failure_message(function: str, event: object, error: str) -> str:
    """What Lambda puts into a dead-letter queue for an asynchronous invocation."""
    context = {"functionArn": function, "condition": "RetriesExhausted"}
    return json.dumps(
        {"version": "1.0", "requestContext": context, "requestPayload": event, "error": error},
        default=str,
    )[:200_000]


def _failed(answer: Any) -> frozenset[str]:
    failures = answer.get("batchItemFailures", []) if isinstance(answer, dict) else []
    return frozenset(str(failure["itemIdentifier"]) for failure in failures)
