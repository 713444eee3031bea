"""Laws of one tick, judged the moment it is to be committed, in arithmetic of their own.

Laws 9 and 11 are judged by thinking the tick through again: on the same inputs, on the same with
targets in another order, and as if every lever only observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from trimtab.loop import think
from trimtab.model.cause import Cause
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Kind
from trimtab.model.observation import FleetSeen, Group, Lifecycle, TargetState
from trimtab.model.policy import EjectMethod, Lever, Mode
from trimtab.model.reason import ReasonCode
from trimtab.model.tick import Inputs, Tick
from trimtab.model.verdict import Ruling, Verdict
from trimtab_lab.laws import Judged, broken_laws, carriers_left, last_units

MENDED_BY_REMOVAL = (Cause.TARGET, Cause.NONE)


def broken_by(tick: Tick) -> Iterator[str]:
    """Say which laws a tick breaks. The property tests' six laws, and what they leave out."""
    judged = Judged(tick.inputs, tick.belief, tick.verdicts)
    yield from broken_laws(judged)
    for change in judged.new:
        if isinstance(change, Eject | Restore | Retire | Resize):
            group = judged.group(change.fleet)
            if group is not None:
                yield from _on_group(change, group)
        if isinstance(change, Reweight):
            yield from _on_route(change, judged)
        if isinstance(change, Resize) and change.after < change.before:
            seen = tick.inputs.seen.fleets[change.fleet].targets or ()
            if any(t.state is TargetState.INITIAL for t in seen):
                yield f"{change.fleet} shrinks while a target is in its first health checks"
    yield from _against_the_cause(tick)
    yield from _back_together(tick)
    yield from _thought_again(tick)


def _against_the_cause(tick: Tick) -> Iterator[str]:
    """Say what is removed though removing does not mend what is wrong, and nobody asked for it."""
    for verdict in tick.verdicts:
        change = verdict.change
        removes = isinstance(change, Eject | Retire) or (
            isinstance(change, Resize) and change.after < change.before
        )
        if not removes or isinstance(change, Reweight) or verdict.ruling is Ruling.REFUSED:
            continue
        cause = tick.belief.fleets[change.fleet].cause
        here = tick.belief.targets_of(change.fleet)
        if cause is Cause.OVERLOAD and isinstance(change, Eject) and not here[change.target].serves:
            continue  # whose process is gone is not merely busy
        if cause not in MENDED_BY_REMOVAL and verdict.proposal.request is None:
            yield f"{change.fleet} loses a target, and its trouble is {cause}"


def _back_together(tick: Tick) -> Iterator[str]:
    """Say who is readmitted beside another that is tried, in a fleet that can spare both."""
    back = [
        v.change
        for v in tick.verdicts
        if isinstance(v.change, Restore)
        and v.ruling is not Ruling.REFUSED
        and v.proposal.reason.code is ReasonCode.RESTORE_RECOVERED
    ]
    policy, now = tick.inputs.policy, tick.inputs.seen.now
    for change in back:
        memory = tick.inputs.memory.fleet(change.fleet)
        tried = {t for t, s in memory.strikes.items()
                 if s.count and now - s.last < policy.health.probation.lasts}  # fmt: skip
        tried -= memory.ejected.keys()
        tried |= {c.target for c in back if c.fleet == change.fleet}
        judged = Judged(tick.inputs, tick.belief, tick.verdicts)
        units, left = last_units(change.fleet, judged), carriers_left(change.fleet, judged)
        spares = units is None or units <= left * policy.guard.max_load
        if spares and tried - {change.target}:
            yield f"{change.target} is readmitted while another is tried"


