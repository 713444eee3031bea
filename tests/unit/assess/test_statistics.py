"""Plain statistics over few samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.assess.statistics import lower_median, median, spread


def test_statistics_by_their_worked_examples() -> None:
    assert median([5, 1, 9, 3]) == 4
    assert median([5, 1, 9]) == 5
    assert lower_median([40, 2000]) == 40
    assert lower_median([3, 1, 2]) == 2
    assert spread([10, 11, 12, 13, 90], 12) == pytest.approx(1.4826)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30).map(sorted))
def test_the_spread_is_the_median_of_all_deviations(values: list[float]) -> None:
    centre = median(values)
    assert spread(values, centre) == 1.4826 * median([abs(v - centre) for v in values])
