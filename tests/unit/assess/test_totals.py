"""What is added up quickly for thousands is what is counted minute by minute for few."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from trimtab.assess.failures import minutes_of, total_of
from trimtab.model.observation import Point, Series

VALUES = st.one_of(st.integers(0, 500), st.floats(-5, 500), st.sampled_from([1e13, 0.4, 0.5]))


@st.composite
def series(draw: st.DrawFn) -> Series:
    minutes = sorted(draw(st.sets(st.integers(0, 9), max_size=8)))
    return Series.of(Point(NOON + timedelta(minutes=m), draw(VALUES)) for m in minutes)


@given(series(), st.none() | series(), st.integers(0, 9), st.integers(1, 6))
def test_the_total_is_the_sum_of_the_minutes(
    requests: Series, errors: Series | None, since: int, length: int
) -> None:
    oldest = NOON + timedelta(minutes=since)
    minutes = minutes_of(requests, errors, oldest)[-length:]
    total = total_of(requests, errors, oldest, length)
    assert total == (sum(m.asked for m in minutes), sum(m.failed for m in minutes))
