"""Grant: the leases on everything temporary that a tick leaves behind. Pure.

Temporary are an ejection, weights away from home, and a size held below what it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.decide.flows import SLACK, total_demand
from trimtab.decide.replacing import back_at
from trimtab.decide.shares import shares_of, weights_of
from trimtab.model.change import (
    Change,
    Eject,
    Resize,
    Restore,
    Retire,
    Reweight,
    inverse_of,
    lever_of,
    subject_of,
)
from trimtab.model.ids import Arn, RouteId
from trimtab.model.lease import Lease, Leases, Load
from trimtab.model.memory import Memory, Pending
from trimtab.model.policy import FleetPolicy, Mode, OnFailure, RoutePolicy
from trimtab.model.request import ProtectRoute, size_subject, weights_subject
from trimtab.model.situation import Situation
from trimtab.remember import keep_out

TERM = timedelta(minutes=15)
"""How long a controller may be silent before what it took is given back, where that is due."""


def adopted(memory: Memory, leases: Leases) -> Memory:
    """Take over what the warden set about meanwhile: its intents are settled like one's own."""
    known = {p.entry for p in memory.pending}
    theirs = [a.pending for _, a in sorted(leases.attempts.items())]
    new = tuple(p for p in theirs if p.entry not in known)
    return replace(memory, pending=(*memory.pending, *new)) if new else memory


def leases_after(before: Leases, at: Situation, memory: Memory) -> Leases:
    """Return the leases that a tick leaves, given the memory that it leaves.

    Every tick renews them, except where giving back is under way already, or where we only observe
    by now: if nobody carries that out, the lease must expire. Nothing temporary and nothing to
    forget: the same as ``before``.
    """
    old = {lease.subject: lease for lease in before.held}
    returning = {subject_of(p.change) for p in memory.pending if not isinstance(p.change, Eject)}
    held: dict[str, Lease] = {}
    for lease in _wanted(at, memory, old):
        known = old.get(lease.subject)
        stays = lease.subject in returning or _observes(lease.inverse, at)
        is_known = known is not None and not known.orphan
        held[lease.subject] = (
            replace(lease, expires=known.expires) if known and is_known and stays else lease
        )
    for orphan in _orphans(before, at):
        named = _beside(held.get(orphan.subject), orphan)
        if named is not None:
            held[named.subject] = named
    if not held and before.is_empty:
        return before
    return Leases(before.version + 1, tuple(held[subject] for subject in sorted(held)))


def _wanted(at: Situation, memory: Memory, old: Mapping[str, Lease]) -> Iterator[Lease]:
    yield from _targets(at, memory)
    for route in at.policy.routes:
        lease = _route(route, at, memory, old)
        if lease is not None:
            yield lease
    for fleet in at.policy.fleets.values():
        lease = _size(fleet, at, memory)
        if lease is not None:
            yield lease


def _expires(until: datetime, now: datetime) -> datetime:
    return max(until, now + TERM)


def _targets(at: Situation, memory: Memory) -> Iterator[Lease]:
    """Lease every target that is out, or may be once an intent is carried out."""
    for fleet in memory.fleets.values():
        for held in fleet.ejected.values():
            yield _out(held.eject, back_at(held, at), held.reason, at)
    for pending in memory.pending:
        if isinstance(pending.change, Eject):
            until = _until(pending, pending.change, memory, at)
            yield _out(pending.change, until, pending.reason, at)


def _out(eject: Eject, until: datetime, why: str, at: Situation) -> Lease:
    inverse = inverse_of(eject)
    expires = _expires(until, at.now)
    return Lease(
        subject_of(eject), inverse, expires, f"taken out ({why})", most=at.policy.scaling.max_size
    )


def _until(pending: Pending, eject: Eject, memory: Memory, at: Situation) -> datetime:
    if pending.until is not None:
        return pending.until
    earlier = memory.fleet(eject.fleet).strikes.get(eject.target)
    strikes = (earlier.count if earlier else 0) + 1
    return pending.at + keep_out(strikes, at.policy.health.eject)


def _route(
    route: RoutePolicy, at: Situation, memory: Memory, old: Mapping[str, Lease]
) -> Lease | None:
    """Lease a route that is away from home by our doing, or about to leave it."""
    hold = memory.holds.get(weights_subject(route.name))
    until = hold.until if hold is not None and hold.weights is not None else at.now
    if route.on_failure is OnFailure.HOLD and until <= at.now:
        return None  # nobody but an operator moves it, and nobody brings it home
    seen = at.seen.routes.get(route.name)
    groups = {f: at.policy.fleets[f].target_group for f in sorted(route.split)}
    expires = _expires(max(until, _protected_until(route.name, memory, at.now)), at.now)
    known = old.get(f"route {route.name}")
    if seen is None or not seen.weights.keys() >= set(groups.values()):
        return None if known is None else replace(known, expires=expires, orphan=False)
    before = {group: seen.weights[group] for group in groups.values()}
    home = {groups[f]: w for f, w in weights_of(route.split).items()}
    moving = _under_way(f"route {route.name}", memory)
    has_moved = memory.route(route.name).moved_at is not None
    if moving is None and (is_home(before, home) or not has_moved):
        return None
    units = total_demand(route, at)
    load = known.load if known is not None else None
    if units is not None:
        load = Load(units, at.now, at.policy.guard.max_load)
    return Lease(
        subject=f"route {route.name}",
        inverse=Reweight(route.name, route.rule, before, home),
        expires=expires,
        why="held by an operator" if until > at.now else "away from its home weights",
        step=route.max_step,
        load=load,
        on_its_way=moving,
    )


