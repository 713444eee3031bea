"""Errands: whom a probe is sent to ask, and what it brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.model.ids import FleetId, ServiceId, TargetId
from trimtab.model.probe import ProbePolicy
from trimtab.model.report import Tally

MOST_ASKED = 500
"""Targets on one errand run: what a place asks within its time even if most of them hang."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A target and the address it is asked at."""

    target: TargetId
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Errand:
    """Targets of one fleet, and what they are asked."""

    service: ServiceId
    fleet: FleetId
    probe: ProbePolicy
    targets: tuple[Addressed, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """Errands that one place is sent on at once."""

    errands: tuple[Errand, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an errand: those who were asked. Who is not in it was not asked."""

    service: ServiceId
    fleet: FleetId
    tallies: Mapping[TargetId, Tally]


@dataclass(frozen=True, slots=True)
class Brought:
    """What a run brought back."""

    answers: tuple[Answered, ...]
