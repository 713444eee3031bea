"""The load balancer's checks: states, reasons, streaks, draining, fail open, anomalies."""

from __future__ import annotations

import pytest

from tests.unit.lab.worlds import (
    a_scenario,
    a_world,
    arn,
    enum_of,
    health,
    run,
    states,
    the_group,
    two_fleets,
)
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import (
    Fault,
    FaultKind,
    InZone,
    KthTarget,
    OneInstance,
    Where,
    WholeFleet,
)
from trimtab_lab.world.instances import Health
from trimtab_lab.world.scenario import App, HealthCheck
from trimtab_lab.world.views import _WORDS, TargetRef


def test_a_new_target_is_initial_until_its_first_passed_check() -> None:
    world = a_world()
    world.set_desired_capacity("web-asg", 4)
    run(world, seconds=70)
    assert states(world) == ["healthy", "healthy", "healthy", "initial"]
    new = next(t for t in health(world).values() if t.state == "initial")
    assert new.reason == "Elb.RegistrationInProgress"
    assert states(run(world, seconds=20)) == ["healthy"] * 4


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param(FaultKind.DEAD, "Target.FailedHealthChecks", id="refused"),
        pytest.param(FaultKind.ZONE_OUTAGE, "Target.Timeout", id="unreachable"),
        pytest.param(FaultKind.FLEET_DOWN, "Target.ResponseCodeMismatch", id="answers-503"),
    ],
)
def test_a_target_that_fails_its_checks_is_unhealthy_for_a_reason(
    kind: FaultKind, reason: str
) -> None:
    world = run(a_world(), minutes=1)
    victim = the_group(world).instances[0]
    places: dict[FaultKind, Where] = {
        FaultKind.DEAD: OneInstance(victim.id),
        FaultKind.ZONE_OUTAGE: InZone(victim.zone),
        FaultKind.FLEET_DOWN: WholeFleet("web"),
    }
    world.switch_on(Fault(kind, places[kind]))
    run(world, minutes=1)
    assert (health(world)[victim.id].state, health(world)[victim.id].reason) == (
        "unhealthy",
        reason,
    )


def test_it_takes_the_unhealthy_threshold_of_failures_in_a_row() -> None:
    checks = HealthCheck(interval_s=30, timeout_s=6, healthy_threshold=5, unhealthy_threshold=3)
    world = run(a_world(a_scenario(checks=checks)), minutes=1)
    victim = the_group(world).instances[0].id
    world.switch_on(Fault(FaultKind.DEAD, OneInstance(victim)))
    assert health(run(world, seconds=60))[victim].state == "healthy"
    assert health(run(world, seconds=40))[victim].state == "unhealthy"


def test_it_takes_the_healthy_threshold_of_successes_to_come_back() -> None:
    checks = HealthCheck(interval_s=30, timeout_s=6, healthy_threshold=5, unhealthy_threshold=2)
    world = run(a_world(a_scenario(checks=checks)), minutes=1)
    victim = the_group(world).instances[0].id
    fault = Fault(FaultKind.DEAD, OneInstance(victim))
    world.switch_on(fault)
    run(world, minutes=3)
    world.switch_off(fault)
    assert health(run(world, seconds=110))[victim].state == "unhealthy"
    assert health(run(world, seconds=60))[victim].state == "healthy"


def test_a_slow_target_still_passes_its_checks() -> None:
    world = run(a_world(), minutes=1)
    world.switch_on(Fault(FaultKind.SLOW, KthTarget("web", 0), amount=5))
    assert states(run(world, minutes=10)) == ["healthy"] * 3


def test_overload_fails_checks_only_where_they_share_the_queue() -> None:
    patient, sharing = App(timeout_s=5.0), App(timeout_s=5.0, checks_queue=True)
    world = run(a_world(a_scenario(per_minute=9000, app=patient)), minutes=10)
    assert states(world) == ["healthy"] * 3
    world = run(a_world(a_scenario(per_minute=9000, app=sharing)), minutes=10)
    assert "unhealthy" in states(world)


def test_the_load_balancer_fails_open_when_nobody_is_healthy() -> None:
    world = a_world(a_scenario(faults=(Fault(FaultKind.FLEET_DOWN, WholeFleet("web")),)))
    run(world, minutes=5)
    assert states(world) == ["unhealthy"] * 3
    assert world.users.no_target == 0
    assert world.users.target_5xx == world.users.requests


