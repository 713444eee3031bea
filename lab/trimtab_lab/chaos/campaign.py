"""One seed: the functions over the world, interleaved call by call, and the oracle over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from trimtab.adapters.store import TableStore
from trimtab_lab.chaos.calm import Rest
from trimtab_lab.chaos.delivery import (
    TO_ACCESS,
    TO_ACT,
    TO_DIGEST,
    TO_NOTIFY,
    TO_RECONCILE,
    TO_WAKE,
    Post,
)
from trimtab_lab.chaos.ears import Ears
from trimtab_lab.chaos.functions import Functions
from trimtab_lab.chaos.hostile import forgery
from trimtab_lab.chaos.meddling import Meddlers
from trimtab_lab.chaos.neighbour import Neighbour
from trimtab_lab.chaos.operators import SERVICE, Operators
from trimtab_lab.chaos.oracle import Oracle
from trimtab_lab.chaos.plan import Dice, Extra, Plan, Trouble
from trimtab_lab.chaos.platform import (
    ANCHOR,
    OPERATOR,
    SCHEDULE,
    SURVEY,
    SWEEP,
    WARDEN,
    Platform,
)
from trimtab_lab.chaos.reporters import Reporters
from trimtab_lab.chaos.stage import enforcing, policy_of, scenario_of
from trimtab_lab.chaos.tellers import Tellers
from trimtab_lab.chaos.wild import wild
from trimtab_lab.embedded.eventbridge import News
from trimtab_lab.simulator.ports import WorldNames
from trimtab_lab.simulator.stores import DictTables
from trimtab_lab.world.access_log import Manner
from trimtab_lab.world.build import build_world
from trimtab_lab.world.shop import shop_alarms

STEP = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)
TOLD_AT = (0, 7)
"""Hour and minute at which yesterday is told of; soon after midnight, for an hour to hold it."""
STAYS_FOR = 5
"""Minutes for which everything has been at rest when the calm ends before its time."""
ROUNDS = 3
"""How often in a step a function that is free again takes what waits for it."""


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
    requests: int = 0


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
        self.script, self.plan, self.dice = script, plan, Dice(plan)
        scenario = scenario_of(plan)
        self.world = build_world(scenario)
        raw = DictTables()
        self.tables = arm(raw) if arm else raw
        self.store = TableStore(self.tables)
        self.story: list[str] = []
        self.post = Post(self.dice, self.world.now)
        self.oracle = Oracle(self.world, raw, self.post.stream, self.post.stream_all)
        self.policy = policy_of(plan, scenario, WorldNames(self.world))
        probed = Extra.PROBED in plan.extras
        self.meddlers = Meddlers(self.world, self.dice, self.tell, probed)
        self.platform = Platform(self.post, self.dice, self.oracle, self.tell)
        self.neighbour = Neighbour(plan, self.tables, self.tell)
        self.limit(self.neighbour.most)
        self.functions = Functions(self.tables, self.oracle, self.post, self.tell)
        self.ears = Ears(self.oracle.law, lambda: self.world.now)
        self.tellers = Tellers(self.tables, self.ears)
        self.reporters = Reporters(self.world, self.tables)
        if Extra.LOGGED in plan.extras:
            self.world.access_log.manner = Manner.USUAL
        self.operators = Operators(self.store, self.oracle, self.dice, self.tell)
        self.started = self.world.now
        self._rest = Rest(self.oracle, self.policy)
        self.operators.apply(self.policy)
        for spec in shop_alarms(self.world):
            self.world.put_alarm(spec)
        self._news = News(self.world)
        self._at_rest = 0
        self.kept: dict[str, Any] = {}
        """What a script keeps from one minute to the next."""

    def tell(self, text: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self.world.now:%H:%M:%S} {text}")

    def limit(self, most: int) -> None:
        """Let all services of the account lose so many targets within ten minutes."""
        self.neighbour.most = self.oracle.most_removals = most

    @property
    def minute(self) -> int:
        """How many minutes have passed."""
        return int((self.world.now - self.started) / MINUTE)

    def run(self) -> Outcome:
        """Let trouble and calm pass, until something breaks or all is over."""
        try:
            with wild(self.dice):
                while not self._is_over() and not self.oracle.broken:
                    self._step()
            if not self.oracle.broken:
                self.oracle.broken += [*self._unsettled(), *self._rest.unlinked()]
        finally:
            self.platform.kill_all()
        return self.outcome()

    def _is_over(self) -> bool:
        """Tell whether the calm has passed, or all has long been at rest."""
        calm = self.minute - self.plan.minutes
        if calm >= self.plan.calm:
            return True
        if self.script is not None or calm < 1 or (self.world.now - self.started) % MINUTE:
            return False
        self._at_rest = 0 if any(True for _ in self._unsettled()) else self._at_rest + 1
        return self._at_rest > STAYS_FOR

    def _unsettled(self) -> Iterator[str]:
        """Say what has not come to rest."""
        yield from self._rest.unsettled()
        yield from self.tellers.unsettled(self.policy.service, self._rest.hashes())

    def outcome(self) -> Outcome:
        """Say what became of it so far."""
        oracle = self.oracle
        return Outcome(
            self.plan, tuple(oracle.broken), self.minute, tuple(self.story), oracle.ticks,
            len(oracle.intents), len(oracle.effects), self.platform.steps,
            len(oracle.book.requested),
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
            self._by_schedule()
        self._happen()
        for _ in range(ROUNDS):
            self._receive()
            self.platform.run_all(self._others)
        self.oracle.broken += self._rest.after_step()

    def _by_schedule(self) -> None:
        """Start what is to run at this minute."""
        self.platform.invoke(SCHEDULE, self.functions.schedule)
        if Extra.PROBED in self.plan.extras:
            self.platform.invoke(SURVEY, self.reporters.survey)
        if (self.world.now.hour, self.world.now.minute) == TOLD_AT:
            self.post.send(TO_DIGEST, {}, 1)
        if self.minute % 5 == 4:
            self.platform.invoke(WARDEN, self.functions.warden)
        if self.minute % 5 == 2:
            self.platform.invoke(SWEEP, self.tellers.sweep)
        if self.minute % 10 == 7:
            self.platform.invoke(ANCHOR, self.tellers.anchor)

    def _happen(self) -> None:
        """Post what happened in the world, and what somebody made up."""
        for event in self._news.events():
            self.post.send(TO_WAKE, event, 1)
        for event in self.reporters.written():
            self.post.send(TO_ACCESS, event, 1)
        if self.dice.strikes(Trouble.HOSTILE):
            to, event = forgery(self.dice.of(Trouble.HOSTILE), self.policy)
            self.tell(f"somebody: forges an event for {to}")
            self.post.send(to, event, 1)

    def _receive(self) -> None:
        """Let what lies in the post reach the functions."""
        works = {
            TO_RECONCILE: self.functions.reconcile,
            TO_ACT: self.functions.act,
            TO_WAKE: self.functions.wake,
            TO_NOTIFY: self.tellers.notify,
            TO_DIGEST: self.tellers.digest,
            TO_ACCESS: self.reporters.access,
        }
        for letter in self.post.take():
            self.platform.deliver(letter, works[letter.to])

    def _calm(self) -> None:
        self.tell("calm: every fault ends, everybody leaves")
        self.dice.calm = True
        self._rest.begins()
        self.meddlers.leave(frozenset(e.instance for e in self.oracle.held_out()))
        for where in list(self.oracle.pauses):
            self.operators.set_pause(None if where == "None" else SERVICE, None)
        self.policy = enforcing(self.policy)
        self.operators.apply(self.policy)
        if self.plan.releases:
            self.ask(*self.operators.releases())

    def ask(self, *asked: Any) -> None:
        """Let an operator ask for something, by a call like any other."""
        if asked:
            entries = self.operators.entries(asked)
            self.platform.invoke(OPERATOR, lambda gate, _: self.functions.request(gate, entries))

    def _others(self) -> None:
        self.meddlers.meddle()
        if not self.dice.calm:
            self.neighbour.work(self.world.now, self.oracle.counts_read)
        self.operators.work(self.policy)
        self.ask(*self.operators.wishes(self.policy))


def run(plan: Plan, arm: Callable[[DictTables], Any] | None = None) -> Outcome:
    """Run one plan."""
    return Campaign(plan, arm).run()


__all__ = ["Campaign", "Outcome", "run"]
