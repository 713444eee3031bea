"""The platform: starts functions, hands them the baton by turns, kills and retries them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from trimtab.errors import TrimtabError
from trimtab_lab.chaos.baton import Invocation
from trimtab_lab.chaos.delivery import (
    TO_ACCESS,
    TO_ACT,
    TO_DIGEST,
    TO_NOTIFY,
    TO_RECONCILE,
    TO_WAKE,
    Letter,
    Post,
)
from trimtab_lab.chaos.gates import Gate
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.plan import Dice, Trouble

SCHEDULE, OPERATOR, WARDEN = "schedule", "operator", "warden"
SWEEP, ANCHOR, SURVEY = "sweep", "anchor", "survey"
TIMEOUTS = {
    TO_RECONCILE: 20, TO_ACT: 30, TO_WAKE: 20, SCHEDULE: 20, OPERATOR: 60, WARDEN: 60,
    TO_NOTIFY: 60, SWEEP: 60, TO_DIGEST: 60, ANCHOR: 300, SURVEY: 75, TO_ACCESS: 180,
}  # fmt: skip
"""Seconds after which the platform kills a function, as the template has it."""
MOST_TRIES = {TO_RECONCILE: 2, TO_ACT: 5, TO_WAKE: 3, TO_NOTIFY: 6, TO_ACCESS: 3, TO_DIGEST: 3}
RETRY_S = {TO_RECONCILE: 120, TO_ACT: 5, TO_WAKE: 60, TO_NOTIFY: 5, TO_ACCESS: 60, TO_DIGEST: 60}
MOST_STEPS = 30_000
CLOCKED_RIGHT = (SCHEDULE, OPERATOR)
OF_BEFORE = (SCHEDULE, TO_WAKE, TO_RECONCILE, TO_ACT)
"""What may run as the version before this one, which knew of no others."""

Work = Callable[[Gate, dict[str, Any]], None]


class Platform:
    """Runs invocations one port call at a time. ``tell`` takes a line of the story."""

    def __init__(self, post: Post, dice: Dice, oracle: Oracle, tell: Callable[[str], None]) -> None:
        self._post, self._dice, self._oracle, self._tell = post, dice, oracle, tell
        self._turns = random.Random(f"{dice.seed}:turns")
        self._running: list[tuple[Invocation, Letter | None, str]] = []
        self._serial = 0
        self.steps = 0
        self.dead_until: datetime | None = None

    def deliver(self, letter: Letter, work: Work) -> None:
        """Start the function a letter is for; one at a time each, unless the dice say two."""
        if self._is_dead() and letter.to in (TO_RECONCILE, TO_ACT):
            self._tell(f"{letter.to}: does not run")
            return
        busy = any(name == letter.to for _, _, name in self._running)
        if busy and letter.to != TO_WAKE and not self._dice.strikes(Trouble.DOUBLE):
            self._post.waiting.append(letter)
            return
        self.invoke(letter.to, work, letter)
        if letter.to == TO_RECONCILE and self._dice.strikes(Trouble.DOUBLE):
            self.invoke(letter.to, work, letter)

    def _is_dead(self) -> bool:
        """Tell whether the controller is not running; only the warden, wake and the schedule do."""
        now = self._oracle.world.now
        if self._dice.strikes(Trouble.DEAD):
            minutes = self._dice.of(Trouble.DEAD).choice((10, 20, 35))
            self.dead_until = now + timedelta(minutes=minutes)
            self._tell(f"reconcile and act are dead for {minutes} minutes")
        return not self._dice.calm and self.dead_until is not None and now < self.dead_until

    def invoke(self, name: str, work: Work, letter: Letter | None = None) -> None:
        """Start a function; it runs when it is given the baton."""
        self._serial += 1
        now = self._oracle.world.now + timedelta(milliseconds=self._serial % 5000)
        if name not in CLOCKED_RIGHT and self._dice.strikes(Trouble.SKEW):
            now += timedelta(seconds=self._dice.of(Trouble.SKEW).uniform(-300, 300))
            self._tell(f"{name}-{self._serial}: its clock says {now:%H:%M:%S}")
        is_old = name in OF_BEFORE and self._dice.strikes(Trouble.VERSION)
        event = letter.event if letter else {}

        def body(running: Invocation) -> None:
            gate = Gate(running, self._dice, self._oracle, self._tell, self._sleep, now)
            gate.began, gate.is_old = self._oracle.happened, is_old
            work(gate, event)

        called = f"{name}-{self._serial}{' (the version before)' if is_old else ''}"
        invocation = Invocation(called, body, self._oracle.world.now)
        self._running.append((invocation, letter, name))

    def run_all(self, between: Callable[[], None]) -> None:
        """Give the baton to one awake function after the other, at random, until none is."""
        while self.steps < MOST_STEPS:
            awake = [r for r in self._running if r[0].asleep_until <= self._oracle.world.now]
            if not awake or self._oracle.broken:
                return
            chosen = awake[0] if len(awake) == 1 else self._turns.choice(awake)
            self._turn(*chosen)
            between()
        self._oracle.broken.append(f"no end after {MOST_STEPS} port calls")

    def kill_all(self) -> None:
        """End what still runs."""
        for invocation, _, _ in self._running:
            invocation.kill()

    def _sleep(self, running: Invocation) -> None:
        seconds = self._dice.of(Trouble.DELAY).choice((5, 10, 15, 25, 40, 90))
        running.asleep_until = self._oracle.world.now + timedelta(seconds=seconds)
        self._tell(f"{running.name}: stands still for {seconds} s")

    def _turn(self, running: Invocation, letter: Letter | None, name: str) -> None:
        self.steps += 1
        age = (self._oracle.world.now - running.started).total_seconds()
        frozen = name == TO_RECONCILE and running.started.second % 20 == 0
        if age > TIMEOUTS[name] and not frozen:
            self._tell(f"{running.name}: killed after {age:.0f} s")
            running.kill()
        else:
            running.resume()
        if not running.over:
            return
        self._running.remove((running, letter, name))
        if running.error is not None and not isinstance(running.error, TrimtabError):
            self._oracle.broken.append(f"{running.name}: unhandled {running.error!r}")
        failed = running.crashed or running.error is not None
        if failed:
            self._tell(f"{running.name}: failed: {running.error or 'crashed'}")
        if failed and letter is not None:
            self._post.again(letter, RETRY_S[name], MOST_TRIES[name])


__all__ = [
    "ANCHOR", "OPERATOR", "SCHEDULE", "SURVEY", "SWEEP", "WARDEN", "Platform",
]  # fmt: skip
