"""Laws 1 to 6 of the design, each in plain arithmetic of its own over one judged tick.

Nothing here asks the guard how it counts: a wrong sum there must not hide itself here. What is
believed of a target (does it serve, is it trusted) is taken from the assessment. The property tests
and the chaos campaign hold every tick to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from trimtab.model.assessment import Condition, TargetBelief
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.ids import Arn, FleetId, InstanceId, Zone
from trimtab.model.observation import Lifecycle, LoadSignal, TargetState
from trimtab.model.policy import EjectMethod, Policy, ScalingMetric
from trimtab.model.reason import ReasonCode
from trimtab.model.verdict import Ruling
from trimtab_lab.brakes import (
    law_2_a_disrupted_zone_is_left_alone,
    law_2_no_more_than_all_services_may_lose,
)
from trimtab_lab.endings import no_more_ended_than_allowed, serves_nobody
from trimtab_lab.judging import Judged

__all__ = ["LAWS", "Judged", "broken_laws", "hold"]

MAY_BLOCK_A_RETURN = {
    ReasonCode.PAUSED,
    ReasonCode.IN_FLIGHT,
    ReasonCode.GROUP_BOUNDS,  # AWS itself refuses to leave standby above the maximum
    ReasonCode.GROUP_BUSY,
    ReasonCode.RATE_BUDGET,  # more than one tick can log
    ReasonCode.BACKING_OFF,  # AWS refused it just now; for minutes, never longer
}
PERCENT = 0.01
"""Weights are whole percents, so a share may be off by less than one."""
OUT_OF_LINE = (Lifecycle.STANDBY, Lifecycle.ENTERING_STANDBY, Lifecycle.LEAVING)


def _fleet_of(group: Arn, policy: Policy) -> FleetId:
    return next(f for f, p in policy.fleets.items() if p.target_group == group)


def _shrinks(change: Change) -> bool:
    return isinstance(change, Resize) and change.after < change.before


def _takes(eject: Eject, target: TargetBelief) -> bool:
    """Whether the ejection ends this registration: standby ends all of an instance's."""
    if eject.method is EjectMethod.STANDBY:
        return eject.instance == target.target.instance
    return eject.target == target.target.id


def fresh_units(fleet: FleetId, judged: Judged) -> float | None:
    """The fleet's load, if the newest minute of what measures it is there, whole and young."""
    demand = judged.belief.fleets[fleet].demand
    return None if demand is None else demand.units


def last_units(fleet: FleetId, judged: Judged) -> float | None:
    """The fleet's load, fresh or as last known within the policy's patience."""
    fresh, held = fresh_units(fleet, judged), judged.inputs.memory.fleet(fleet)
    if fresh is not None or held.demand is None or held.demand_at is None:
        return fresh
    age = judged.inputs.seen.now - held.demand_at
    return held.demand if age <= judged.policy.guard.demand_memory else None


def carriers_left(fleet: FleetId, judged: Judged) -> int:
    """Trusted targets left at worst: all ejections done, every shrinkage hits trusted ones."""
    ejects = [c for c in judged.coming if isinstance(c, Eject) and c.fleet == fleet]
    trusted = [t for t in judged.targets(fleet) if t.trusted]
    left = [t for t in trusted if not any(_takes(e, t) for e in ejects)]
    resizes = [c for c in judged.coming if isinstance(c, Resize) and c.fleet == fleet]
    shrink = sum(max(0, c.before - c.after) for c in resizes)
    group = judged.group(fleet)
    if group is not None:
        serving = [m for m in group.members if m.lifecycle is Lifecycle.IN_SERVICE]
        least = min([group.desired, *(c.after for c in resizes)])
        shrink = max(shrink, len(serving) - least)
    return max(0, len(left) - shrink)


def load_after(fleet: FleetId, judged: Judged, route: Reweight) -> float | None:
    """What the fleet carries once the weights have moved."""
    names = [_fleet_of(group, judged.policy) for group in route.after]
    units = [last_units(name, judged) for name in names]
    if any(u is None for u in units):
        return None
    share = route.after[judged.policy.fleets[fleet].target_group] / sum(route.after.values())
    return share * sum(u for u in units if u is not None)


