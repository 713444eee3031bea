"""Twenty-five minutes after an action, in worlds that are clear: what is told, and what is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    REQUESTS,
    RULE,
    SHOP,
    a_fleet,
    a_group,
    an_eject,
    targets,
    two_fleets,
)
from tests.properties.policies import some
from tests.properties.profile import EXAMPLES
from tests.properties.test_laws_of_effects import applied, effects_of, reverts_of
from trimtab.assess import assess
from trimtab.effects import expectation_of
from trimtab.loop import think
from trimtab.model.change import Change, Eject, Resize, Restore, Reweight, inverse_of
from trimtab.model.effect import Unverified
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.memory import Ejection, FleetMemory, Memory
from trimtab.model.observation import (
    FleetSeen,
    LoadSignal,
    Observation,
    Point,
    RouteSeen,
    Series,
)
from trimtab.model.policy import EjectMethod, RoutePolicy, ScalingPolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.tick import Inputs, Tick
from trimtab.remember import settle
from trimtab_lab.laws import Judged, hold

MINUTE = timedelta(minutes=1)
INTENT = EntryId("01DONE#000")
OUT = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")
HOME, AWAY = {BLUE_ARN: 50, GREEN_ARN: 50}, {BLUE_ARN: 30, GREEN_ARN: 70}
CHANGES: dict[str, Change] = {
    "eject": OUT,
    "restore": inverse_of(OUT),
    "grow": Resize(BLUE, "blue-asg", 4, 5),
    "shrink": Resize(BLUE, "blue-asg", 6, 5),
    "shift": Reweight(MAIN, RULE, AWAY, HOME),
}
POLICY = two_fleets(
    scaling=ScalingPolicy(rules=(REQUESTS,)),
    routes=(RoutePolicy(MAIN, RULE, {BLUE: 0.5, GREEN: 0.5}),),
)


@dataclass(frozen=True)
class World:
    """Five targets in each fleet; load per target and the share of errors before and after."""

    change: Change
    load: tuple[float, float]
    errors: tuple[float, float]
    dark: frozenset[int]

    def seen(self, minute: int) -> Observation:
        """What is seen so many minutes after the action; in dark minutes nothing."""
        now = NOON + minute * MINUTE
        if minute in self.dark:
            return Observation(SHOP, now, {}, {})
        fleets = {
            BLUE: self._fleet(minute, self.errors),
            GREEN: replace(self._fleet(minute, (0, 0)), fleet=GREEN),
        }
        return Observation(SHOP, now, fleets, {MAIN: RouteSeen(RULE, HOME)})

    def _fleet(self, minute: int, errors: tuple[float, float]) -> FleetSeen:
        minutes = range(minute - 8, minute)
        load = [self.load[m >= 0] * 5 * 900 for m in minutes]
        failed = [x * errors[m >= 0] for x, m in zip(load, minutes, strict=True)]
        signals = {
            LoadSignal.REQUESTS: _series(minutes, load),
            LoadSignal.ERRORS: _series(minutes, failed),
            LoadSignal.LATENCY: _series(minutes, [0.05] * 8),
        }
        return a_fleet(targets(5), a_group(5), signals=signals)


def _series(minutes: Sequence[int], values: Sequence[float]) -> Series:
    points = (Point(NOON + m * MINUTE, v) for m, v in zip(minutes, values, strict=True))
    return Series.of(points)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    kind = draw(some(*CHANGES))
    event(kind)
    load = draw(some(0.7, 0.9)), draw(some(0.7, 0.9, 1.1, 1.3))
    errors = draw(some(0.0, 0.01)), draw(some(0.0, 0.01, 0.05, 0.3))
    dark = draw(some((), (), (), range(4, 8), range(1, 30)))
    return World(CHANGES[kind], load, errors, frozenset(dark))


def started(world: World) -> Memory:
    """The memory right after the action: it was said before what it should change."""
    before = replace(world, dark=frozenset()).seen(0)
    at = Situation(before, assess(before, POLICY, Memory()), POLICY, Memory())
    expects = replace(expectation_of(world.change, at), carried=True)
    held = Unverified(
        INTENT, world.change, ReasonCode.EJECT_OUTLIER, NOON, NOON + timedelta(seconds=2), expects
    )
    out = {}
    if isinstance(world.change, Eject):
        until = NOON + timedelta(hours=2)
        out = {OUT.target: Ejection(OUT, ReasonCode.EJECT_OUTLIER, NOON, until, 1)}
    blue = FleetMemory(ejected=out, seen_at=NOON, resized_down=NOON)
    fleets = {BLUE: blue, GREEN: FleetMemory(seen_at=NOON)}
    return Memory(version=1, unverified=(held,), fleets=fleets)


def live(world: World, minutes: int = 25) -> list[Tick]:
    """Tick by tick; what is intended is said to be done, and the world stays as it is."""
    memory, ticks, ends = started(world), [], dict[EntryId, Entry]()
    for minute in range(1, minutes + 1):
        seen = world.seen(minute)
        settled = settle(memory, ends, seen, POLICY)
        tick = think(Inputs(seen, POLICY, settled), "schedule")
        hold(Judged(tick.inputs, tick.belief, tick.verdicts))
        ends = dict(applied(tick.entries))
        ends = {k: replace(e, at=tick.now + timedelta(seconds=2)) for k, e in ends.items()}
        memory = replace(tick.memory, version=tick.memory.version + 1)
        ticks.append(tick)
    return ticks


def ours(ticks: Sequence[Tick]) -> tuple[list[Entry], list[Entry]]:
    """The effect told of the action, and what was intended to take it back."""
    effects = [e for t in ticks for e in effects_of(t) if e.intent == INTENT]
    reverts = [e for t in ticks for e in reverts_of(t) if e.intent == INTENT]
    return effects, [e for e in reverts if e.kind is Kind.INTENDED]


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_in_the_end_every_effect_is_told_once_and_harm_taken_back_once(world: World) -> None:
    ticks = live(world)
    effects, reverts = ours(ticks)
    assert len(effects) == 1
    event(f"{effects[0].kind} {effects[0].reason.code}; reverts {len(reverts)}")
    assert len(reverts) <= 1
    if reverts:
        assert effects[0].reason.code is ReasonCode.MADE_WORSE
        assert isinstance(world.change, Eject | Resize | Reweight)
    told = Counter(e.id for t in ticks for e in effects_of(t))
    assert max(told.values()) == 1


@settings(max_examples=EXAMPLES)
@given(worlds())
def test_what_is_well_is_verified_and_left_alone(world: World) -> None:
    calm = replace(world, load=(0.7, 0.7), errors=(0.0, 0.0), dark=frozenset())
    effects, reverts = ours(live(calm, 12))
    assert reverts == []
    if not isinstance(world.change, Restore):  # the target put back is not there
        assert [e.kind for e in effects] == [Kind.VERIFIED]


@settings(max_examples=EXAMPLES)
@given(worlds(), st.integers(1, 10))
def test_no_sight_is_no_verdict(world: World, since: int) -> None:
    dark = replace(world, dark=frozenset(range(since, 30)))
    ticks = live(dark)
    blind_since: datetime = NOON + since * MINUTE
    late = [e for t in ticks for e in effects_of(t) if e.at >= blind_since and e.intent == INTENT]
    assert {e.reason.code for e in late} <= {ReasonCode.EFFECT_UNKNOWN}
    assert [e for e in ours(ticks)[1] if e.at >= blind_since] == []
