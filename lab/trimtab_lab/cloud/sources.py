"""Lambda's event source mappings: who polls queues and streams for functions, and how.

Batches, filters, partial failures, bisecting, retries in order, giving up by age or tries into the
dead-letter queue. Approximation: one poller per mapping, and pauses of seconds where AWS's grow.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from trimtab_lab.cloud.lambdas import Lambdas
from trimtab_lab.cloud.later import complain, send
from trimtab_lab.cloud.runtime import FunctionFailed
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.embedded.patterns import read_pattern

POLL_S = 0.5
LOOK_S = 1.0
"""How soon a new or changed mapping is noticed."""
AFTER_FAILURE_S = 2.0
Record = dict[str, Any]
Mapped = Mapping[str, Any]


class Invokes(Protocol):
    """What a poller needs of Lambda."""

    def invoke(self, function: str, event: object) -> Any:
        """Run a function on an event; raise ``FunctionFailed`` with what went wrong."""
        ...


class Sources:
    """Keeps a poller for every enabled mapping."""

    def __init__(self, aws: Aws, lambdas: Lambdas) -> None:
        self._aws = aws
        self._lambdas = lambdas
        self._stopped = threading.Event()
        self._pollers: dict[str, tuple[Mapped, Poller]] = {}
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Begin to look for mappings."""
        self._thread.start()

    def stop(self) -> None:
        """End every poller."""
        self._stopped.set()
        self._thread.join(2)
        for _, poller in self._pollers.values():
            poller.stop()

    def _keep(self) -> None:
        while not self._stopped.wait(LOOK_S):
            try:
                found = self._aws.client("lambda").list_event_source_mappings()
            except (ClientError, BotoCoreError) as error:
                complain(f"event source mappings: {error}")
                continue
            wanted = {
                m["UUID"]: m
                for m in found["EventSourceMappings"]
                if m["State"] in ("Enabled", "Creating")
            }
            for uuid in self._pollers.keys() - wanted.keys():
                self._pollers.pop(uuid)[1].stop()
            for uuid, mapping in wanted.items():
                self._follow(uuid, mapping)

    def _follow(self, uuid: str, mapping: Mapped) -> None:
        known, poller = self._pollers.get(uuid, (None, None))
        if known is not None and _settings(known) == _settings(mapping):
            return
        if poller is not None:
            poller.stop()
        kind = QueuePoller if ":sqs:" in mapping["EventSourceArn"] else StreamPoller
        fresh = kind(self._aws, self._lambdas, mapping)
        fresh.start()
        self._pollers[uuid] = (mapping, fresh)


class Poller:
    """Polls one source in a thread of its own until it is stopped."""

    def __init__(self, aws: Aws, lambdas: Invokes, mapping: Mapped) -> None:
        self.aws = aws
        self.mapping = mapping
        self.function = str(mapping["FunctionArn"])
        self.batch_size = int(mapping.get("BatchSize") or 10)
        self.stopped = threading.Event()
        self._lambdas = lambdas

    def start(self) -> None:
        """Begin to poll."""
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        """End after what it is doing."""
        self.stopped.set()

    def poll(self) -> None:
        """Take what is there and hand it over."""
        raise NotImplementedError

    def hand_over(self, records: Sequence[Record]) -> frozenset[str]:
        """Invoke the function with a batch; return the items it gave back."""
        answer = self._lambdas.invoke(self.function, {"Records": list(records)})
        if "ReportBatchItemFailures" not in (self.mapping.get("FunctionResponseTypes") or []):
            return frozenset()
        failures = answer.get("batchItemFailures", []) if isinstance(answer, dict) else []
        return frozenset(str(failure["itemIdentifier"]) for failure in failures)

    def _run(self) -> None:
        while not self.stopped.wait(POLL_S):
            try:
                self.poll()
            except (ClientError, BotoCoreError) as error:
                if not self.stopped.is_set():  # else what it polls went before it did
                    complain(f"{self.mapping['EventSourceArn']}: {error}")
                self.stopped.wait(AFTER_FAILURE_S)


class QueuePoller(Poller):
    """Receives messages, invokes, deletes what was not given back."""

    def poll(self) -> None:
        """Take one batch; what fails becomes visible again when the queue says so."""
        sqs, arn = self.aws.client("sqs"), str(self.mapping["EventSourceArn"])
        url = sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[-1])["QueueUrl"]
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=min(self.batch_size, 10), AttributeNames=["All"]
        ).get("Messages", [])
        if not messages:
            return
        try:
            failed = self.hand_over([_sqs_record(m, arn, self.aws.region) for m in messages])
        except FunctionFailed as error:
            complain(str(error))
            return
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


