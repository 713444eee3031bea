"""Requests and load: conservation, weights, saturation, slow and failing targets."""

from __future__ import annotations

import random

import pytest

from tests.unit.lab.worlds import a_scenario, a_world, arn, run, the_group, two_fleets
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget, OneInstance, WholeFleet
from trimtab_lab.world.instances import Instance
from trimtab_lab.world.load import bucket_of, quantile, share_within, work
from trimtab_lab.world.scenario import App, Demand
from trimtab_lab.world.traffic import Arrivals


def test_requests_in_are_answered_or_failed_and_none_is_lost() -> None:
    scenario = a_scenario(
        per_minute=3333.3, faults=(Fault(FaultKind.DEAD, KthTarget("web", 0), 60, 600),)
    )
    world = run(a_world(scenario), minutes=30)
    assert world.users.requests == pytest.approx(3333.3 * 30, abs=1)
    assert world.users.requests == sum(world.recorder.requests)
    assert world.users.failed == sum(world.recorder.failed)
    assert sum(world.users.mix.values()) == world.users.ok


def test_a_minute_is_spread_unevenly_over_its_steps_and_adds_up() -> None:
    arrivals = Arrivals(Demand.steady(1000.5), 10, random.Random("x"))
    start = int(Demand.steady(1).starts_at.timestamp())
    steps = [arrivals.at(start + 10 * n) for n in range(12)]
    assert sum(steps) == 2001
    assert len(set(steps)) > 4


def test_weights_split_requests_between_fleets() -> None:
    world = run(a_world(two_fleets(80, 20)), minutes=10)
    blue, green = (sum(world.recorder.fleets[f].requests) for f in ("blue", "green"))
    assert blue == pytest.approx(24_000, abs=5)
    assert blue + green == 30_000


def test_new_weights_move_requests_at_once() -> None:
    world = run(a_world(two_fleets(100, 0)), minutes=1)
    rule = world.rules()[0]
    world.modify_rule(rule.arn, {arn(world, "blue"): 0, arn(world, "green"): 100})
    run(world, minutes=1)
    assert world.recorder.fleets["blue"].requests == [3000, 0]
    assert world.recorder.fleets["green"].requests == [0, 3000]


def test_all_weights_zero_fail_every_request() -> None:
    world = a_world(two_fleets(0, 0))
    run(world, minutes=1)
    assert world.users.no_target == world.users.requests == 3000


@pytest.mark.parametrize("weight", [-1, 1000])
def test_a_weight_outside_0_to_999_is_refused_and_changes_nothing(weight: int) -> None:
    world = a_world(two_fleets(80, 20))
    before = world.rules()
    with pytest.raises(WorldError) as refused:
        world.modify_rule(before[0].arn, {arn(world, "blue"): weight, arn(world, "green"): 1})
    assert refused.value.code == "ValidationError"
    assert world.rules() == before


def test_a_rule_cannot_forward_to_a_group_that_does_not_exist() -> None:
    world = a_world(two_fleets(80, 20))
    with pytest.raises(WorldError) as refused:
        world.modify_rule(world.rules()[0].arn, {"arn:none": 1})
    assert refused.value.code == "TargetGroupNotFound"
    with pytest.raises(WorldError) as unknown:
        world.rule("arn:none")
    assert unknown.value.code == "RuleNotFound"


def test_latency_grows_with_load() -> None:
    calm = run(a_world(a_scenario(per_minute=900)), minutes=5)
    busy = run(a_world(a_scenario(per_minute=3600)), minutes=5)
    assert calm.users.latency(0.5) < 0.12
    assert busy.users.latency(0.5) > 2 * calm.users.latency(0.5)
    assert busy.users.failed < 10


def test_above_saturation_the_excess_fails_and_the_rest_is_slow() -> None:
    app = App(service_time_s=0.1, workers=2)
    world = run(
        a_world(a_scenario(per_minute=2 * 3 * app.capacity_per_minute, app=app)), minutes=30
    )
    assert world.users.failed / world.users.requests == pytest.approx(0.5, abs=0.03)
    assert world.users.latency(0.5) == pytest.approx(app.timeout_s, rel=0.25)


def test_at_comfortable_load_a_single_worker_is_the_m_m_1_queue() -> None:
    instance = Instance("i-0", "a", App(service_time_s=0.06, workers=1, error_ratio=0), 0)
    for step in range(60):
        instance.arrivals = 83  # rho 0.498
        work(instance, 10_000 + step * 10, 10, 1.0)
    assert instance.latency == pytest.approx(0.06 / (1 - 0.498), rel=0.01)
    assert instance.fail_share == 0


def test_a_slow_target_answers_late_and_fails_what_it_cannot_carry() -> None:
    world = run(a_world(a_scenario(per_minute=2700)), minutes=2)
    world.switch_on(Fault(FaultKind.SLOW, KthTarget("web", 0), amount=4))
    run(world, minutes=10)
    share = world.recorder.failed[-1] / world.recorder.requests[-1]
    assert 0.1 < share < 0.33
    assert world.recorder.p95_ms[-1] > 10 * world.recorder.p95_ms[1]


def test_a_dead_target_fails_its_share_until_the_checks_notice() -> None:
    world = run(a_world(), minutes=2)
    world.switch_on(Fault(FaultKind.DEAD, KthTarget("web", 0)))
    run(world, minutes=3)
    failed = world.recorder.failed[2:]
    assert failed[0] > 50
    assert sum(failed[1:]) < 5


def test_an_erroring_target_fails_its_share_fast() -> None:
    world = run(a_world(), minutes=1)
    world.switch_on(Fault(FaultKind.ERRORS, KthTarget("web", 1), amount=0.3))
    run(world, minutes=10)
    assert sum(world.recorder.failed[1:]) == pytest.approx(0.1 * 1800 * 10, rel=0.05)


def test_a_fleet_that_failed_whole_recovers_when_the_fault_ends() -> None:
    scenario = a_scenario(faults=(Fault(FaultKind.FLEET_DOWN, WholeFleet("web"), 120, 300),))
    world = run(a_world(scenario), minutes=12)
    assert world.recorder.failed[3:6] == world.recorder.requests[3:6]
    assert sum(world.recorder.failed[8:]) < 10


def test_the_kth_target_is_the_same_for_a_seed_and_gone_with_its_instance() -> None:
    def struck(seed: int) -> str:
        fault = Fault(FaultKind.DEAD, KthTarget("web", 1), 60)
        world = run(a_world(a_scenario(seed=seed, faults=(fault,))), minutes=2)
        return next(e.subject for e in world.journal.events() if e.text.startswith("dead"))

    assert struck(1) == struck(1) != struck(2)


def test_two_faults_on_one_target_end_one_at_a_time() -> None:
    world = a_world()
    victim = OneInstance(the_group(world).instances[0].id)
    slow, errors = Fault(FaultKind.SLOW, victim, amount=3), Fault(FaultKind.ERRORS, victim)
    world.switch_on(slow)
    world.switch_on(errors)
    world.switch_off(slow)
    assert world.active_faults() == (errors,)


def test_quantiles_of_a_mix_lie_where_its_means_do() -> None:
    mix = {bucket_of(0.1): 900, bucket_of(2.0): 100}
    assert quantile(mix, 0.5) == pytest.approx(0.1 * 0.88, rel=0.15)
    assert 1.0 < quantile(mix, 0.95) < 2.5
    assert share_within(mix, bucket_of(0.5)) == pytest.approx(0.9, abs=0.01)
    assert quantile({}, 0.5) == 0
