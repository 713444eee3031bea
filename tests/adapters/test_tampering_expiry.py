"""A log that expires, touched in every single way: found wherever something vouches for it."""

from __future__ import annotations

from datetime import timedelta

from tests.adapters.tamperings import Tampering, entries, found_in, number_of, tamperings
from tests.builders import SHOP, at
from trimtab.adapters.chain import write_linked
from trimtab.adapters.tables import Range, Table
from trimtab_lab.simulator.stores import InMemory

A_MONTH = timedelta(days=30)
LONG_AFTER = at(2.5) + A_MONTH
"""When entries of the first two minutes are due, those of the third are not."""


def test_every_tampering_with_a_log_that_expires_is_found_where_something_vouches() -> None:
    """Two entries for ever, four due of which the middle two are gone, and two to be kept."""
    state = InMemory()
    written = list(entries(8))
    write_linked(state.tables, SHOP, written[:2])
    write_linked(state.tables, SHOP, written[2:], keep=A_MONTH)
    head = state.store.heads([SHOP])[SHOP]
    there = sorted(state.tables.query(Range(Table.LOG, SHOP)), key=number_of)
    items = [item for item in there if number_of(item) not in (4, 5)]
    assert found_in(items, head, Tampering("nothing", frozenset()), LONG_AFTER) is None
    missed = []
    for index, item in enumerate(items):
        for tampering in tamperings(items, index):
            fault = found_in(items, head, tampering, LONG_AFTER)
            if fault is None:
                missed.append((number_of(item), tampering.what))
            elif number_of(item) != 3:
                # what the sixth says of the fifth, which is gone, is held against it by the seventh
                seen_at = tampering.seen_at | ({7} if number_of(item) == 6 else set())
                assert fault.n in seen_at, (tampering.what, tampering.seen_at, fault)
    assert {n for n, _ in missed} == {3, 6}
    assert [what for n, what in missed if n == 6] == ["deleted"], "it was due"
    alone = {what for n, what in missed if n == 3}
    agrees_with_itself = ("deleted", "anew", "made up", "that follows it")
    assert all(any(how in what for how in agrees_with_itself) for what in alone), alone
