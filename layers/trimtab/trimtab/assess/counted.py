"""Requests and errors of each target, added up. Pure.

Minutes in which a target reports no requests are left out: nothing asked is nothing known. A minute
with requests and no datapoint of errors is one without errors, since counters of errors are
commonly written only when there is something to count; the series itself must have been read whole.
Fractions, where somebody writes them, are added up as they are, and the sum is rounded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, reduce
from itertools import compress, repeat
from math import inf
from operator import add, gt

from trimtab.assess.binomial import Counts, Totals
from trimtab.assess.columns import Column, Columns, columns_of
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series

NONE, LEAST, MOST = 0.5, 1.0, 1e12
"""What is rounded to no request, and what plainly is one; more than so many are no count."""

Minutes = tuple[Counts, ...]
"""Counts of the fresh minutes with requests, newest first."""


@dataclass(frozen=True)
class CountColumns:
    """Targets asked in the same minutes: by minute the requests and, beside them, the errors."""

    times: tuple[datetime, ...]
    names: Sequence[InstanceId]
    asked: Sequence[Column]
    failed: Sequence[Column]

    def not_plainly_below(self, share: float) -> list[int]:
        """Return whose newest minute may have failed ``share`` of its requests, however rounded.

        All others had requests in it, and plainly fewer errors. This is what most targets are
        asked, and all of it. Targets are given by their places among the names.
        """
        asked, failed = self.asked[-1], self.failed[-1]
        few = share * self.fewest(-1) - 1 if self.is_plain(-1) else -inf  # of anyone's requests
        return [
            place
            for place, f in enumerate(failed)
            if not f < few
            if not (LEAST <= asked[place] <= MOST and f < share * asked[place] - 1)
        ]

    def newest(self, place: int, length: int, oldest: datetime) -> Minutes:
        """Count the last minutes in which one target had requests, so many at the most.

        None is before ``oldest``; absurd numbers are no numbers.
        """
        return tuple(Counts(round(a), round(f)) for a, f in self._last(place, length, oldest))

    def total(self, place: int, length: int, oldest: datetime) -> tuple[float, float]:
        """Add up what ``newest`` counts."""
        minutes = self._last(place, length, oldest)
        return sum(a for a, _ in minutes), sum(f for _, f in minutes)

    def _last(self, place: int, length: int, oldest: datetime) -> list[tuple[float, float]]:
        found: list[tuple[float, float]] = []
        for at, asked, failed in self._newest_first:
            if at < oldest or len(found) == length:
                break
            value, wrong = asked[place], failed[place]
            if NONE < value <= MOST:  # which no NaN is
                found.append((value, min(value, wrong) if 0 <= wrong <= MOST else 0.0))
        return found

    @cached_property
    def _newest_first(self) -> Sequence[tuple[datetime, Column, Column]]:
        return list(zip(self.times, self.asked, self.failed, strict=True))[::-1]

    def is_plain(self, minute: int) -> bool:
        """Tell whether all had requests in a minute, and nobody more errors than those."""
        return self.fewest(minute) >= LEAST

    def fewest(self, minute: int) -> float:
        """Return the fewest requests of any in a minute; below ``LEAST`` unless it is plain."""
        place = minute % len(self.times)
        if place not in self._known:
            self._known[place] = _fewest(self.asked[place], self.failed[place])
        return self._known[place]

    @cached_property
    def _known(self) -> dict[int, float]:
        return {}  # several detectors ask for the same minutes


Places = Mapping[InstanceId, tuple[CountColumns, int]]


@dataclass(frozen=True)
class Counted:
    """Requests and errors a minute, by target."""

    requests: Mapping[InstanceId, Series]
    errors: Mapping[InstanceId, Series]

    @cached_property
    def columns(self) -> tuple[CountColumns, ...]:
        """All that report requests, those of the same minutes together."""
        errors = {one.times: one for one in self._errors}
        return tuple(
            CountColumns(one.times, one.names, one.values, self._beside(one, errors.get(one.times)))
            for one in columns_of(self.requests)
        )

    @cached_property
    def _errors(self) -> tuple[Columns, ...]:
        return columns_of(self.errors)

    def places_of(self, some: Container[InstanceId]) -> Places:
        """Return where the counts of some targets are."""
        return {
            name: (one, place)
            for one in self.columns
            for place, name in enumerate(one.names)
            if name in some
        }

    def _beside(self, one: Columns, errors: Columns | None) -> Sequence[Column]:
        """Return the errors of each minute; mostly all report both, or few report errors."""
        if errors is not None and errors.names == one.names:
            return errors.values
        by_minute = (self._errors_by_minute.get(at, {}) for at in one.times)
        return [tuple(map(errors.get, one.names, repeat(0.0))) for errors in by_minute]

    @cached_property
    def _errors_by_minute(self) -> Mapping[datetime, Mapping[InstanceId, float]]:
        found: dict[datetime, dict[InstanceId, float]] = defaultdict(dict)
        for one in self._errors:
            for at, column in zip(one.times, one.values, strict=True):
                found[at].update(zip(one.names, column, strict=True))
        return found


@dataclass(frozen=True, slots=True)
class Span:
    """Which minutes are added up: the last ``length`` with requests, none before ``oldest``.

    Of whom there is nothing since ``newest``, nothing is.
    """

    oldest: datetime
    newest: datetime
    length: int


def totals(counted: Counted, span: Span) -> Totals[InstanceId]:
    """Add up the minutes of each target that had requests in them."""
    parts = [
        part
        for one in counted.columns
        if one.times[-1] >= max(span.oldest, span.newest)
        for part in _totals(one, span)
    ]
    return parts[0] if len(parts) == 1 else Totals.joined(parts)


def _totals(one: CountColumns, span: Span) -> Iterator[Totals[InstanceId]]:
    """Add up whole columns, and by itself whoever has a minute without requests, or an absurd one.

    A minute without requests makes an older one count, and that is of this target alone.
    """
    first = max(bisect_left(one.times, span.oldest), len(one.times) - span.length)
    names, asked, failed = one.names, one.asked[first:], one.failed[first:]
    odd = _odd(one, first)
    if odd:
        sums = {one.names[i]: one.total(i, span.length, span.oldest) for i in sorted(odd)}
        yield Totals.of({name: total for name, total in sums.items() if total[0] > 0})
        plain = [place not in odd for place in range(len(names))]
        names = list(compress(names, plain))
        asked, failed = ([tuple(compress(c, plain)) for c in side] for side in (asked, failed))
    yield Totals(names, _added(asked), _added(failed))


def _odd(one: CountColumns, first: int) -> set[int]:
    """Return who has a minute, from one on, that cannot be added up as it is."""
    return {
        place
        for minute in range(first, len(one.times))
        if not one.is_plain(minute)
        for place, (a, f) in enumerate(zip(one.asked[minute], one.failed[minute], strict=True))
        if not (LEAST <= a <= MOST and 0 <= f <= a)
    }


def _added(minutes: Sequence[Column]) -> Sequence[float]:
    return reduce(lambda one, other: tuple(map(add, one, other)), minutes)


def _fewest(asked: Column, failed: Column) -> float:
    """Return the fewest requests of any; minus infinity if there is anything absurd.

    That is more errors than requests, or a number no count can be. A sum that holds a NaN is below
    no bound.
    """
    if not (sum(asked) <= MOST and sum(failed) <= MOST and min(failed) >= 0):
        return -inf
    fewest = min(asked)
    return fewest if max(failed) <= fewest or not any(map(gt, failed, asked)) else -inf
