"""A stage to play a day on: a world with Trimtab on it, whatever stands between the two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from trimtab.model.policy import Policy
from trimtab.ports import Names
from trimtab_lab.demo.day import Day
from trimtab_lab.simulator.run import Minute, OnMinute, Run
from trimtab_lab.simulator.simulate import length_of, native_day
from trimtab_lab.simulator.stores import Told
from trimtab_lab.world.scenario import Scenario

Resolve = Callable[[Names], Policy]
"""Makes the policy of a document, given something that finds what it names."""

WITH, WITHOUT = "with Trimtab", "without"


class Stage(Protocol):
    """What a day needs: a place to put a policy, and minutes to pass."""

    @property
    def told(self) -> tuple[Told, ...]:
        """What people were told, in order."""
        ...

    def put(self, policy: Policy) -> None:
        """Put a policy in force."""
        ...

    def run(self, minutes: int, on_minute: OnMinute | None = None) -> Run:
        """Let minutes pass, telling of each."""
        ...


def play(stage: Stage, policy: Policy, minutes: int, on_minute: Callable[[Minute], None]) -> Day:
    """Play a day with Trimtab under a policy."""
    stage.put(policy)
    run = stage.run(minutes, on_minute)
    return Day(WITH, run.recorder, run.events, tuple(run.entries), stage.told)


def play_without(scenario: Scenario, minutes: int | None = None) -> Day:
    """Play the same day with what AWS does by itself."""
    run = native_day(scenario, length_of(scenario) if minutes is None else minutes)
    return Day(WITHOUT, run.recorder, run.events)
