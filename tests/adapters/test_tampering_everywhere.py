"""A log of ten thousand entries, tampered with at each of them in every way: all of it is found.

Verifying is a walk along the chain that remembers of all it has seen only the last hash. So what is
said of a tampering depends on the entries around it, and not on how many lie before or behind:
that is the law below. By it, each entry is tampered with among its neighbours, as a log of their
own; a few hundred are looked at in the whole log besides.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.tamperings import (
    Part,
    Tampering,
    entries,
    exchanges,
    found_in,
    number_of,
    part_of,
    tamperings,
)
from tests.builders import SHOP
from trimtab.adapters.chain import link_of, write_linked
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Item, Range, Table
from trimtab.adapters.verify import Heads, verify
from trimtab.ports import MOST_ENTRIES
from trimtab_lab.simulator.stores import DictTables

LARGE, MEDIUM = 10_000, 60
SHARES = 10
"""Parts of the large log that are looked at each by its own test, side by side."""
SAMPLED = 300
SECONDS = 5


@functools.cache
def log_of(size: int) -> Part:
    """A log as the chain writes it."""
    tables = DictTables()
    written = [*entries(size)]
    for first in range(0, size, MOST_ENTRIES):
        write_linked(tables, SHOP, written[first : first + MOST_ENTRIES])
    items = sorted(tables.query(Range(Table.LOG, SHOP)), key=number_of)
    return Part(tuple(items), TableStore(tables).heads([SHOP])[SHOP])


def around(items: Sequence[Item], index: int) -> tuple[Part, int]:
    """An entry between its neighbours, and its place among them."""
    first = max(0, index - 2)
    return part_of(items[first : index + 3]), index - first


def unseen(part: Part, done: Tampering) -> str:
    """Say what was not found, or not where it was done; nothing if it was."""
    fault = found_in(part.items, part.head, done)
    if fault is not None and fault.n in done.seen_at:
        return ""
    return f"{done.what}, to be seen at {sorted(done.seen_at)}: {fault}"


@settings(max_examples=20, deadline=None)
@given(index=st.integers(0, MEDIUM - 1), data=st.data())
def test_a_tampering_is_told_by_the_entries_around_it(index: int, data: st.DataObject) -> None:
    whole = log_of(MEDIUM)
    part, place = around(whole.items, index)
    there, here = ([*tamperings(p.items, i)] for p, i in ((whole, index), (part, place)))
    assert len(there) == len(here)
    number = data.draw(st.integers(0, len(there) - 1))
    in_whole, in_part = (
        found_in(p.items, p.head, all_of[number]) for p, all_of in ((whole, there), (part, here))
    )
    assert in_whole is not None
    assert in_part is not None
    assert in_whole.n in there[number].seen_at
    assert in_part.n in here[number].seen_at
    if len(there[number].seen_at) == 1:
        assert in_whole.kind is in_part.kind


@settings(max_examples=20, deadline=None)
@given(pair=st.lists(st.integers(0, MEDIUM - 1), min_size=2, max_size=2, unique=True))
def test_an_exchange_is_told_by_the_entries_around_both(pair: list[int]) -> None:
    whole, (low, high) = log_of(MEDIUM), sorted(pair)
    for there in exchanges(whole.items[low], whole.items[high]):
        assert not unseen(whole, there)
    assert not [*astray_among(whole.items, low, high)]


def astray_among(items: Sequence[Item], low: int, high: int) -> Sequence[str]:
    """What is not found when two entries far from each other are exchanged."""
    near = sorted({*range(max(0, low - 1), low + 2), *range(high - 1, high + 2)})
    some = [i for i in near if i < len(items)]
    part = part_of([items[i] for i in some])
    one, other = (part.items[some.index(i)] for i in (low, high))
    return [wrong for t in exchanges(one, other) if (wrong := unseen(part, t))]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("share", range(SHARES))
def test_every_tampering_with_every_one_of_ten_thousand_entries_is_found(share: int) -> None:
    items, dice = log_of(LARGE).items, random.Random(share)
    astray: list[str] = []
    for index in range(share, LARGE, SHARES):
        part, place = around(items, index)
        astray += [wrong for t in tamperings(part.items, place) if (wrong := unseen(part, t))]
        far = (index + dice.randrange(1, LARGE)) % LARGE
        astray += astray_among(items, *sorted((index, far)))
    assert astray == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_tamperings_all_over_ten_thousand_entries_are_found_in_the_whole_log() -> None:
    whole, dice = log_of(LARGE), random.Random(7)
    places = (0, 1, LARGE - 2, LARGE - 1, *(dice.randrange(LARGE) for _ in range(SAMPLED)))
    for index in places:
        assert not unseen(whole, dice.choice([*tamperings(whole.items, index)]))


@pytest.mark.slow
def test_ten_thousand_entries_are_verified_within_five_seconds() -> None:
    whole = log_of(LARGE)
    began = time.process_time()
    found = verify((link_of(item) for item in whole.items), Heads(whole.head, whole.head))
    assert time.process_time() - began < SECONDS
    assert (found.fault, found.checked) == (None, LARGE)
