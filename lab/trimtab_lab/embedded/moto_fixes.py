"""Where moto's own backends are not like AWS, or too slow to replay a day on, and we rely on it.

Each fix says what stock moto does and what AWS does. tests/scenarios/test_embedded_moto.py asserts
that stock moto still behaves so: an upgrade that changes it will be noticed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.endpoint
import moto.dynamodb.models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.sqs.models import Message, Queue, SQSBackend

DEDUPLICATION_MS = 5 * 60 * 1000


@contextmanager
def moto_fixed(slept: Callable[[float], object]) -> Iterator[None]:
    """Mend moto for as long as the context lasts; ``slept`` hears of the SDK's pauses."""
    with ExitStack() as fixes:
        fixes.enter_context(_transactions_copy_little())
        fixes.enter_context(_fifo_queues_remember())
        fixes.enter_context(_fifo_groups_come_back_whole())
        fixes.enter_context(_retries_do_not_wait(slept))
        fixes.enter_context(_unlisted_codes_are_fine())
        yield


def _transactions_copy_little() -> Any:
    # Stock moto deep-copies every table a transaction touches, stream and all, to be able to roll
    # back: a day of ticks takes quadratic time. AWS's transactions do not slow down with the table.
    stock = DynamoDBBackend.transact_write_items

    def transact_write_items(
        backend: DynamoDBBackend, transact_items: list[dict[str, Any]]
    ) -> None:
        if any("Update" in item for item in transact_items):
            stock(backend, transact_items)  # changes items in place, so needs the deep copy
            return
        light = SimpleNamespace(deepcopy=_snapshot, copy=copy.copy)
        with patch.object(moto.dynamodb.models, "copy", light):
            stock(backend, transact_items)

    return patch.object(DynamoDBBackend, "transact_write_items", transact_write_items)


def _snapshot(value: Any) -> Any:
    """Copy a table's shelves but not the items on them: puts and deletes replace whole items."""
    if not isinstance(value, Table):
        return copy.deepcopy(value)
    table = copy.copy(value)
    table.items = copy.copy(value.items)
    for key, shelf in value.items.items():
        table.items[key] = copy.copy(shelf)
    if value.stream_shard is not None:
        table.stream_shard = copy.copy(value.stream_shard)
        table.stream_shard.table = table
        table.stream_shard.items = list(value.stream_shard.items)
    return table


def _fifo_queues_remember() -> Any:
    # Stock moto forgets a deduplication id with its message, and compares it across message groups.
    # AWS remembers for five minutes, and with DeduplicationScope messageGroup in the group only.
    stock = Queue.add_message

    def add_message(queue: Queue, message: Message) -> None:
        if queue.fifo_queue and message.deduplication_id:
            seen: dict[tuple[str | None, str], int] = queue.__dict__.setdefault("_remembered", {})
            per_group = getattr(queue, "deduplication_scope", "queue") == "messageGroup"
            key = (message.group_id if per_group else None, message.deduplication_id)
            sent = int(vars(message)["sent_timestamp"])
            if sent - seen.get(key, -DEDUPLICATION_MS) < DEDUPLICATION_MS:
                return
            for old in [k for k, at in seen.items() if sent - at >= DEDUPLICATION_MS]:
                del seen[old]
            seen[key] = sent
        stock(queue, message)

    return patch.object(Queue, "add_message", add_message)


def _fifo_groups_come_back_whole() -> Any:
    # When several messages of a group become visible again, stock moto holds the first back for the
    # others it still takes to be in flight: order is lost, and none is ever received often enough
    # to be given up. AWS hands them out again in order.
    stock = SQSBackend.receive_message

    def receive_message(backend: SQSBackend, queue_name: str, *rest: Any, **named: Any) -> Any:
        queue = backend.get_queue(queue_name)
        queue.pending_messages.difference_update({m for m in queue.pending_messages if m.visible})
        return stock(backend, queue_name, *rest, **named)

    return patch.object(SQSBackend, "receive_message", receive_message)


def _retries_do_not_wait(slept: Callable[[float], object]) -> Any:
    # botocore sleeps real seconds before it tries again; under a frozen clock nothing would change.
    return patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=slept, time=time.time))


def _unlisted_codes_are_fine() -> Any:
    # Stock moto warns of codes that the service's model does not list; AWS answers AccessDenied
    # and the like for every service, though few models list them.
    return patch("moto.core.errors.warn", _heard)


def _heard(*_: Any, **__: Any) -> None:
    """Let a warning pass."""
