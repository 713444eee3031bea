"""Laws of the brakes: what all services and what one zone may lose, in arithmetic of their own."""

from __future__ import annotations

from trimtab.model.assessment import Condition
from trimtab.model.change import Eject, Retire
from trimtab.model.ids import FleetId, InstanceId, Zone
from trimtab.model.observation import Lifecycle
from trimtab_lab.judging import Judged

AWAY = (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY, Lifecycle.LEAVING)


def law_2_no_more_than_all_services_may_lose(judged: Judged) -> None:
    """What all services lose together stays within its limit; where it is unknown, none is lost."""
    blast = judged.inputs.blast
    new = sum(1 for c in judged.new if isinstance(c, Eject | Retire))
    if not new or blast.most is None:
        return
    assert blast.taken is not None, "it is not known what all services have lost"
    assert blast.before is not None, "it is not known what all services had lost"
    total = blast.taken + blast.before + new
    assert total <= blast.most, f"all services would lose {total}, {blast.most} may be"


def law_2_a_disrupted_zone_is_left_alone(judged: Judged) -> None:
    """Kubernetes' zone states: nothing leaves a small zone of which most is bad, nor any if all is.

    Counted afresh: who is bad or out, of all who are there.
    """
    rules = judged.policy.guard.zones
    for fleet in judged.policy.fleets:
        new = [c for c in judged.new if isinstance(c, Eject) and c.fleet == fleet]
        if not new:
            continue
        dark = judged.inputs.memory.fleet(fleet).dark_since
        assert dark is None, f"{fleet} loses a target, and nothing of it was ready until now"
        placed = _placed(fleet, judged)
        zones = {zone for zone, _ in placed.values()}
        ready = {z: sum(1 for zone, ok in placed.values() if zone == z and ok) for z in zones}
        every = {z: sum(1 for zone, _ in placed.values() if zone == z) for z in zones}
        assert any(ready.values()), f"{fleet} loses a target, and nothing of it is ready anywhere"
        for zone in {c.zone for c in new} & zones:
            bad = every[zone] - ready[zone]
            most_is_bad = ready[zone] > 0 and bad > 2 and bad >= rules.unhealthy_share * every[zone]
            small = every[zone] <= rules.large
            assert not (most_is_bad and small), f"{bad} of {every[zone]} in {zone} are bad"


def _placed(fleet: FleetId, judged: Judged) -> dict[InstanceId, tuple[Zone, bool]]:
    """Say of each instance where it is, and whether nothing speaks against it before this tick."""
    placed: dict[InstanceId, tuple[Zone, bool]] = {}
    for target in judged.targets(fleet):
        ok = not target.bad and target.condition is not Condition.LEAVING
        instance = target.target.instance
        placed[instance] = (target.target.zone, ok and placed.get(instance, ("", True))[1])
    group = judged.group(fleet)
    out = {m.instance: m.zone for m in (group.members if group else ()) if m.lifecycle in AWAY}
    held = judged.inputs.memory.fleet(fleet).ejected.values()
    out |= {e.eject.instance: e.eject.zone for e in held}
    for instance, zone in out.items():
        placed[instance] = (placed.get(instance, (zone, False))[0], False)
    return placed
