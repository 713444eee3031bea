"""A log in DynamoDB, touched behind our back in every single way: ``log verify`` names the place.

The log is written through the real chain into moto's tables and read back by the real command.
``make test-slow`` does the same to a log of ten thousand entries.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import pytest
from moto import mock_aws
from typer.testing import CliRunner

from tests.builders import SHOP, an_entry, at
from tests.contract.deployments import create_tables
from trimtab.adapters import records
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.tables import DynamoTables, attributes_of
from trimtab.adapters.breaks import Fault
from trimtab.adapters.chain import hash_of, link_of, write_linked
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Item, Put, Range, Table
from trimtab.adapters.verify import Heads, verify
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.link import Head
from trimtab.ports import MOST_ENTRIES, Listed
from trimtab_cli.connect import Where
from trimtab_cli.main import app
from trimtab_cli.session import Operator
from trimtab_lab.embedded.moto_fixes import moto_fixed
from trimtab_lab.embedded.speed import quick

NAMES = {table: f"the-{table.name.lower()}" for table in Table}
SMALL, LARGE = 8, 10_000


def entries(size: int) -> Iterator[Entry]:
    """Intents and their outcomes, and notes with little in them."""
    for number in range(size):
        intent = an_entry(when=at(number // 2), seed=str(number // 2))
        match number % 4:
            case 1:
                done = replace(intent, id=outcome_id(intent.id), kind=Kind.APPLIED, deadline=None)
                yield replace(done, intent=intent.id, by="act")
            case 3:
                bare = replace(intent, id=EntryId(f"{intent.id}x"), kind=Kind.NOTED, lever=None)
                yield replace(bare, change=None, inverse=None, deadline=None)
            case _:
                yield intent


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


def number_of(item: Item) -> int:
    return int(item["n"])


@dataclass(frozen=True)
class Tampering:
    """Items put in and taken out, and the numbers at which the first bad link may be seen."""

    what: str
    seen_at: frozenset[int]
    put: tuple[Item, ...] = ()
    gone: tuple[str, ...] = ()


def rehashed(item: Item, **changes: Any) -> Item:
    """The item changed, its hash made anew so that it agrees with itself."""
    new = {**item, **changes}
    return {**new, "hash": hash_of(int(new["n"]), str(new["prev"]), str(new["body"]))}


def without(item: Item, name: str) -> Item:
    return {key: value for key, value in item.items() if key != name}


def edits(item: Item) -> Iterator[Tampering]:
    """Every attribute of an item and every field of its body changed, or taken away."""
    n = number_of(item)
    here, after = frozenset({n}), frozenset({n, n + 1})
    for name in (*records.COLUMNS, "prev", "hash"):
        yield Tampering(f"{name} changed", here, ({**item, name: "other"},))
        if name in item:
            yield Tampering(f"{name} removed", here, (without(item, name),))
    for number in (0, -1, n + 1, n + 7):
        yield Tampering(f"n is {number}", frozenset({0, n, number}), ({**item, "n": number},))
    yield Tampering("n removed", frozenset({0, n}), (without(item, "n"),))
    yield Tampering("prev made up", here, (rehashed(item, prev="f" * 64),))
    yield Tampering("number made up", frozenset({n, n + 1}), (rehashed(item, n=n + 1),))
    yield Tampering("a body cut short", here, ({**item, "body": str(item["body"])[:-1]},))
    yield Tampering("moved to another key", here, ({**item, "id": "Z"},), (str(item["id"]),))
    for what, body in other_bodies(json.loads(str(item["body"]))):
        yield Tampering(what, here, ({**item, "body": body},))
        yield Tampering(f"{what}, hashed anew", after, (rehashed(item, body=body),))


def other_bodies(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The body with one field changed, or taken away, at every depth."""
    for path, part in places(body):
        for key in list(part):
            held = part.pop(key)
            yield f"{path}{key} removed", canonical(body)
            part[key] = f"{held}?" if isinstance(held, str) else "?"
            yield f"{path}{key} changed", canonical(body)
            part[key] = held


