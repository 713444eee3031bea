"""One seed: the functions over the world, interleaved call by call, and the oracle over both."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from trimtab.act import Actor
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.errors import TrimtabError
from trimtab.events import Home, asks_of, intents_of
from trimtab.loop import Loop
from trimtab.model.reason import Reason
from trimtab.model.tick import Tick
from trimtab.schedule import ask_for_all
from trimtab.wake import wake
from trimtab_lab.chaos.baton import Invocation
from trimtab_lab.chaos.calm import unsettled
from trimtab_lab.chaos.delivery import TO_ACT, TO_RECONCILE, TO_WAKE, Letter, Post
from trimtab_lab.chaos.gates import (
    Gate,
    GatedHands,
    GatedInfrastructure,
    GatedQueue,
    GatedTables,
)
from trimtab_lab.chaos.meddling import Meddlers, Operators
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.plan import Dice, Plan, Trouble
from trimtab_lab.chaos.stage import policy_of, scenario_of
from trimtab_lab.chaos.wild import wild
from trimtab_lab.simulator.ports import WorldHands, WorldInfrastructure, WorldNames
from trimtab_lab.simulator.stores import DictTables
from trimtab_lab.world.build import build_world
from trimtab_lab.world.shop import shop_alarms

if TYPE_CHECKING:
    from trimtab.ports import Ledger
    from trimtab_lab.embedded.eventbridge import News

STEP = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)
MAX_AGE = timedelta(minutes=3)
TIMEOUTS = {TO_RECONCILE: 20, TO_ACT: 30, TO_WAKE: 20, "schedule": 20}
"""Seconds after which the platform kills a function, as the template has it."""
MOST_TRIES = {TO_RECONCILE: 2, TO_ACT: 5, TO_WAKE: 3}
RETRY_S = {TO_RECONCILE: 120, TO_ACT: 5, TO_WAKE: 60}
MOST_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a run: what broke, when, the story, and how much happened."""

    plan: Plan
    broken: tuple[str, ...]
    minute: int
    story: tuple[str, ...]
    ticks: int
    intents: int
    effects: int
    steps: int


