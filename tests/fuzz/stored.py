"""Targets: what lies in tables and files, edited by somebody or damaged by something."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from datetime import timedelta
from typing import Any

from tests.builders import NOON, SHOP, a_pause, a_policy, a_request, a_tick, an_entry, at
from tests.fuzz.dice import Dice
from tests.fuzz.handlers import served, stored
from tests.unit.cli.policies import SHOP as A_DOCUMENT
from tests.unit.cli.policies import KnownNames
from trimtab import codec
from trimtab.adapters import records
from trimtab.adapters.chain import head_key, link_of, write_linked
from trimtab.adapters.tables import Item, Key, Put, Range, Table, Value
from trimtab.adapters.verify import Heads, Verified, verify
from trimtab.errors import Malformed, TrimtabError
from trimtab.loop import Loop, think
from trimtab.model.entry import Entry
from trimtab.model.link import Head
from trimtab.model.memory import Memory
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason
from trimtab.model.request import Release, Requests
from trimtab.model.tick import Ask, Tick
from trimtab.ports import Listed
from trimtab_cli.anchors import anchors_in
from trimtab_cli.exported import as_csv, as_jsonl
from trimtab_cli.policy.draft import Draft, parse_document
from trimtab_cli.policy.resolve import resolve
from trimtab_cli.stop import Stop

TICK = a_tick(entries=(an_entry(),))
VALUES: tuple[Any, ...] = (
    a_policy(),
    Memory(),
    TICK.memory,
    an_entry(),
    a_request(Release("size of blue")),
    a_pause(),
    TICK,
    Ask(SHOP, "schedule", NOON),
    Listed(SHOP, True, 1, frozenset({"blue-asg"})),
    Requests(1),
)
VERSIONS: tuple[Value, ...] = (0, -1, "1", 2**60)
CONFUSING: tuple[str, ...] = (
    "&a [*a, *a]",
    "*a",
    "<<: *a",
    "!!python/object:os.system",
    ".nan",
    ".inf",
    "1e400",
)
CONFUSING += (
    "\u0455hop",
    "\u202eyloc",
    "\ufeff",
    "0777",
    "1_000",
    "2026-01-01",
    "%",
    "? a",
    "|\n x",
)
CONFUSING += (
    "[" * 100,
    "{a: " * 100,
    "&x [" * 60,
    "'" * 9,
    "\ud800",
    "\x00",
    "\t",
    "---\n",
    "9" * 400,
)


def policy_document(data: bytes) -> None:
    """A policy document is a draft or faults, and showing a fault is safe."""
    dice = Dice(data)
    text = A_DOCUMENT
    for _ in range(dice.below(4)):
        start = dice.below(len(text) + 1)
        end = min(len(text), start + dice.below(20))
        text = text[:start] + dice.one_of(CONFUSING) + text[end:]
    raw: str | bytes = text if dice.below(2) else dice.spoiled(text.encode(errors="surrogatepass"))
    if dice.below(8) == 7:
        raw = dice.rest()
    read = parse_document(raw, "p.yaml")
    if isinstance(read, Draft):
        resolved = resolve(read, KnownNames())
        if isinstance(resolved, Policy):
            assert codec.loads(Policy, codec.dumps(resolved)) == resolved
            return
        read = resolved
    assert read
    for fault in read:
        assert all(unicodedata.category(character) not in ("Cc", "Cs") for character in str(fault))


def stored_json(data: bytes) -> None:
    """Stored JSON is exactly what it should be, or ``Malformed``; what is read is stored again."""
    dice = Dice(data)
    value = dice.one_of(VALUES)
    if dice.below(2):
        text = json.dumps(dice.broken(json.loads(codec.dumps(value))))
    else:
        text = dice.spoiled(codec.dumps(value).encode()).decode("utf-8", "surrogateescape")
    try:
        read = codec.loads(type(value), text)
    except Malformed:
        return
    assert codec.loads(type(value), codec.dumps(read)) == read


def damaged_state(data: bytes) -> None:
    """A service whose stored state was edited has its tick or a reason; the log still holds."""
    dice = Dice(data)
    with served() as made:
        places = [
            (records.current_key(SHOP), codec.dumps(a_policy())),
            (records.memory_key(SHOP), codec.dumps(TICK.memory)),
            (records.pause_key(SHOP), codec.dumps(a_pause())),
            (records.requests_key(SHOP), codec.dumps(Requests(1))),
            (Key(Table.MEMORY, records.SERVICES, SHOP), codec.dumps(VALUES[8])),
        ]
        key, body = dice.one_of(places)
        partition, sort = key.table.value
        item: Item = {
            partition: key.partition,
            sort: key.sort,
            "version": 1 if dice.below(4) else dice.one_of(VERSIONS),
            "body": json.dumps(dice.broken(json.loads(body))),
        }
        made.state.tables.write([Put(Table.MEMORY, item, "damage", None)])
        before = stored(made)
        try:
            made.store.services()
            loop = Loop(made.store, made.ledger, made.infrastructure, made.reports)
            result = loop.tick([Ask(SHOP, "schedule", at(0))], at(0.1))[SHOP]
        except TrimtabError:
            assert stored(made) == before
            return
        if isinstance(result, Reason):
            assert "fault of Trimtab's own" not in result.text, result.text
            assert stored(made) == before
        assert made.hands.done == []
        assert walked(made) is not None


def walked(made: Any) -> Verified:
    links = [link_of(i) for i in made.state.tables.query(Range(Table.LOG, SHOP))]
    head = made.store.heads([SHOP])[SHOP]
    found = verify(links, Heads(head, head))
    assert found.fault is None, found.fault
    return found


def tampered_log(data: bytes) -> None:
    """Any change of an item of the log is found; odd items never end the walk with a traceback."""
    dice = Dice(data)
    with served() as made:
        for number in range(4):
            keep = dice.one_of((None, timedelta(days=30), timedelta(days=90)))
            entry = an_entry(when=at(number + 1))
            write_linked(made.state.tables, SHOP, [entry], keep=keep)
        items: list[dict[str, Value]] = [
            dict(i) for i in made.state.tables.query(Range(Table.LOG, SHOP))
        ]
        head = made.store.heads([SHOP])[SHOP]
    good = {str(item["id"]): dict(item) for item in items}
    item = dice.one_of(items)
    name = dice.one_of(sorted(item))
    text = str(item[name])
    spoiled = dice.spoiled(text.encode()).decode("utf-8", "surrogateescape")
    odd: tuple[Value, ...] = (spoiled, dice.below(9), "[" * 9_999)
    item[name] = dice.one_of(odd)
    found = verify([link_of(each) for each in items], Heads(head, head), at(10))
    same = {str(each["id"]): each for each in items} == good
    assert (found.fault is None) == same, (name, item[name])
    with contextlib.suppress(Malformed):
        records.read(Entry, item)


def tick_record(data: bytes) -> None:
    """A recorded tick that is damaged is ``Malformed``; one that reads can be thought anew."""
    dice = Dice(data)
    good = records.tick_item(TICK, at(1) - at(0))
    body = good["body"]
    assert isinstance(body, bytes)
    try:
        tick = records.read_tick({**good, "body": dice.spoiled(body)})
    except Malformed:
        return
    assert isinstance(tick, Tick)
    think(tick.inputs, tick.by)


def head_item(data: bytes) -> None:
    """A head of a chain is one, or ``Malformed``."""
    dice = Dice(data)
    with served() as made:
        held = dict(made.state.tables.get(head_key(SHOP)) or {})
        name = dice.one_of(["n", "hash", "version"])
        odd: tuple[Value, ...] = (dice.below(5), "x", b"1", -1, True, "1")
        held[name] = dice.one_of(odd)
        made.state.tables.write([Put(Table.MEMORY, held, "damage", None)])
        try:
            head = made.store.heads([SHOP])[SHOP]
        except Malformed:
            return
        assert type(head.n) is int
        assert isinstance(head, Head)


def exported_file(data: bytes) -> None:
    """A file said to be an anchor or an export is read, or refused in words."""
    dice = Dice(data)
    line = {"message": "anchor.heads", "heads": [{"service": "shop", "n": 3, "hash": "a" * 64}]}
    document = dice.broken({"events": [{"message": json.dumps(line)}]})
    raw = dice.spoiled(json.dumps(document).encode()) if dice.below(2) else json.dumps(document)
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    try:
        anchors_in(text)
    except Stop:
        return


def exported_log(data: bytes) -> None:
    """Whatever lies in the log is exported, and no cell of a spreadsheet starts a formula."""
    dice = Dice(data)
    with served() as made:
        item = dict(next(made.state.tables.query(Range(Table.LOG, SHOP))))
    body = json.dumps(dice.broken(json.loads(str(item["body"]))))
    link = link_of({**item, "body": body if dice.below(2) else dice.junk() or ""})
    assert all("\n" not in line.strip("\n") for line in as_jsonl([link]))
    assert list(as_csv([link]))