def law_1_what_stays_carries_the_load(judged: Judged) -> None:
    """Serving capacity never falls below demand by our doing, unless what leaves serves nothing."""
    most = judged.policy.guard.max_load
    for fleet in judged.policy.fleets:
        here = judged.targets(fleet)
        takes_serving = any(
            _shrinks(c) or (isinstance(c, Eject) and any(_takes(c, t) and t.serves for t in here))
            for c in judged.new
            if isinstance(c, Eject | Resize) and c.fleet == fleet
        )
        room = carriers_left(fleet, judged) * most
        if takes_serving:
            units = fresh_units(fleet, judged)
            assert units is not None, f"{fleet} loses capacity with its load unknown"
            assert units <= room + 1e-6, f"{fleet} needs {units}, what stays carries {room}"
        for change in judged.new:
            if isinstance(change, Retire) and change.fleet == fleet:
                group, held = judged.group(fleet), judged.inputs.memory.fleet(fleet)
                serves_nobody(change, group, held, judged.targets(fleet))
            if isinstance(change, Reweight):
                _receives_what_it_can_carry(fleet, change, room, judged)


def _receives_what_it_can_carry(
    fleet: FleetId, change: Reweight, room: float, judged: Judged
) -> None:
    mine = judged.policy.fleets[fleet].target_group
    if mine not in change.after:
        return
    before, after = sum(change.before.values()), sum(change.after.values())
    share = change.before[mine] / before if before else 0.0
    if change.after[mine] / after <= share + 1e-9:
        return
    load = load_after(fleet, judged, change)
    assert load is not None, f"weight moves to {fleet} with the route's load unknown"
    whole = load / (change.after[mine] / after)
    assert load <= room + whole * PERCENT + 1e-6, f"{fleet} would get {load}, it carries {room}"


def law_2_no_more_out_than_the_budget(judged: Judged) -> None:
    """Never more out of a fleet, or a zone, than the budget allows, whoever took it out."""
    rules = judged.policy.health.eject
    for fleet in judged.policy.fleets:
        new = [c for c in judged.new if isinstance(c, Eject) and c.fleet == fleet]
        if not new:
            continue
        out = _out(fleet, judged)
        everybody = {(t.target.instance, t.target.zone) for t in judged.targets(fleet)} | out
        _within(rules.max_share, out, everybody, everybody)
        for zone in {e.zone for e in new}:
            _within(rules.max_zone_share, _in(zone, out), _in(zone, everybody), everybody)
    for fleet in judged.policy.fleets:
        ends = [c for c in judged.coming if isinstance(c, Retire) and c.fleet == fleet]
        if any(c in judged.new for c in ends):
            held, now = judged.inputs.memory.fleet(fleet), judged.inputs.seen.now
            no_more_ended_than_allowed(ends, held.ladder, judged.policy.health.replace, now)
    if any(isinstance(c, Eject | Retire) for c in judged.new):
        hour_ago = judged.inputs.seen.now - timedelta(hours=1)
        past = sum(1 for a in judged.inputs.memory.actions if a.removal and a.at > hour_ago)
        coming = sum(1 for c in judged.coming if isinstance(c, Eject | Retire))
        assert past + coming <= judged.policy.guard.max_removals_per_hour


Placed = set[tuple[InstanceId, Zone]]


def _out(fleet: FleetId, judged: Judged) -> Placed:
    held = judged.inputs.memory.fleet(fleet).ejected.values()
    out = {(e.eject.instance, e.eject.zone) for e in held}
    out |= {
        (c.instance, c.zone) for c in judged.coming if isinstance(c, Eject) and c.fleet == fleet
    }
    group = judged.group(fleet)
    out |= {
        (m.instance, m.zone) for m in (group.members if group else ()) if m.lifecycle in OUT_OF_LINE
    }
    draining = (TargetState.DRAINING, TargetState.UNHEALTHY_DRAINING)
    here = [t.target for t in judged.targets(fleet)]
    return out | {(t.instance, t.zone) for t in here if t.state in draining}


def _in(zone: Zone, placed: Placed) -> Placed:
    return {(i, z) for i, z in placed if z == zone}


def _within(share: float, out: Placed, of: Placed, fleet: Placed) -> None:
    names = {i for i, _ in out}
    allowed = max(math.floor(share * len({i for i, _ in of}) + 1e-9), 1 if len(fleet) >= 3 else 0)
    assert len(names) <= allowed, f"{len(names)} out of {len(of)}, {allowed} may be: {out}"


