"""Zone states: how much of a zone may be bad before it is the zone that is, and how fast to go on.

The rule of Kubernetes' node lifecycle controller, with a zone for a zone and an ejection for an
eviction: at its own rate while a zone is well, slowly or not at all once most of it is bad, and
nowhere when every zone is: then it is likelier that nobody sees right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.assessment import Condition, TargetBelief
from trimtab.model.ids import FleetId, InstanceId, Zone
from trimtab.model.observation import Lifecycle
from trimtab.model.situation import Situation

SEVERAL = 2
"""So many may be bad in a zone without it being partly disrupted, however few there are."""
AWAY = (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY, Lifecycle.LEAVING)


class ZoneState(StrEnum):
    """How much of a zone is not ready."""

    NORMAL = "normal"
    PARTIAL = "partial"  # most of it, and more than two
    FULL = "full"  # all of it


@dataclass(frozen=True, slots=True)
class ZoneCrew:
    """The instances of a fleet in one zone, and those that are not ready: bad, or out."""

    all: frozenset[InstanceId]
    unready: frozenset[InstanceId]


def state_of(ready: int, unready: int, share: float) -> ZoneState:
    """Tell a zone's state.

    Worked examples at a share of 55 %: 0 ready of 1 is full; 2 bad of 3 is normal, for two are too
    few to tell; 3 of 5 is partial, 3 of 6 normal.
    """
    if ready == 0 and unready > 0:
        return ZoneState.FULL
    if unready > SEVERAL and unready / (ready + unready) >= share:
        return ZoneState.PARTIAL
    return ZoneState.NORMAL


def is_dark(states: Iterable[ZoneState]) -> bool:
    """Tell whether nothing is ready anywhere; a fleet without instances is not dark."""
    found = set(states)
    return found == {ZoneState.FULL}


def is_nothing_ready(name: FleetId, at: Situation) -> bool:
    """Tell whether every zone of a fleet is full. Not where its target health was not seen."""
    targets = at.believed(name).targets
    if targets is None:
        return False
    out = _out(name, at)
    unready = out.keys() | _bad(targets)
    return bool(unready) and all(b.target.instance in unready for b in targets)


def crews_of(name: FleetId, at: Situation) -> Mapping[Zone, ZoneCrew]:
    """Count a fleet's instances by zone; nothing where target health was not seen.

    Not ready is what has something against it, and what is out of service by whoever's doing.
    """
    targets = at.believed(name).targets
    if targets is None:
        return {}
    out = _out(name, at)
    unready = out.keys() | _bad(targets)
    by_zone: dict[Zone, set[InstanceId]] = {}
    for instance, zone in {**out, **{b.target.instance: b.target.zone for b in targets}}.items():
        by_zone.setdefault(zone, set()).add(instance)
    return {
        zone: ZoneCrew(frozenset(here), frozenset(here & unready))
        for zone, here in sorted(by_zone.items())
    }


def _out(name: FleetId, at: Situation) -> Mapping[InstanceId, Zone]:
    """Say where those are whom we hold out, or whom their group does not have in service."""
    group = at.fleet(name).group
    held = {e.eject.instance: e.eject.zone for e in at.memory.fleet(name).ejected.values()}
    members = group.members if group is not None else ()
    return held | {m.instance: m.zone for m in members if m.lifecycle in AWAY}


def _bad(targets: tuple[TargetBelief, ...]) -> set[InstanceId]:
    return {b.target.instance for b in targets if b.bad or b.condition is Condition.LEAVING}
