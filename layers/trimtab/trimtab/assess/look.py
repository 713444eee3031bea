"""What a detector is given, and what it gives back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId, TargetId
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen
from trimtab.model.policy import Policy

Found = tuple[tuple[TargetId, Evidence], ...]
"""Evidence by target, in the order in which it was found."""


@dataclass(frozen=True, slots=True)
class Look:
    """One fleet as it is seen now, and what is remembered of it."""

    seen: FleetSeen
    policy: Policy
    memory: FleetMemory
    now: datetime

    def on_instances(self, found: Iterable[tuple[InstanceId, Evidence]]) -> Found:
        """Hold what was found of an instance against each of its registrations."""
        by_instance: dict[InstanceId, list[Evidence]] = {}
        for instance, evidence in found:
            by_instance.setdefault(instance, []).append(evidence)
        if not by_instance:
            return ()
        return tuple(
            (target.id, evidence)
            for target in self.seen.targets or ()
            for evidence in by_instance.get(target.instance, ())
        )

    def of_instances(self, some: Collection[InstanceId]) -> frozenset[TargetId]:
        """Return the registrations of instances."""
        here = self.seen.targets or ()
        return frozenset(t.id for t in here if t.instance in some) if some else frozenset()


@dataclass(frozen=True, slots=True)
class Findings:
    """What one detector says.

    ``levels``: the median of each metric it compared; ``rest_share``: the share of requests that
    those fail who do not stand out; ``rising`` are those who stand out by their newest sample
    alone, beside one that has for long enough. They help to tell the cause.
    """

    found: Found = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    rest_share: float | None = None
    rising: frozenset[TargetId] = frozenset()
