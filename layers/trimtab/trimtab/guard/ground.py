"""The ground a plan stands on: each fleet's facts, gathered once for all proposals of a tick. Pure.

Guards ask the same questions of every proposal; answering from here keeps a tick linear in the
number of targets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.model.assessment import Condition, TargetBelief
from trimtab.model.ids import FleetId, InstanceId, Zone
from trimtab.model.observation import Lifecycle, Member
from trimtab.model.situation import Situation

AWAY = (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY, Lifecycle.LEAVING)


@dataclass(frozen=True, slots=True)
class FleetGround:
    """One fleet's facts.

    ``trusted`` counts trusted registrations by instance. ``zone_of`` knows every instance of the
    fleet, registered or out; ``out`` are those out of service, whoever took them out: held by us,
    in standby or leaving, draining. ``in_service`` counts the group's members that are. ``ramping``
    says how much of a trusted target the load balancer's slow start still keeps from its load.
    """

    registrations: Mapping[InstanceId, tuple[TargetBelief, ...]]
    members: Mapping[InstanceId, Member]
    trusted: Mapping[InstanceId, int]
    zone_of: Mapping[InstanceId, Zone]
    out: frozenset[InstanceId]
    sizes: Mapping[Zone, int]
    in_service: int
    ramping: Mapping[InstanceId, float]

    @property
    def trusted_count(self) -> int:
        """Trusted registrations in all."""
        return sum(self.trusted.values())


def ground_of(fleet: FleetId, at: Situation) -> FleetGround:
    """Gather one fleet's facts."""
    seen, targets = at.fleet(fleet), at.believed(fleet).targets or ()
    members = {m.instance: m for m in (seen.group.members if seen.group else ())}
    held = at.memory.fleet(fleet).ejected.values()
    out = {e.eject.instance: e.eject.zone for e in held}
    out |= {m.instance: m.zone for m in members.values() if m.lifecycle in AWAY}
    leaving = {b.target.instance for b in targets if b.condition is Condition.LEAVING}
    # of one that is no member any more the load balancer names no zone: what was held knows it
    here = {b.target.instance: b.target.zone or out.get(b.target.instance, b.target.zone)
            for b in targets}  # fmt: skip
    out |= {i: here[i] for i in leaving}
    zone_of = {**out, **here}
    return FleetGround(
        registrations=_by_instance(targets),
        members=members,
        trusted=Counter(b.target.instance for b in targets if b.trusted),
        zone_of=zone_of,
        out=frozenset(out),
        sizes=Counter(zone_of.values()),
        in_service=sum(1 for m in members.values() if m.lifecycle is Lifecycle.IN_SERVICE),
        ramping=_ramping(fleet, targets, at),
    )


def _ramping(
    fleet: FleetId, targets: tuple[TargetBelief, ...], at: Situation
) -> Mapping[InstanceId, float]:
    """Tell what is missing of each target in its slow start: a straight line to its full share.

    Worked example: back for three minutes of ten, it lacks 0.7 of a target.
    """
    lasts, memory = at.policy.fleets[fleet].slow_start, at.memory.fleet(fleet)
    if not lasts:
        return {}
    came = {t: s.last for t, s in memory.strikes.items()}
    found: dict[InstanceId, float] = {}
    for belief in targets:
        target = belief.target
        since = came.get(target.id, memory.warming.get(target.instance))
        if belief.trusted and since is not None and at.now - since < lasts:
            lack = 1 - max(0.0, (at.now - since) / lasts)
            found[target.instance] = found.get(target.instance, 0.0) + lack
    return found


def _by_instance(
    targets: tuple[TargetBelief, ...],
) -> Mapping[InstanceId, tuple[TargetBelief, ...]]:
    found: dict[InstanceId, tuple[TargetBelief, ...]] = {}
    for belief in targets:
        instance = belief.target.instance
        found[instance] = (*found.get(instance, ()), belief)
    return found
