"""Thousands of series at once: those of the same minutes as columns, one a minute. Pure.

Samples of one fleet are mostly of the same minutes. So what is asked of each target in the same way
is asked of whole columns, and only who stands out in one is looked at by himself. What is observed
brings its columns along (``Samples``); of other series they are made when they are asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series

Column = tuple[float, ...]
"""A minute's values, one a target."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Targets with samples of the same minutes, one at least; their values by minute."""

    times: tuple[datetime, ...]
    names: Sequence[InstanceId]
    values: Sequence[Column]


class Samples(dict[InstanceId, Series]):
    """A metric's series by target, and the same as columns. Not to be changed once it is made."""

    def __init__(
        self, series: Mapping[InstanceId, Series], columns: tuple[Columns, ...] | None = None
    ) -> None:
        super().__init__(series)
        self.columns = columns_of(series) if columns is None else columns

    def but(self, some: Mapping[InstanceId, Series]) -> Samples:
        """Return the same with the series of some targets in place of theirs."""
        rest = (_without(one, some) for one in self.columns)
        return Samples({**self, **some}, (*(r for r in rest if r.names), *columns_of(some)))


def columns_of(series: Mapping[InstanceId, Series]) -> tuple[Columns, ...]:
    """Put the targets together whose samples are of the same minutes. Who has none is left out."""
    if isinstance(series, Samples):
        return series.columns
    together: dict[tuple[datetime, ...], list[InstanceId]] = defaultdict(list)
    for name, one in series.items():
        together[one.times].append(name)
    return tuple(
        Columns(times, names, list(zip(*(series[name].values for name in names), strict=True)))
        for times, names in together.items()
        if times
    )


def _without(one: Columns, some: Container[InstanceId]) -> Columns:
    stays = [name not in some for name in one.names]
    return Columns(
        one.times, list(compress(one.names, stays)), [tuple(compress(c, stays)) for c in one.values]
    )
