"""Durations in bins."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.spread import BINS, bin_of, lower_median, middle_of, weighted

DURATIONS = st.floats(0.001, 20_000, allow_nan=False)


@pytest.mark.parametrize(("seconds", "bin_"), [(0, 0), (0.001, 0), (0.0011, 1), (0.1, 49)])
def test_a_duration_has_its_bin(seconds: float, bin_: int) -> None:
    assert bin_of(seconds) == bin_


@given(st.floats(0, 1e12))
def test_any_duration_has_a_bin(seconds: float) -> None:
    assert 0 <= bin_of(seconds) < BINS


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_the_median_is_right_to_a_twentieth(durations: list[float]) -> None:
    found = lower_median(Counter(bin_of(d) for d in durations))
    assert found == pytest.approx(statistics.median_low(durations), rel=0.051)


@given(st.integers(0, BINS - 1))
def test_a_bin_stands_for_something_in_it(bin_: int) -> None:
    assert bin_of(middle_of(bin_)) == bin_


def test_of_nothing_there_is_no_median() -> None:
    assert lower_median({}) is None
    assert weighted([]) is None
    assert weighted([(1.0, 0)]) is None


def test_medians_of_several_count_by_their_requests() -> None:
    assert weighted([(0.1, 10), (2.0, 100)]) == 2.0
    assert weighted([(0.1, 100), (2.0, 10)]) == 0.1
