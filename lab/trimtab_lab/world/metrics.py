"""Metrics as CloudWatch has them: minute datapoints that arrive late, under exact dimensions.

Facts followed (CloudWatch and Elastic Load Balancing user guides): a query returns the series
whose set of dimensions is exactly the one asked for, so a partial or unknown set has no data;
Application Load Balancer metrics exist only while requests flow; error counts are reported only
when they are not zero; percentiles need the distribution, which TargetResponseTime and the
application's Latency have. RequestCount leaves out requests the load balancer could not give to
any target.

A datapoint is complete at the end of its minute and arrives `lag_s` later, each at its own time,
the same for a seed. While metrics are dark nothing arrives; what was withheld arrives when it
ends.

Approximation: a percentile of a metric that is only a count is its average.
"""

from __future__ import annotations

import math
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault
from trimtab_lab.world.load import merged, quantile
from trimtab_lab.world.views import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime


KEEP_MINUTES = 240
FIRST = 0.001
"""Share of a distribution that its smallest value stands for."""


@dataclass(slots=True)
class Summary:
    """CloudWatch's statistic set for one minute, with the distribution where there is one.

    With a distribution, ``low`` and ``high`` are worked out of it when they are asked for: most
    reads want the sum or the mean.
    """

    total: float
    count: float
    low: float = math.nan
    high: float = math.nan
    mix: dict[int, int] | None = None
    unit_s: float = 1.0
    """Seconds times this is the metric's unit (1000 for milliseconds)."""

    def quantile(self, share: float) -> float:
        """Return the value that so large a share does not exceed; needs a distribution."""
        return quantile(self.mix or {}, share) * self.unit_s

    @property
    def least(self) -> float:
        """The smallest value."""
        return self.low if self.mix is None else self.quantile(FIRST)

    @property
    def most(self) -> float:
        """The largest value."""
        return self.high if self.mix is None else self.quantile(1 - FIRST)


