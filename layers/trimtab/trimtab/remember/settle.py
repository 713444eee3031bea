"""Settle: fold what became of the intents under way into memory, at the start of a tick. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeGuard, TypeVar

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight, change_key
from trimtab.model.effect import Unverified
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, TargetId
from trimtab.model.memory import (
    Action,
    Ejection,
    FleetMemory,
    Memory,
    Pending,
    Remainder,
    Setback,
    Strikes,
)
from trimtab.model.observation import Lifecycle, Observation, TargetState
from trimtab.model.policy import EjectMethod, EjectPolicy, Policy
from trimtab.model.reason import ReasonCode

V = TypeVar("V")


def settle(
    memory: Memory, outcomes: Mapping[EntryId, Entry], seen: Observation, policy: Policy
) -> Memory:
    """Fold known outcomes of intents under way into memory; keep the rest under way.

    An intent counts against budgets once: while under way as pending, after that as an action,
    and not at all if nothing was done. Where the outcome is not certain (failed unconfirmed,
    expired), the world is asked: what is out is treated as taken out by us.
    """
    memory = _over_gaps(memory, seen, policy)
    for pending in memory.pending:
        outcome = outcomes.get(pending.entry)
        if outcome is None:
            continue
        memory = replace(
            memory,
            pending=tuple(p for p in memory.pending if p != pending),
            setbacks=_setbacks(memory, pending, outcome),
        )
        if _took_effect(pending.change, outcome, seen):
            memory = _taken_back(memory, pending)
            memory = _to_verify(memory, pending, outcome)
            memory = _apply(memory, _dated(pending, outcome), policy.health.eject)
        elif outcome.reason.code is ReasonCode.NOT_FOUND and _is_gone(pending.change, seen):
            memory = _forget(memory, pending.change)
    return memory


def in_vain(
    memory: Memory, outcomes: Mapping[EntryId, Entry], seen: Observation
) -> tuple[datetime, ...]:
    """Return when removals were intended that took no effect."""
    return tuple(
        pending.at
        for pending in memory.pending
        if isinstance(pending.change, Eject | Retire)
        and (outcome := outcomes.get(pending.entry)) is not None
        and not _took_effect(pending.change, outcome, seen)
    )


def _taken_back(memory: Memory, pending: Pending) -> Memory:
    """Remember what is taken back, and what is left of what was taken back in part."""
    others = {e: r for e, r in memory.remains.items() if e not in pending.undoes}
    if pending.short is not None:
        left = Remainder(pending.short, pending.at)
        return replace(memory, remains={**others, **dict.fromkeys(pending.undoes, left)})
    undone = dict.fromkeys(pending.undoes, pending.at)
    return replace(memory, undone={**memory.undone, **undone}, remains=others)


def _to_verify(memory: Memory, pending: Pending, outcome: Entry) -> Memory:
    """Remember what was surely done by us until its effect is known; not what it took back."""
    found = tuple(u for u in memory.unverified if u.entry not in pending.undoes)
    if outcome.kind is Kind.APPLIED and pending.expects is not None:
        done = Unverified(
            entry=pending.entry,
            change=pending.change,
            reason=pending.reason,
            at=pending.at,
            done=outcome.at,
            expects=pending.expects,
        )
        found = (*found, done)
    return replace(memory, unverified=found)


def _over_gaps(memory: Memory, seen: Observation, policy: Policy) -> Memory:
    """Hold nothing against anybody over a gap in which nobody looked.

    ``since`` promises *without a break*; after longer than ``guard.max_age`` it could not know.
    """

    def is_broken(at: datetime | None) -> bool:
        return at is None or seen.now - at > policy.guard.max_age

    fleets = {
        name: replace(fleet, findings={}, shadowed={}) if is_broken(fleet.seen_at) else fleet
        for name, fleet in memory.fleets.items()
    }
    routes = {
        name: replace(route, short_since={}, well_since={}) if is_broken(route.seen_at) else route
        for name, route in memory.routes.items()
    }
    return replace(memory, fleets=fleets, routes=routes)


def _setbacks(memory: Memory, pending: Pending, outcome: Entry) -> Mapping[str, Setback]:
    """Count failures in a row of the same change; success forgets them."""
    key = change_key(pending.change)
    others = {k: s for k, s in memory.setbacks.items() if k != key}
    if outcome.kind is not Kind.FAILED:
        return others
    earlier = memory.setbacks.get(key)
    times = earlier.times + 1 if earlier else 1
    return {**others, key: Setback(outcome.reason.code, outcome.at, times)}


def _dated(pending: Pending, outcome: Entry) -> Pending:
    """Date what may be out from when that was found: AWS may still be about to show it."""
    if not isinstance(pending.change, Eject) or not _is_uncertain(outcome):
        return pending
    return replace(pending, at=max(pending.at, outcome.at))


def _is_uncertain(outcome: Entry) -> bool:
    """Tell whether it may have been done or not: then the world is asked.

    What somebody has paused or protected is not: who takes it out by hand from then on has it out.
    """
    return outcome.kind is Kind.EXPIRED or outcome.reason.code is ReasonCode.UNCONFIRMED


def _took_effect(change: Change, outcome: Entry, seen: Observation) -> bool:
    if outcome.kind in (Kind.APPLIED, Kind.UNNEEDED):
        return True
    return _is_uncertain(outcome) and _shows(change, seen)


def _shows(change: Change, seen: Observation) -> bool:
    """Tell whether the world is as the change wanted it; unseen counts as a removal done.

    What may be out is to be put back later, and what may have shrunk or moved is not to do so
    again at once; what may be back is asked for once more, which does no harm.
    """
    match change:
        case Eject():
            return _is_out(change, seen)
        case Restore():
            return False
        case Retire():
            return _is_ending(change, seen)
        case Resize():
            fleet = seen.fleets.get(change.fleet)
            return fleet is None or fleet.group is None or fleet.group.desired == change.after
        case Reweight():
            route = seen.routes.get(change.route)
            if route is None:
                return True
            return all(route.weights.get(g) == w for g, w in change.after.items())


def _is_ending(change: Retire, seen: Observation) -> bool:
    """Tell whether the world shows it gone or going; unseen counts as not: it stays held out."""
    fleet = seen.fleets.get(change.fleet)
    group = fleet.group if fleet is not None else None
    if group is None:
        return False
    here = {m.instance: m.lifecycle for m in group.members}
    return here.get(change.instance, Lifecycle.LEAVING) is Lifecycle.LEAVING


def _is_gone(change: Change, seen: Observation) -> TypeGuard[Restore]:
    """Tell whether what could not be brought back, for it was not there, is not there for us too.

    One look may be an empty page; two looks that agree are believed.
    """
    if not isinstance(change, Restore):
        return False
    fleet = seen.fleets.get(change.fleet)
    if change.method is not EjectMethod.STANDBY or fleet is None:
        return True
    group = fleet.group
    return group is not None and all(m.instance != change.instance for m in group.members)


def _forget(memory: Memory, change: Restore) -> Memory:
    """Hold no longer what no longer exists."""
    fleet = memory.fleet(change.fleet)
    fleet = replace(fleet, ejected=without(fleet.ejected, change.target))
    return replace(memory, fleets={**memory.fleets, change.fleet: fleet})


def _is_out(eject: Eject, seen: Observation) -> bool:
    """Tell whether the world shows the target out; unseen counts as out, to be put back later."""
    fleet = seen.fleets.get(eject.fleet)
    if fleet is None or fleet.targets is None:
        return True
    if eject.method is EjectMethod.STANDBY and fleet.group is not None:
        aside = (Lifecycle.ENTERING_STANDBY, Lifecycle.STANDBY)
        if any(m.instance == eject.instance and m.lifecycle in aside for m in fleet.group.members):
            return True  # the group says so before the load balancer does
    here = {t.id: t.state for t in fleet.targets}
    return here.get(eject.target, TargetState.DRAINING) in (
        TargetState.DRAINING,
        TargetState.UNHEALTHY_DRAINING,
        TargetState.UNUSED,
    )


def _apply(memory: Memory, pending: Pending, rules: EjectPolicy) -> Memory:
    """Remember what a change that took effect means for the next ticks."""
    change, at = pending.change, pending.at
    if isinstance(change, Reweight):
        route = replace(memory.route(change.route), moved_at=at)
        action = Action(at, None, None, removal=False)
        return replace(
            memory,
            routes={**memory.routes, change.route: route},
            actions=(*memory.actions, action),
        )
    name = change.fleet
    fleet = _after(change, pending, memory.fleet(name), rules)
    removal = isinstance(change, Eject | Retire)
    zone = change.zone if isinstance(change, Eject | Retire) else None
    action = Action(at, name, zone, removal)
    return replace(memory, fleets={**memory.fleets, name: fleet}, actions=(*memory.actions, action))


def _after(
    change: Eject | Restore | Retire | Resize,
    pending: Pending,
    fleet: FleetMemory,
    rules: EjectPolicy,
) -> FleetMemory:
    match change:
        case Eject():
            held = _new_ejection(change, pending, fleet, rules)
            return replace(
                fleet,
                ejected={**fleet.ejected, change.target: held},
                findings=without(fleet.findings, change.target),
            )
        case Retire():  # it stays held out until the group shows that it is gone
            replaced = {**fleet.ladder.replaced, change.instance: pending.at}
            return replace(fleet, ladder=replace(fleet.ladder, replaced=replaced))
        case Restore():
            back = fleet.ejected.get(change.target)
            strikes = fleet.strikes
            if back is not None:
                strikes = {**strikes, change.target: Strikes(back.strikes, pending.at)}
            return replace(
                fleet,
                ejected=without(fleet.ejected, change.target),
                strikes=strikes,
            )
        case Resize():
            if change.after > change.before:
                return replace(fleet, resized_up=pending.at)
            return replace(fleet, resized_down=pending.at)


def _new_ejection(
    change: Eject, pending: Pending, fleet: FleetMemory, rules: EjectPolicy
) -> Ejection:
    earlier = fleet.strikes.get(change.target)
    if pending.until is not None:  # an operator's word says nothing against the target
        strikes = earlier.count if earlier else 0
        return Ejection(change, pending.reason, pending.at, pending.until, strikes)
    strikes = (earlier.count if earlier else 0) + 1
    until = pending.at + keep_out(strikes, rules)
    return Ejection(change, pending.reason, pending.at, until, strikes)


def keep_out(strikes: int, rules: EjectPolicy) -> timedelta:
    """Return how long a target stays out: ``keep_out``, doubled for each strike after the first.

    Capped at ``max_keep_out``. Worked example: 10 minutes, then 20, 40, 80.
    """
    doublings: int = min(strikes - 1, 20)
    return min(rules.keep_out * (1 << doublings), rules.max_keep_out)


def without(held: Mapping[TargetId, V], target: TargetId) -> dict[TargetId, V]:
    """Return a mapping without one target."""
    return {k: v for k, v in held.items() if k != target}
