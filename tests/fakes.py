"""A small world behind the ports: what it is told, it shows; what is done to it, it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.entry import Call
from trimtab.model.halt import Halts, Protection
from trimtab.model.ids import Arn, ServiceId
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Series, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Pause
from trimtab.ports import MetricKey

UNKNOWN = Reason(ReasonCode.NOT_FOUND, "no such thing")


@dataclass
class SmallWorld:
    """Ports ``Infrastructure`` and ``Hands`` over a few dictionaries.

    ``asked`` are the series read, ``done`` the changes made, ``effects`` how many of them changed
    anything. ``trouble`` is raised by the next write, ``after`` runs once it took effect.
    """

    members: dict[str, Group | Reason] = field(default_factory=dict)
    registered: dict[Arn, tuple[Target, ...] | Reason] = field(default_factory=dict)
    rules: dict[Arn, RouteSeen | Reason] = field(default_factory=dict)
    metrics: dict[MetricKey, Series | Reason] = field(default_factory=dict)
    asked: list[MetricKey] = field(default_factory=list)
    done: list[Change] = field(default_factory=list)
    effects: int = 0
    trouble: Exception | None = None
    after: Callable[[], None] = lambda: None

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        return {arn: self.registered.get(arn, UNKNOWN) for arn in target_groups}

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        return {name: self.members.get(name, UNKNOWN) for name in names}

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        return {rule: self.rules.get(rule, UNKNOWN) for rule in rules}

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        self.asked += keys
        return {key: self.metrics.get(key, Series()) for key in keys}

    def apply(self, change: Change) -> tuple[Call, ...]:
        self.done.append(change)
        if self.trouble is not None:
            raise self.trouble
        before = (dict(self.members), dict(self.registered), dict(self.rules))
        self._apply(change)
        self.effects += before != (self.members, self.registered, self.rules)
        self.after()
        return (Call("aws:Change", f"request-{len(self.done)}"),)

    def _apply(self, change: Change) -> None:
        match change:
            case Retire():
                left = self.members[change.group]
                assert isinstance(left, Group)
                stay_in = tuple(m for m in left.members if m.instance != change.instance)
                self.members[change.group] = replace(left, members=stay_in)
            case Resize():
                group = self.members[change.group]
                assert isinstance(group, Group)
                self.members[change.group] = replace(group, desired=change.after)
            case Reweight():
                rule = self.rules[change.rule]
                assert isinstance(rule, RouteSeen)
                self.rules[change.rule] = replace(rule, weights={**rule.weights, **change.after})
            case Eject() | Restore() if change.method is EjectMethod.STANDBY:
                self._move(change)
            case Eject():
                here = self.registered[change.target_group]
                assert isinstance(here, tuple)
                stay = tuple(t for t in here if t.id != change.target)
                self.registered[change.target_group] = stay
            case Restore():
                here = self.registered[change.target_group]
                assert isinstance(here, tuple)
                self.registered[change.target_group] = (*here, _healthy(change))

    def _move(self, change: Eject | Restore) -> None:
        group = self.members[change.group or ""]
        assert isinstance(group, Group)
        into = Lifecycle.STANDBY if isinstance(change, Eject) else Lifecycle.IN_SERVICE
        self.members[group.name] = replace(
            group,
            members=tuple(
                replace(m, lifecycle=into) if m.instance == change.instance else m
                for m in group.members
            ),
        )


def _healthy(change: Restore) -> Target:

    return Target(change.instance, change.port, change.zone, TargetState.HEALTHY)


@dataclass
class Switch:
    """Port ``Paused``: what it is set to, or the trouble of reading it."""

    held: tuple[Pause, ...] = ()
    trouble: Exception | None = None
    protections: tuple[Protection, ...] = ()

    def halts(self, service: ServiceId) -> Halts:
        if self.trouble is not None:
            raise self.trouble
        return Halts(self.held, self.protections)
