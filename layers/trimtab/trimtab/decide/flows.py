"""What each fleet should carry, now and once capacity has followed. Pure.

Routing and sizing answer the same question from two ends, so they read it off one page: sizing
makes room for what routing wants, and routing moves only what there is room for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from trimtab.decide.shares import allocate, shares_of
from trimtab.model.assessment import FleetBelief
from trimtab.model.ids import FleetId
from trimtab.model.policy import RoutePolicy
from trimtab.model.situation import Situation
from trimtab.model.size import bounds

SLACK = 0.02
"""Shares closer than this are the same: weights are whole percents."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One route's traffic: shares as they are, as capacity allows now, and as it could allow.

    ``demand`` and ``capacity`` are in target units; ``capacity`` counts trusted targets at
    ``guard.max_load``.
    """

    route: RoutePolicy
    demand: float
    now: Mapping[FleetId, float]
    possible: Mapping[FleetId, float]
    wanted: Mapping[FleetId, float]
    capacity: Mapping[FleetId, float]


def flow_of(route: RoutePolicy, at: Situation) -> Flow | None:
    """Return the route's flow, or ``None`` when something about it is not known.

    Blind to one fleet's targets, to the weights or to the load is blind to the flow: hold.
    """
    seen = at.seen.routes.get(route.name)
    fleets = {f: at.believed(f) for f in sorted(route.split)}
    if seen is None or any(b.targets is None for b in fleets.values()):
        return None
    weights = {f: seen.weights.get(at.policy.fleets[f].target_group) for f in fleets}
    if any(w is None for w in weights.values()):
        return None
    now = shares_of({f: w for f, w in weights.items() if w is not None})
    demand = total_demand(route, at)
    if now is None or demand is None:
        return None
    capacity = {
        f: 0.0 if b.down else b.trusted * at.policy.guard.max_load for f, b in fleets.items()
    }
    return Flow(
        route=route,
        demand=demand,
        now=now,
        possible=_without_gain(
            now, allocate(route.split, capacity, demand), [f for f in fleets if fleets[f].down]
        ),
        wanted=allocate(route.split, _grown(route, at), demand),
        capacity=capacity,
    )


def _without_gain(
    now: Mapping[FleetId, float], wish: Mapping[FleetId, float], down: list[FleetId]
) -> dict[FleetId, float]:
    """Give no fleet that is down more than it has: what it would get stays where it is."""
    kept = {f: min(wish[f], now[f]) if f in down else wish[f] for f in wish}
    surplus = fsum(wish.values()) - fsum(kept.values())
    alive = {f: max(0.0, now[f] - kept[f]) for f in wish if f not in down}
    lost = fsum(alive.values())
    return {
        f: s + (surplus * alive.get(f, 0.0) / lost if lost > 0 else 0.0) for f, s in kept.items()
    }


def total_demand(route: RoutePolicy, at: Situation) -> float | None:
    """Add up the load of a route's fleets; ``None`` if one is unknown.

    The last known load of a fleet stands in for ``guard.demand_memory``: this number only ever
    argues for more capacity, or for routing around a fleet that is down.
    """
    total = 0.0
    for fleet in sorted(route.split):
        units = known_units(fleet, at)
        if units is None:
            return None
        total += units
    return total


def known_units(fleet: FleetId, at: Situation) -> float | None:
    """Return a fleet's load in target units: fresh, else the last known if not too old."""
    demand = at.believed(fleet).demand
    if demand is not None:
        return demand.units
    held = at.memory.fleet(fleet)
    if held.demand is None or held.demand_at is None:
        return None
    return held.demand if at.now - held.demand_at <= at.policy.guard.demand_memory else None


def _grown(route: RoutePolicy, at: Situation) -> dict[FleetId, float]:
    """Return each fleet's capacity if its group grew as far as it may.

    More of what fails helps nobody, so nothing if it is down; but an empty fleet has not failed.
    """
    grown: dict[FleetId, float] = {}
    for fleet in route.split:
        group, believed = at.fleet(fleet).group, at.believed(fleet)
        size = float(believed.trusted)
        if group is not None:
            size = max(size, bounds(group, at.policy)[1])
        grown[fleet] = 0.0 if believed.down and not _is_empty(believed) else size
    return grown


def _is_empty(believed: FleetBelief) -> bool:
    """Tell whether nobody in a fleet serves and nobody has failed: it waits to be filled."""
    return not any(t.serves or t.bad for t in believed.targets or ())
