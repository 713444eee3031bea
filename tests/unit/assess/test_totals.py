"""What is added up quickly for thousands is what is counted minute by minute for few."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from trimtab.assess.binomial import Counts, sum_of
from trimtab.assess.counted import Counted, Span, totals
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Point, Series

COUNTS = st.integers(1, 500)
ABSURD = st.sampled_from([0, -5, 1e13, math.nan, math.inf])
ERRORS = COUNTS | COUNTS | COUNTS | ABSURD
REQUESTS = ERRORS | st.sampled_from([0.4, 0.5])


@st.composite
def series(draw: st.DrawFn, values: st.SearchStrategy[float]) -> Series:
    every = st.just(range(10))  # mostly all report in the same minutes
    minutes = sorted(draw(every | every | st.sets(st.integers(0, 9), max_size=8)))
    return Series.of(Point(NOON + timedelta(minutes=m), draw(values)) for m in minutes)


FLEETS = st.lists(st.tuples(series(REQUESTS), st.none() | series(ERRORS)), max_size=6)


Fleet = list[tuple[Series, Series | None]]


def counted_of(fleet: Fleet) -> Counted:
    return Counted(
        {InstanceId(f"i-{n}"): requests for n, (requests, _) in enumerate(fleet)},
        {InstanceId(f"i-{n}"): errors for n, (_, errors) in enumerate(fleet) if errors},
    )


@given(FLEETS, st.integers(0, 9), st.integers(0, 9), st.integers(1, 6))
def test_the_total_of_each_is_the_sum_of_its_minutes(
    fleet: Fleet, since: int, lately: int, length: int
) -> None:
    oldest, newest = (NOON + timedelta(minutes=m) for m in (since, lately))
    counted = counted_of(fleet)
    expected = {}
    for name, requests in counted.requests.items():
        errors = counted.errors.get(name, Series()).by_time
        minutes = [
            Counts(round(value), min(round(value), round(wrong) if 0 <= wrong <= 1e12 else 0))
            for at, value in requests.by_time.items()
            if at >= oldest and 0.5 < value <= 1e12
            for wrong in [errors.get(at, 0.0)]
        ][-length:]
        if minutes and requests.times[-1] >= newest:
            expected[name] = sum_of(minutes)
    assert totals(counted, Span(oldest, newest, length)).by_name == expected


@given(FLEETS, st.floats(0.01, 1))
def test_who_is_passed_over_had_a_good_minute(fleet: Fleet, share: float) -> None:
    for one in counted_of(fleet).columns:
        for place in set(range(len(one.names))) - set(one.not_plainly_below(share)):
            (minute,) = one.newest(place, 1, one.times[-1])
            assert minute.share < share
