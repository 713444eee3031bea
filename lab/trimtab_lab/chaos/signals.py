"""What is asked beyond health and load, as one invocation has it: tags, notices, machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from trimtab.errors import Denied, Throttled, Unclear
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import Machine, Marks, Notice
from trimtab_lab.chaos.gates import Gate
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.simulator.signs import WorldLabels, WorldSigns

T = TypeVar("T")


class GatedSigns:
    """Ports ``Signs`` and ``Owners`` of the world, behind a gate."""

    def __init__(self, inner: WorldSigns, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        """What the tags of target groups say."""
        found = self._asked("tags", lambda: self._inner.marks(target_groups))
        return dict.fromkeys(target_groups, found) if isinstance(found, Reason) else found

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        """Instances that nobody is to touch."""
        self._gate.tagged = found = self._asked("tagged instances", self._inner.untouchable)
        return found

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        """Spot instances about to be interrupted."""
        return self._asked("notices", self._inner.notices)

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        """Instances with which something is the matter."""
        return self._asked("machines", lambda: self._inner.machines(instances))

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        """State of each group's refresh, a call each."""
        return {group: self._refresh(group) for group in groups}

    def _refresh(self, group: str) -> str | Reason:
        found = self._asked("refresh", lambda: self._inner.refreshes([group]))
        return found if isinstance(found, Reason) else found[group]

    def groups_of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str]:
        """The group of each instance that has one. Raises: the event is delivered again."""
        return self._gate.call("read owners", lambda: self._inner.groups_of(instances))

    def _asked(self, what: str, ask: Callable[[], T | Reason]) -> T | Reason:
        what = f"read {what}"
        if self._gate.dice.strikes(Trouble.BLIND, what):
            self._gate.say(f"{what}: not seen")
            return Reason(ReasonCode.NOT_SEEN, f"{what}: no answer")
        try:
            return self._gate.call(what, ask)
        except (Throttled, Denied, Unclear) as error:
            return Reason(ReasonCode.NOT_SEEN, str(error))


class GatedLabels:
    """Port ``Labels`` of the world, behind a gate."""

    def __init__(self, inner: WorldLabels, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def label(self, instance: InstanceId, text: str) -> Call:
        """Set the tag."""
        return self._gate.call("label", lambda: self._inner.label(instance, text))


__all__ = ["GatedLabels", "GatedSigns"]
