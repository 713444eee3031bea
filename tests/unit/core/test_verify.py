"""No single edit, removal, insertion or exchange in a log goes unnoticed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from time import perf_counter

import pytest

from tests.builders import SHOP, an_entry, at
from trimtab.adapters.breaks import Break
from trimtab.adapters.chain import hash_of
from trimtab.adapters.verify import Heads, Verified, verify
from trimtab.model.ids import EntryId
from trimtab.model.link import Head, Link
from trimtab_lab.simulator.stores import InMemory

LARGE = 10_000
Log = tuple[Link, ...]


@cache
def a_log(size: int) -> tuple[Log, Head]:
    """So many entries of one service, as they lie in its table."""
    state = InMemory()
    for number in range(size):
        assert state.ledger.append(an_entry(when=at(number), seed=str(number)))
    links = sorted(state.ledger.links(SHOP), key=lambda link: link.n)
    return tuple(links), state.store.heads([SHOP])[SHOP]


def look(log: Log, head: Head, anchors: dict[int, Head] | None = None) -> Verified:
    return verify(log, Heads(head, head, anchors or {}))


def found(log: Log, head: Head) -> tuple[Break, int]:
    fault = look(log, head).fault
    assert fault is not None
    return fault.kind, fault.n


def with_one(log: Log, index: int, link: Link) -> Log:
    return (*log[:index], link, *log[index + 1 :])


def rehashed(link: Link) -> Link:
    return replace(link, hash=hash_of(link.n, link.prev, link.body))


def another_body(link: Link) -> str:
    return json.dumps(
        {**json.loads(link.body), "by": "nobody"}, sort_keys=True, separators=(",", ":")
    )


def edits(link: Link) -> Iterator[Link]:
    """Every way to change one attribute of one entry, and the body with its hash made anew."""
    yield replace(link, body=another_body(link))
    yield replace(link, body=link.body[:-1])
    yield rehashed(replace(link, body=another_body(link)))
    yield replace(link, n=link.n + 7)
    yield replace(link, n=-1)
    yield rehashed(replace(link, n=link.n + 1))
    yield replace(link, prev="f" * 64)
    yield rehashed(replace(link, prev="f" * 64))
    yield replace(link, hash="f" * 64)
    yield replace(link, id=EntryId(f"{link.id}x"))
    for column in link.columns:
        yield replace(link, columns={**link.columns, column: "other"})
        yield replace(link, columns={k: v for k, v in link.columns.items() if k != column})
    yield replace(link, columns={**link.columns, "lever": "route"})


def insertions(log: Log, index: int) -> Iterator[Link]:
    """Entries that were never appended: copies, forgeries, and one past the head."""
    link = log[index]
    forged = replace(link, id=EntryId(f"{link.id}#forged"))
    yield forged
    body = {**json.loads(link.body), "id": forged.id}
    forged = replace(
        forged,
        body=json.dumps(body, sort_keys=True, separators=(",", ":")),
        columns={**link.columns, "at_id": f"{link.columns['at_id']}#forged"},
    )
    yield forged
    yield rehashed(forged)
    yield replace(forged, n=0, prev="", hash="")
    yield rehashed(replace(forged, n=log[-1].n + 1, prev=log[-1].hash))


def exchanges(one: Link, other: Link) -> Iterator[tuple[Link, Link]]:
    """Two entries exchanged: their places in the chain, with and without hashes made anew."""
    swapped = (
        replace(one, n=other.n, prev=other.prev, hash=other.hash),
        replace(other, n=one.n, prev=one.prev, hash=one.hash),
    )
    yield swapped
    yield rehashed(swapped[0]), rehashed(swapped[1])
    yield (
        replace(one, body=other.body, columns=other.columns),
        replace(other, body=one.body, columns=one.columns),
    )


def test_an_untouched_log_holds() -> None:
    log, head = a_log(12)
    assert look(log, head) == Verified(12, 0, head)
    assert look((), Head(0, "0" * 64)).fault is None


def test_every_single_tampering_with_a_small_log_is_noticed() -> None:
    log, head = a_log(12)
    tampered: list[Log] = []
    for index, link in enumerate(log):
        tampered += [with_one(log, index, edited) for edited in edits(link)]
        tampered.append((*log[:index], *log[index + 1 :]))
        tampered += [(*log, inserted) for inserted in insertions(log, index)]
    for one, other in combinations(range(len(log)), 2):
        for left, right in exchanges(log[one], log[other]):
            tampered.append(with_one(with_one(log, one, left), other, right))
    missed = [n for n, each in enumerate(tampered) if look(each, head).fault is None]
    assert len(tampered) > 500
    assert missed == []


def tamperings(log: Log, dice: random.Random) -> Iterator[Log]:
    index, other = dice.sample(range(len(log)), 2)
    yield with_one(log, index, dice.choice([*edits(log[index])]))
    yield (*log[:index], *log[index + 1 :])
    yield (*log, dice.choice([*insertions(log, index)]))
    left, right = dice.choice([*exchanges(log[index], log[other])])
    yield with_one(with_one(log, index, left), other, right)


@pytest.mark.parametrize(
    "rounds", [1, pytest.param(40, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
def test_tampering_anywhere_in_a_large_log_is_noticed(rounds: int) -> None:
    log, head = a_log(LARGE)
    dice = random.Random(42)
    for _ in range(rounds):
        for tampered in tamperings(log, dice):
            assert look(tampered, head).fault is not None


def test_ten_thousand_entries_are_walked_in_less_than_five_seconds() -> None:
    log, head = a_log(LARGE)
    started = perf_counter()
    assert look(log, head).fault is None
    assert perf_counter() - started < 5


LOG, HEAD = a_log(6)
THIRD = LOG[2]
FORGED = tuple(insertions(LOG, 2))


@pytest.mark.parametrize(
    ("tampered", "kind", "n"),
    [
        (with_one(LOG, 2, replace(THIRD, body=another_body(THIRD))), Break.EDITED, 3),
        (with_one(LOG, 2, replace(THIRD, n=9)), Break.EDITED, 3),
        (
            with_one(LOG, 2, rehashed(replace(THIRD, body=another_body(THIRD)))),
            Break.RELINKED,
            4,
        ),
        (
            with_one(LOG, 5, rehashed(replace(LOG[5], body=another_body(LOG[5])))),
            Break.HEAD,
            6,
        ),
        ((*LOG[:2], *LOG[3:]), Break.DELETED, 3),
        (LOG[:-1], Break.DELETED, 6),
        (LOG[1:], Break.DELETED, 1),
        ((*LOG, FORGED[0]), Break.INSERTED, 3),
        ((*LOG, FORGED[2]), Break.FORK, 3),
        ((*LOG, FORGED[3]), Break.INSERTED, 0),
        ((*LOG, FORGED[4]), Break.INSERTED, 7),
        (
            (LOG[0], *next(exchanges(LOG[1], LOG[2])), *LOG[3:]),
            Break.REORDERED,
            2,
        ),
    ],
)
def test_the_first_bad_link_is_named(tampered: Log, kind: Break, n: int) -> None:
    assert found(tampered, HEAD) == (kind, n)


def test_of_a_fork_the_branch_that_nothing_follows_is_named() -> None:
    fault = look((FORGED[2], *LOG), HEAD).fault
    assert fault is not None
    assert fault.entry == FORGED[2].id


def test_a_head_that_was_set_back_or_replaced_is_noticed() -> None:
    assert found(LOG, Head(4, LOG[3].hash)) == (Break.INSERTED, 5)
    assert found(LOG, Head(6, "f" * 64)) == (Break.HEAD, 6)
    assert found(LOG, Head(0, "0" * 64)) == (Break.INSERTED, 1)


def test_what_is_appended_while_the_log_is_read_is_no_fault() -> None:
    meanwhile = Heads(Head(4, LOG[3].hash), HEAD)
    assert verify((*LOG[:4], LOG[5]), meanwhile) == Verified(4, 0, Head(4, LOG[3].hash))


def test_entries_from_before_the_chain_are_counted_and_not_covered() -> None:
    old = an_entry(when=at(-10), seed="old")
    link = Link(SHOP, old.id, 0, "", "", "{}", {"at_id": f"2026-03-02T11:50:00.000000Z#{old.id}"})
    assert look((link, *LOG), HEAD) == Verified(6, 1, HEAD)


def test_a_log_written_anew_from_end_to_end_differs_from_its_anchor() -> None:
    anchored = {4: Head(4, LOG[3].hash)}
    assert look(LOG, HEAD, anchored).fault is None
    others, head = a_log(5)
    fresh = [rehashed(replace(others[0], body=another_body(others[0])))]
    for link in others[1:]:
        fresh.append(rehashed(replace(link, prev=fresh[-1].hash)))
    made_anew, head = tuple(fresh), Head(5, fresh[-1].hash)
    assert look(made_anew, head).fault is None
    fault = look(made_anew, head, anchored).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.ANCHOR, 4)
    cut = look(LOG[:3], Head(3, LOG[2].hash), anchored).fault
    assert cut is not None
    assert cut.kind is Break.ANCHOR


def test_the_worked_example_of_the_manual_is_right() -> None:
    manual = (Path(__file__).parents[3] / "docs/audit-log.md").read_text(encoding="utf-8")
    bodies = re.findall(r"^body='(.*)'$", manual, re.MULTILINE)
    given = re.findall(r"^# ([0-9a-f]{64})$", manual, re.MULTILINE)
    first = hash_of(1, "0" * 64, bodies[0])
    assert given == [first, hash_of(2, first, bodies[1])]
