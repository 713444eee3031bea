"""Envoy's split of traffic among priorities, and its panic, exactly. Pure.

Source: the pages "Priority levels" and "Panic threshold" of Envoy's architecture overview. Held
to published vectors; a route's own shares are in ``decide/shares.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 100
"""Percent of the traffic, and the health of a priority that can take all of it."""
OVERPROVISIONING = 140
"""A priority counts as whole while 100 / 1.4 = 71.4 percent of its hosts are healthy (percent)."""


@dataclass(frozen=True, slots=True)
class Level:
    """One priority: how many of its hosts are healthy."""

    healthy: int
    total: int

    @property
    def percent(self) -> float:
        """Share of healthy hosts in percent; 0 for a priority without hosts."""
        return 100.0 * self.healthy / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Spilled:
    """Percent of the traffic per priority (adding up to 100, or to 0), and which are in panic."""

    loads: tuple[int, ...]
    panics: tuple[bool, ...]


def spill(levels: Sequence[Level], panic_threshold: float = 50) -> Spilled:
    """Split 100 percent of the traffic: each priority takes what it can, the rest goes on.

    While all together are whole nobody is in panic. Otherwise each priority with a smaller share of
    healthy hosts than the threshold is, and uses all of its hosts; if nothing at all is healthy,
    all traffic goes to the first priority, or nowhere with a threshold of 0. Loads are rounded to
    whole percents as in the published tables; what rounding leaves goes to the first that serves.

    Worked examples: 71 percent healthy of the first, 100 of the second: 99 and 1. 25 and 25: 50
    and 50, both in panic. 5 and 65: 7 and 93, the first in panic.
    """
    health = [min(WHOLE, OVERPROVISIONING * a.healthy // a.total) if a.total else 0 for a in levels]
    whole = min(WHOLE, sum(health))
    is_short = whole < WHOLE and panic_threshold > 0
    panics = tuple(is_short and level.percent < panic_threshold for level in levels)
    if whole == 0:
        everything = WHOLE if panic_threshold > 0 else 0
        return Spilled(tuple(0 if i else everything for i in range(len(levels))), panics)
    loads, left = [], WHOLE
    for one in health:
        loads.append(min(left, round(one * WHOLE / whole)))
        left -= loads[-1]
    serving = next(i for i, load in enumerate(loads) if load)
    loads[serving] += left
    return Spilled(tuple(loads), panics)
