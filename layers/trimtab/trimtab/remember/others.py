"""What others have taken out: told apart from what we did, and from what a group ends. Pure."""

from __future__ import annotations

from trimtab.model.assessment import Condition
from trimtab.model.change import Eject
from trimtab.model.ids import FleetId, InstanceId
from trimtab.model.observation import Lifecycle
from trimtab.model.situation import Situation

ASIDE = (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY)


def others_out(name: FleetId, at: Situation) -> tuple[InstanceId, ...]:
    """Return whom somebody else keeps out of a fleet: set aside, or deregistered.

    A member that its group ends is not: that is a smaller group, or a replacement.
    """
    belief, group = at.believed(name), at.fleet(name).group
    if belief.targets is None:
        return at.memory.fleet(name).others
    members = {m.instance: m.lifecycle for m in (group.members if group is not None else ())}
    named = at.policy.fleets[name].group
    out = {i for i, lifecycle in members.items() if lifecycle in ASIDE}
    for target in belief.targets:
        instance = target.target.instance
        stays = named is None or members.get(instance) is Lifecycle.IN_SERVICE
        if target.condition is Condition.LEAVING and stays:
            out.add(instance)
    return tuple(sorted(out - _ours(name, at)))


def _ours(name: FleetId, at: Situation) -> set[InstanceId]:
    """Name whom we hold out, are taking out, or were taking back a moment ago."""
    held = at.memory.fleet(name).ejected.values()
    moving = (p.change for p in at.memory.pending)
    known = (u.change for u in at.memory.unverified)
    ours = {c.instance for c in (*moving, *known) if isinstance(c, Eject) and c.fleet == name}
    return {e.eject.instance for e in held} | ours


def newly_out(at: Situation) -> int:
    """Count whom others have taken out since the last look; at the first look nobody knows when."""
    known = ((name, at.memory.fleet(name)) for name in at.policy.fleets)
    return sum(
        len(set(others_out(name, at)) - set(before.others))
        for name, before in known
        if before.seen_at is not None
    )
