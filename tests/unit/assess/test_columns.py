"""Series side by side as columns, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import NOON
from trimtab.assess.columns import Columns, Samples, columns_of
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Point, Series

NAMES = st.integers(0, 20).map(lambda n: InstanceId(f"i-{n}"))
MINUTES = st.sets(st.integers(0, 3)).map(sorted)


@st.composite
def one(draw: st.DrawFn) -> Series:
    values = st.floats(0, 100)
    return Series.of(Point(NOON + timedelta(minutes=m), draw(values)) for m in draw(MINUTES))


FLEET = st.dictionaries(NAMES, one())
Rows = Mapping[InstanceId, tuple[tuple[datetime, ...], tuple[float, ...]]]


def rows(columns: Iterable[Columns]) -> Rows:
    """Who has which values when; nobody twice."""
    found = [
        (name, (c.times, values))
        for c in columns
        for name, values in zip(c.names, zip(*c.values, strict=True), strict=True)
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


@given(FLEET)
def test_columns_hold_each_value_of_each_target(fleet: dict[InstanceId, Series]) -> None:
    expected = {name: (s.times, s.values) for name, s in fleet.items() if s.times}
    assert rows(columns_of(fleet)) == rows(columns_of(Samples(fleet))) == expected
    assert len({c.times for c in columns_of(fleet)}) == len(columns_of(fleet))


@given(FLEET, FLEET)
def test_some_in_place_of_theirs_is_the_same_as_all_anew(
    fleet: dict[InstanceId, Series], late: dict[InstanceId, Series]
) -> None:
    changed = Samples(fleet).but(late)
    assert changed == {**fleet, **late}
    assert rows(changed.columns) == rows(columns_of({**fleet, **late}))
