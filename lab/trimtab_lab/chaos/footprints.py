"""What a change touches, what it leaves in the world, and whether it was seen as it was to be."""

from __future__ import annotations

from collections.abc import Iterator

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab_lab.chaos.gates import Gate
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.world import World

GONE = (TargetState.DRAINING, TargetState.UNHEALTHY_DRAINING, TargetState.UNUSED)


def against_tags(change: Change, at: Gate) -> Iterator[str]:
    """Say what is taken though its tag forbids it, or though nobody asked whether one does."""
    if not isinstance(change, Eject | Retire):
        return
    if at.tagged is None:
        yield f"{change.instance} is taken, and nobody asked once more whether it may be"
    elif isinstance(at.tagged, Reason):
        if isinstance(change, Retire):
            yield f"{change.instance} is terminated, and its tags could not be read"
    elif change.instance in at.tagged:
        yield f"{change.instance} is taken, and its tag says that nobody is to touch it"


def print_of(world: World, change: Change) -> object:
    """The state of what a change is about, as the world has it."""
    if isinstance(change, Resize):
        return next((g.desired for g in world.describe_groups((change.group,))), None)
    if isinstance(change, Reweight):
        return dict(world.rule(change.rule).weights)
    if isinstance(change, Retire) or (change.method is EjectMethod.STANDBY and change.group):
        groups = world.describe_groups((change.group or "",))
        here = {i.id: i.lifecycle for g in groups for i in g.instances}
        return here.get(change.instance)
    try:
        targets = world.describe_target_health(change.target_group)
    except WorldError:
        return None
    states = {(t.id, t.port): t.state for t in targets}
    state = states.get((change.instance, change.port))
    return "deregistered" if state in (None, *(str(s) for s in GONE)) else "registered"


def moves_size(change: Change, group: str) -> bool:
    """Tell a standby move that changes the size of ``group`` by itself."""
    if not isinstance(change, Eject | Restore) or change.method is not EjectMethod.STANDBY:
        return False
    return change.group == group and not (isinstance(change, Eject) and change.replace)


def named_by(change: Change) -> set[str]:
    """Return the AWS names a change touches."""
    match change:
        case Resize():
            return {change.group}
        case Reweight():
            return {change.rule, *change.after}
        case Eject() | Restore() | Retire():
            return {change.target_group, *([change.group] if change.group else [])}


def as_intended(change: Change, at: Gate) -> bool:
    """Tell whether this very invocation saw the world as the change wants to find it."""
    match change:
        case Resize():
            group = at.seen.get(change.group)
            return isinstance(group, Group) and group.desired == change.before
        case Reweight():
            route = at.seen.get(change.rule)
            return isinstance(route, RouteSeen) and all(
                route.weights.get(arn) == weight for arn, weight in change.before.items()
            )
        case Retire():
            group = at.seen.get(change.group)
            return (
                isinstance(group, Group)
                and _lifecycle(group, change.instance) is Lifecycle.STANDBY
                and not any(m.protected for m in group.members if m.instance == change.instance)
            )
        case Eject() | Restore() if change.method is EjectMethod.STANDBY:
            group = at.seen.get(change.group or "")
            wanted = Lifecycle.IN_SERVICE if isinstance(change, Eject) else Lifecycle.STANDBY
            return isinstance(group, Group) and wanted is _lifecycle(group, change.instance)
        case Eject() | Restore():
            targets = at.seen.get(change.target_group)
            return isinstance(targets, tuple) and _is_here(targets, change) is isinstance(
                change, Eject
            )


def _lifecycle(group: Group, instance: InstanceId) -> Lifecycle | None:
    return next((m.lifecycle for m in group.members if m.instance == instance), None)


def _is_here(targets: tuple[Target, ...], change: Eject | Restore) -> bool:
    return any(t.id == change.target and t.state not in GONE for t in targets)
