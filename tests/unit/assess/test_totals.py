"""What is added up quickly for thousands is what is counted minute by minute for few."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON, a_series
from trimtab.assess.binomial import Counts
from trimtab.assess.counted import Counted, Span, totals
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Point, Series

MOST = 1e12
REQUESTS = st.integers(20, 500) | st.floats(20, 500)
ERRORS = st.integers(0, 20) | st.floats(0, 20)
ABSURD = st.sampled_from([0, -5, 0.4, 0.5, 0.9, 1e13, math.nan, math.inf, 700])


@st.composite
def fleets(draw: st.DrawFn) -> Counted:
    """Targets of which most report every minute, and in half of the fleets nothing odd at all."""
    is_odd = draw(st.booleans())

    def series(usual: st.SearchStrategy[float]) -> Series:
        values, minutes = usual, st.just(range(10))
        if is_odd and draw(st.booleans()):
            values = usual | usual | usual | ABSURD
        if is_odd and draw(st.integers(0, 3)) == 0:
            minutes = st.sets(st.integers(0, 9), max_size=9).map(sorted)  # type: ignore[arg-type]
        return Series.of(Point(NOON + timedelta(minutes=m), draw(values)) for m in draw(minutes))

    names = [InstanceId(f"i-{n}") for n in range(draw(st.integers(0, 5)))]
    reporting = [n for n in names if not is_odd or draw(st.integers(0, 3))]
    return Counted({n: series(REQUESTS) for n in names}, {n: series(ERRORS) for n in reporting})


MINUTE = st.integers(0, 9).map(lambda m: NOON + timedelta(minutes=m))
SPANS = st.builds(Span, MINUTE, MINUTE, st.integers(1, 6))


@given(fleets(), SPANS)
def test_the_total_of_each_is_the_sum_of_its_minutes(counted: Counted, span: Span) -> None:
    expected = {}
    for name, requests in counted.requests.items():
        errors = counted.errors.get(name, Series()).by_time
        minutes = [
            (value, min(value, wrong) if 0 <= wrong <= MOST else 0)
            for at, value in requests.by_time.items()
            if at >= span.oldest and 0.5 < value <= MOST
            for wrong in [errors.get(at, 0.0)]
        ][-span.length :]
        if minutes and requests.times[-1] >= span.newest:
            expected[name] = [sum(side) for side in zip(*minutes, strict=True)]
    found = totals(counted, span)
    assert set(found.names) == expected.keys()
    for name, *sums in zip(found.names, found.asked, found.failed, strict=True):
        assert sums == pytest.approx(expected[name])


@given(fleets(), st.floats(0.01, 1))
def test_who_is_passed_over_had_a_good_minute(counted: Counted, share: float) -> None:
    for one in counted.columns:
        for place in set(range(len(one.names))) - set(one.not_plainly_below(share)):
            (minute,) = one.newest(place, 1, one.times[-1])
            assert minute.share < share


def test_errors_below_zero_are_none_and_fractions_are_rounded_once() -> None:
    one, other = InstanceId("i-1"), InstanceId("i-2")
    counted = Counted(
        {one: a_series(100.3, 100.3), other: a_series(100, 100)},
        {one: a_series(0.4, 0.3), other: a_series(-5, 3)},
    )
    found = totals(counted, Span(NOON - timedelta(hours=1), NOON - timedelta(hours=1), 2))
    assert found.by_name == {one: Counts(201, 1), other: Counts(200, 3)}