class Campaign:
    """Runs one plan. ``arm`` may put a mutant's tables in place of the real ones.

    A ``script`` is called before every step, to do by name what the dice would do by chance.
    """

    def __init__(
        self,
        plan: Plan,
        arm: Callable[[DictTables], Any] | None = None,
        script: Callable[[Campaign], None] | None = None,
    ) -> None:
        self.script = script
        self.plan = plan
        self.dice = Dice(plan)
        self._turns = random.Random(f"{plan.seed}:turns")
        scenario = scenario_of(plan)
        self.world = build_world(scenario)
        raw = DictTables()
        self.tables = arm(raw) if arm else raw
        self.store = TableStore(self.tables)
        self.story: list[str] = []
        self.post = Post(self.dice, self.world.now)
        self.oracle = Oracle(self.world, raw, self.post.stream)
        self.policy = policy_of(plan, scenario, WorldNames(self.world))
        self.meddlers = Meddlers(self.world, self.dice, self.tell)
        self.operators = Operators(self.store, self.oracle, self.dice, self.tell)
        self.hands = WorldHands(self.world)
        self.infrastructure = WorldInfrastructure(self.world)
        self.running: list[tuple[Invocation, Letter | None, str]] = []
        self._serial = self._steps = 0
        self.started = self.world.now
        self.operators.apply(self.policy)
        for spec in shop_alarms(self.world):
            self.world.put_alarm(spec)
        self._news: News | None = None

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.world.now:%H:%M:%S} {text}")

    @property
    def minute(self) -> int:
        """How many minutes have passed."""
        return int((self.world.now - self.started) / MINUTE)

    def run(self) -> Outcome:
        """Let trouble and calm pass, until something breaks or all is over."""
        try:
            with wild(self.dice):
                while self.minute < self.plan.minutes + self.plan.calm and not self.oracle.broken:
                    self._step()
            if not self.oracle.broken:
                self.oracle.broken += unsettled(self.oracle, self.policy)
        finally:
            for invocation, _, _ in self.running:
                invocation.kill()
        return self.outcome()

    def outcome(self) -> Outcome:
        """Say what became of it so far."""
        oracle = self.oracle
        return Outcome(
            self.plan, tuple(oracle.broken), self.minute, tuple(self.story), oracle.ticks,
            len(oracle.intents), len(oracle.effects), self._steps,
        )  # fmt: skip

    def _step(self) -> None:
        self.world.advance(self.world.now + STEP)
        self.post.now = self.world.now
        self.oracle.count(self.policy)
        if not self.dice.calm and self.minute >= self.plan.minutes:
            self._calm()
        if self.script is not None and not self.dice.calm:
            self.script(self)
        self.meddlers.fail()
        self._others()
        if (self.world.now - self.started) % MINUTE == timedelta(0):
            self._invoke("schedule", None, self._schedule)
        for event in self._events():
            self.post.send(TO_WAKE, event, 1)
        for letter in self.post.take():
            self._deliver(letter)
        self._run_all()

    def _calm(self) -> None:
        self.tell("calm: every fault ends, everybody leaves")
        self.dice.calm = True
        self.meddlers.leave(frozenset(e.instance for e in self.oracle.held_out()))
        for where in list(self.oracle.pauses):
            self.operators.set_pause(None if where == "None" else self.policy.service, None)
        self.operators.apply(self.policy)

    def _others(self) -> None:
        self.meddlers.meddle()
        self.operators.work(self.policy)

    def _events(self) -> list[dict[str, Any]]:
        if self._news is None:
            from trimtab_lab.embedded.eventbridge import News

            self._news = News(self.world)
        return self._news.events()

    # the functions

    def _deliver(self, letter: Letter) -> None:
        """Start the function a letter is for; one at a time each, unless the dice say two."""
        busy = any(name == letter.to for _, _, name in self.running)
        if busy and letter.to != TO_WAKE and not self.dice.strikes(Trouble.DOUBLE):
            self.post.waiting.append(letter)
            return
        work = {TO_RECONCILE: self._reconcile, TO_ACT: self._act, TO_WAKE: self._wake}[letter.to]
        self._invoke(letter.to, letter, work)
        if letter.to == TO_RECONCILE and self.dice.strikes(Trouble.DOUBLE):
            self._invoke(letter.to, letter, work)

    def _invoke(
        self, name: str, letter: Letter | None, work: Callable[[Gate, dict[str, Any]], None]
    ) -> None:
        self._serial += 1
        now = self.world.now + timedelta(milliseconds=self._serial % 5000)
        if name != "schedule" and self.dice.strikes(Trouble.SKEW):
            now += timedelta(seconds=self.dice.of(Trouble.SKEW).uniform(-300, 300))
            self.tell(f"{name}-{self._serial}: its clock says {now:%H:%M:%S}")
        event = letter.event if letter else {}

        def body(running: Invocation) -> None:
            gate = Gate(running, self.dice, self.oracle, self.tell, self._sleep, now)
            gate.began = self.oracle.happened
            work(gate, event)

        invocation = Invocation(f"{name}-{self._serial}", body, self.world.now)
        self.running.append((invocation, letter, name))

    def _sleep(self, running: Invocation) -> None:
        seconds = self.dice.of(Trouble.DELAY).choice((5, 10, 15, 25, 40, 90))
        running.asleep_until = self.world.now + timedelta(seconds=seconds)
        self.tell(f"{running.name}: stands still for {seconds} s")

    def _run_all(self) -> None:
        """Give the baton to one awake function after the other, at random, until none is."""
        while self._steps < MOST_STEPS:
            awake = [r for r in self.running if r[0].asleep_until <= self.world.now]
            if not awake or self.oracle.broken:
                return
            chosen = awake[0] if len(awake) == 1 else self._turns.choice(awake)
            self._turn(*chosen)
            self._others()
        self.oracle.broken.append(f"no end after {MOST_STEPS} port calls")

    def _turn(self, running: Invocation, letter: Letter | None, name: str) -> None:
        self._steps += 1
        age = (self.world.now - running.started).total_seconds()
        frozen = name == TO_RECONCILE and running.started.second % 20 == 0
        if age > TIMEOUTS[name] and not frozen:
            self.tell(f"{running.name}: killed after {age:.0f} s")
            running.kill()
        else:
            running.resume()
        if not running.over:
            return
        self.running.remove((running, letter, name))
        if running.error is not None and not isinstance(running.error, TrimtabError):
            self.oracle.broken.append(f"{running.name}: unhandled {running.error!r}")
        failed = running.crashed or running.error is not None
        if failed:
            self.tell(f"{running.name}: failed: {running.error or 'crashed'}")
        if failed and letter is not None:
            self.post.again(letter, RETRY_S[name], MOST_TRIES[name])

    def _ports(self, gate: Gate) -> tuple[TableStore, Ledger, GatedInfrastructure]:
        tables = GatedTables(self.tables, gate)
        ledger = cast("Ledger", JudgedLedger(TableLedger(tables, None), self.oracle))
        return TableStore(tables), ledger, GatedInfrastructure(self.infrastructure, gate)

    def _schedule(self, gate: Gate, _event: dict[str, Any]) -> None:
        store, _, _ = self._ports(gate)
        ask_for_all(store, GatedQueue(self.post, gate), gate.now.replace(microsecond=0))

    def _wake(self, gate: Gate, event: dict[str, Any]) -> None:
        store, _, _ = self._ports(gate)
        topology = self.world.scenario.topology
        home = Home(topology.account, topology.region)
        wake(event, store, GatedQueue(self.post, gate), gate.now, home)

    def _reconcile(self, gate: Gate, event: dict[str, Any]) -> None:
        store, ledger, infrastructure = self._ports(gate)
        batch = asks_of(event, gate.now, MAX_AGE)
        if not batch.asks:
            return
        loop = Loop(store, ledger, infrastructure)
        for result in loop.tick([ask for _, ask in batch.asks], gate.now).values():
            self._told(gate, result)

    def _told(self, gate: Gate, result: Tick | Reason) -> None:
        name = gate.running.name
        if isinstance(result, Reason):
            self.tell(f"{name}: no tick: {result.text}")
            self.oracle.law("report it" not in result.text, f"{name}: {result.text}")
            return
        for entry in result.entries:
            self.tell(
                f"{name}: {entry.kind} {entry.change or entry.reason.text} ({entry.reason.code})"
            )

    def _act(self, gate: Gate, event: dict[str, Any]) -> None:
        _, ledger, infrastructure = self._ports(gate)
        tables = GatedTables(self.tables, gate)
        hands = GatedHands(self.hands, gate)
        actor = Actor(ledger, TableStore(tables), infrastructure, hands)
        for _, service, intent in intents_of(event):
            gate.intent = intent
            done = actor.carry_out(service, intent, gate.now)
            if done is not None:
                self.tell(f"{gate.running.name}: {done.kind} {done.subject}: {done.reason.text}")


class JudgedLedger:
    """A ledger whose ticks the oracle sees before they are committed."""

    def __init__(self, inner: TableLedger, oracle: Oracle) -> None:
        self._inner, self._oracle = inner, oracle

    def commit(self, tick: Tick) -> None:
        """Judge, then commit."""
        self._oracle.judge(tick)
        self._inner.commit(tick)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def run(plan: Plan, arm: Callable[[DictTables], Any] | None = None) -> Outcome:
    """Run one plan."""
    return Campaign(plan, arm).run()


__all__ = ["Campaign", "Outcome", "run"]
