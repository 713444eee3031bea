"""Give back: what an expired lease calls for in the world as it is now. Pure.

Nobody who knows the load or the policy looks over the warden's shoulder. So it only ever gives:
targets back to their group, weight to fleets whose targets are seen healthy, size to a group that
was held small. What it cannot tell stays as it is, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import fsum
from typing import assert_never

from trimtab.decide.shares import WEIGHTS_TOTAL, shares_of, towards, weights_of
from trimtab.lease.grant import is_home
from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.ids import Arn
from trimtab.model.lease import Lease, Load
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode

LOAD_COUNTS_FOR = timedelta(hours=1)
"""How long the last known load still says what a fleet can carry."""
LEAST_GAIN = 0.005
"""Of all traffic: less than that is no step, it is rounding."""

GONE = (TargetState.DRAINING, TargetState.UNHEALTHY_DRAINING, TargetState.UNUSED)


@dataclass(frozen=True, slots=True)
class Sight:
    """The world as far as expired leases are about it; a reason stands for what was not seen."""

    targets: Mapping[Arn, tuple[Target, ...] | Reason]
    groups: Mapping[str, Group | Reason]
    routes: Mapping[Arn, RouteSeen | Reason]

    def after(self, change: Change) -> Sight:
        """Count the size that a change will give a group: the next may have no room left."""
        name = change.group if isinstance(change, Restore | Resize) else None
        group = self.groups.get(name) if name else None
        if name is None or not isinstance(group, Group):
            return self
        size = change.after if isinstance(change, Resize) else group.desired + 1
        return replace(self, groups={**self.groups, name: replace(group, desired=size)})


@dataclass(frozen=True, slots=True)
class Kept:
    """It stays as it is, for now, and why."""

    reason: Reason


def give_back(
    lease: Lease, sight: Sight, ours: Change | None, now: datetime
) -> Change | Kept | None:
    """Return the next change that gives something back, why not, or ``None`` if it is back.

    ``ours`` is what the warden itself last did about it.
    """
    match lease.inverse:
        case Restore():
            return _target(lease.inverse, lease, sight)
        case Reweight():
            return _weights(lease.inverse, lease, sight, ours, now)
        case Resize():
            return _size(lease.inverse, lease, sight, ours)
        case Eject() | Retire():
            return _kept(ReasonCode.NOT_NAMED, "taking out is never giving back")
        case _:
            assert_never(lease.inverse)


def _kept(code: ReasonCode, text: str) -> Kept:
    return Kept(Reason(code, text))


def _blind(what: str, answer: object) -> Kept:
    text = answer.text if isinstance(answer, Reason) else "no answer"
    return _kept(ReasonCode.BLIND, f"{what} could not be seen: {text}")


def _target(change: Restore, lease: Lease, sight: Sight) -> Change | Kept | None:
    if change.method is EjectMethod.STANDBY and change.group:
        return _member(change, change.group, lease, sight)
    targets = sight.targets.get(change.target_group)
    if not isinstance(targets, tuple):
        if isinstance(targets, Reason) and targets.code is ReasonCode.NOT_FOUND:
            return None  # the target group is gone, and all that was taken out of it
        return _blind(f"target group {change.target_group}", targets)
    state = next((t.state for t in targets if t.id == change.target), TargetState.UNUSED)
    return change if state in GONE else None


def _member(change: Restore, name: str, lease: Lease, sight: Sight) -> Change | Kept | None:
    group = sight.groups.get(name)
    if not isinstance(group, Group):
        if isinstance(group, Reason) and group.code is ReasonCode.NOT_FOUND:
            return None
        return _blind(f"group {name}", group)
    lifecycle = {m.instance: m.lifecycle for m in group.members}.get(change.instance)
    if lifecycle is Lifecycle.ENTERING_STANDBY:
        return _kept(ReasonCode.GROUP_BUSY, f"{change.instance} is on its way out still")
    if lifecycle is not Lifecycle.STANDBY:
        return None
    if group.desired >= _most(group, lease):
        text = f"{name} has all the {group.desired} members in service that it may have"
        return _kept(ReasonCode.GROUP_BOUNDS, text)
    return change


def _most(group: Group, lease: Lease) -> int:
    return group.max_size if lease.most is None else min(group.max_size, lease.most)


def _size(change: Resize, lease: Lease, sight: Sight, ours: Change | None) -> Change | Kept | None:
    group = sight.groups.get(change.group)
    if not isinstance(group, Group):
        return _blind(f"group {change.group}", group)
    after = min(change.after, _most(group, lease))
    if group.desired >= after:
        return None
    known = {c.after for c in (lease.on_its_way, ours) if isinstance(c, Resize)}
    if group.desired not in {change.before} | known:
        text = f"somebody has set {change.group} to {group.desired}"
        return _kept(ReasonCode.WORLD_CHANGED, f"{text}, it was left at {change.before}")
    return replace(change, before=group.desired, after=after)


def _weights(
    change: Reweight, lease: Lease, sight: Sight, ours: Change | None, now: datetime
) -> Change | Kept | None:
    """Go one step towards home, on fleets that are seen to serve and have the room."""
    seen = sight.routes.get(change.rule)
    if not isinstance(seen, RouteSeen):
        return _blind(f"rule {change.rule}", seen)
    weights = {g: seen.weights[g] for g in sorted(change.after) if g in seen.weights}
    if is_home(weights, change.after):
        return None
    before, home = shares_of(weights), shares_of(change.after)
    known = [c.after for c in (lease.on_its_way, ours) if isinstance(c, Reweight)]
    if before is None or home is None or weights not in (dict(change.before), *map(dict, known)):
        text = f"somebody has set its weights to {_named(seen.weights)}"
        return _kept(ReasonCode.WORLD_CHANGED, f"{text}; left were {_named(change.before)}")
    healthy = {g: _healthy(sight.targets.get(g)) for g in weights}
    unseen = [g for g, count in healthy.items() if count is None]
    if unseen:
        return _blind(f"target group {unseen[0]}", sight.targets.get(unseen[0]))
    serving = {g: count for g, count in healthy.items() if count}
    wish = _wish(before, home, serving, _room(before, serving, lease.load, now))
    if wish is None:
        text = "no fleet that is to get weight back has the healthy targets to carry more"
        return _kept(ReasonCode.RECEIVER_SHORT, text)
    is_losing = any(before[g] > 0 and g not in serving for g in before)
    others = sum(w for group, w in seen.weights.items() if group not in weights)
    total = sum(weights.values()) if others else WEIGHTS_TOTAL
    after = weights_of(towards(before, wish, 1.0 if is_losing else lease.step), total)
    if after == weights:
        return _kept(ReasonCode.RECEIVER_SHORT, "what it may get back is less than one weight")
    return replace(change, before=weights, after=after)


def _healthy(targets: tuple[Target, ...] | Reason | None) -> int | None:
    if not isinstance(targets, tuple):
        return None
    return sum(1 for t in targets if t.state is TargetState.HEALTHY)


def _room(
    before: Mapping[Arn, float], serving: Mapping[Arn, int], load: Load | None, now: datetime
) -> dict[Arn, float]:
    """Return the share of traffic that each fleet that serves can carry.

    By the last known load; and where that is too old, as much as makes none of its targets busier
    than the busiest fleet's are now.
    """
    if load is not None and now - load.at <= LOAD_COUNTS_FOR:
        units = load.units
        return {g: n * load.most / units if units > 0 else 1.0 for g, n in serving.items()}
    busiest = max((before[g] / n for g, n in serving.items() if before[g] > 0), default=1.0)
    return {g: min(1.0, n * busiest) for g, n in serving.items()}


def _wish(
    before: Mapping[Arn, float],
    home: Mapping[Arn, float],
    serving: Mapping[Arn, int],
    room: Mapping[Arn, float],
) -> dict[Arn, float] | None:
    """Return the shares nearest to home that the fleets which serve have the room for.

    What they gain comes from those above their home share, in proportion. ``None``: nobody gains.
    """
    gains = {g: max(0.0, min(home[g], room[g]) - before[g]) for g in before if g in serving}
    gained = fsum(gains.values())
    if gained < LEAST_GAIN:
        return None
    excess = {g: max(0.0, before[g] - home[g]) for g in before}
    part = gained / fsum(excess.values())
    return {g: before[g] + gains.get(g, 0.0) - excess[g] * part for g in before}


def _named(weights: Mapping[Arn, int]) -> str:
    named = (f"{arn.rsplit(':', 1)[-1]}={weight}" for arn, weight in sorted(weights.items()))
    return ", ".join(named) or "none"
