"""One tick of one service: from what is stored to what is written, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    NOON,
    REQUESTS,
    SHOP,
    a_group,
    a_member,
    a_pause,
    a_policy,
    a_series,
    a_target,
    an_entry,
    at,
    targets,
)
from tests.fakes import SmallWorld
from trimtab.act import Actor
from trimtab.errors import Conflict, Malformed, Throttled
from trimtab.loop import Loop
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import ServiceId
from trimtab.model.observation import TargetState
from trimtab.model.policy import Policy, ScalingPolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Ask, Tick
from trimtab.observe import signal_keys
from trimtab_lab.simulator.stores import InMemory

SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)))
DEAD = a_target(9, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")


class Deployed:
    """A loop, an actor, their state and the world."""

    def __init__(self) -> None:
        self.state = InMemory()
        self.world = SmallWorld(
            members={"blue-asg": a_group(5, a_member(9), desired=6)},
            registered={BLUE_ARN: targets(5, DEAD)},
        )
        self.loop = Loop(self.state.store, self.state.ledger, self.world)
        self.serve(SCALED)

    def serve(self, policy: Policy) -> None:
        entry = an_entry(policy.service, kind=Kind.POLICY, change=None, inverse=None, deadline=None,
                         seed=f"policy {policy.version}")  # fmt: skip
        self.state.store.apply_policy(policy, frozenset(), entry)
        for fleet in policy.fleets.values():
            for signal, key in signal_keys(fleet, policy).items():
                if signal.value == "requests":
                    self.world.metrics[key] = a_series(2 * 900)

    def tick(self, minutes: float = 0, service: str = SHOP, by: str = "schedule") -> Tick | Reason:
        now = at(minutes)
        for key in self.world.metrics:
            self.world.metrics[key] = a_series(2 * 900, ago=1 - minutes)
        return self.loop.tick([Ask(ServiceId(service), by, now)], now)[ServiceId(service)]

    def log(self) -> list[Entry]:
        return list(self.state.ledger.of_service(SHOP, at(-60), at(600)))

    def kinds(self) -> list[str]:
        return [str(e.kind) for e in self.log() if e.kind not in (Kind.POLICY, Kind.NOTED)]


@pytest.fixture
def deployed() -> Deployed:
    return Deployed()


def ticked(result: Tick | Reason) -> Tick:
    assert isinstance(result, Tick), result
    return result


def test_a_tick_is_committed_whole(deployed: Deployed) -> None:
    tick = ticked(deployed.tick())
    stored = deployed.state.store.recall([SHOP])[SHOP]
    assert not isinstance(stored, Reason)
    assert stored.memory == replace(tick.memory, version=1)
    assert list(deployed.state.ledger.ticks(SHOP, at(-1), at(1), 9)) == [tick]


def until_the_ejection(deployed: Deployed) -> Entry:
    for minute in range(3):
        ticked(deployed.tick(minute))
    return next(e for e in deployed.log() if e.kind is Kind.INTENDED)


def test_a_failing_target_is_intended_to_leave_after_two_minutes(deployed: Deployed) -> None:
    intent = until_the_ejection(deployed)
    assert intent.at == at(2)
    assert intent.wanted is not None
    assert intent.wanted.code is ReasonCode.EJECT_UNHEALTHY
    assert (intent.by, intent.deadline) == ("schedule", at(4))


def test_what_became_of_an_intent_is_learnt_at_the_next_tick(deployed: Deployed) -> None:
    intent = until_the_ejection(deployed)
    actor = Actor(deployed.state.ledger, deployed.state.store, deployed.world, deployed.world)
    assert actor.carry_out(SHOP, intent.id, at(2.1)) is not None
    tick = ticked(deployed.tick(3))
    assert list(tick.memory.fleet(BLUE).ejected) == [DEAD.id]
    assert not tick.memory.pending


def test_an_intent_nobody_carried_out_ends_once_and_is_decided_anew(deployed: Deployed) -> None:
    intent = until_the_ejection(deployed)
    assert ticked(deployed.tick(4.9)).memory.pending, "act may still be at it"
    again = ticked(deployed.tick(5))
    ends = [e for e in deployed.log() if e.intent == intent.id]
    assert [(e.kind, e.by) for e in ends] == [(Kind.EXPIRED, "reconcile")]
    assert [p.entry for p in again.memory.pending] == [e.id for e in again.entries if e.deadline]
    actor = Actor(deployed.state.ledger, deployed.state.store, deployed.world, deployed.world)
    assert actor.carry_out(SHOP, intent.id, at(5)) is None
    assert not deployed.world.done


def test_an_outcome_that_came_first_is_not_overwritten_and_learnt_at_once(
    deployed: Deployed,
) -> None:
    intent = until_the_ejection(deployed)
    outcome = replace(intent, id=outcome_id(intent.id), kind=Kind.FAILED, intent=intent.id)
    ledger = deployed.state.ledger

    class Racing:
        """A ledger in which act writes its outcome just before reconcile does."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def append(self, entry: Entry) -> bool:
            ledger.append(outcome)
            return ledger.append(entry)

    racing = Loop(deployed.state.store, Racing(), deployed.world)  # type: ignore[arg-type]
    tick = ticked(racing.tick([Ask(SHOP, "schedule", at(6))], at(6))[SHOP])
    assert intent.id not in {p.entry for p in tick.memory.pending}
    assert [e.kind for e in deployed.log() if e.intent == intent.id] == [Kind.FAILED]


