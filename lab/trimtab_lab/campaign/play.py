"""Plays a story with one of those who are compared, and says what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from trimtab.model.access_logs import AccessLogs, CountSource
from trimtab.model.change import Eject
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.entry import Entry, Kind
from trimtab.model.ladder import ReplacePolicy
from trimtab.model.policy import FailureOutlier, HealthPolicy, OutlierPolicy, Policy, TargetMetric
from trimtab.model.probe import ProbePolicy
from trimtab_lab.campaign.peers import STEP, Envoy, Out, taken_out_by_balancer, taken_out_by_group
from trimtab_lab.campaign.stage import COMFORTABLE, GROUP, OF_METRICS, Stage, scenario_of
from trimtab_lab.campaign.story import Story
from trimtab_lab.campaign.witness import Witness
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.simulate import Simulator, names_of
from trimtab_lab.world.build import build_world
from trimtab_lab.world.native import TargetTracking
from trimtab_lab.world.scenario import Scenario
from trimtab_lab.world.world import World

A_MINUTE = timedelta(minutes=1)


class Who(StrEnum):
    """Those who are compared."""

    TRIMTAB = "trimtab"
    BALANCER = "balancer"  # the load balancer's checks alone
    GROUP = "group"  # and the group replaces what fails them
    ENVOY = "envoy"  # and a proxy with Envoy's outlier detection


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one story with one seed.

    ``removed`` says at which minute a target was first taken out, by its place in the story (or its
    id, if it came later). ``delays`` are ticks from being visible to being removed; ``missed`` are
    those that should have left and did not, ``wrong`` those that left and should not have.
    """

    story: str
    cause: str
    seed: int
    who: Who
    requests: int
    failed: int
    slow: int
    removed: Mapping[str, int]
    delays: tuple[int, ...]
    missed: tuple[int, ...]
    wrong: tuple[str, ...]
    late: tuple[int, ...]
    broken: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether everything came as the story says."""
        return not (self.missed or self.wrong or self.late or self.broken)


def play(story: Story, seed: int, who: Who = Who.TRIMTAB) -> Played:
    """Play a story to its end."""
    cast = Cast(story, seed, who)
    match who:
        case Who.TRIMTAB:
            return _with_trimtab(cast)
        case Who.BALANCER:
            return _alone(cast, taken_out_by_balancer)
        case Who.GROUP:
            return _alone(cast, taken_out_by_group)
        case Who.ENVOY:
            return _with_envoy(cast)


def campaign_policy(story: Story, scenario: Scenario) -> Policy:
    """Return the policy of the campaign: every detector on, nothing spared in reading."""
    policy = policy_for(scenario, names_of(scenario))
    space = scenario.topology.app_namespace
    counts = FailureOutlier(
        TargetMetric(space, "Requests", "Sum"), TargetMetric(space, "Errors", "Sum")
    )
    latency = OutlierPolicy(TargetMetric(space, "Latency"), floor=250.0)
    own = story.fleet.own_metrics
    health = HealthPolicy(outliers=(latency,), failures=counts) if own else HealthPolicy()
    if story.fleet.access_logs:
        logged = None if own else FailureOutlier(None, None, source=CountSource.ACCESS_LOGS)
        health = replace(health, failures=logged or counts, access_logs=AccessLogs())
    probe = ProbePolicy() if story.fleet.probe else None
    ends = ReplacePolicy(after=story.fleet.replace_after) if story.fleet.replace_after else None
    health = replace(health, replace=ends)
    use = {**DEFAULT_USE, Detector.MACHINE: Use.ON}
    if story.fleet.anomalies:
        use[Detector.ANOMALY] = Use.ON
    health = replace(health, probe=probe, detectors=use)
    return replace(policy, health=replace(health, watch=A_MINUTE, sweep=A_MINUTE))


@dataclass(frozen=True, slots=True)
class Cast:
    """Which story is played, with which seed and by whom."""

    story: Story
    seed: int
    who: Who


def _with_trimtab(cast: Cast) -> Played:
    story, scenario = cast.story, scenario_of(cast.story, cast.seed)
    simulator = Simulator(scenario, keep=None)
    policy = campaign_policy(story, scenario)
    simulator.put(policy)
    stage, result, witness = Stage(story, simulator.world), simulator.result, Witness(policy)
    simulator.on_tick = witness.judge
    removed: dict[str, int] = {}
    for minute in range(story.minutes):
        stage.before(minute)
        known, done = len(result.entries), len(simulator.hands.applied)
        simulator.skew = stage.skew(minute)
        simulator.run(1)
        witness.after(minute + 1, result.entries[known:], simulator.hands.applied[done:])
        for instance in ejected(result.entries[known:]):
            removed.setdefault(instance, minute + 1)
    witness.ended()
    return told(cast, stage, removed, (*result.troubles, *witness.broken))


def ejected(entries: Sequence[Entry]) -> list[str]:
    """Return the instances that were taken out, in order."""
    return [
        e.change.instance for e in entries
        if e.kind is Kind.APPLIED and isinstance(e.change, Eject)
    ]  # fmt: skip


def _alone(cast: Cast, out: Out) -> Played:
    kind = "ELB" if cast.who is Who.GROUP else "EC2"
    world = build_world(scenario_of(cast.story, cast.seed, kind))

    def minute() -> frozenset[str]:
        world.advance(world.now + A_MINUTE)
        return out(world)

    return _watched(cast, world, minute)


def _with_envoy(cast: Cast) -> Played:
    world = build_world(scenario_of(cast.story, cast.seed))
    envoy = Envoy(world)

    def minute() -> frozenset[str]:
        held: set[str] = set()
        for _ in range(int(A_MINUTE / STEP)):
            world.advance(world.now + STEP)
            held.update(envoy.step())
        return frozenset(held)

    return _watched(cast, world, minute)


def _watched(cast: Cast, world: World, a_minute: Callable[[], frozenset[str]]) -> Played:
    """Play with what AWS does by itself; a minute passes and says who got nothing meanwhile."""
    world.tenants.append(TargetTracking(GROUP, COMFORTABLE))
    stage = Stage(cast.story, world)
    removed: dict[str, int] = {}
    for minute in range(cast.story.minutes):
        stage.before(minute)
        for instance in a_minute():
            removed.setdefault(instance, minute + 1)
    return told(cast, stage, removed)


def told(
    cast: Cast, stage: Stage, removed: Mapping[str, int], broken: tuple[str, ...] = ()
) -> Played:
    """Sum up what came of it."""
    story, users = cast.story, stage.world.users
    places = {instance: place for place, instance in enumerate(stage.places)}
    by_place = {places[i]: m for i, m in removed.items() if i in places}
    expected = story.expect.removed
    delays = {t: max(0, by_place[t] - _visible(stage, t)) for t in expected if t in by_place}
    strangers = [i for i in sorted(removed) if places.get(i) not in expected]
    return Played(
        story=story.name,
        cause=story.cause,
        seed=cast.seed,
        who=cast.who,
        requests=users.requests,
        failed=users.failed,
        slow=round(users.slow),
        removed={str(places.get(i, i)): m for i, m in sorted(removed.items())},
        delays=tuple(delays[t] for t in sorted(delays)),
        missed=tuple(t for t in expected if t not in by_place),
        wrong=tuple(str(places.get(i, i)) for i in strangers),
        late=tuple(t for t, d in delays.items() if d > story.expect.within),
        broken=broken,
    )


def _visible(stage: Stage, place: int) -> int:
    """Return the tick by which the first bad minute's samples have surely arrived."""
    hurts = [t for t in stage.story.trouble if t.kind not in OF_METRICS]
    began = min(each.at for each in hurts if place in each.targets)
    return began + 1 + math.ceil(stage.world.scenario.metric_lag_s[1] / 60)
