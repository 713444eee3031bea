"""What is usual of a fleet: slow means that what is wrong with it does not teach. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.model.assessment import FleetBelief
from trimtab.model.cause import Cause
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, LoadSignal

USUAL_WEIGHT = 0.05
"""Weight of the newest minute: about the last twenty minutes are usual."""


def usual_latency(old: FleetMemory, seen: FleetSeen, belief: FleetBelief) -> float | None:
    """Let what is usual drift slowly, and not at all while something is wrong."""
    series = (seen.signals or {}).get(LoadSignal.LATENCY)
    newest = series.last if series is not None and series.complete else None
    if newest is None or belief.down:
        return old.latency
    if old.latency is None:
        return newest.value
    weight = USUAL_WEIGHT / 5 if belief.suspicious else USUAL_WEIGHT
    return old.latency + weight * (newest.value - old.latency)


def usual_levels(old: FleetMemory, belief: FleetBelief) -> Mapping[str, float]:
    """Let the targets' median metrics drift, and not while something is wrong."""
    if not belief.levels or belief.cause is not Cause.NONE:
        return old.usual
    drifted = {m: v + USUAL_WEIGHT * (belief.levels.get(m, v) - v) for m, v in old.usual.items()}
    return {**belief.levels, **drifted}


@dataclass(frozen=True, slots=True)
class Population:
    """How many registrations a fleet was last believed to have, and when."""

    count: int | None
    at: datetime | None


def population_of(old: FleetMemory, belief: FleetBelief, now: datetime) -> Population:
    """Count the registrations, unless they are not believed or could not be read."""
    if belief.targets is None or belief.cause is Cause.BLIND:
        return Population(old.population, old.population_at)
    return Population(len(belief.targets), now)