class StreamPoller(Poller):
    """Reads a stream in order and never passes over a record it has not delivered or given up."""

    def __init__(self, aws: Aws, lambdas: Invokes, mapping: Mapped) -> None:
        super().__init__(aws, lambdas, mapping)
        self._iterator = ""
        filters = (mapping.get("FilterCriteria") or {}).get("Filters", [])
        self._tests: list[Callable[[Any], bool]] = [
            read_pattern(json.loads(each["Pattern"])) for each in filters
        ]

    def poll(self) -> None:
        """Read on, and be done with what was read."""
        streams, arn = self.aws.client("dynamodbstreams"), str(self.mapping["EventSourceArn"])
        if not self._iterator:
            shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]
            self._iterator = streams.get_shard_iterator(
                StreamArn=arn,
                ShardId=shard["ShardId"],
                ShardIteratorType=self.mapping.get("StartingPosition") or "TRIM_HORIZON",
            )["ShardIterator"]
        answer = streams.get_records(ShardIterator=self._iterator, Limit=1000)
        records = [_stream_record(record, arn, self.aws.region) for record in answer["Records"]]
        self.deliver([record for record in records if self._passes(record)])
        self._iterator = answer["NextShardIterator"]

    def deliver(self, waiting: list[Record]) -> None:
        """Be done with records, in order: each is handed over or given up."""
        size, tries = self.batch_size, 0
        while waiting and not self.stopped.is_set():
            if self._is_too_old(waiting[0]):
                self._give_up(waiting.pop(0), "RecordAgeExceeded")
                tries = 0
                continue
            batch = waiting[:size]
            reached = self._reached(batch)
            if reached == len(batch):
                waiting, size, tries = waiting[reached:], self.batch_size, 0
                continue
            if reached < 0 and self.mapping.get("BisectBatchOnFunctionError") and len(batch) > 1:
                size = len(batch) // 2
                continue
            tries = tries + 1 if reached <= 0 else 1
            waiting = waiting[max(reached, 0) :]
            if tries > int(self.mapping.get("MaximumRetryAttempts", 10_000)):
                self._give_up(waiting.pop(0), "RetryAttemptsExhausted")
                size, tries = self.batch_size, 0
            else:
                self.stopped.wait(AFTER_FAILURE_S)

    def _reached(self, batch: list[Record]) -> int:
        """How many of a batch the function is done with; below zero if it failed as a whole."""
        try:
            failed = self.hand_over(batch)
        except FunctionFailed as error:
            complain(str(error))
            return -1
        for position, record in enumerate(batch):
            if record["dynamodb"]["SequenceNumber"] in failed:
                return position
        return len(batch)

    def _passes(self, record: Record) -> bool:
        return not self._tests or any(test(record) for test in self._tests)

    def _is_too_old(self, record: Record) -> bool:
        most = int(self.mapping.get("MaximumRecordAgeInSeconds") or -1)
        age = time.time() - float(record["dynamodb"]["ApproximateCreationDateTime"])
        return 0 < most < age

    def _give_up(self, record: Record, why: str) -> None:
        complain(f"{self.function}: gave up on {record['dynamodb']['Keys']}: {why}")
        config = self.mapping.get("DestinationConfig") or {}
        destination = config.get("OnFailure", {}).get("Destination")
        if destination:
            sequence = record["dynamodb"]["SequenceNumber"]
            info = {"startSequenceNumber": sequence, "streamArn": self.mapping["EventSourceArn"]}
            context = {"condition": why, "functionArn": self.function}
            letter = {"requestContext": context, "DDBStreamBatchInfo": info, "version": "1.0"}
            send(self.aws, destination, letter)


def _settings(mapping: Mapped) -> dict[str, Any]:
    """What of a mapping matters to its poller."""
    fleeting = ("LastModified", "State", "StateTransitionReason", "LastProcessingResult")
    return {name: value for name, value in mapping.items() if name not in fleeting}


def _sqs_record(message: Mapping[str, Any], arn: str, region: str) -> Record:
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": region,
    }


def _stream_record(record: Mapping[str, Any], arn: str, region: str) -> Record:
    """A record as Lambda hands it over: the time as a number, the Region the right one."""
    inner = record["dynamodb"]
    created: datetime = inner["ApproximateCreationDateTime"]
    at = created if created.tzinfo else created.replace(tzinfo=UTC)
    return {
        **record,
        "awsRegion": region,
        "eventSourceARN": arn,
        "dynamodb": {**inner, "ApproximateCreationDateTime": at.timestamp()},
    }
