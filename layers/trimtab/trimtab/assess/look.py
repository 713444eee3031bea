"""What a detector is given, and what it gives back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from trimtab.assess.columns import Samples
from trimtab.assess.counted import Counted
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId, TargetId
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, Series
from trimtab.model.policy import Policy

Found = tuple[tuple[TargetId, Evidence], ...]
"""Evidence by target, in the order in which it was found."""


@dataclass(frozen=True)
class Look:
    """One fleet as it is seen now, and what is remembered of it."""

    seen: FleetSeen
    policy: Policy
    memory: FleetMemory
    now: datetime

    def warm(self, metric: str) -> Mapping[InstanceId, Series]:
        """Return a metric's series without what was measured before a newcomer was warm."""
        series = (self.seen.metrics or {}).get(metric, {})
        warm_up = self.policy.scaling.warm_up
        new = ((i, at) for i, at in self.memory.warming.items() if i in series)
        late = {i: series[i].since(at + warm_up) for i, at in new}
        return Samples(series).but(late) if late else series

    @cached_property
    def counted(self) -> Counted:
        """What metrics count of each target once it is warm; several detectors ask."""
        rule = self.policy.health.failures
        if rule is None or rule.requests is None or rule.errors is None:
            return Counted({}, {})
        errors = (self.seen.metrics or {}).get(rule.errors.name, {})
        return Counted(self.warm(rule.requests.name), errors)

    def on_instances(self, found: Iterable[tuple[InstanceId, Evidence]]) -> Found:
        """Hold what was found of an instance against each of its registrations."""
        by_instance: dict[InstanceId, list[Evidence]] = {}
        for instance, evidence in found:
            by_instance.setdefault(instance, []).append(evidence)
        if not by_instance:
            return ()
        here = (t for t in self.seen.targets or () if t.instance in by_instance)
        return tuple((t.id, evidence) for t in here for evidence in by_instance[t.instance])

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
