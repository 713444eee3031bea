"""A log in DynamoDB, touched behind our back in every single way: ``log verify`` names the place.

The log is written through the real chain into moto's tables and read back by the real command.
``make test-slow`` does the same to a log of ten thousand entries, and ``test_tampering_everywhere``
tampers with each of those.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from tests.adapters.tamperings import (
    Tampering,
    entries,
    exchanges,
    found_in,
    number_of,
    tamperings,
)
from tests.builders import SHOP
from tests.contract.deployments import create_tables
from trimtab.adapters import records
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.tables import DynamoTables, attributes_of
from trimtab.adapters.breaks import Fault
from trimtab.adapters.chain import write_linked
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Item, Put, Range, Table
from trimtab.model.link import Head
from trimtab.ports import MOST_ENTRIES, Listed
from trimtab_cli.connect import Where
from trimtab_cli.main import app
from trimtab_cli.session import Operator
from trimtab_lab.embedded.moto_fixes import moto_fixed
from trimtab_lab.embedded.speed import quick

NAMES = {table: f"the-{table.name.lower()}" for table in Table}
SMALL, LARGE = 8, 10_000
POSITIONS = 24
"""Seconds each: the command reads all of the log through boto3 and moto."""


@dataclass(frozen=True)
class Log:
    """A log in moto's DynamoDB: its items in the order of the chain, and where the chain ends."""

    clients: Clients
    tables: DynamoTables
    head: Head
    items: tuple[Item, ...]


@contextmanager
def a_log(size: int) -> Iterator[Log]:
    with mock_aws(), moto_fixed(lambda _: None), quick():
        clients = Clients(region="eu-west-1")
        create_tables(clients, NAMES)
        tables = DynamoTables(clients, NAMES)
        known = records.listed_item(Listed(SHOP, True, 1, frozenset()))
        tables.write([Put(Table.MEMORY, known, "directory row")])
        written = list(entries(size))
        for first in range(0, size, MOST_ENTRIES):
            write_linked(tables, SHOP, written[first : first + MOST_ENTRIES])
        head = TableStore(tables).heads([SHOP])[SHOP]
        items = tables.query(Range(Table.LOG, SHOP))
        yield Log(clients, tables, head, tuple(sorted(items, key=number_of)))


def seen(log: Log, done: Tampering) -> Fault | None:
    """What is said of the log as it would lie in the table."""
    return found_in(log.items, log.head, done)


def said(log: Log, done: Tampering) -> Mapping[str, Any] | None:
    """What the command says of the table while it is tampered with; then it is mended."""
    held = {str(item["id"]): item for item in log.items}
    put(log, done.put, done.gone)
    answer = CliRunner().invoke(
        app, ["log", "verify", "--service", SHOP, "--json"], obj=Operator(Where())
    )
    new = tuple(str(item["id"]) for item in done.put if item["id"] not in held)
    touched = [str(item["id"]) for item in done.put if item["id"] in held]
    put(log, tuple(held[name] for name in (*touched, *done.gone)), new)
    found: Mapping[str, Any] = json.loads(answer.stdout)
    assert answer.exit_code == (1 if found["fault"] else 0)
    fault: Mapping[str, Any] | None = found["fault"]
    return fault


def put(log: Log, items: Sequence[Item], gone: Sequence[str]) -> None:
    for item in items:
        log.clients.dynamodb.put_item(TableName=NAMES[Table.LOG], Item=attributes_of(item))
    for name in gone:
        key: Any = {"service": {"S": SHOP}, "id": {"S": name}}
        log.clients.dynamodb.delete_item(TableName=NAMES[Table.LOG], Key=key)


@pytest.fixture
def _told_of_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    for table, name in NAMES.items():
        monkeypatch.setenv(f"TRIMTAB_{table.name}_TABLE", name)


def test_every_tampering_with_a_small_log_is_found_where_it_was_done() -> None:
    with a_log(SMALL) as log:
        done = [t for index in range(SMALL) for t in tamperings(log.items, index)]
        done += [t for pair in combinations(log.items, 2) for t in exchanges(*pair)]
        astray = [
            (tampering.what, tampering.seen_at, fault)
            for tampering in done
            if (fault := seen(log, tampering)) is None or fault.n not in tampering.seen_at
        ]
    assert len(done) > 800
    assert astray == []


@pytest.mark.usefixtures("_told_of_the_tables")
def test_the_command_finds_each_kind_of_tampering_in_the_table_itself() -> None:
    with a_log(SMALL) as log:
        assert said(log, Tampering("nothing", frozenset())) is None
        for tampering in [*tamperings(log.items, 2)][::8]:
            fault = said(log, tampering)
            assert fault is not None, tampering.what
            assert fault["n"] in tampering.seen_at, (tampering.what, fault)
        assert said(log, Tampering("all mended", frozenset())) is None


@pytest.mark.usefixtures("_told_of_the_tables")
@pytest.mark.parametrize("value", [{"NULL": True}, {"N": "1.5"}, {"L": []}, {"M": {}}, {"B": b"1"}])
@pytest.mark.parametrize("name", ["body", "n", "hash", "kind"])
def test_an_attribute_of_another_kind_is_named_with_its_entry(
    name: str, value: dict[str, Any]
) -> None:
    with a_log(3) as log:
        third = log.items[2]
        item: Any = {**attributes_of(third), name: value}
        log.clients.dynamodb.put_item(TableName=NAMES[Table.LOG], Item=item)
        fault = said(log, Tampering("", frozenset()))
    assert fault is not None
    assert str(third["id"]) in fault["text"] + fault["entry"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.usefixtures("_told_of_the_tables")
def test_the_command_finds_tamperings_with_ten_thousand_entries_in_the_table() -> None:
    """Positions at both ends and all over; the other tests look at every one."""
    dice = random.Random(7)
    with a_log(LARGE) as log:
        places = (0, 1, LARGE - 2, LARGE - 1, *(dice.randrange(LARGE) for _ in range(POSITIONS)))
        for index in places:
            done = dice.choice([*tamperings(log.items, index)])
            fault = said(log, done)
            assert fault is not None, (index, done.what)
            assert fault["n"] in done.seen_at, (index, done.what, fault)
        assert said(log, Tampering("all mended", frozenset())) is None
