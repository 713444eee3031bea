"""Entries that expire: the chain still proves what must be there, and that nothing else is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SHOP, an_entry, at
from trimtab.adapters.breaks import Break
from trimtab.adapters.chain import START, hash_of, write_linked
from trimtab.adapters.descent import head_at, kept_of
from trimtab.adapters.retention import MOST_DUES, dues_after, kept_after
from trimtab.adapters.verify import Heads, Verified, verify
from trimtab.model.kept import Due, Kept
from trimtab.model.link import Head, Link
from trimtab_lab.simulator.stores import InMemory

DAY = timedelta(days=1)
MONTH, YEAR = timedelta(days=30), timedelta(days=365)
Log = tuple[Link, ...]


def days(count: float) -> datetime:
    return at(count * 24 * 60)


@cache
def written(keeps: tuple[timedelta | None, ...], apart: timedelta = DAY) -> tuple[Log, Head]:
    """One entry after the other, each under the retention in force when it was written."""
    state = InMemory()
    for number, keep in enumerate(keeps):
        entry = an_entry(when=at(0) + number * apart, seed=str(number))
        write_linked(state.tables, SHOP, [entry], keep=keep)
    links = sorted(state.ledger.links(SHOP), key=lambda link: link.n)
    return tuple(links), state.store.heads([SHOP])[SHOP]


def look(log: Sequence[Link], head: Head, now: datetime, *anchors: Head) -> Verified:
    return verify(log, Heads(head, head, {anchor.n: anchor for anchor in anchors}), now)


def until(link: Link) -> datetime | None:
    kept = kept_of(link)
    return kept.until if kept else None


def is_due(link: Link, now: datetime) -> bool:
    end = until(link)
    return end is not None and end < now


def without(log: Log, *numbers: int) -> Log:
    return tuple(link for link in log if link.n not in numbers)


def edited(link: Link, **fields: object) -> Link:
    """With fields of its body changed, and its hash made anew."""
    body = {**json.loads(link.body), **fields}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return replace(link, body=text, hash=hash_of(link.n, link.prev, text))


# what is written


def test_without_retention_entries_are_as_they_always_were() -> None:
    log, head = written((None,) * 3)
    assert all("kept" not in link.body and "expires" not in link.columns for link in log)
    assert head.dues == ()


def test_an_entry_says_in_its_body_and_beside_it_when_it_expires() -> None:
    log, _ = written((MONTH,))
    assert kept_of(log[0]) == Kept(at(0) + MONTH + timedelta(seconds=1))
    assert log[0].columns["expires"] == str(int((at(0) + MONTH).timestamp()) + 1)


def test_in_steady_retention_an_entry_names_the_one_before_it() -> None:
    log, head = written((MONTH,) * 4)
    assert [due.n for link in log[1:] if (kept := kept_of(link)) for due in kept.before] == [
        1,
        2,
        3,
    ]
    assert [due.n for due in head.dues] == [4]


def test_the_last_that_is_kept_for_ever_is_named_for_ever() -> None:
    log, head = written((None, None, MONTH, MONTH))
    assert head.dues == (
        Due(2, log[1].hash),
        Due(4, log[3].hash, until(log[3])),
    )


def test_what_is_kept_for_ever_again_is_all_that_counts() -> None:
    _, head = written((MONTH, None))
    assert head.dues == ()


def test_lowered_retention_shortens_what_is_written_later_and_nothing_else() -> None:
    log, head = written((YEAR, MONTH, MONTH))
    assert [due.n for due in head.dues] == [1, 3]
    assert until(log[1]) == days(1) + MONTH + timedelta(seconds=1)


def test_who_lowers_retention_again_and_again_waits_for_it() -> None:
    keeps = tuple(timedelta(days=400 - 20 * n) for n in range(MOST_DUES + 4))
    log, head = written(keeps)
    assert len(head.dues) == MOST_DUES
    ends = [until(link) for link in log]
    assert ends[MOST_DUES - 1 :] == [ends[MOST_DUES - 1]] * 5
    assert look(log, head, days(1)).fault is None


@given(st.lists(st.sampled_from([None, 40, 90, 365]), max_size=30))
def test_what_is_named_is_what_is_kept_longer_than_all_after_it(keeps: list[int | None]) -> None:
    head, ends = START, list[datetime | None]()
    for number, keep in enumerate(keeps):
        when = days(number)
        kept = kept_after(head, when, None if keep is None else timedelta(days=keep))
        here = Head(head.n + 1, f"{number:064}")
        head = replace(here, dues=dues_after(head, here, kept))
        ends.append(kept.until if kept else None)
    longest = [
        Due(n, f"{n - 1:064}", end)
        for n, end in enumerate(ends, 1)
        if all(later is not None and (end is None or later < end) for later in ends[n:])
    ]
    all_for_ever = len(longest) == 1 and longest[0].until is None
    assert head.dues == (() if all_for_ever else tuple(longest))


# what has expired


KEEPS = st.lists(st.sampled_from([None, MONTH, timedelta(days=45), YEAR]), min_size=1, max_size=12)


@given(KEEPS, st.integers(0, 60), st.data())
def test_a_log_holds_whatever_of_what_is_due_was_deleted(
    keeps: list[timedelta | None], later: int, data: st.DataObject
) -> None:
    log, head = written(tuple(keeps))
    now = days(later)
    due = [link.n for link in log if is_due(link, now)]
    gone = data.draw(st.sets(st.sampled_from(due))) if due else set()
    found = look(without(log, *gone), head, now)
    assert found.fault is None
    assert found.expired == len(gone)
    assert found.checked + found.overdue + found.expired == len(log)
    assert found.checked >= sum(not is_due(link, now) for link in log), "nothing due is enough"


@given(KEEPS, st.integers(0, 60), st.data())
def test_one_deleted_before_its_time_is_found_whatever_else_expired(
    keeps: list[timedelta | None], later: int, data: st.DataObject
) -> None:
    log, head = written(tuple(keeps))
    now = days(later)
    due = [link.n for link in log if is_due(link, now)]
    held = [link.n for link in log if not is_due(link, now)]
    if not held:
        return
    victim = data.draw(st.sampled_from(held))
    gone = data.draw(st.sets(st.sampled_from(due))) if due else set()
    fault = look(without(log, *gone, victim), head, now).fault
    assert fault is not None
    assert fault.kind is Break.DELETED
    missing_with_it = {*gone, victim}
    assert set(range(fault.n, victim + 1)) <= missing_with_it, "the victim's own gap is named"


@given(KEEPS, st.integers(0, 60), st.data())
def test_what_is_not_due_cannot_be_edited_though_what_followed_it_expired(
    keeps: list[timedelta | None], later: int, data: st.DataObject
) -> None:
    log, head = written(tuple(keeps))
    now = days(later)
    held = [link for link in log if not is_due(link, now)]
    due = [link.n for link in log if is_due(link, now)]
    if not held:
        return
    victim = data.draw(st.sampled_from(held))
    gone = data.draw(st.sets(st.sampled_from(due))) if due else set()
    for forged in (edited(victim, by="nobody"), edited(victim, kept={}), replace(victim, n=77)):
        there = tuple(forged if link.n == victim.n else link for link in log)
        fault = look(without(there, *gone), head, now).fault
        assert fault is not None, forged


def test_a_quiet_service_may_lose_its_whole_log_to_time() -> None:
    _, head = written((MONTH,) * 3)
    assert look((), head, days(40)) == Verified(0, 0, head, expired=3)
    fault = look((), head, days(31.5)).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.DELETED, 3)


def test_what_was_never_given_an_expiry_never_expires() -> None:
    log, head = written((None, None, MONTH, MONTH))
    for number in (1, 2):
        fault = look(without(log, number, 3), head, days(4000)).fault
        assert fault is not None
        assert fault.kind is Break.DELETED
        assert fault.n == number


def test_what_is_long_due_and_still_there_is_harmless() -> None:
    log, head = written((MONTH,) * 5)
    assert look(log, head, days(4000)) == Verified(5, 0, head)


def test_what_lost_the_entry_that_vouched_for_it_is_counted_apart() -> None:
    log, head = written((MONTH,) * 5)
    assert look(without(log, 3), head, days(34.5)) == Verified(2, 0, head, expired=1, overdue=2)


def test_a_forgery_among_what_has_expired_must_be_due_itself() -> None:
    log, head = written((MONTH,) * 6)
    forged = edited(log[1], kept={}, by="nobody")
    columns = {name: held for name, held in forged.columns.items() if name != "expires"}
    there = (*without(log, 1, 2, 3), replace(forged, columns=columns))
    fault = look(there, head, days(35)).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.INSERTED, 2)


@pytest.mark.parametrize("seconds", [-1, 86_400, -86_400 * 365])
def test_an_expiry_moved_beside_the_body_is_an_edit(seconds: int) -> None:
    log, head = written((MONTH,) * 4)
    moved = str(int(log[1].columns["expires"]) + seconds)
    link = replace(log[1], columns={**log[1].columns, "expires": moved})
    fault = look((log[0], link, *log[2:]), head, days(2)).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.EDITED, 2)
    assert "expires" in fault.text


def test_an_expiry_put_beside_what_is_kept_for_ever_is_an_edit() -> None:
    log, head = written((None,) * 3)
    link = replace(log[1], columns={**log[1].columns, "expires": "1"})
    fault = look((log[0], link, log[2]), head, days(2)).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.EDITED, 2)


def test_an_entry_without_a_place_in_a_chain_whose_beginning_expired_was_put_there() -> None:
    log, head = written((MONTH,) * 4)
    bare = replace(log[0], n=0, prev="", hash="", id=log[0].id)
    fault = look((bare, *without(log, 1)), head, days(31.5)).fault
    assert fault is not None
    assert fault.kind is Break.INSERTED


def lying_heads(head: Head) -> Iterator[Head]:
    yield replace(head, dues=())
    yield replace(head, dues=tuple(replace(due, until=at(-1)) for due in head.dues))
    yield replace(head, dues=(*head.dues, Due(head.n, head.hash, at(-1))))
    yield replace(head, hash="f" * 64)
    yield replace(head, n=head.n + 10**30)


def test_a_head_that_lies_about_what_is_kept_is_found_out() -> None:
    log, head = written((None, MONTH, MONTH))
    for lie in lying_heads(head):
        assert look(log, lie, days(2)).fault is not None, lie


# anchors


def anchors(log: Log) -> list[Head]:
    return [head_at(link) for link in log]


def test_anchors_of_what_expired_do_not_miss_it() -> None:
    log, head = written((None, MONTH, MONTH, MONTH))
    assert look(without(log, 2, 3), head, days(33.5), *anchors(log)).fault is None


def test_an_anchor_knows_what_a_log_written_anew_says_was_due() -> None:
    log, _ = written((MONTH,) * 4)
    lie = edited(log[3], kept={"until": "2027-01-01T00:00:00Z", "before": [
        {"n": 3, "hash": log[2].hash, "until": "2026-03-02T12:00:00Z"}]})  # fmt: skip
    lie = replace(lie, columns={**lie.columns, "expires": "1798761600"})
    head = head_at(lie)
    assert look([lie], head, days(4)).fault is None, "such a log is sound in itself"
    fault = look([lie], head, days(4), anchors(log)[2]).fault
    assert fault is not None
    assert (fault.kind, fault.n) == (Break.ANCHOR, 3)


def test_when_all_has_expired_the_head_must_be_the_anchored_one() -> None:
    log, head = written((MONTH,) * 3)
    anchor = head_at(log[2])
    assert look((), head, days(40), anchor).fault is None
    fault = look((), replace(head, hash="f" * 64), days(40), anchor).fault
    assert fault is not None
    assert fault.kind is Break.ANCHOR
