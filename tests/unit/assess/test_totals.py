"""What is added up quickly for thousands is what is counted minute by minute for few."""

from __future__ import annotations

import math
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from trimtab.assess.binomial import sum_of
from trimtab.assess.counted import Counted, Span, totals
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Point, Series

COUNTS = st.integers(1, 500)
ODD = st.sampled_from([0, -5, 0.4, 0.5, 1e13, math.nan, math.inf])
VALUES = COUNTS | COUNTS | COUNTS | ODD


@st.composite
def series(draw: st.DrawFn) -> Series:
    every = st.just(range(10))  # mostly all report in the same minutes
    minutes = sorted(draw(every | every | st.sets(st.integers(0, 9), max_size=8)))
    return Series.of(Point(NOON + timedelta(minutes=m), draw(VALUES)) for m in minutes)


FLEETS = st.lists(st.tuples(series(), st.none() | series()), max_size=6)


@given(FLEETS, st.integers(0, 9), st.integers(0, 9), st.integers(1, 6))
def test_the_total_of_each_is_the_sum_of_its_minutes(
    fleet: list[tuple[Series, Series | None]], since: int, lately: int, length: int
) -> None:
    oldest, newest = (NOON + timedelta(minutes=m) for m in sorted((since, lately)))
    counted = Counted(
        {InstanceId(f"i-{n}"): requests for n, (requests, _) in enumerate(fleet)},
        {InstanceId(f"i-{n}"): errors for n, (_, errors) in enumerate(fleet) if errors},
    )
    one_by_one = {}
    for name, requests in counted.requests.items():
        minutes = counted.newest(name, length, oldest)
        if minutes and requests.times[-1] >= newest:
            one_by_one[name] = sum_of(minutes)
    assert totals(counted, Span(oldest, newest, length)).by_name == one_by_one
