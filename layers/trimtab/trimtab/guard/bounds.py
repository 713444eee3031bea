"""Bounds and rates of sizes and weights. Pure. Laws 5 and 6."""

from __future__ import annotations

import math
from dataclasses import replace

from trimtab.guard.plan import Plan
from trimtab.guard.rules import Answer, Clamped, passed, refused
from trimtab.model.assessment import Condition
from trimtab.model.change import WEIGHT_MAX, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.observation import Group, Lifecycle
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode, in_words
from trimtab.model.size import bounds
from trimtab.model.verdict import Proposal


def check_group_bounds(proposal: Proposal, plan: Plan) -> Answer:
    """Keep capacity within the group's and the policy's bounds, standby moves included.

    Entering standby without replacement takes one off the size, leaving it adds one; AWS refuses
    what breaks its bounds, so we do before it.
    """
    change = proposal.change
    if not isinstance(change, Resize | Eject | Restore):
        return passed("no size involved")
    group = plan.at.fleet(change.fleet).group
    if group is None or (not isinstance(change, Resize) and change.method is not _STANDBY):
        return passed("no size involved")
    low, high = bounds(group, plan.at.policy)
    facts = {"size": group.desired, "min": low, "max": high}
    size = _size_after(change, _size_coming(change.fleet, group, plan))
    if low <= size <= high or _approaches(change, low, high):
        return passed("within bounds", **facts)
    if isinstance(change, Resize):
        clamped = min(max(change.after, low), high)
        if (clamped - change.before) * (change.after - change.before) > 0:  # the same way, less far
            text = f"{change.after} is outside {low} to {high}"
            return Clamped(
                replace(change, after=clamped), Reason(ReasonCode.GROUP_BOUNDS, text, facts)
            )
    text = f"{group.name} would have {size} members in service, {low} to {high} may be"
    return refused(ReasonCode.GROUP_BOUNDS, text, **facts)


def _approaches(change: Resize | Eject | Restore, low: int, high: int) -> bool:
    """Tell whether a size outside the bounds comes nearer to them, a step at a time."""
    if not isinstance(change, Resize):
        return False
    return change.before < change.after <= low or high <= change.after < change.before


_STANDBY = EjectMethod.STANDBY


def _size_after(change: Resize | Eject | Restore, size: int) -> int:
    match change:
        case Resize():
            return change.after
        case Restore():
            return size + 1
        case Eject():
            return size if change.replace else size - 1


def _size_coming(fleet: str, group: Group, plan: Plan) -> int:
    """Return the group's size once the resizes and standby moves under way are done."""
    size = group.desired
    for change in plan.coming:
        if isinstance(change, Reweight | Retire) or change.fleet != fleet:
            continue
        if isinstance(change, Resize):
            size += change.after - change.before if group.desired == change.before else 0
        elif change.method is _STANDBY:
            size = _size_after(change, size)
    return size


def check_steps(proposal: Proposal, plan: Plan) -> Answer:
    """Clamp a resize to the largest step, and space shrinking steps apart.

    Worked example: from 10 with ``max_step_up`` 1.0 up to 20 at once; with ``max_step_down`` 0.2
    down to 8, and again no sooner than ``step_every`` later.
    """
    change = proposal.change
    if not isinstance(change, Resize):
        return passed("not a resize")
    scaling = plan.at.policy.scaling
    if change.after > change.before:
        most = change.before + max(1, math.ceil(change.before * scaling.max_step_up))
        return _clamp_step(change, min(change.after, most))
    last = plan.at.memory.fleet(change.fleet).resized_down
    if last is not None and plan.now - last < scaling.step_every:
        return refused(
            ReasonCode.STEP_LIMIT,
            f"it shrank at {last:%H:%M}; the next step waits for {in_words(scaling.step_every)}",
            since_s=(plan.now - last).total_seconds(),
        )
    least = change.before - max(1, math.floor(change.before * scaling.max_step_down))
    return _clamp_step(change, max(change.after, least))


def _clamp_step(change: Resize, after: int) -> Answer:
    if after == change.after:
        return passed("within one step", before=change.before, after=after)
    text = f"one step goes to {after}, not {change.after}"
    facts = {"before": change.before, "wanted": change.after, "after": after}
    return Clamped(replace(change, after=after), Reason(ReasonCode.STEP_LIMIT, text, facts))


def check_warm_up(proposal: Proposal, plan: Plan) -> Answer:
    """Refuse to shrink a group while members are still launching or warming up.

    What they will carry does not show in the metrics yet. FIELD: AWS blocks scale-in likewise.
    """
    change = proposal.change
    if not isinstance(change, Resize) or change.after >= change.before:
        return passed("does not shrink")
    group = plan.at.fleet(change.fleet).group
    pending = [m for m in (group.members if group else ()) if m.lifecycle is Lifecycle.PENDING]
    warming = plan.at.believed(change.fleet).count(Condition.WARMING)
    if pending or warming:
        return refused(
            ReasonCode.WARMING_UP,
            f"{len(pending)} members are launching and {warming} are warming up",
            launching=len(pending),
            warming=warming,
        )
    return passed("nobody is warming up")


def check_weights(proposal: Proposal, plan: Plan) -> Answer:
    """Keep a route serving: whole weights in range, some on a fleet that serves, one step at most.

    The step limit does not hold while a fleet with weight is down: what it would get is lost.
    """
    change = proposal.change
    if not isinstance(change, Reweight):
        return passed("not a route")
    if any(not 0 <= w <= WEIGHT_MAX for w in change.after.values()):
        return refused(ReasonCode.GROUP_BOUNDS, f"weights go from 0 to {WEIGHT_MAX}")
    fleets = {p.target_group: f for f, p in plan.at.policy.fleets.items()}
    alive = [g for g, w in change.after.items() if w > 0 and not _is_down(fleets[g], plan)]
    if not alive:
        return refused(ReasonCode.LAST_WEIGHT, "no fleet that serves would have any weight")
    if any(w > 0 and _is_down(fleets[g], plan) for g, w in change.before.items()):
        return passed("a fleet with weight is down: no step limit")
    route = next(r for r in plan.at.policy.routes if r.name == change.route)
    moved_at = plan.at.memory.route(change.route).moved_at
    if moved_at is not None and plan.now - moved_at < route.step_every:
        text = f"weights moved at {moved_at:%H:%M}; the next step waits for"
        return refused(ReasonCode.STEP_LIMIT, f"{text} {in_words(route.step_every)}")
    return _one_step(change, plan)


def _is_down(fleet: str, plan: Plan) -> bool:
    return any(b.down for f, b in plan.at.belief.fleets.items() if f == fleet)


def _one_step(change: Reweight, plan: Plan) -> Answer:
    total, before = sum(change.after.values()), sum(change.before.values())
    moved = sum(
        max(0.0, w / total - (change.before[g] / before if before else 0.0))
        for g, w in change.after.items()
    )
    step = next(r.max_step for r in plan.at.policy.routes if r.name == change.route)
    if moved > step + 0.01:  # whole percents round a share
        return refused(
            ReasonCode.STEP_LIMIT,
            f"{moved:.0%} of the traffic would move, {step:.0%} at once may",
            moved=round(moved, 3),
            step=step,
        )
    return passed("within one step", moved=round(moved, 3), step=step)
