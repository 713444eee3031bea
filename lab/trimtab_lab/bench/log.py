"""How long it takes to verify a large log: read from DynamoDB (moto's), hashed and walked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from trimtab.adapters.aws.clients import Clients, Session
from trimtab.adapters.aws.tables import DynamoTables, attributes_of
from trimtab.adapters.chain import START, write_linked
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Range, Table, Tables
from trimtab.adapters.verify import Heads, verify
from trimtab.codec import ulid
from trimtab.model.change import Resize, inverse_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, FleetId, ServiceId
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import MOST_ENTRIES
from trimtab_lab.embedded.moto_fixes import moto_fixed
from trimtab_lab.embedded.speed import quick
from trimtab_lab.simulator.stores import InMemory

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ENTRIES = 10_000
A_BATCH = 25
SERVICE = ServiceId("shop")
START_OF_LOG = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = {Table.MEMORY: "memory", Table.LOG: "log", Table.TICKS: "ticks"}


@dataclass(frozen=True, slots=True)
class Verifying:
    """Milliseconds of ``trimtab log verify`` for so many entries.

    ``stand_in_ms`` is what moto took in AWS's place, ``read_ms`` asking and decoding, ``walk_ms``
    hashing and holding each entry against the one before it.
    """

    entries: int
    stand_in_ms: float
    read_ms: float
    walk_ms: float
    holds: bool


def time_verifying(entries: int = ENTRIES) -> Verifying:
    """Write a log through the real chain, then read and walk it once."""
    with mock_aws(), moto_fixed(lambda _: None), quick(), _stopwatch() as stand_in:
        session = Session("testing", "testing", region_name="eu-west-1")
        create_tables(session.client("dynamodb"), NAMES)
        tables = DynamoTables(Clients(session), NAMES)
        _copy(written_log(entries), tables, session.client("dynamodb"))
        store, ledger = TableStore(tables), TableLedger(tables)
        stand_in.seconds, began = 0.0, time.perf_counter()
        head = store.heads([SERVICE]).get(SERVICE, START)
        links = list(ledger.links(SERVICE))
        read = time.perf_counter()
        verified = verify(links, Heads(head, head))
        walked = time.perf_counter()
    return Verifying(
        entries=verified.checked,
        stand_in_ms=stand_in.seconds * 1000,
        read_ms=(read - began - stand_in.seconds) * 1000,
        walk_ms=(walked - read) * 1000,
        holds=verified.fault is None,
    )


def written_log(entries: int) -> Tables:
    """Append so many entries of one service, as many at once as a tick may: tables in memory."""
    tables = InMemory().tables
    for first in range(0, entries, MOST_ENTRIES):
        last = min(first + MOST_ENTRIES, entries)
        write_linked(tables, SERVICE, [an_entry(number) for number in range(first, last)])
    return tables


def _copy(source: Tables, into: DynamoTables, dynamodb: DynamoDBClient) -> None:
    """Lay a log and its head into DynamoDB, many a call: its transactions would take a minute."""
    for table, partition in ((Table.LOG, SERVICE), (Table.MEMORY, f"chain#{SERVICE}")):
        items = [attributes_of(item) for item in source.query(Range(table, partition))]
        for start in range(0, len(items), A_BATCH):
            puts: Any = [{"PutRequest": {"Item": i}} for i in items[start : start + A_BATCH]]
            dynamodb.batch_write_item(RequestItems={into.names[table]: puts})


def an_entry(number: int) -> Entry:
    """Intend to resize a group, one minute after the entry before."""
    at = START_OF_LOG + timedelta(minutes=number)
    change = Resize(FleetId("blue"), "shop-blue-asg", before=4, after=5)
    return Entry(
        service=SERVICE,
        id=EntryId(f"{ulid(at, str(number))}#000"),
        at=at,
        kind=Kind.INTENDED,
        by="schedule",
        tick=ulid(at, str(number)),
        reason=Reason(ReasonCode.WITHIN_LIMITS, "all guards agree"),
        lever=Lever.SCALE,
        mode=Mode.ENFORCE,
        policy_version=1,
        subject="group shop-blue-asg",
        change=change,
        inverse=inverse_of(change),
        deadline=at + timedelta(minutes=2),
    )


def create_tables(dynamodb: DynamoDBClient, names: dict[Table, str]) -> None:
    """Make the tables, with their keys only."""
    for table, name in names.items():
        keys = table.value
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": keys[0], "KeyType": "HASH"},
                {"AttributeName": keys[1], "KeyType": "RANGE"},
            ],
        )


@dataclass(slots=True)
class _Stopwatch:
    seconds: float = 0.0


@contextmanager
def _stopwatch() -> Iterator[_Stopwatch]:
    """Add up the time spent inside moto."""
    watch, stock = _Stopwatch(), BotocoreStubber.process_request

    def timed(stubber: BotocoreStubber, request: Any) -> Any:
        began = time.perf_counter()
        try:
            return stock(stubber, request)
        finally:
            watch.seconds += time.perf_counter() - began

    with patch.object(BotocoreStubber, "process_request", timed):
        yield watch
