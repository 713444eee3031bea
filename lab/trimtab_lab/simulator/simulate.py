"""A day without AWS: the loop and the actor on a world, virtual minute by virtual minute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from trimtab.act import Actor, Role
from trimtab.loop import Loop
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import InstanceId
from trimtab.model.policy import Policy
from trimtab.model.tick import Ask, Tick
from trimtab.notify import Report
from trimtab.ports import Names
from trimtab.schedule import ask_for_all
from trimtab.survey import Surveyor
from trimtab_lab.simulator.access import AccessLogReader
from trimtab_lab.simulator.policies import put_policy
from trimtab_lab.simulator.ports import WorldHands, WorldInfrastructure, WorldNames
from trimtab_lab.simulator.probes import WorldAddresses, WorldProbes
from trimtab_lab.simulator.run import Diary, Minute, OnMinute, Run
from trimtab_lab.simulator.signs import WorldSigns
from trimtab_lab.simulator.stores import InMemory, Told
from trimtab_lab.world.build import build_world
from trimtab_lab.world.native import TargetTracking
from trimtab_lab.world.scenario import Scenario

A_MINUTE = timedelta(minutes=1)
ACT_AFTER = timedelta(seconds=2)
"""From the tick to its intents being carried out: about what queue and stream take."""


SWEEP_MINUTES = 5


class Simulator:
    """A world and Trimtab on it, all in memory; advance it minute by minute.

    Tick records are kept for ``keep``; with ``None`` none is written, which saves much of the time.
    """

    def __init__(self, scenario: Scenario, keep: timedelta | None = timedelta(days=14)) -> None:
        self.world = build_world(scenario)
        self.state = InMemory(keep)
        self.infrastructure = WorldInfrastructure(self.world)
        self.hands = WorldHands(self.world)
        self.names: Names = WorldNames(self.world)
        self.signs = WorldSigns(self.world)
        self._noticed: set[tuple[str, datetime]] = set()
        self.loop = Loop(
            self.state.store,
            self.state.ledger,
            self.infrastructure,
            self.state.reports,
            self.signs,
        )
        self.access = AccessLogReader(
            self.world, self.state.store, self.infrastructure, self.state.reports
        )
        role = Role(signs=self.signs)
        self.actor = Actor(
            self.state.ledger, self.state.store, self.infrastructure, self.hands, role
        )
        self.surveyor = Surveyor(
            self.state.store,
            self.infrastructure,
            WorldAddresses(self.world),
            WorldProbes(self.world),
            self.state.reports,
        )
        self.result = Run(self.world)
        self.skew = timedelta()
        """How far Trimtab's clock is ahead of the world's."""
        self.on_tick: Callable[[Tick], None] | None = None
        """Told of every tick once it is committed, before anything of it is carried out."""
        self._diary = Diary(self.world.journal)

    @property
    def told(self) -> tuple[Told, ...]:
        """What people were told, in order."""
        return tuple(self.state.topic.told)

    def put(self, policy: Policy) -> None:
        """Put a policy in force."""
        put_policy(self.state.store, policy, self.world)

    def run(self, minutes: int, on_minute: OnMinute | None = None) -> Run:
        """Let ``minutes`` pass; tell of each as it ends."""
        return self.result.go_on(minutes, self._minute, on_minute)

    def _minute(self) -> Minute:
        at = self.world.now + A_MINUTE
        self.world.advance(at)
        now = at + self.skew
        ask_for_all(self.state.store, self.state.queue, now)
        self.state.queue.ask(self._wakes())
        self.access.read(at)
        results = self.loop.tick(self.state.queue.take(), now)
        ticks = [result for result in results.values() if isinstance(result, Tick)]
        if self.on_tick is not None:
            for tick in ticks:
                self.on_tick(tick)
        entries = [entry for tick in ticks for entry in tick.entries]
        entries += self._act(entries)
        surveyed = self.surveyor.survey(now)  # what it finds is there for the next tick
        self._tell(entries, now)
        troubles = tuple(
            f"{service}: {result.code}: {result.text}"
            for service, result in results.items()
            if not isinstance(result, Tick)
        )
        troubles += surveyed.troubles
        number = self.result.minutes + 1
        events = self._diary.news()
        return Minute(number, at, tuple(entries), events, len(ticks), troubles)

    def _tell(self, entries: Sequence[Entry], now: datetime) -> None:
        """Tell as notify does: what is news at once, what had to wait every five minutes."""
        teller, report = self.state.teller, Report()
        for service in dict.fromkeys(entry.service for entry in entries):
            teller.hear(service, [e for e in entries if e.service == service], now, report)
        if (self.result.minutes + 1) % SWEEP_MINUTES == 0:
            services = [listed.service for listed in self.state.store.services()]
            teller.sweep(services, now, report)
        if report.failures or report.unremembered:
            raise RuntimeError(f"telling failed in the simulator: {report}")

    def _wakes(self) -> Sequence[Ask]:
        return [*self._alarms(), *self._notices()]

    def _notices(self) -> Sequence[Ask]:
        """Ask for whoever has an instance of which EC2 has just given notice."""
        new = [n for n in self.world.spot_notices() if (n.id, n.at) not in self._noticed]
        self._noticed |= {(n.id, n.at) for n in new}
        groups = self.signs.groups_of([InstanceId(n.id) for n in new]) if new else {}
        return [
            Ask(listed.service, f"notice: {instance}", self.world.now)
            for instance, group in groups.items()
            for listed in self.state.store.services()
            if listed.enabled and group in listed.resources
        ]

    def _alarms(self) -> Sequence[Ask]:
        changed = {change.name: change for change in self.world.take_alarm_changes()}
        if not changed:
            return ()
        alarms = {view.spec.name: view.spec for view in self.world.alarms()}
        services = self.state.store.services()
        return [
            Ask(listed.service, change.arn, change.at)
            for name, change in changed.items()
            if name in alarms
            for listed in services
            if listed.enabled
            and listed.resources & {value for _, value in alarms[name].series.dimensions}
        ]

    def _act(self, entries: Sequence[Entry]) -> list[Entry]:
        done = []
        for intent in entries:
            if intent.kind is Kind.INTENDED:
                at = self.world.now + self.skew + ACT_AFTER
                done.append(self.actor.carry_out(intent.service, intent.id, at))
        return [outcome for outcome in done if outcome is not None]


def simulate(
    scenario: Scenario,
    policy: Policy,
    minutes: int | None = None,
    on_minute: OnMinute | None = None,
) -> Run:
    """Run a scenario with Trimtab under a policy; by default for as long as demand is given."""
    simulator = Simulator(scenario, keep=None)
    simulator.put(policy)
    return simulator.run(length_of(scenario) if minutes is None else minutes, on_minute)


def native_day(scenario: Scenario, minutes: int | None = None) -> Run:
    """Run the same scenario with what AWS does by itself: target tracking on each group."""
    world = build_world(scenario)
    target = scenario.topology.target_groups[0].app.comfortable_per_minute
    for group in world.describe_groups():
        world.tenants.append(TargetTracking(group.name, target))
    run = Run(world)
    run.minutes = length_of(scenario) if minutes is None else minutes
    world.advance(world.now + run.minutes * A_MINUTE)
    return run


def length_of(scenario: Scenario) -> int:
    """Minutes the scenario's demand lasts."""
    return len(scenario.demand.per_minute)


def names_of(scenario: Scenario) -> Names:
    """Find what a policy names in a scenario: names do not depend on the seed."""
    return WorldNames(build_world(scenario))
