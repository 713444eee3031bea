"""Requests per target and minute."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.access.lines import GROUP, a_line
from trimtab.access import count
from trimtab.access.count import Counter, Span
from trimtab.model.report import Tally

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPAN = Span(NOON, NOON.replace(minute=10))
AT_4 = NOON.replace(minute=4)


def counted(*lines: bytes) -> Counter:
    counter = Counter(frozenset({GROUP.encode()}), SPAN)
    counter.take(lines)
    return counter


def the_tally(*lines: bytes) -> Tally:
    return counted(*lines).tallies()[GROUP, "10.0.0.1:8080", AT_4]


FAILED = a_line(elb_status_code="502", target_status_code="-", target_processing_time="-1")
LEFT = a_line(
    elb_status_code="460",
    target_status_code="-",
    target_processing_time="-1",
    request_creation_time="2026-03-02T12:03:50.186641Z",
)


def test_answers_and_failures_are_asked_and_failures_failed() -> None:
    tally = the_tally(a_line(), a_line(), a_line(), FAILED)
    assert (tally.asked, tally.failed, tally.last_error) == (4, 1, "HTTP 502")
    assert tally.seconds == pytest.approx(0.048, rel=0.05)


def test_who_left_was_not_failed_but_waited_for_so_long() -> None:
    tally = the_tally(a_line(), LEFT, LEFT)
    assert (tally.asked, tally.failed) == (1, 0)
    assert tally.seconds == pytest.approx(10.0, rel=0.05)


def test_how_fast_a_failure_came_is_not_how_fast_the_target_is() -> None:
    quick = a_line(elb_status_code="500", target_status_code="500", target_processing_time="0.000")
    assert the_tally(quick, quick, a_line()).seconds == pytest.approx(0.048, rel=0.05)
    assert the_tally(quick).seconds is None


def test_every_line_is_accounted_for() -> None:
    read = counted(
        a_line(),
        b"garbage",
        a_line(target_group_arn="arn:other"),
        a_line(target_port="-", elb_status_code="301"),
        a_line(time="2026-03-02T12:11:00.0Z"),
        a_line(time="2026-13-02T12:11:00.0Z"),
    ).read
    assert (read.lines, read.counted, read.unread, read.elsewhere) == (6, 1, 1, 1)
    assert (read.untold, read.astray, read.crowded) == (1, 2, 0)


def test_more_targets_than_there_is_room_for_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "MOST_CELLS", 3)
    lines = [a_line(target_port=f"10.0.0.{i}:80") for i in (1, 2, 3, 4, 1)]
    counter = counted(*lines)
    assert (counter.read.crowded, len(counter.tallies())) == (1, 3)


@given(st.permutations([a_line(), a_line(), FAILED, LEFT, a_line(target_port="10.0.0.2:80")]))
def test_the_order_of_lines_does_not_matter(lines: list[bytes]) -> None:
    sorted_lines = sorted(lines)
    assert counted(*lines).tallies() == counted(*sorted_lines).tallies()
