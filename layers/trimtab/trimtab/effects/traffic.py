"""Where the traffic went after a shift of weights, by counts of requests. Pure.

A weight that is set is a promise; the counts say whether it was kept. They say nothing where a
fleet is on other routes too, where the shift is too small to tell, and where a count is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from trimtab.effects.vitals import requests_of
from trimtab.model.change import Reweight, gainers
from trimtab.model.effect import Unverified
from trimtab.model.ids import Arn, FleetId
from trimtab.model.situation import Situation

LEAST_GAIN = 0.05
"""A share of the traffic that can be told from the noise of two minutes."""
LEAST_PART = 0.25
"""Of what was to come: less in both of the last two minutes is nothing. Sessions may be sticky."""
FULL_MINUTES = 2


@dataclass(frozen=True, slots=True)
class Traffic:
    """The share of requests that reached who was to get more, and the share it was given."""

    text: str
    came_to_nothing: bool


def traffic_of(change: Reweight, held: Unverified, at: Situation) -> Traffic | None:
    """Tell what the fleet that gains most got in the last two full minutes; ``None``: unknown.

    Worked example: from 0 to 20 of 100, and 1 and 2 % of the requests: it came to nothing.
    """
    arn = max(gainers(change), key=lambda group: _gain(change, group), default=None)
    fleets = {p.target_group: f for f, p in at.policy.fleets.items()}
    if arn is None or arn not in fleets or _gain(change, arn) < LEAST_GAIN:
        return None
    names = [fleets[group] for group in change.after if group in fleets]
    if any(_is_elsewhere(name, at) for name in names):
        return None
    shares = _shares(fleets[arn], names, held, at)[-FULL_MINUTES:]
    if len(shares) < FULL_MINUTES:
        return None
    before, after = _share(change.before, arn), _share(change.after, arn)
    text = f"{fleets[arn]} gets {max(shares):.0%} of the requests, its weight is {after:.0%}"
    return Traffic(text, max(shares) < before + LEAST_PART * (after - before))


def _shares(name: FleetId, names: list[FleetId], held: Unverified, at: Situation) -> list[float]:
    """Return a fleet's share of the requests, for each minute since in which it had some.

    Who has no count is left out of the sum: that makes the share larger, never smaller.
    """
    counts = {each: requests_of(each, at) for each in names}
    minutes = [minute for minute in sorted(counts[name]) if minute >= held.done]
    sums = [fsum(c.get(minute, 0.0) for c in counts.values()) for minute in minutes]
    return [counts[name][m] / total for m, total in zip(minutes, sums, strict=True) if total > 0]


def _is_elsewhere(name: FleetId, at: Situation) -> bool:
    return sum(1 for route in at.policy.routes if name in route.split) > 1


def _gain(change: Reweight, group: Arn) -> float:
    return _share(change.after, group) - _share(change.before, group)


def _share(weights: Mapping[Arn, int], group: Arn) -> float:
    total = sum(weights.values())
    return weights[group] / total if total else 0.0