Row = tuple[int, Any]
"""Start of the minute, and what was counted in it."""
Reader = Callable[[Any], "Summary | None"]
"""Takes one metric's summary out of a row; None when the metric was not reported."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of datapoints, as GetMetricData's MetricStat names it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period_s: int = 60

    @staticmethod
    def of(
        namespace: str, name: str, dimensions: Mapping[str, str], statistic: str, period_s: int = 60
    ) -> Series:
        """Name a series from a mapping of dimensions."""
        return Series(namespace, name, tuple(sorted(dimensions.items())), statistic, period_s)


class Source:
    """All metrics reported under one namespace and one set of dimensions."""

    __slots__ = ("readers", "rows", "salt")

    def __init__(self, salt: int, readers: Mapping[str, Reader]) -> None:
        self.salt = salt
        self.readers = readers
        self.rows: deque[Row] = deque(maxlen=KEEP_MINUTES)


@dataclass(frozen=True, slots=True)
class Which:
    """Of which metrics: all, those of a namespace, or those with a dimension of this value."""

    namespace: str | None = None
    dimension: str | None = None

    def takes(self, series: Series) -> bool:
        """Tell whether a series is one of them."""
        if self.namespace not in (None, series.namespace):
            return False
        return self.dimension is None or any(v == self.dimension for _, v in series.dimensions)


@dataclass(slots=True)
class _Withheld:
    fault: Fault
    which: Which
    since: int
    extra_s: float | None
    until: float = math.inf


@dataclass(slots=True)
class _Spoiled:
    """From ``since`` on all minutes say ``value``; without one they are counted twice."""

    fault: Fault
    which: Which
    since: int
    value: float | None
    until: float = math.inf

    def of(self, summary: Summary) -> Summary:
        """Return what is reported instead."""
        if self.value is not None:
            return Summary(self.value, 1, self.value, self.value)
        return replace(summary, total=2 * summary.total, count=2 * summary.count)


class Metrics:
    """Every datapoint of the last hours and when it arrives."""

    def __init__(self, seed: int, lag_s: tuple[int, int]) -> None:
        self._seed = seed
        self._lag = lag_s
        self._sources: dict[tuple[str, frozenset[tuple[str, str]]], Source] = {}
        self._withheld: list[_Withheld] = []
        self._spoiled: list[_Spoiled] = []

    def source(
        self, namespace: str, dimensions: Mapping[str, str], readers: Mapping[str, Reader]
    ) -> Source:
        """The place to report minutes to; made when it is first asked for."""
        key = (namespace, frozenset(dimensions.items()))
        if key not in self._sources:
            named = f"{self._seed}|{namespace}|{sorted(dimensions.items())}"
            self._sources[key] = Source(zlib.crc32(named.encode()), readers)
        return self._sources[key]

    def listed(self, namespace: str | None = None) -> tuple[tuple[str, str, dict[str, str]], ...]:
        """(namespace, name, dimensions) of what has been reported, as ListMetrics answers."""
        return tuple(
            (space, name, dict(sorted(dimensions)))
            for (space, dimensions), source in self._sources.items()
            if namespace in (None, space)
            for name, read in source.readers.items()
            if any(read(row) is not None for _, row in source.rows)
        )

    def datapoints(
        self, series: Series, start: datetime, end: datetime, now: datetime
    ) -> list[tuple[datetime, float]]:
        """Datapoints with start <= timestamp < end that have arrived by `now`, oldest first."""
        window = (int(start.timestamp()), int(end.timestamp()), int(now.timestamp()))
        return [(moment(at), value) for at, value in sorted(self.values(series, window).items())]

    def values(self, series: Series, window: tuple[int, int, int]) -> dict[int, float]:
        """The same in seconds since the epoch: (start, end, now) to a value per period."""
        if series.period_s <= 0 or series.period_s % 60:
            raise WorldError(
                "ValidationError", f"Period must be a multiple of 60: {series.period_s}"
            )
        if series.period_s == 60 and series.statistic in _OF_ONE:
            one = _OF_ONE[series.statistic]
            return {at: one(summary) for at, summary in self._arrived(series, window)}
        compute = statistic(series.statistic)
        periods: dict[int, list[Summary]] = {}
        for at, summary in self._arrived(series, window):
            periods.setdefault(at // series.period_s * series.period_s, []).append(summary)
        return {at: compute(parts) for at, parts in periods.items()}

    def withhold(self, fault: Fault, which: Which, since: int, extra_s: float | None) -> None:
        """From `since` on, let nothing arrive (or everything `extra_s` later)."""
        self._withheld.append(_Withheld(fault, which, since, extra_s))

    def spoil(self, fault: Fault, which: Which, since: int, value: float | None) -> None:
        """From `since` on, let all minutes say `value` (or count everything twice)."""
        self._spoiled.append(_Spoiled(fault, which, since, value))

    def release(self, fault: Fault, until: int) -> None:
        """Let datapoints be and arrive again as usual."""
        windows: tuple[_Withheld | _Spoiled, ...] = (*self._withheld, *self._spoiled)
        for window in windows:
            if window.fault == fault and window.until == math.inf:
                window.until = until

    def forget_before(self, at: int) -> None:
        """Drop sources that have reported nothing since `at`."""
        for key, source in list(self._sources.items()):
            if not source.rows or source.rows[-1][0] < at:
                del self._sources[key]

    def _arrived(
        self, series: Series, window: tuple[int, int, int]
    ) -> Iterator[tuple[int, Summary]]:
        start, end, now = window
        source = self._sources.get((series.namespace, frozenset(series.dimensions)))
        read = source.readers.get(series.name) if source else None
        if source is None or read is None:
            return
        salt = source.salt ^ zlib.crc32(series.name.encode())
        withheld = [w for w in self._withheld if w.which.takes(series)]
        spoiled = [s for s in self._spoiled if s.which.takes(series)]
        surely = now - 60 - self._lag[1] if not withheld else -math.inf
        for at, row in reversed(source.rows):
            if at < start:
                return
            if at < end and at + 60 + self._lag[0] <= now:
                summary = read(row)
                if summary and (at <= surely or self._arrival(withheld, salt, at) <= now):
                    for spoil in spoiled:
                        if spoil.since <= at < spoil.until:
                            summary = spoil.of(summary)
                    yield at, summary

    def _arrival(self, withheld: Iterable[_Withheld], salt: int, at: int) -> float:
        low, high = self._lag
        mixed = (salt * 1103515245 + at * 2654435761) & 0xFFFFFFFF
        lag = low + (mixed >> 8) % (high - low + 1)
        arrival: float = at + 60 + lag
        for window in withheld:
            if window.since <= arrival < window.until:
                arrival = window.until if window.extra_s is None else arrival + window.extra_s
        return arrival


def statistic(name: str) -> Callable[[Iterable[Summary]], float]:
    """How to reduce minutes to one number, by CloudWatch's name of the statistic."""
    if name in _STATISTICS:
        return _STATISTICS[name]
    try:
        share = float(name[1:]) / 100 if name[0] == "p" else math.nan
    except (ValueError, IndexError):
        share = math.nan
    if not 0 <= share <= 1:
        raise WorldError("ValidationError", f"Unknown statistic {name!r}")
    return lambda parts: _percentile(list(parts), share)


def _average(parts: Iterable[Summary]) -> float:
    parts = list(parts)
    return sum(part.total for part in parts) / sum(part.count for part in parts)


def _percentile(parts: list[Summary], share: float) -> float:
    mixes = [part.mix for part in parts if part.mix is not None]
    return quantile(merged(mixes), share) * parts[0].unit_s if mixes else _average(parts)


_OF_ONE: dict[str, Callable[[Summary], float]] = {
    "Sum": lambda part: part.total,
    "Average": lambda part: part.total / part.count,
}
"""The same of a single minute: most reads."""
_STATISTICS: dict[str, Callable[[Iterable[Summary]], float]] = {
    "Sum": lambda parts: sum(part.total for part in parts),
    "Average": _average,
    "Minimum": lambda parts: min(part.least for part in parts),
    "Maximum": lambda parts: max(part.most for part in parts),
    "SampleCount": lambda parts: sum(part.count for part in parts),
}
