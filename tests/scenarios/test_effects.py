"""Whether an action helped: judged by the world, told once, taken back where it hurt."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.embedded_shop import QUIET, RISING, of_kind, shop
from trimtab.model.change import Eject, Resize, Restore, Reweight
from trimtab.model.entry import Entry, Kind, effect_id
from trimtab.model.ids import FleetId
from trimtab.model.life import Stage, fold
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import ReasonCode as Code
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.simulate import Simulator
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, KthTarget
from trimtab_lab.world.scenario import Demand, Scenario

BLUE = FleetId("blue")


def started(scenario: Scenario, *levers: Lever) -> Simulator:
    """The shop with only these levers at work."""
    simulator = Simulator(scenario)
    policy = policy_for(scenario, simulator.names)
    modes = {lever: Mode.ENFORCE if lever in levers else Mode.OBSERVE for lever in Lever}
    simulator.put(replace(policy, modes=modes))
    return simulator


def run(simulator: Simulator, minutes: int) -> list[Entry]:
    before = len(simulator.result.entries)
    simulator.run(minutes)
    assert simulator.result.troubles == []
    return simulator.result.entries[before:]


def until(simulator: Simulator, kind: Kind, change: type, most: int = 40) -> Entry:
    for _ in range(most):
        for entry in of_kind(run(simulator, 1), kind):
            if isinstance(entry.change, change):
                return entry
    raise AssertionError(f"no {kind} {change.__name__} within {most} minutes")


def effects_of(simulator: Simulator, intent: Entry) -> list[Entry]:
    return [e for e in simulator.result.entries if e.id == effect_id(intent.id)]


def stage_of(simulator: Simulator, intent: Entry) -> Stage:
    entries = simulator.result.entries
    mine = {intent.id} | {e.id for e in entries if e.intent == intent.id}
    life = fold(e for e in entries if e.id in mine or e.intent in mine)
    assert life.illegal == ()
    return life.stage


def test_an_ejection_that_others_cannot_make_up_for_is_taken_back_once_and_held() -> None:
    """One of four is slow; the load rises when it is out, and nothing may grow or shift."""
    slow = Fault(FaultKind.SLOW, KthTarget("blue", 2), after_s=300, amount=3.0)
    quiet = shop(slow, load=3400)
    loads = (*[3400.0] * 10, *[5000.0] * 60)
    simulator = started(replace(quiet, demand=Demand(quiet.demand.starts_at, loads)), Lever.EJECT)
    ejected = until(simulator, Kind.INTENDED, Eject)
    assert ejected.expects is not None
    assert ejected.expects.carried

    back = until(simulator, Kind.INTENDED, Restore)

    assert (back.intent, back.wanted and back.wanted.code) == (ejected.id, Code.REVERTING)
    (effect,) = effects_of(simulator, ejected)
    assert (effect.kind, effect.reason.code) == (Kind.INEFFECTIVE, Code.MADE_WORSE)
    assert "not again before" in effect.reason.text
    later = run(simulator, 12)
    assert stage_of(simulator, ejected) is Stage.REVERTED
    assert of_kind(later, Kind.INTENDED) == [], "neither taken out nor put back again"
    assert len(effects_of(simulator, ejected)) == 1


def test_a_shift_that_hurts_is_taken_back_once_and_held() -> None:
    """The way home leads to targets that fail under it, and the others serve well."""
    simulator = started(shop(load=QUIET), Lever.ROUTE)
    rule = simulator.world.rules()[0]
    arns = [arn for arn, _ in rule.weights]
    away = dict(zip(arns, (60, 40), strict=True))
    simulator.world.modify_rule(rule.arn, away)
    shifted = until(simulator, Kind.APPLIED, Reweight)
    for number in range(4):
        simulator.world.switch_on(Fault(FaultKind.ERRORS, KthTarget("blue", number), amount=0.1))

    back = until(simulator, Kind.APPLIED, Reweight, 8)

    assert dict(simulator.world.rules()[0].weights) == away
    intent = next(e for e in simulator.result.entries if e.id == back.intent)
    assert (intent.intent, intent.wanted and intent.wanted.code) == (
        shifted.intent,
        Code.REVERTING,
    )
    first = next(e for e in simulator.result.entries if e.id == shifted.intent)
    (effect,) = effects_of(simulator, first)
    assert "of its requests" in effect.reason.text
    later = run(simulator, 10)
    assert stage_of(simulator, first) is Stage.REVERTED
    assert dict(simulator.world.rules()[0].weights) == away
    assert Code.HELD_BACK in {e.reason.code for e in of_kind(later, Kind.REFUSED)}


def test_growth_whose_instances_never_come_is_ineffective_and_left_as_it_is() -> None:
    nothing_left = Fault(FaultKind.NO_CAPACITY, Everywhere())
    simulator = started(shop(nothing_left, load=RISING), Lever.SCALE)
    grown = until(simulator, Kind.INTENDED, Resize)
    assert isinstance(grown.change, Resize)
    assert grown.expects is not None
    assert f"{grown.change.after} members" in grown.expects.text

    run(simulator, 14)

    (effect,) = effects_of(simulator, grown)
    assert (effect.kind, effect.reason.code) == (Kind.INEFFECTIVE, Code.NO_EFFECT)
    assert "launches fail" in effect.reason.text
    assert effect.at >= grown.expects.by
    resizes = [e.change for e in simulator.result.entries if isinstance(e.change, Resize)]
    assert all(r.after > r.before for r in resizes), "growth is never taken back"
    assert stage_of(simulator, grown) is Stage.INEFFECTIVE