def test_a_deregistered_target_drains_and_is_then_gone() -> None:
    world = run(a_world(two_fleets(1, 1)), minutes=1)
    leaving = TargetRef(next(iter(health(world, "blue"))))
    world.deregister_targets(arn(world, "blue"), (leaving,))
    drained = health(world, "blue")[leaving.id]
    assert (drained.state, drained.reason) == ("draining", "Target.DeregistrationInProgress")
    assert leaving.id in health(run(world, seconds=290), "blue")
    assert leaving.id not in health(run(world, seconds=30), "blue")
    asked = world.describe_target_health(arn(world, "blue"), (leaving,))[0]
    assert (asked.state, asked.reason) == ("unused", "Target.NotRegistered")


def test_a_draining_target_gets_no_more_requests() -> None:
    world = run(a_world(two_fleets(1, 0)), minutes=1)
    ids = list(health(world, "blue"))
    world.deregister_targets(arn(world, "blue"), [TargetRef(i) for i in ids])
    before = world.users.no_target
    run(world, minutes=2)
    assert world.users.no_target - before == 6000


def test_a_draining_target_registered_again_starts_anew() -> None:
    world = run(a_world(two_fleets(1, 1)), minutes=1)
    back = TargetRef(next(iter(health(world, "blue"))))
    world.deregister_targets(arn(world, "blue"), (back,))
    run(world, seconds=30)
    world.register_targets(arn(world, "blue"), (back,))
    assert health(world, "blue")[back.id].state == "initial"
    assert states(run(world, minutes=10), "blue") == ["healthy"] * 3


def test_deregistering_an_unknown_target_is_silently_fine() -> None:
    world = a_world()
    world.deregister_targets(arn(world), (TargetRef("i-0unknown"),))
    assert states(world) == ["healthy"] * 3


def test_registering_what_does_not_run_is_an_invalid_target() -> None:
    world = a_world()
    with pytest.raises(WorldError) as refused:
        world.register_targets(arn(world), (TargetRef("i-0unknown"),))
    assert refused.value.code == "InvalidTarget"


def test_a_group_no_rule_forwards_to_is_unused() -> None:
    world = a_world(two_fleets(1, 1))
    rule = world.rules()[0]
    world.modify_rule(rule.arn, {arn(world, "blue"): 1})
    assert {(t.state, t.reason) for t in health(world, "green").values()} == {
        ("unused", "Target.NotInUse")
    }
    world.modify_rule(rule.arn, dict(rule.weights))
    assert states(world, "green") == ["initial"] * 3
    assert states(run(world, minutes=1), "green") == ["healthy"] * 3


def test_a_target_that_errors_more_than_its_peers_is_anomalous() -> None:
    world = run(a_world(), minutes=2)
    victim = the_group(world).instances[1].id
    world.switch_on(Fault(FaultKind.ERRORS, OneInstance(victim), amount=0.3))
    run(world, minutes=3)
    assert {t.id: t.anomaly for t in health(world).values()}[victim] == "anomalous"
    assert sorted(str(t.anomaly) for t in health(world).values()) == [
        "anomalous",
        "normal",
        "normal",
    ]
    assert {t.mitigation for t in health(world).values()} == {"no"}


def test_with_fewer_than_three_healthy_targets_nothing_is_said_of_anomalies() -> None:
    world = run(a_world(a_scenario(desired=2)), minutes=3)
    assert {t.anomaly for t in health(world).values()} == {None}


def test_zones_apart_fail_open_each_for_itself() -> None:
    world = a_world(a_scenario(cross_zone=False, per_minute=900))
    zone = the_group(world).instances[0].zone
    world.switch_on(Fault(FaultKind.ZONE_OUTAGE, InZone(zone)))
    run(world, minutes=5)
    share = world.users.connection_errors / world.users.requests
    assert share == pytest.approx(1 / 3, abs=0.02)


def test_health_check_settings_outside_the_ranges_of_elb_are_refused() -> None:
    world = a_world()
    with pytest.raises(WorldError, match="between 5 and 300"):
        world.modify_health_check(arn(world), HealthCheck(interval_s=1))
    with pytest.raises(WorldError, match="greater than the timeout"):
        world.modify_health_check(arn(world), HealthCheck(interval_s=5, timeout_s=5))


def test_every_state_and_reason_the_world_uses_is_one_of_elbv2() -> None:
    assert set(_WORDS) <= enum_of("elbv2", "TargetHealthReasonEnum")
    assert {state.value for state in Health} <= enum_of("elbv2", "TargetHealthStateEnum")
