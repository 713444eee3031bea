"""A deployment of the state ports: in memory, or on moto's DynamoDB and SQS."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trimtab import codec
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.queue import SqsQueue
from trimtab.adapters.aws.tables import DynamoTables
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Found, Item, Key, Range, Table, Tables, Write
from trimtab.model.tick import Ask
from trimtab.ports import Queue
from trimtab_lab.simulator.stores import InMemory

_number = itertools.count()


@dataclass(frozen=True)
class Deployment:
    """The ports, and what a test must see behind them."""

    tables: Tables
    queue: Queue
    taken: Callable[[], tuple[Ask, ...]]

    @property
    def store(self) -> TableStore:
        return TableStore(self.tables)

    @property
    def ledger(self) -> TableLedger:
        return TableLedger(self.tables)

    def interrupted(self, before_write: Callable[[], object]) -> Deployment:
        """The same, but somebody does something just before our next write."""
        return Deployment(Interrupted(self.tables, [before_write]), self.queue, self.taken)


@dataclass(frozen=True)
class Interrupted:
    """Tables on which something else happens between our reads and our next write."""

    tables: Tables
    pending: list[Callable[[], object]]

    def get(self, key: Key) -> Item | None:
        return self.tables.get(key)

    def get_many(self, keys: Sequence[Key]) -> Found:
        return self.tables.get_many(keys)

    def query(self, wanted: Range) -> Iterator[Item]:
        return self.tables.query(wanted)

    def write(self, writes: Sequence[Write]) -> None:
        self._happen()
        self.tables.write(writes)

    def _happen(self) -> None:
        while self.pending:
            self.pending.pop()()


def in_memory() -> Deployment:
    memory = InMemory()
    return Deployment(memory.tables, memory.queue, memory.queue.take)


def on_aws(clients: Clients) -> Deployment:
    names = {table: f"{table.name.lower()}-{next(_number)}" for table in Table}
    create_tables(clients, names)
    url = create_queue(clients)
    tables = DynamoTables(clients, names, wait=lambda _: None)
    return Deployment(tables, SqsQueue(clients, url), lambda: receive_all(clients, url))


def create_tables(clients: Clients, names: dict[Table, str]) -> None:
    for table, name in names.items():
        partition, sort = table.value
        attributes = [partition, sort, *(("day", "at_id") if table is Table.LOG else ())]
        request: dict[str, Any] = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": a, "AttributeType": "S"} for a in attributes
            ],
            "KeySchema": _keys(partition, sort),
        }
        if table is Table.LOG:
            request["GlobalSecondaryIndexes"] = [
                {
                    "IndexName": "by-day",
                    "KeySchema": _keys("day", "at_id"),
                    "Projection": {"ProjectionType": "ALL"},
                }
            ]
        clients.dynamodb.create_table(**request)


def _keys(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]


def create_queue(clients: Clients) -> str:
    return clients.sqs.create_queue(
        QueueName=f"work-{next(_number)}.fifo", Attributes={"FifoQueue": "true"}
    )["QueueUrl"]


def receive_all(clients: Clients, url: str) -> tuple[Ask, ...]:
    asks: list[Ask] = []
    while True:
        answer = clients.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        messages = answer.get("Messages", [])
        if not messages:
            return tuple(asks)
        for message in messages:
            asks.append(codec.loads(Ask, message["Body"]))
            clients.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