def _thought_again(tick: Tick) -> Iterator[str]:
    """Law 11: the same inputs give the same tick. Law 9: observing proposes what enforcing does."""
    again = think(tick.inputs, tick.by)
    same = (again.verdicts, again.entries, again.memory)
    if same != (tick.verdicts, tick.entries, tick.memory):
        yield "law 11: the same inputs gave another tick"
    policy = replace(tick.inputs.policy, modes=dict.fromkeys(Lever, Mode.OBSERVE))
    other = replace(_in_another_order(tick.inputs), policy=policy)
    observing, wanted = think(other, tick.by), _rulings(tick.verdicts)
    if any(e.kind is Kind.INTENDED for e in observing.entries):
        yield "law 9: an intent while every lever only observes"
    if _rulings(observing.verdicts) == wanted:
        return  # neither the order nor the mode makes a difference
    if _rulings(think(_in_another_order(tick.inputs), tick.by).verdicts) != wanted:
        yield "law 11: the order of targets matters"
    if _rulings(think(replace(tick.inputs, policy=policy), tick.by).verdicts) != wanted:
        yield "law 9: observing proposes something else than enforcing"


def _rulings(verdicts: Iterable[Verdict]) -> list[object]:
    """What is proposed, and what of it may happen, whatever the mode says then."""
    return [(v.proposal.change, v.change, v.ruling is Ruling.REFUSED) for v in verdicts]


def _in_another_order(inputs: Inputs) -> Inputs:
    fleets = {name: _reversed(fleet) for name, fleet in inputs.seen.fleets.items()}
    return replace(inputs, seen=replace(inputs.seen, fleets=fleets))


def _reversed(fleet: FleetSeen) -> FleetSeen:
    group = fleet.group and replace(fleet.group, members=fleet.group.members[::-1])
    return replace(fleet, group=group, targets=fleet.targets and fleet.targets[::-1])


def _on_route(change: Reweight, judged: Judged) -> Iterator[str]:
    """Weights move step by step, unless a fleet that has some is down."""
    fleets = {p.target_group: f for f, p in judged.policy.fleets.items()}
    down = [g for g, w in change.before.items() if w and judged.belief.fleets[fleets[g]].down]
    moved_at = judged.inputs.memory.route(change.route).moved_at
    route = next(r for r in judged.policy.routes if r.name == change.route)
    now = judged.inputs.seen.now
    if moved_at is not None and not down and now - moved_at < route.step_every:
        yield f"{change.route} moves again {(now - moved_at).total_seconds():.0f} s after a step"


def _on_group(change: Eject | Restore | Retire | Resize, group: Group) -> Iterator[str]:
    """Say what is done to a group that is not to be touched so."""
    suspended = group.suspended
    match change:
        case Eject():
            if any(m.instance == change.instance and m.protected for m in group.members):
                yield f"{change.instance} is protected, and ejected"
            if change.replace and "Launch" in suspended:
                yield f"{group.name} cannot launch a replacement"
        case Restore():
            if change.method is EjectMethod.STANDBY and "AddToLoadBalancer" in suspended:
                yield f"{group.name} would not register {change.instance}"
        case Retire():
            yield from _on_end(change, group)
        case Resize():
            yield from _on_size(change, group)


def _on_end(change: Retire, group: Group) -> Iterator[str]:
    """Say what is terminated that is not out of everybody's way, or that nobody may end."""
    member = next((m for m in group.members if m.instance == change.instance), None)
    if member is None or member.lifecycle is not Lifecycle.STANDBY:
        yield f"{change.instance} is terminated, and it is not in standby"
    if member is not None and member.protected:
        yield f"{change.instance} is protected, and terminated"
    if "Terminate" in group.suspended:
        yield f"{group.name} cannot end members, and {change.instance} is terminated"


def _on_size(change: Resize, group: Group) -> Iterator[str]:
    if change.after > change.before:
        if "Launch" in group.suspended or group.launch_failure:
            yield f"{group.name} cannot launch, and is to grow"
        return
    if change.after == change.before:
        return
    if "Terminate" in group.suspended:
        yield f"{group.name} cannot end members, and is to shrink"
    if any(m.lifecycle is Lifecycle.PENDING for m in group.members):
        yield f"{group.name} shrinks while members launch"