def places(part: dict[str, Any], path: str = "body.") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, part
    for key in list(part):
        if isinstance(part[key], dict):
            yield from places(part[key], f"{path}{key}.")


def canonical(body: object) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def insertions(item: Item, last: Item) -> Iterator[Tampering]:
    """Entries that were never appended: copies and forgeries, also behind the last."""
    n, new = number_of(item), f"{item['id']!s}#forged"
    here = frozenset({n})
    copied = {**item, "id": new}
    body = canonical({**json.loads(str(item["body"])), "id": new})
    forged = {**copied, "body": body, "at_id": f"{item['at_id']!s}#forged"}
    behind = rehashed(forged, n=number_of(last) + 1, prev=last["hash"])
    bare = {k: v for k, v in forged.items() if k not in ("n", "prev", "hash")}
    yield Tampering("a copy", here, (copied,))
    yield Tampering("a forgery", here, (forged,))
    yield Tampering("a forgery, hashed", here, (rehashed(forged),))
    yield Tampering("a forgery that follows it", frozenset({n + 1}), (follower(forged, item),))
    yield Tampering("a forgery without a link", frozenset({0}), (bare,))
    yield Tampering("behind the last", frozenset({number_of(last) + 1}), (behind,))


def follower(forged: Item, item: Item) -> Item:
    return rehashed(forged, n=number_of(item) + 1, prev=item["hash"])


def exchanges(one: Item, other: Item) -> Iterator[Tampering]:
    """Two entries in each other's place, with and without hashes made anew."""
    n = number_of(one)
    link = ("n", "prev", "hash")
    swapped = (
        {**one, **{name: other[name] for name in link}},
        {**other, **{name: one[name] for name in link}},
    )
    yield Tampering("exchanged", frozenset({n}), swapped)
    anew = (rehashed(swapped[0]), rehashed(swapped[1]))
    yield Tampering("exchanged, hashed anew", frozenset({n, n + 1}), anew)
    bodies = ({**one, "body": other["body"]}, {**other, "body": one["body"]})
    yield Tampering("bodies exchanged", frozenset({n}), bodies)


def tamperings(items: Sequence[Item], index: int) -> Iterator[Tampering]:
    """Everything that can be done to one entry, and its exchange with each neighbour."""
    item = items[index]
    yield from edits(item)
    yield Tampering("deleted", frozenset({number_of(item)}), gone=(str(item["id"]),))
    yield from insertions(item, items[-1])
    if index + 1 < len(items):
        yield from exchanges(item, items[index + 1])


def seen(log: Log, done: Tampering) -> Fault | None:
    """What is said of the log as it would lie in the table."""
    lying = {str(item["id"]): item for item in log.items if item["id"] not in done.gone}
    lying |= {str(item["id"]): item for item in done.put}
    return verify((link_of(item) for item in lying.values()), Heads(log.head, log.head)).fault


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
def test_every_kind_of_tampering_is_found_among_ten_thousand_entries() -> None:
    dice = random.Random(7)
    with a_log(LARGE) as log:
        assert log.head.n == LARGE
        for index in (0, 1, dice.randrange(2, LARGE - 2), LARGE - 2, LARGE - 1):
            for tampering in tamperings(log.items, index):
                fault = seen(log, tampering)
                assert fault is not None, (index, tampering.what)
                assert fault.n in tampering.seen_at, (index, tampering.what, fault)
        deleted = Tampering("", frozenset(), gone=(str(log.items[5000]["id"]),))
        forged = next(insertions(log.items[77], log.items[-1]))
        edited = Tampering("", frozenset(), (rehashed(log.items[42], body="{}"),))
        exchanged = next(exchanges(log.items[1234], log.items[4321]))
        for tampering, n in ((deleted, 5001), (forged, 78), (edited, 43), (exchanged, 1235)):
            told = said(log, tampering)
            assert told is not None
            assert told["n"] == n
        assert said(log, Tampering("all mended", frozenset())) is None