def _protected_until(route: RouteId, memory: Memory, now: datetime) -> datetime:
    """Return until when an operator has put a route out of reach: the warden's as well."""
    asked = ((hold.protects, hold.until) for hold in memory.holds.values())
    found = (until for it, until in asked if isinstance(it, ProtectRoute) and it.route == route)
    return max(found, default=now)


def _size(fleet: FleetPolicy, at: Situation, memory: Memory) -> Lease | None:
    """Lease a size that an operator holds below what it was. One held above it costs money only."""
    hold = memory.holds.get(size_subject(fleet.name))
    group = at.fleet(fleet.name).group
    if hold is None or hold.size is None or hold.was is None or fleet.group is None:
        return None
    moving = _under_way(f"group {fleet.name}/{fleet.group}", memory)
    is_ours = moving is not None or memory.fleet(fleet.name).resized_down is not None
    if hold.undoes or hold.was <= hold.size or not is_ours:
        return None
    now = group.desired if group is not None else hold.size
    change = Resize(fleet.name, fleet.group, before=now, after=hold.was)
    return Lease(
        subject=subject_of(change),
        inverse=change,
        expires=_expires(hold.until, at.now),
        why="held by an operator",
        most=at.policy.scaling.max_size,
        on_its_way=moving,
    )


def _under_way(subject: str, memory: Memory) -> Change | None:
    found = (p.change for p in memory.pending if subject_of(p.change) == subject)
    return next(found, None)


def _observes(inverse: Change, at: Situation) -> bool:
    return at.policy.mode(lever_of(inverse)) is Mode.OBSERVE


def _orphans(before: Leases, at: Situation) -> Iterator[Lease]:
    """Keep the leases on what is out and nobody remembers: the warden gives it back.

    Memory may be lost, and a policy may stop naming what is out: a fleet gone, or another target
    group in its place.
    """
    forgotten = at.memory.version == 0
    for lease in before.held:
        named = _names(lease.inverse, at)
        left = isinstance(lease.inverse, Resize) and _observes(lease.inverse, at)
        if (forgotten or lease.orphan or left or not named) and not _is_back(lease.inverse, at):
            yield replace(lease, orphan=True)


def _beside(new: Lease | None, orphan: Lease) -> Lease | None:
    """Give an orphan a name of its own beside a lease of that name on something else.

    The same route may be on another rule by now, the same target in another target group.
    ``None``: it is the same thing, and held anew.
    """
    if new is None:
        return orphan
    what = _resource(orphan.inverse)
    if what == _resource(new.inverse):
        return None
    return replace(orphan, subject=f"{orphan.subject} of {what}")


def _resource(change: Change) -> str:
    """Name what lies in AWS: what two leases of one name may differ in."""
    match change:
        case Reweight():
            return change.rule
        case Resize() | Retire():
            return change.group
        case Eject() | Restore():
            return change.group or change.target_group


def _names(inverse: Change, at: Situation) -> bool:
    """Tell whether the policy names it. Who names a rule brings it home, by whatever name."""
    if isinstance(inverse, Reweight):
        return any(r.rule == inverse.rule for r in at.policy.routes)
    return at.names(inverse)


def _is_back(inverse: Change, at: Situation) -> bool:
    """Tell whether this tick sees that there is nothing left to give back."""
    match inverse:
        case Reweight():
            seen = next((r for r in at.seen.routes.values() if r.rule == inverse.rule), None)
            weights = {} if seen is None else {g: seen.weights.get(g, 0) for g in inverse.after}
            return is_home(weights, inverse.after)
        case Resize():
            group = at.fleet(inverse.fleet).group
            is_it = group is not None and group.name == inverse.group
            return group is not None and is_it and group.desired >= inverse.after
        case _:
            belief = at.belief.fleets.get(inverse.fleet) if at.names(inverse) else None
            targets = belief.targets if belief is not None else None
            return any(t.target.id == inverse.target and t.serves for t in targets or ())


def is_home(weights: Mapping[Arn, int], home: Mapping[Arn, int]) -> bool:
    """Tell whether weights split the traffic as home does, near enough."""
    now, wish = shares_of(dict(weights)), shares_of(dict(home))
    if now is None or wish is None or now.keys() != wish.keys():
        return False
    return all(abs(now[g] - wish[g]) <= SLACK for g in now)
