"""The plan so far: what this tick has already granted, added to what is in flight. Pure.

Guards ask it questions that only make sense over all proposals together: how many are out of this
fleet, who survives, what will each fleet carry. Shadowed and awaiting changes count as granted, so
that observing gives the same verdicts as enforcing would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import fsum

from trimtab.guard.ground import FleetGround
from trimtab.model.blast import UNLIMITED, Blast
from trimtab.model.change import Change, Eject, Resize, Retire, Reweight, subject_of
from trimtab.model.disruption import ZoneCrew
from trimtab.model.ids import Arn, FleetId, InstanceId, Zone
from trimtab.model.situation import Situation
from trimtab.model.tick import Pause

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A situation plus the changes granted so far this tick, in order.

    ``crews`` counts by zone the fleets that a target is to leave.
    """

    at: Situation
    pauses: tuple[Pause, ...]
    grounds: Mapping[FleetId, FleetGround]
    granted: tuple[Change, ...] = ()
    blast: Blast = UNLIMITED
    crews: Mapping[FleetId, Mapping[Zone, ZoneCrew]] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When the situation was seen."""
        return self.at.now

    def grant(self, change: Change) -> Plan:
        """Return the plan with one more change in it."""
        return replace(self, granted=(*self.granted, change))

    @property
    def coming(self) -> tuple[Change, ...]:
        """Changes on their way (intended, outcome unknown) and granted this tick."""
        return (*(p.change for p in self.at.memory.pending), *self.granted)

    def in_flight(self, subject: str) -> bool:
        """Tell whether an intent about the subject has no outcome yet, or was granted above."""
        return any(subject_of(c) == subject for c in self.coming)

    def leaving(self, fleet: FleetId) -> frozenset[InstanceId]:
        """Instances that changes under way take out of a fleet."""
        return frozenset(
            c.instance for c in self.coming if isinstance(c, Eject) and c.fleet == fleet
        )

    def shrinking(self, fleet: FleetId) -> int:
        """How many targets a smaller group may take from a fleet; AWS picks which, so any.

        Coming resizes, and members beyond the size the group has already: they are about to go.
        """
        resizes = [c for c in self.coming if isinstance(c, Resize) and c.fleet == fleet]
        asked = sum(max(0, c.before - c.after) for c in resizes)
        group = self.at.fleet(fleet).group
        if group is None:
            return asked
        size = min([group.desired, *(c.after for c in resizes)])
        return max(asked, self.grounds[fleet].in_service - size)

    def survivors(self, fleet: FleetId) -> int:
        """Trusted targets left once everything under way has happened, at worst."""
        ground = self.grounds[fleet]
        lost = sum(ground.trusted.get(i, 0) for i in self.leaving(fleet))
        return max(0, ground.trusted_count - lost - self.shrinking(fleet))

    def ramping(self, fleet: FleetId, without: InstanceId | None = None) -> float:
        """How many of the survivors slow start keeps from their load, in whole targets."""
        gone = self.leaving(fleet) | {without}
        return fsum(v for i, v in self.grounds[fleet].ramping.items() if i not in gone)

    def units(self, fleet: FleetId) -> float | None:
        """The load a fleet must be able to carry, in target units; ``None`` if unknown.

        The larger of what it carries now and what weights under way will give it. Only fresh data
        counts: an old load justifies no removal.
        """
        demand, shifts = self.at.believed(fleet).demand, self._shifts_to(fleet, self.coming)
        if demand is None:
            return None
        names = self._fleets_on(shifts)
        fresh = [d.units for f in names if (d := self.at.believed(f).demand) is not None]
        if len(fresh) < len(names):
            return None
        return max(demand.units, self._shifted(fleet, shifts))

    def last_units(self, fleet: FleetId) -> float | None:
        """The load of a fleet, fresh or as last known for a while; it may justify no removal."""
        demand, held = self.at.believed(fleet).demand, self.at.memory.fleet(fleet)
        if demand is not None:
            return demand.units
        if held.demand is None or held.demand_at is None:
            return None
        is_young = self.now - held.demand_at <= self.at.policy.guard.demand_memory
        return held.demand if is_young else None

    def units_after(self, fleet: FleetId, change: Reweight) -> float | None:
        """The load a shift leads a fleet to, by the last known load; ``None`` if unknown."""
        shifts = self._shifts_to(fleet, (*self.coming, change))
        if any(self.last_units(f) is None for f in self._fleets_on(shifts)):
            return None
        return self._shifted(fleet, shifts)

    def _shifts_to(self, fleet: FleetId, changes: tuple[Change, ...]) -> list[Reweight]:
        group = self.at.policy.fleets[fleet].target_group
        return [c for c in changes if isinstance(c, Reweight) and group in c.after]

    def _fleets_on(self, shifts: Sequence[Reweight]) -> list[FleetId]:
        """Fleets that shifts concern, in name order."""
        fleets = self.at.policy.fleets
        return sorted(f for f in fleets if any(fleets[f].target_group in s.after for s in shifts))

    def _shifted(self, fleet: FleetId, shifts: Sequence[Reweight]) -> float:
        """The most that shifts give a fleet: its share of one route, and what others add to it.

        How a fleet's load divides among its routes is not known, so each is taken to carry all of
        its fleets' load; together they cannot give more than all there is.
        """
        group, most = self.at.policy.fleets[fleet].target_group, 0.0
        loads = [fsum(self.last_units(f) or 0.0 for f in self._fleets_on([s])) for s in shifts]
        was = [_share(s.before, group) for s in shifts]
        will = [_share(s.after, group) for s in shifts]
        gains = [max(0.0, b - a) * load for a, b, load in zip(was, will, loads, strict=True)]
        for share, gain, load in zip(will, gains, loads, strict=True):
            most = max(most, share * load + fsum(gains) - gain)
        return min(most, fsum(self.last_units(f) or 0.0 for f in self._fleets_on(shifts)))

    def out(self, fleet: FleetId, zone: Zone | None = None) -> frozenset[InstanceId]:
        """Instances out of service in a fleet (or one zone of it), under way included."""
        ground = self.grounds[fleet]
        out = ground.out | self.leaving(fleet)
        if zone is None:
            return out
        return frozenset(i for i in out if ground.zone_of.get(i, zone) == zone)

    def population(self, fleet: FleetId, zone: Zone | None = None) -> int:
        """All instances of a fleet (or zone): those registered and those out."""
        ground = self.grounds[fleet]
        return len(ground.zone_of) if zone is None else ground.sizes.get(zone, 0)

    def recent(self, *, removals: bool) -> int:
        """Actions of the last hour and those under way; of removals only, if asked."""
        past = [a for a in self.at.memory.actions if self.now - a.at < HOUR]
        done = sum(1 for a in past if a.removal or not removals)
        return done + sum(1 for c in self.coming if is_removal(c) or not removals)


def _share(weights: Mapping[Arn, int], group: Arn) -> float:
    total = sum(weights.values())
    return weights[group] / total if total else 0.0


def is_removal(change: Change) -> bool:
    """Tell whether a change takes a target out of service by name, or ends it."""
    return isinstance(change, Eject | Retire)
