"""What became of replacements: who came instead, and whether they failed too. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from trimtab.model.assessment import Condition
from trimtab.model.ids import FleetId, InstanceId
from trimtab.model.ladder import DAY, Ladder
from trimtab.model.situation import Situation


def ladder_after(name: FleetId, at: Situation, new: frozenset[InstanceId]) -> Ladder:
    """Return what this tick leaves. ``new`` are launching, or in their first health checks.

    Newcomers are counted from when a target was set aside for its last strike. They are forgotten
    with the window, as are those that failed; who was replaced, after a day.
    """
    old, rules, now = at.memory.fleet(name).ladder, at.policy.health.replace, at.now
    if rules is None:
        return Ladder(replaced=_younger(old.replaced, now))
    recent = {i: t for i, t in old.newcomers.items() if now - t < rules.window}
    if _is_replacing(name, at, rules.after) or _within(old.replaced, now, at):
        recent |= {i: now for i in new if i not in recent}
    failing = {
        b.target.instance
        for b in at.believed(name).targets or ()
        if b.condition is Condition.FAILING and b.target.instance in recent
    }
    vain = {i: t for i, t in old.vain.items() if now - t < rules.window}
    vain |= {i: now for i in sorted(failing) if i not in vain}
    return Ladder(_younger(old.replaced, now), recent, vain)


def _younger(replaced: Mapping[InstanceId, datetime], now: datetime) -> dict[InstanceId, datetime]:
    return {i: t for i, t in replaced.items() if now - t < DAY}


def _is_replacing(name: FleetId, at: Situation, after: int) -> bool:
    return any(held.strikes >= after for held in at.memory.fleet(name).ejected.values())


def _within(replaced: Mapping[InstanceId, datetime], now: datetime, at: Situation) -> bool:
    rules = at.policy.health.replace
    return rules is not None and any(now - t < rules.window for t in replaced.values())
