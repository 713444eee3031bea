"""The world's reads as one invocation has them: refused, blinded, cut short, thinned, garbled."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar, cast

from trimtab.adapters.plausible import sieved
from trimtab.errors import Denied, Throttled, Unclear
from trimtab.model.ids import Arn
from trimtab.model.observation import Group, Point, RouteSeen, Series, Target
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import Infrastructure, MetricKey
from trimtab_lab.chaos.gates import Gate
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.simulator.ports import WorldInfrastructure
from trimtab_lab.world.world import World

T = TypeVar("T")
K = TypeVar("K")


class GatedInfrastructure:
    """The world's reads, behind a gate: they never raise, they answer with reasons."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world, self._gate = world, gate

    def _of(self, what: str) -> Infrastructure:
        """The world's reads, stopping once more where one answer takes a second call of AWS."""
        return WorldInfrastructure(self._world, self._gate.first(f"read {what}"))

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        """Target health, group by group."""
        return self._each("targets", target_groups, lambda n: self._of("targets").targets([n])[n])

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        """Auto Scaling groups."""
        return self._each("group", names, lambda n: self._of("group").groups([n])[n])

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        """Weights of rules."""
        return self._each("route", rules, lambda n: self._of("route").routes([n])[n])

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        """Raw series, in one call; some may be cut short or empty."""
        gate = self._gate

        def do() -> dict[MetricKey, Series | Reason]:
            answers = dict(WorldInfrastructure(self._world).series(keys, start, end))
            for key, found in answers.items():
                if isinstance(found, Series):
                    answers[key] = self._spoiled(key, found)
            return answers

        try:
            return gate.call("series", do)
        except (Throttled, Denied, Unclear) as error:
            return {key: Reason(ReasonCode.NOT_SEEN, str(error)) for key in keys}

    def _each(
        self, what: str, names: Sequence[K], read: Callable[[K], T | Reason]
    ) -> dict[K, T | Reason]:
        answers: dict[K, T | Reason] = {}
        for name in names:
            found = self._one(f"read {what}", name, read)
            answers[name] = self._thinned(f"read {what}", found)
            self._gate.seen[str(name)] = answers[name]
        return answers

    def _spoiled(self, key: MetricKey, series: Series) -> Series:
        """Cut a series short, empty it, or put values into it that cannot be."""
        gate = self._gate
        if gate.dice.strikes(Trouble.PARTIAL, key.name):
            empty = gate.dice.of(Trouble.PARTIAL).random() < 0.5
            gate.say(f"{key.name}: {'empty' if empty else 'partial'}")
            return Series() if empty else replace(series, complete=False)
        if gate.dice.strikes(Trouble.GARBAGE, key.name):
            dice = gate.dice.of(Trouble.GARBAGE)
            gate.say(f"{key.name}: values that cannot be")
            garbled = [_garbled(point, dice) for point in series.points]
            return sieved(garbled, key)
        return series

    def _thinned(self, what: str, answer: T | Reason) -> T | Reason:
        """Leave most targets out of an answer, or a whole group: an empty page, a stale replica.

        A group is one thing in AWS's answer, with all of its members or not there at all.
        """
        gate = self._gate
        if not isinstance(answer, tuple | Group) or not gate.dice.strikes(Trouble.MISSING, what):
            return answer
        dice = gate.dice.of(Trouble.MISSING)
        share = dice.choice((0.3, 0.3, 0.7, 0.0))
        gate.say(f"{what}: most are missing from the answer")
        if isinstance(answer, Group):
            return Reason(ReasonCode.NOT_FOUND, f"there is no group {answer.name}")
        return cast("T", tuple(t for t in answer if dice.random() < share))

    def _one(self, what: str, name: K, read: Callable[[K], T | Reason]) -> T | Reason:
        if self._gate.dice.strikes(Trouble.BLIND, what):
            self._gate.tell(f"{self._gate.running.name}: {what}: not seen")
            return Reason(ReasonCode.NOT_SEEN, f"{what}: no answer")
        try:
            return self._gate.call(what, lambda: read(name))
        except (Throttled, Denied, Unclear) as error:
            return Reason(ReasonCode.NOT_SEEN, str(error))


def _garbled(point: Point, dice: random.Random) -> Point:
    if dice.random() < 0.5:
        return point
    return replace(point, value=dice.choice((math.nan, math.inf, -1.0, -1e300, 1e300)))