def law_3_too_much_bad_and_nothing_is_removed(judged: Judged) -> None:
    """Too much bad at once: nothing is removed, and what we took out is put back."""
    guard, memory = judged.policy.guard, judged.inputs.memory
    for fleet, belief in judged.belief.fleets.items():
        if belief.targets is None:
            assert not belief.panic, f"{fleet} is not seen, and that is no reason to panic"
            continue
        present = {t.target.id for t in belief.targets if t.condition is not Condition.LEAVING}
        away = memory.fleet(fleet).ejected.keys() - present
        bad = sum(1 for t in belief.targets if t.bad) + len(away)
        everybody = len(present) + len(away)
        if bad < guard.panic_count or bad < guard.panic_share * everybody:
            continue
        assert belief.panic
        for change in judged.new:
            removes = isinstance(change, Eject | Retire) or _shrinks(change)
            assert not (removes and change.fleet == fleet), f"{fleet} panics and {change}"  # type: ignore[union-attr]
        returns = {
            v.proposal.change.target: v
            for v in judged.verdicts
            if isinstance(v.proposal.change, Restore) and v.proposal.change.fleet == fleet
        }
        for target in memory.fleet(fleet).ejected:
            verdict = returns.get(target)
            if verdict is not None and verdict.ruling is Ruling.REFUSED:
                assert verdict.reason.code in MAY_BLOCK_A_RETURN


def law_4_doubt_removes_nothing(judged: Judged) -> None:
    """Missing or stale data never removes capacity or healthy weight."""
    for change in judged.new:
        match change:
            case Retire():
                assert judged.belief.fleets[change.fleet].targets is not None
            case Eject():
                belief = judged.belief.fleets[change.fleet]
                assert belief.targets is not None, "an ejection without sight of the targets"
                if any(t.serves and _takes(change, t) for t in belief.targets):
                    _is_known((change.fleet,), judged)
            case Resize() if change.after < change.before:
                routes = [r for r in judged.policy.routes if change.fleet in r.split]
                _is_known((change.fleet,), judged)
                for route in routes:
                    assert route.name in judged.inputs.seen.routes, f"{route.name} is not seen"
            case Reweight():
                _weight_moves_on_knowledge(change, judged)
            case _:
                pass


def _weight_moves_on_knowledge(change: Reweight, judged: Judged) -> None:
    fleets = [_fleet_of(group, judged.policy) for group in change.after]
    before, after = sum(change.before.values()), sum(change.after.values())
    for fleet in fleets:
        assert judged.belief.fleets[fleet].targets is not None, f"{fleet} is not seen"
        group = judged.policy.fleets[fleet].target_group
        was, is_now = change.before[group] / before if before else 0, change.after[group] / after
        if is_now < was - 1e-9 and not judged.belief.fleets[fleet].down:
            _is_known(fleets, judged)


def _is_known(fleets: Iterable[FleetId], judged: Judged) -> None:
    """Prove from the raw series that the load of these fleets is known now."""
    now, rules = judged.inputs.seen.now, judged.policy.scaling.rules
    assert rules, "no rule says what a target carries"
    for fleet in fleets:
        seen = judged.inputs.seen.fleets[fleet]
        assert seen.targets is not None, f"{fleet} is not seen"
        for rule in rules:
            by_cpu = rule.metric is ScalingMetric.CPU
            signal = LoadSignal.CPU if by_cpu else LoadSignal.REQUESTS
            series = (seen.signals or {}).get(signal)
            assert series is not None, f"{signal} of {fleet} was not read"
            assert series.complete, f"{signal} of {fleet} was read in part"
            if not series.times or now - series.times[-1] > judged.policy.guard.max_age:
                assert _has_no_weight(fleet, judged), f"{signal} of {fleet} is stale"


def _has_no_weight(fleet: FleetId, judged: Judged) -> bool:
    """The one case in which no data does mean no load."""
    mine = judged.policy.fleets[fleet].target_group
    routes = [r for r in judged.policy.routes if fleet in r.split]
    seen = judged.inputs.seen.routes
    return bool(routes) and all(
        r.name in seen and seen[r.name].weights.get(mine) == 0 for r in routes
    )


