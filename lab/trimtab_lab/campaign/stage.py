"""A story on its stage: the world it describes, and what goes wrong there minute by minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from trimtab_lab.campaign.story import Act, Story, Trouble
from trimtab_lab.world.faults import (
    Everywhere,
    Fault,
    FaultKind,
    InZone,
    OneInstance,
    Where,
    WholeFleet,
)
from trimtab_lab.world.scenario import (
    ZONES,
    App,
    Demand,
    GroupSpec,
    RuleSpec,
    Scenario,
    TargetGroupSpec,
    Topology,
)
from trimtab_lab.world.views import GroupView
from trimtab_lab.world.world import World

FLEET, GROUP = "blue", "blue-asg"
COMFORTABLE = 900.0
GOES_ON = frozenset({"replace", "refresh"})
"""Acts that are not done in their first minute."""
STARTS = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROOM = 3
"""How many times its first size a fleet may grow to, unless the story says."""
OF_METRICS = frozenset(
    {
        FaultKind.METRICS_DARK,
        FaultKind.METRICS_LATE,
        FaultKind.METRICS_ABSURD,
        FaultKind.METRICS_TWICE,
    }
)
"""Without targets they are of all metrics there are."""


def scenario_of(story: Story, seed: int, health_check_type: str = "EC2") -> Scenario:
    """Build the world of a story; the seed moves arrivals, lags and launches."""
    fleet = story.fleet
    app = App(comfortable_per_minute=COMFORTABLE, checks_queue=fleet.checks_queue)
    zones = ZONES[: fleet.zones]
    return Scenario(
        topology=Topology(
            target_groups=(
                TargetGroupSpec(
                    FLEET,
                    FLEET,
                    app,
                    deregistration_delay_s=60,
                    slow_start_s=60 * fleet.slow_start,
                    mitigates=fleet.anomalies == "mitigated",
                ),
            ),
            groups=(
                GroupSpec(
                    GROUP,
                    (FLEET,),
                    min_size=fleet.least,
                    max_size=fleet.most or max(ROOM * fleet.targets, fleet.least),
                    desired=fleet.targets,
                    zones=zones,
                    health_check_type=health_check_type,
                ),
            ),
            rules=(RuleSpec("main", ((FLEET, 100),)),),
            tags=(("trimtab:managed", "true"),),
        ),
        demand=Demand(STARTS, tuple(_demand(story))),
        seed=seed,
    )


def _demand(story: Story) -> Iterator[float]:
    whole = story.fleet.targets * COMFORTABLE
    for minute in range(story.minutes):
        share = [each.share for each in story.load if each.at <= minute]
        yield whole * (share[-1] if share else story.load[0].share)


@dataclass(slots=True)
class Stage:
    """Plays a story's trouble on a world; call it before each minute."""

    story: Story
    world: World
    places: tuple[str, ...] = ()
    """Instance ids by place in order of launch, as the story numbers them."""
    _replaced: int = 0
    _struck: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # of one age in the order in which they were made: each in the next zone, with every seed
        born = sorted(self.world.instances(), key=lambda i: i.launched_at)
        self.places = tuple(i.id for i in born)
        self.world.access_log.manner = self.story.fleet.access_logs

    def before(self, minute: int) -> None:
        """Do what happens at the start of this minute, counted from 0."""
        for trouble in self.story.trouble:
            if trouble.newcomers:
                self._strike_newcomers(trouble, minute)
            elif _begins(trouble, minute):
                for where in self._where(trouble):
                    self.world.switch_on(_fault(trouble, where))
        for act in self.story.act:
            self._act(act, minute)

    def skew(self, minute: int) -> timedelta:
        """Return how far Trimtab's clock is ahead in this minute."""
        wrong = [c for c in self.story.clock if c.at <= minute < c.at + (c.lasts or minute + 1)]
        return timedelta(minutes=sum(c.by for c in wrong))

    def _where(self, trouble: Trouble) -> Iterator[Where]:
        if trouble.targets:
            yield from (OneInstance(self.places[t]) for t in trouble.targets if self._is_here(t))
        elif trouble.zone is not None:
            yield InZone(ZONES[trouble.zone])
        else:
            everywhere = trouble.kind in OF_METRICS or trouble.kind is FaultKind.PROBE_BLIND
            yield Everywhere() if everywhere else WholeFleet(FLEET)

    def _is_here(self, place: int) -> bool:
        return any(i.id == self.places[place] for i in self.world.instances())

    def _strike_newcomers(self, trouble: Trouble, minute: int) -> None:
        if minute < trouble.at or (trouble.lasts and minute >= trouble.at + trouble.lasts):
            return
        for instance in self.world.instances():
            if instance.id not in self.places and instance.id not in self._struck:
                self._struck.add(instance.id)
                self.world.switch_on(_fault(trouble, OneInstance(instance.id)))

    def _act(self, act: Act, minute: int) -> None:
        if minute < act.at or (act.kind not in GOES_ON and minute != act.at):
            return
        (group,) = self.world.describe_groups((GROUP,))
        match act.kind:
            case "resize":
                self.world.set_desired_capacity(GROUP, act.count)
            case "end":
                for instance in self._oldest(group)[: act.count]:
                    self.world.terminate_instance(instance, decrement=False)
            case "move":
                self._move(self.places[: act.count])
            case "replace" | "refresh":
                self._replace(act, group, minute)

    def _oldest(self, group: GroupView) -> list[str]:
        """Members that can be ended: those of a place in the story first, in their order."""
        alive = _alive(group)
        return [*(i for i in self.places if i in alive), *sorted(set(alive) - set(self.places))]

    def _replace(self, act: Act, group: GroupView, minute: int) -> None:
        if act.kind == "refresh":
            self._show_refresh(act, group)
        if (minute - act.at) % act.pace == 0:
            old = [i for i in _alive(group) if i in self.places]
            for instance in old[: min(2, act.count - self._replaced)]:
                self.world.terminate_instance(instance, decrement=False)
                self._replaced += 1

    def _show_refresh(self, act: Act, group: GroupView) -> None:
        """Show it as AWS does: the refresh's state, and the version newcomers are launched from."""
        labels, new = self.world.labels, [i.id for i in group.instances if i.id not in self.places]
        labels.refreshes[GROUP] = "InProgress" if self._replaced < act.count else "Successful"
        labels.versions.update(dict.fromkeys(new, "2"))

    def _move(self, some: Sequence[str]) -> None:
        zones = ZONES[: self.story.fleet.zones]
        for instance in self.world.instances():
            if instance.id in some:
                there = zones[(zones.index(instance.zone) + 1) % len(zones)]
                self.world.move_instance(instance.id, there)


def _alive(group: GroupView) -> list[str]:
    """Members that nobody ends already: AWS refuses to end them twice."""
    return [i.id for i in group.instances if not i.lifecycle.startswith("Terminat")]


def _begins(trouble: Trouble, minute: int) -> bool:
    if minute < trouble.at:
        return False
    if trouble.every:
        return (minute - trouble.at) % trouble.every == 0
    return minute == trouble.at


def _fault(trouble: Trouble, where: Where) -> Fault:
    lasts = None if trouble.lasts is None else trouble.lasts * 60
    return Fault(trouble.kind, where, lasts_s=lasts, amount=trouble.amount)