def test_of_two_reconciles_at_once_one_commits_and_the_other_leaves_nothing(
    deployed: Deployed,
) -> None:
    ledger = deployed.state.ledger

    class Slow:
        """A ledger whose commit finds that another tick was quicker."""

        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def commit(self, tick: Tick) -> None:
            ticked(deployed.tick(2, by="alarm"))
            ledger.commit(tick)

    deployed.tick(0)
    deployed.tick(1)
    slow = Loop(deployed.state.store, Slow(), deployed.world)  # type: ignore[arg-type]
    lost = slow.tick([Ask(SHOP, "schedule", at(2.5))], at(2.5))[SHOP]
    assert isinstance(lost, Reason)
    assert lost.code is ReasonCode.CONFLICTING_CHANGE
    assert deployed.kinds() == ["intended"]
    assert [e.by for e in deployed.log() if e.kind is Kind.INTENDED] == ["alarm"]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        pytest.param(Conflict("lost"), ReasonCode.CONFLICTING_CHANGE, "lost", id="a lost race"),
        pytest.param(Throttled("slow"), ReasonCode.AWS_ERROR, "Throttled: slow", id="throttled"),
        pytest.param(Malformed("bad"), ReasonCode.AWS_ERROR, "Malformed: bad", id="malformed"),
        pytest.param(KeyError("x"), ReasonCode.AWS_ERROR, "fault of Trimtab's own", id="a bug"),
    ],
)
def test_one_services_trouble_is_a_reason_and_leaves_the_others_alone(
    deployed: Deployed, error: Exception, code: ReasonCode, words: str
) -> None:
    deployed.serve(replace(SCALED, service=ServiceId("other")))
    ledger = deployed.state.ledger

    class Troubled:
        def __getattr__(self, name: str) -> object:
            return getattr(ledger, name)

        def commit(self, tick: Tick) -> None:
            if tick.service == SHOP:
                raise error
            ledger.commit(tick)

    loop = Loop(deployed.state.store, Troubled(), deployed.world)  # type: ignore[arg-type]
    asks = [Ask(SHOP, "schedule", NOON), Ask(ServiceId("other"), "schedule", NOON)]
    results = loop.tick(asks, NOON)
    trouble = results[SHOP]
    assert isinstance(trouble, Reason)
    assert (trouble.code, words in trouble.text) == (code, True)
    assert isinstance(results[ServiceId("other")], Tick)


def test_a_service_nobody_knows_has_a_reason_and_not_a_tick(deployed: Deployed) -> None:
    unknown = deployed.tick(0, "nobody")
    assert isinstance(unknown, Reason)
    assert unknown.code is ReasonCode.NOT_FOUND


def test_a_disabled_service_is_not_looked_at(deployed: Deployed) -> None:
    deployed.serve(replace(SCALED, service=ServiceId("off"), enabled=False))
    result = deployed.tick(0, "off")
    assert isinstance(result, Reason)
    assert result.code is ReasonCode.PAUSED
    assert not deployed.world.asked


def test_anything_is_a_better_reason_than_the_schedule(deployed: Deployed) -> None:
    asks = [Ask(SHOP, by, at(m)) for m, by in ((-2, "alarm-1"), (-1, "alarm-2"), (0, "schedule"))]
    assert ticked(deployed.loop.tick(asks, NOON)[SHOP]).by == "alarm-2"
    assert ticked(deployed.tick(1)).by == "schedule"


def test_a_pause_is_read_with_the_rest(deployed: Deployed) -> None:
    entry = an_entry(kind=Kind.PAUSE, change=None, inverse=None, deadline=None, seed="pause")
    deployed.state.store.set_pause(SHOP, a_pause(), entry)
    for minute in range(4):
        ticked(deployed.tick(minute))
    assert deployed.kinds() == ["pause", "refused"]


def test_the_same_inputs_name_the_same_tick(deployed: Deployed) -> None:
    make: Callable[[], Tick | Reason] = lambda: Deployed().tick()  # noqa: E731
    assert ticked(make()) == ticked(make())


def test_sight_is_never_older_than_the_outcomes_it_is_held_against(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    intent = until_the_ejection(deployed)
    seen_first: list[bool] = []
    look, read = deployed.world.targets, type(deployed.state.ledger).entries

    def looked(*args: object) -> object:
        seen_first.append(True)
        return look(*args)  # type: ignore[arg-type]

    def outcomes(ledger: object, service: ServiceId, ids: object) -> object:
        assert not seen_first, "the world was seen before the outcomes were read"
        return read(ledger, service, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(deployed.world, "targets", looked)
    monkeypatch.setattr(type(deployed.state.ledger), "entries", outcomes)
    ticked(deployed.tick(3))
    assert seen_first
    assert intent.kind is Kind.INTENDED