def law_5_sizes_stay_in_bounds_and_rates(judged: Judged) -> None:
    """Capacity stays within the policy's and the group's bounds and rates."""
    scaling = judged.policy.scaling
    for change in judged.new:
        match change:
            case Resize():
                _within_bounds(change.fleet, change.before, change.after, judged)
                step = change.after - change.before
                if step > 0:
                    assert step <= max(1, math.ceil(change.before * scaling.max_step_up))
                else:
                    assert -step <= max(1, math.floor(change.before * scaling.max_step_down))
                    last = judged.inputs.memory.fleet(change.fleet).resized_down
                    now = judged.inputs.seen.now
                    assert last is None or now - last >= scaling.step_every
            case Eject() | Restore() if change.method is EjectMethod.STANDBY:
                group = judged.group(change.fleet)
                if group is not None:
                    mine = [c for c in judged.coming if _of(c, change.fleet)]
                    after = group.desired + sum(_moves(c, group.desired) for c in mine)
                    _within_bounds(change.fleet, group.desired, after, judged)
            case _:
                pass


def _of(change: Change, fleet: FleetId) -> bool:
    return not isinstance(change, Reweight) and change.fleet == fleet


def _moves(change: Change, size: int) -> int:
    """What a change does to the group's desired capacity, as AWS documents it."""
    if isinstance(change, Resize):
        return change.after - change.before if change.before == size else 0
    if not isinstance(change, Eject | Restore) or change.method is not EjectMethod.STANDBY:
        return 0
    if isinstance(change, Restore):
        return 1
    return 0 if change.replace else -1


def _within_bounds(fleet: FleetId, before: int, after: int, judged: Judged) -> None:
    """Inside the bounds, or on the way there; never further out, and never past them."""
    group = judged.group(fleet)
    assert group is not None, f"{fleet} is resized and its group was not seen"
    low, high = group.min_size, group.max_size
    if judged.policy.scaling.min_size is not None:
        low = max(low, min(judged.policy.scaling.min_size, high))
    if judged.policy.scaling.max_size is not None:
        high = min(high, max(judged.policy.scaling.max_size, group.min_size))
    low = min(low, high)
    assert min(low, before) <= after <= max(high, before), f"{before}->{after} in {low}..{high}"
    if after > before:
        assert after <= high
    if after < before:
        assert after >= low


def law_6_a_route_keeps_serving(judged: Judged) -> None:
    """Positive weight stays on a fleet that can serve; one step at a time unless one is down."""
    for change in judged.new:
        if not isinstance(change, Reweight):
            continue
        assert all(0 <= w <= 999 for w in change.after.values())
        down = {g for g in change.after if judged.belief.fleets[_fleet_of(g, judged.policy)].down}
        assert any(w > 0 for g, w in change.after.items() if g not in down)
        if any(w > 0 for g, w in change.before.items() if g in down):
            continue
        before, after = sum(change.before.values()), sum(change.after.values())
        assert before > 0, "weights out of nothing are a jump"
        moved = 0.5 * sum(
            abs(change.after[g] / after - change.before[g] / before) for g in change.after
        )
        step = next(r.max_step for r in judged.policy.routes if r.name == change.route)
        assert moved <= step + PERCENT + 1e-9, f"{moved:.0%} of the traffic moves at once"


LAWS: tuple[Callable[[Judged], None], ...] = (
    law_1_what_stays_carries_the_load,
    law_2_no_more_out_than_the_budget,
    law_2_no_more_than_all_services_may_lose,
    law_2_a_disrupted_zone_is_left_alone,
    law_3_too_much_bad_and_nothing_is_removed,
    law_4_doubt_removes_nothing,
    law_5_sizes_stay_in_bounds_and_rates,
    law_6_a_route_keeps_serving,
)


def hold(judged: Judged) -> None:
    """Assert laws 1 to 6."""
    for law in LAWS:
        law(judged)


def broken_laws(judged: Judged) -> Iterator[str]:
    """Name each of laws 1 to 6 that a tick breaks, and how."""
    for law in LAWS:
        try:
            law(judged)
        except AssertionError as error:
            how = str(error).splitlines()[0] if str(error) else "broken"
            yield f"{law.__name__.replace('_', ' ')}: {how}"
