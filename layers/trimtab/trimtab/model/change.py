"""Changes: what can be done to the world, each as the state wanted, each with an inverse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never, overload

from trimtab.model.ids import Arn, FleetId, InstanceId, RouteId, TargetId, Zone, target_id
from trimtab.model.policy import EjectMethod, Lever


@dataclass(frozen=True, slots=True)
class Eject:
    """Take one target out of rotation.

    ``method`` is ``standby`` (``group`` says whose) or ``deregister``. ``replace``: let the group
    launch another in its place (standby only); without it the group's size shrinks by one.
    ``keep``: for so long it is kept to be looked at before it is ended, and tagged with when that
    is; ``None``: it is not.
    """

    fleet: FleetId
    target_group: Arn
    instance: InstanceId
    port: int
    zone: Zone
    method: EjectMethod
    group: str | None = None
    replace: bool = False
    keep: timedelta | None = None

    @property
    def target(self) -> TargetId:
        """The registration that leaves."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring one target back into rotation, the way it left. Standby grows the group by one.

    ``keep``: for how long it was to be kept, and is tagged; ``None``: it is not.
    """

    fleet: FleetId
    target_group: Arn
    instance: InstanceId
    port: int
    zone: Zone
    method: EjectMethod
    group: str | None = None
    keep: timedelta | None = None

    @property
    def target(self) -> TargetId:
        """The registration that returns."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class Retire:
    """Terminate a member that is in standby. Nothing brings it back.

    The group keeps its size: a member in standby does not count in it, and another was launched in
    its place when it was set aside.
    """

    fleet: FleetId
    target_group: Arn
    instance: InstanceId
    port: int
    zone: Zone
    group: str

    @property
    def target(self) -> TargetId:
        """The registration that it had."""
        return target_id(self.instance, self.port)


@dataclass(frozen=True, slots=True)
class Resize:
    """Set a group's desired capacity to ``after``, if it still is ``before``."""

    fleet: FleetId
    group: str
    before: int
    after: int


WEIGHT_MAX = 999
"""The largest weight a forward action takes."""


@dataclass(frozen=True, slots=True)
class Reweight:
    """Set the weights of our target groups in a rule, if they still are ``before``.

    Both mappings hold the same target groups; others in the rule are left as they are.
    """

    route: RouteId
    rule: Arn
    before: Mapping[Arn, int]
    after: Mapping[Arn, int]


Change = Eject | Restore | Retire | Resize | Reweight


def lever_of(change: Change) -> Lever:
    """Tell which class of action a change belongs to."""
    match change:
        case Eject() | Restore() | Retire():
            return Lever.EJECT
        case Resize():
            return Lever.SCALE
        case Reweight():
            return Lever.ROUTE
        case _:
            assert_never(change)


def subject_of(change: Change) -> str:
    """Name what a change is about: the same subject is never changed twice at once."""
    match change:
        case Eject() | Restore() | Retire():
            return f"target {change.fleet}/{change.target}"
        case Resize():
            return f"group {change.fleet}/{change.group}"
        case Reweight():
            return f"route {change.route}"
        case _:
            assert_never(change)


def change_key(change: Change) -> str:
    """Name a kind of change of a subject: what is proposed again is told by it."""
    return f"{type(change).__name__} {subject_of(change)}"


def caution_keys(change: Change) -> tuple[str, ...]:
    """Name what a change does that is held for a while after it did not help.

    Taking a target out, ending one, making a group smaller, leading more of a route's traffic to a
    target group. Giving back and growing are never held.
    """
    match change:
        case Eject():
            return (f"ejecting {change.target} of {change.fleet}",)
        case Retire():
            return (f"replacing in {change.fleet}",)
        case Resize():
            return (f"shrinking {change.fleet}",) if change.after < change.before else ()
        case Reweight():
            return tuple(f"more of {change.route} to {_short(arn)}" for arn in gainers(change))
        case Restore():
            return ()


def gainers(change: Reweight) -> tuple[Arn, ...]:
    """Return the target groups that get a larger share than before."""
    before, after = sum(change.before.values()), sum(change.after.values())
    return tuple(
        arn
        for arn, weight in sorted(change.after.items())
        if weight * before > change.before[arn] * after or (weight and not before)
    )


def _short(arn: Arn) -> str:
    return arn.rsplit(":", 1)[-1]


def left_of(goal: Change, done: Change) -> Change | None:
    """Return what an action still is once a change has taken it back in part; ``None`` if whole.

    ``goal`` leads to how things were before the action, ``done`` as far as the guard lets it.
    Worked example: back from 4 to 8, and only 6 are allowed: what is left is an action from 8 to 6.
    """
    match goal, done:
        case Resize(fleet, group, _, whole), Resize(after=reached) if reached != whole:
            return Resize(fleet, group, before=whole, after=reached)
        case Reweight(route, rule, _, wish), Reweight(after=now) if not _splits_alike(wish, now):
            return Reweight(route, rule, before=wish, after=now)
        case _:
            return None


def _splits_alike(one: Mapping[Arn, int], other: Mapping[Arn, int]) -> bool:
    """Tell whether weights lead the same share of the traffic everywhere, to a whole percent."""
    a, b = sum(one.values()), sum(other.values())
    if one.keys() != other.keys() or not (a and b):
        return False
    return all(abs(one[k] / a - other[k] / b) < PERCENT for k in one)


PERCENT = 0.01


@overload
def inverse_of(change: Eject) -> Restore: ...
@overload
def inverse_of(change: Restore) -> Eject: ...
@overload
def inverse_of(change: Resize) -> Resize: ...
@overload
def inverse_of(change: Reweight) -> Reweight: ...
@overload
def inverse_of(change: Change) -> Change | None: ...
def inverse_of(change: Change) -> Change | None:
    """Return the change that takes this one back; a termination has none."""
    match change:
        case Retire():
            return None
        case Eject():
            return Restore(
                fleet=change.fleet,
                target_group=change.target_group,
                instance=change.instance,
                port=change.port,
                zone=change.zone,
                method=change.method,
                group=change.group,
                keep=change.keep,
            )
        case Restore():
            return Eject(
                fleet=change.fleet,
                target_group=change.target_group,
                instance=change.instance,
                port=change.port,
                zone=change.zone,
                method=change.method,
                group=change.group,
                replace=False,
            )
        case Resize():
            return Resize(change.fleet, change.group, before=change.after, after=change.before)
        case Reweight():
            return Reweight(change.route, change.rule, before=change.after, after=change.before)
        case _:
            assert_never(change)
