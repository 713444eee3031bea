"""The ladder of remedies: how a target earns its way back, and when it is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trimtab.model.ids import InstanceId


@dataclass(frozen=True, slots=True)
class ProbationPolicy:
    """How a target that was out is tried once it is back.

    For as long as probation ``lasts`` one finding takes it out again, and no other target of its
    fleet is readmitted.
    """

    lasts: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ReplacePolicy:
    """When a target that fails again and again is replaced, and when no more are.

    At its strike number ``after`` a group's member is set aside while another is launched in its
    place, and then terminated: no more than ``per_day`` of a fleet in 24 hours, and none while
    ``stop_after`` of those that came instead have failed within ``window``. It is kept in standby
    for ``keep`` first, to be looked at.
    """

    after: int = 3
    per_day: int = 2
    stop_after: int = 2
    window: timedelta = timedelta(hours=6)
    keep: timedelta = timedelta(0)


DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Ladder:
    """What became of a fleet's replacements, each with when it was.

    ``replaced`` were terminated, ``newcomers`` came since the first of them was set aside, and
    those in ``vain`` failed.
    """

    replaced: Mapping[InstanceId, datetime] = field(default_factory=dict)
    newcomers: Mapping[InstanceId, datetime] = field(default_factory=dict)
    vain: Mapping[InstanceId, datetime] = field(default_factory=dict)

    def replaced_today(self, now: datetime) -> frozenset[InstanceId]:
        """Who was terminated in the last 24 hours."""
        return frozenset(i for i, at in self.replaced.items() if now - at < DAY)

    def is_in_vain(self, rules: ReplacePolicy, now: datetime) -> bool:
        """Whether so many newcomers failed that replacing is not the cure."""
        return sum(1 for at in self.vain.values() if now - at < rules.window) >= rules.stop_after
