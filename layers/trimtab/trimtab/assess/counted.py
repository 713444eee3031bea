"""Requests and errors of each target, added up. Pure.

Minutes in which a target reports no requests are left out: nothing asked is nothing known. A minute
with requests and no datapoint of errors is one without errors, since counters of errors are
commonly written only when there is something to count; the series itself must have been read whole.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from itertools import compress
from math import inf
from operator import add, gt, not_

from trimtab.assess.binomial import Counts, Totals, sum_of
from trimtab.assess.columns import Column, Columns, columns_of, turned
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series

LEAST, MOST = 1.0, 1e12
"""What plainly is a request in a minute; more than so many are no count."""

Minutes = tuple[Counts, ...]
"""Counts of the fresh minutes with requests, newest first."""


@dataclass(frozen=True, slots=True)
class CountColumns:
    """Targets asked in the same minutes: by minute the requests and, beside them, the errors."""

    times: tuple[datetime, ...]
    names: Sequence[InstanceId]
    asked: Sequence[Column]
    failed: Sequence[Column]

    def not_plainly_below(self, share: float) -> list[InstanceId]:
        """Name whose newest minute may have failed ``share`` of its requests, however rounded.

        All others had requests in it, and plainly fewer errors. This is what most targets are
        asked, and all of it.
        """
        asked, failed = self.asked[-1], self.failed[-1]
        fewest = _fewest(asked, failed)
        few = share * fewest - 1 if fewest >= LEAST else -inf  # of anyone's requests
        return [
            name
            for name, a, f in zip(self.names, asked, failed, strict=True)
            if not f < few and not (LEAST <= a <= MOST and f < share * a - 1)
        ]


@dataclass(frozen=True)
class Counted:
    """Requests and errors a minute, by target."""

    requests: Mapping[InstanceId, Series]
    errors: Mapping[InstanceId, Series]

    @cached_property
    def columns(self) -> tuple[CountColumns, ...]:
        """All that report requests, those of the same minutes together."""
        errors = {one.times: one for one in columns_of(self.errors)}
        return tuple(
            CountColumns(one.times, one.names, one.values, self._beside(one, errors.get(one.times)))
            for one in columns_of(self.requests)
        )

    def _beside(self, one: Columns, errors: Columns | None) -> Sequence[Column]:
        if errors is not None and errors.names == one.names:
            return errors.values
        times, none = one.times, (0.0,) * len(one.times)
        return turned(
            none if e is None else e.values if e.times == times else _beside(times, e)
            for e in map(self.errors.get, one.names)
        )

    def newest(self, name: InstanceId, length: int, oldest: datetime) -> Minutes:
        """Count the last minutes in which one target had requests, so many at the most.

        None is before ``oldest``; absurd numbers are no numbers.
        """
        requests, errors = self.requests[name], self.errors.get(name)
        failed = (0.0,) * len(requests.times) if errors is None else _beside(requests.times, errors)
        found: list[Counts] = []
        for i in range(len(failed) - 1, -1, -1):
            if requests.times[i] < oldest or len(found) == length:
                break
            value, wrong = requests.values[i], failed[i]
            if _is_count(value) and (asked := round(value)):
                found.append(Counts(asked, min(asked, round(wrong)) if _is_count(wrong) else 0))
        return tuple(found)


def _beside(minutes: tuple[datetime, ...], errors: Series) -> tuple[float, ...]:
    if errors.times == minutes:
        return errors.values
    failed = errors.by_time
    return tuple(failed.get(at, 0.0) for at in minutes)


def _is_count(value: float) -> bool:
    return 0 <= value <= MOST  # which no infinity is, and no NaN


@dataclass(frozen=True, slots=True)
class Span:
    """Which minutes are added up: the last ``length`` with requests, none before ``oldest``.

    Of whom there is nothing since ``newest``, nothing is.
    """

    oldest: datetime
    newest: datetime
    length: int


def totals(counted: Counted, span: Span) -> Totals[InstanceId]:
    """Add up the minutes of each target that had requests in them; fractions are rounded last."""
    parts = [
        part
        for one in counted.columns
        if one.times[-1] >= span.newest
        for part in _totals(one, counted, span)
    ]
    return parts[0] if len(parts) == 1 else Totals.joined(parts)


def _totals(one: CountColumns, counted: Counted, span: Span) -> Iterator[Totals[InstanceId]]:
    """Add up whole columns, and by itself whoever has a minute without requests, or an odd one.

    A minute without requests makes an older one count, and that is of this target alone.
    """
    first = max(bisect_left(one.times, span.oldest), len(one.times) - span.length)
    names, asked, failed = one.names, one.asked[first:], one.failed[first:]
    if not all(map(_are_plain, asked, failed)):
        plain = list(map(_are_plain, turned(asked), turned(failed)))
        yield _one_by_one(list(compress(names, map(not_, plain))), counted, span)
        names = list(compress(names, plain))
        asked, failed = ([tuple(compress(c, plain)) for c in side] for side in (asked, failed))
    yield Totals(names, _added(asked), _added(failed))


def _added(minutes: Sequence[Column]) -> Sequence[float]:
    return reduce(lambda one, other: tuple(map(add, one, other)), minutes)


def _one_by_one(names: Sequence[InstanceId], counted: Counted, span: Span) -> Totals[InstanceId]:
    sums = {name: sum_of(counted.newest(name, span.length, span.oldest)) for name in names}
    return Totals.of({name: total for name, total in sums.items() if total.asked})


def _fewest(asked: Column, failed: Column) -> float:
    """Return the fewest requests of any; below zero unless all had some, and no more errors.

    A sum that holds a NaN is below no bound.
    """
    if not (sum(asked) <= MOST and sum(failed) <= MOST and min(failed) >= 0):
        return -inf
    fewest = min(asked)
    return fewest if max(failed) <= fewest or not any(map(gt, failed, asked)) else -inf


def _are_plain(asked: Column, failed: Column) -> bool:
    return _fewest(asked, failed) >= LEAST
