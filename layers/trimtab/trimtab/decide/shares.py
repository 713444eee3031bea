"""Sharing load among fleets: plain arithmetic behind routing and sizing. Pure.

Units are targets at target load, shares are in 0..1 and add up to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum  # exact, so that the order of fleets does not matter
from typing import TypeVar

from trimtab.model.ids import FleetId

K = TypeVar("K", bound=str)
"""What has a share: a fleet by its name, or a target group by its ARN."""

WEIGHTS_TOTAL = 100
"""What our weights add up to: percents read well, and AWS takes 0 to 999."""


def allocate(
    home: Mapping[FleetId, float], capacity: Mapping[FleetId, float], demand: float
) -> dict[FleetId, float]:
    """Return the shares closest to home that no fleet's capacity forbids.

    Each fleet takes its home share up to its capacity; what is left goes to the others in
    proportion to what they have to spare. What nobody can carry stays where home has it, so that a
    fleet that works is not buried under the load of one that does not.

    Worked example: home 1/0, capacity 4/3, demand 5: the first keeps 4 of 5, the second takes 1;
    shares 0.8/0.2. With capacity 0/3: 0.4/0.6, since the second can take 3 of 5 and no more.
    """
    home = dict(sorted(home.items()))  # sums must not depend on the order of a mapping
    if demand <= 0:
        return _without_demand(home, capacity)
    kept = {f: min(home[f] * demand, capacity[f]) for f in home}
    excess = demand - fsum(kept.values())
    spare = {f: max(0.0, capacity[f] - kept[f]) for f in home}
    room = fsum(spare.values())
    moved = min(excess, room)
    lost = {f: max(0.0, home[f] * demand - kept[f]) for f in home}
    short = fsum(lost.values())
    return {
        f: (
            kept[f]
            + (moved * spare[f] / room if room > 0 else 0.0)
            + ((excess - moved) * lost[f] / short if short > 0 else 0.0)
        )
        / demand
        for f in home
    }


def _without_demand(
    home: Mapping[FleetId, float], capacity: Mapping[FleetId, float]
) -> dict[FleetId, float]:
    """With nothing to carry, stay home, but not on a fleet that could carry nothing."""
    able = {f: (share if capacity[f] > 0 else 0.0) for f, share in home.items()}
    total = fsum(able.values())
    if total > 0:
        return {f: share / total for f, share in able.items()}
    others = [f for f in home if capacity[f] > 0]
    if not others:
        return dict(home)
    return {f: (1 / len(others) if f in others else 0.0) for f in home}


def towards(now: Mapping[K, float], wish: Mapping[K, float], step: float) -> dict[K, float]:
    """Return the shares after moving at most ``step`` of all traffic from ``now`` to ``wish``.

    Worked example: from 1/0 towards 0.4/0.6 by 0.2 gives 0.8/0.2.
    """
    gap = fsum(max(0.0, wish[f] - now[f]) for f in now)
    if gap <= step:
        return dict(wish)
    part = step / gap
    return {f: now[f] + (wish[f] - now[f]) * part for f in now}


def shares_of(weights: Mapping[K, int]) -> dict[K, float] | None:
    """Return weights as shares; ``None`` if all are zero."""
    total = sum(weights.values())
    if total <= 0:
        return None
    return {f: w / total for f, w in weights.items()}


def weights_of(shares: Mapping[K, float], total: int = WEIGHTS_TOTAL) -> dict[K, int]:
    """Return shares as whole weights that add up to ``total`` (largest remainder).

    Worked example: 0.335/0.665 becomes 34/66... or 33/67: the larger remainder gets the odd one,
    the fleet whose name sorts first at a tie.
    """
    exact = {f: share * total for f, share in shares.items()}
    whole = {f: int(x + 1e-9) for f, x in exact.items()}
    left = total - sum(whole.values())
    by_remainder = sorted(exact, key=lambda f: (whole[f] - exact[f], f))
    for f in by_remainder[:left]:
        whole[f] += 1
    return whole
