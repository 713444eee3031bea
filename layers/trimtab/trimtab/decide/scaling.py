"""Decide how large each group should be. Pure; proposes, and knows no limits but the bounds.

Sized for the largest of: the load it carries, the load it is meant to receive, and its home share
while traffic is away, so that coming home needs no launch. Members that carry nothing (failing)
are counted on top. Up at once; down only when the whole stabilization window agrees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

from trimtab.decide.flows import SLACK, Flow, flow_of, known_units
from trimtab.model.assessment import Condition, FleetBelief
from trimtab.model.change import Resize
from trimtab.model.ids import FleetId
from trimtab.model.memory import Hold
from trimtab.model.observation import Group, Lifecycle
from trimtab.model.reason import Reason, ReasonCode, in_words
from trimtab.model.request import size_subject
from trimtab.model.situation import Situation
from trimtab.model.size import bounds
from trimtab.model.verdict import Proposal

TICK = timedelta(minutes=1)
"""Regular distance of ticks, for judging whether a window has been watched whole."""

TRIAL = 10
"""One in so many is launched to see whether newcomers serve where nothing does."""
EXACT = 1e-9
"""Rounding of floating-point sums, far below any load that matters."""


def propose_growth(at: Situation) -> tuple[Proposal, ...]:
    """Propose larger groups where load, a coming shift or lost members call for it."""
    return tuple(p for p in _resizes(at) if _grows(p))


def propose_shrinkage(at: Situation) -> tuple[Proposal, ...]:
    """Propose smaller groups where the load has been lower for the whole window."""
    return tuple(p for p in _resizes(at) if not _grows(p))


def sizes_wanted(at: Situation) -> Mapping[FleetId, int]:
    """Return what each group needs by this tick's load alone, for memory to stabilize on.

    A fleet whose load is not freshly known is absent: no data is no wish for a small size.
    """
    flows = [f for r in at.policy.routes if (f := flow_of(r, at))]
    wanted: dict[FleetId, int] = {}
    for fleet in at.policy.fleets:
        group, believed = at.fleet(fleet).group, at.believed(fleet)
        if group is None or believed.demand is None:
            continue
        lost = lost_members(group, believed)
        answer = needed_size(fleet, group.desired - lost, at, flows)
        if answer is not None:
            wanted[fleet] = with_lost(answer[0], lost, group, believed)
    return wanted


def _grows(proposal: Proposal) -> bool:
    change = proposal.change
    return isinstance(change, Resize) and change.after > change.before


def _resizes(at: Situation) -> list[Proposal]:
    flows = [f for r in at.policy.routes if (f := flow_of(r, at))]
    found = []
    for name in sorted(at.policy.fleets):
        group = at.fleet(name).group
        if group is None:
            continue
        hold = at.memory.holds.get(size_subject(name))
        proposal = _resize(name, group, at, flows)
        if hold is not None and hold.size is not None:
            proposal = _held(name, group, hold, hold.size, proposal)
        if proposal is not None:
            found.append(proposal)
    return found


def needed_size(
    fleet: FleetId, size: int, at: Situation, flows: list[Flow]
) -> tuple[int, Reason] | None:
    """Return how many targets the load needs and why; ``None`` when the load is unknown.

    Within ``tolerance`` of ``size`` it is ``size`` (no change for noise), else the units rounded
    up. Worked example: 6.4 units at size 6 and tolerance 0.1 is a ratio of 1.07: stay at 6;
    6.7 units: 7.
    """
    carried = known_units(fleet, at)
    if carried is None:
        return None
    units, code, text = carried, ReasonCode.LOAD_ABOVE_TARGET, "the load it carries"
    for flow in flows:
        if fleet not in flow.route.split:
            continue
        coming = flow.wanted[fleet] * flow.demand
        if coming > units and flow.wanted[fleet] > flow.now[fleet] + SLACK:
            units, code = coming, ReasonCode.CAPACITY_FOR_SHIFT
            text = f"its share of {flow.route.name} once traffic has shifted"
        home = flow.route.split[fleet] * flow.demand
        if home > units and flow.route.split[fleet] > flow.now[fleet] + SLACK:
            units, code = home, ReasonCode.CAPACITY_FOR_SHIFT
            text = f"its home share of {flow.route.name}, for the way back"
    tolerance = max((r.tolerance for r in at.policy.scaling.rules), default=0.0)
    steady = size > 0 and abs(units / size - 1) <= tolerance + EXACT
    need = size if steady else max(math.ceil(units - EXACT), 0)
    facts = {"units": round(units, 3), "size": size, "needed": need, "tolerance": tolerance}
    return need, Reason(code, f"{text} is {units:.2f} targets' worth", facts)


def _held(
    fleet: FleetId, group: Group, hold: Hold, size: int, free: Proposal | None
) -> Proposal | None:
    """Keep a held size. What an undo left gives way while the load needs more."""
    if hold.undoes and free is not None and _grows(free):
        return free
    if group.desired == size:
        return None
    code = ReasonCode.UNDOING if hold.undoes else ReasonCode.HELD
    text = f"{hold.by} holds it at {size} until {hold.until:%Y-%m-%d %H:%M}: {hold.why}"
    change = Resize(fleet, group.name, group.desired, size)
    reason = Reason(code, text, {"size": group.desired, "held": size})
    return Proposal(change, reason, request=hold.request, undoes=hold.undoes)


def _resize(fleet: FleetId, group: Group, at: Situation, flows: list[Flow]) -> Proposal | None:
    low, _ = bounds(group, at.policy)
    believed = at.believed(fleet)
    lost = lost_members(group, believed)
    answer = needed_size(fleet, group.desired - lost, at, flows)
    if answer is None:
        return _to_minimum(fleet, group, low)
    need, why = answer
    wish = with_lost(need, lost, group, believed)
    if wish > group.desired:
        if lost and need <= group.desired:
            text = f"{lost} of its members carry nothing; {why.text}"
            why = Reason(ReasonCode.REPLACE_LOST, text, {**why.facts, "lost": lost})
        return Proposal(Resize(fleet, group.name, group.desired, wish), why)
    steady = max(_stabilized(fleet, wish, group, at), low)
    if steady < group.desired and believed.demand is not None:
        facts = {**why.facts, "window_s": at.policy.scaling.scale_in_after.total_seconds()}
        text = f"for {in_words(at.policy.scaling.scale_in_after)} no more than {steady} were needed"
        reason = Reason(ReasonCode.LOAD_BELOW_TARGET, text, facts)
        return Proposal(Resize(fleet, group.name, group.desired, steady), reason)
    return _to_minimum(fleet, group, low)


def lost_members(group: Group, believed: FleetBelief) -> int:
    """Count members in service that carry nothing."""
    serving = {m.instance for m in group.members if m.lifecycle is Lifecycle.IN_SERVICE}
    return sum(
        1
        for b in believed.targets or ()
        if b.condition is Condition.FAILING and b.target.instance in serving
    )


def with_lost(need: int, lost: int, group: Group, believed: FleetBelief) -> int:
    """Return the size that serves the need on top of those who carry nothing.

    In panic or with the fleet down more of the same may not help. So newcomers are tried a few at
    a time, a tenth of the group or one, never beyond twice the need (two more at least), and not
    while others are on their way: if they serve, it was the old ones. Worked example: both of two
    dead, one needed: 3, and no more than 3 if the third dies too.
    """
    if not (believed.panic or believed.down):
        return need + lost
    coming = believed.count(Condition.WARMING) or any(
        m.lifecycle is Lifecycle.PENDING for m in group.members
    )
    trial = 0 if coming else max(1, group.desired // TRIAL)
    tried = min(need + lost, group.desired + trial, max(2 * need, need + 2))
    return max(need, tried)


def _stabilized(fleet: FleetId, wish: int, group: Group, at: Situation) -> int:
    """Return the largest wish of the window; the size itself if it was not watched whole.

    A controller that was away, or blind for longer than data may be old, does not know that the
    load was low meanwhile.
    """
    start = at.now - at.policy.scaling.scale_in_after
    recent = [w for w in at.memory.fleet(fleet).wishes if w.at >= start - TICK]
    if not recent or recent[0].at > start + TICK:
        return group.desired
    looks = [*(w.at for w in recent), at.now]
    if any(b - a > at.policy.guard.max_age for a, b in pairwise(looks)):
        return group.desired
    return max(wish, *(w.size for w in recent))


def _to_minimum(fleet: FleetId, group: Group, low: int) -> Proposal | None:
    """Bring a size up to the least: raising needs no data."""
    if group.desired >= low:
        return None
    facts = {"size": group.desired, "min": low}
    text = f"{group.desired} is below the least size {low}"
    reason = Reason(ReasonCode.BELOW_MINIMUM, text, facts)
    return Proposal(Resize(fleet, group.name, group.desired, low), reason)
