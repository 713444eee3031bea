"""Laws of one tick, judged the moment it is to be committed, in arithmetic of their own."""

from __future__ import annotations

from collections.abc import Iterator

from tests.properties.laws import Judged, hold
from trimtab.model.change import Eject, Resize, Restore, Reweight
from trimtab.model.observation import Group, Lifecycle, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.tick import Tick


def broken_by(tick: Tick) -> Iterator[str]:
    """Say which laws a tick breaks. The property tests' six laws, and what they leave out."""
    judged = Judged(tick.inputs, tick.belief, tick.verdicts)
    try:
        hold(judged)
    except AssertionError as error:
        yield f"laws 1 to 6: {str(error).splitlines()[0] if str(error) else 'broken'}"
    for change in judged.new:
        if isinstance(change, Eject | Restore | Resize):
            group = judged.group(change.fleet)
            if group is not None:
                yield from _on_group(change, group)
        if isinstance(change, Reweight):
            yield from _on_route(change, judged)
        if isinstance(change, Resize) and change.after < change.before:
            seen = tick.inputs.seen.fleets[change.fleet].targets or ()
            if any(t.state is TargetState.INITIAL for t in seen):
                yield f"{change.fleet} shrinks while a target is in its first health checks"


def _on_route(change: Reweight, judged: Judged) -> Iterator[str]:
    """Weights move step by step, unless a fleet that has some is down."""
    fleets = {p.target_group: f for f, p in judged.policy.fleets.items()}
    down = [g for g, w in change.before.items() if w and judged.belief.fleets[fleets[g]].down]
    moved_at = judged.inputs.memory.route(change.route).moved_at
    route = next(r for r in judged.policy.routes if r.name == change.route)
    now = judged.inputs.seen.now
    if moved_at is not None and not down and now - moved_at < route.step_every:
        yield f"{change.route} moves again {(now - moved_at).total_seconds():.0f} s after a step"


def _on_group(change: Eject | Restore | Resize, group: Group) -> Iterator[str]:
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
        case Resize():
            yield from _on_size(change, group)


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
