"""Auto Scaling groups: launches, scale-in, standby, bounds, suspended processes, activities."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from tests.unit.lab.worlds import (
    GROUP,
    a_scenario,
    a_world,
    enum_of,
    health,
    lifecycles,
    run,
    states,
    the_group,
)
from trimtab_lab.world.autoscaling import PROCESSES
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Everywhere, Fault, FaultKind, InZone, OneInstance
from trimtab_lab.world.instances import Lifecycle


def test_instances_are_spread_over_the_zones() -> None:
    world = a_world(a_scenario(desired=3))
    world.set_desired_capacity(GROUP, 6)
    zones = Counter(instance.zone for instance in the_group(world).instances)
    assert set(zones.values()) == {2}


def test_a_launched_instance_is_pending_then_in_service_then_registered() -> None:
    world = a_world()
    world.set_desired_capacity(GROUP, 4)
    assert lifecycles(world) == ["InService"] * 3 + ["Pending"]
    assert len(health(world)) == 3
    run(world, seconds=70)
    assert lifecycles(world) == ["InService"] * 4
    assert len(health(world)) == 4


def test_a_cold_instance_is_slower_than_a_warm_one_and_warms_up() -> None:
    world = a_world(a_scenario(per_minute=3000))
    world.set_desired_capacity(GROUP, 4)
    old = {instance.id for instance in the_group(world).instances if instance.in_service_at}
    run(world, minutes=20)
    recorded = world.recorder.p95_ms
    assert max(recorded[1:4]) > recorded[15]
    assert len(old) == 3


def test_scale_in_takes_the_oldest_of_the_fullest_zone_out_of_the_target_group() -> None:
    world = a_world(a_scenario(desired=4))
    crowded = the_group(world).instances[0].zone
    oldest = min(i.id for i in the_group(world).instances if i.zone == crowded)
    world.set_desired_capacity(GROUP, 3)
    assert health(world)[oldest].state == "draining"
    assert lifecycles(world) == ["InService"] * 3 + ["Terminating"]
    run(world, minutes=2)
    assert oldest not in health(world)
    assert lifecycles(world) == ["InService"] * 3


def test_a_protected_instance_survives_scale_in() -> None:
    world = a_world(a_scenario(desired=2))
    kept = the_group(world).instances[0].id
    world.set_instance_protection(GROUP, [kept], True)
    world.set_desired_capacity(GROUP, 1)
    run(world, minutes=5)
    assert [instance.id for instance in the_group(world).instances] == [kept]


def test_desired_outside_the_bounds_is_refused_in_awss_words() -> None:
    world = a_world()
    with pytest.raises(WorldError, match="value 7 is above max value 6") as above:
        world.set_desired_capacity(GROUP, 7)
    with pytest.raises(WorldError, match="value 0 is below min value 1"):
        world.set_desired_capacity(GROUP, 0)
    assert above.value.code == "ValidationError"
    assert the_group(world).desired == 3


def test_setting_desired_twice_launches_once() -> None:
    world = a_world()
    world.set_desired_capacity(GROUP, 5)
    world.set_desired_capacity(GROUP, 5)
    assert lifecycles(world).count("Pending") == 2


def test_a_cooldown_is_honoured_only_when_asked_to() -> None:
    world = a_world()
    world.set_desired_capacity(GROUP, 4)
    with pytest.raises(WorldError) as refused:
        world.set_desired_capacity(GROUP, 5, honor_cooldown=True)
    assert refused.value.code == "ScalingActivityInProgress"
    world.set_desired_capacity(GROUP, 5)


def test_standby_with_decrement_takes_one_out_and_launches_nobody() -> None:
    world = a_world()
    out = the_group(world).instances[0].id
    world.enter_standby(GROUP, [out], decrement=True)
    assert (the_group(world).desired, health(world)[out].state) == (2, "draining")
    assert lifecycles(world) == ["EnteringStandby", "InService", "InService"]
    run(world, minutes=5)
    assert lifecycles(world) == ["InService", "InService", "Standby"]
    assert out not in health(world)


def test_standby_without_decrement_launches_a_replacement() -> None:
    world = a_world()
    out = the_group(world).instances[0].id
    world.enter_standby(GROUP, [out], decrement=False)
    run(world, minutes=5)
    assert the_group(world).desired == 3
    assert lifecycles(world) == ["InService"] * 3 + ["Standby"]


def test_standby_below_min_size_is_refused_and_changes_nothing() -> None:
    world = a_world(a_scenario(desired=1))
    only = the_group(world).instances[0].id
    with pytest.raises(WorldError, match="min-size=1"):
        world.enter_standby(GROUP, [only], decrement=True)
    assert lifecycles(world) == ["InService"]


def test_leaving_standby_adds_one_to_desired_and_serves_again() -> None:
    world = a_world()
    out = the_group(world).instances[0].id
    world.enter_standby(GROUP, [out], decrement=True)
    run(world, minutes=2)
    world.exit_standby(GROUP, [out])
    assert the_group(world).desired == 3
    run(world, minutes=1)
    assert (lifecycles(world), states(world)) == (["InService"] * 3, ["healthy"] * 3)


def test_leaving_standby_above_max_size_is_refused() -> None:
    world = a_world()
    out = the_group(world).instances[0].id
    world.enter_standby(GROUP, [out], decrement=False)
    run(world, minutes=3)
    world.set_desired_capacity(GROUP, 6)
    with pytest.raises(WorldError, match="max-size=6"):
        world.exit_standby(GROUP, [out])
    assert lifecycles(world).count("Standby") == 1


def test_leaving_standby_before_it_is_reached_is_refused() -> None:
    world = a_world()
    out = the_group(world).instances[0].id
    world.enter_standby(GROUP, [out], decrement=True)
    with pytest.raises(WorldError, match="not in Standby"):
        world.exit_standby(GROUP, [out])


def test_a_terminated_instance_is_replaced_unless_desired_is_decremented() -> None:
    world = a_world()
    first, second = (instance.id for instance in the_group(world).instances[:2])
    world.terminate_instance(first, decrement=False)
    run(world, minutes=5)
    assert lifecycles(world) == ["InService"] * 3
    world.terminate_instance(second, decrement=True)
    run(world, minutes=5)
    assert (the_group(world).desired, lifecycles(world)) == (2, ["InService"] * 2)


@pytest.mark.parametrize(
    ("process", "desired", "members"),
    [
        pytest.param("Launch", 5, 3, id="launch"),
        pytest.param("Terminate", 1, 3, id="terminate"),
    ],
)
def test_a_suspended_process_does_nothing_until_resumed(
    process: str, desired: int, members: int
) -> None:
    world = a_world()
    world.suspend_processes(GROUP, [process])
    world.set_desired_capacity(GROUP, desired)
    run(world, minutes=5)
    assert lifecycles(world) == ["InService"] * members
    world.resume_processes(GROUP, [process])
    run(world, minutes=5)
    assert lifecycles(world) == ["InService"] * desired


def test_without_add_to_load_balancer_a_new_instance_is_in_service_and_not_registered() -> None:
    world = a_world()
    world.suspend_processes(GROUP, ["AddToLoadBalancer"])
    world.set_desired_capacity(GROUP, 4)
    run(world, minutes=5)
    assert (len(lifecycles(world)), len(health(world))) == (4, 3)


def test_launches_without_capacity_fail_visibly_and_are_tried_again() -> None:
    world = a_world()
    fault = Fault(FaultKind.NO_CAPACITY, Everywhere())
    world.switch_on(fault)
    world.set_desired_capacity(GROUP, 4)
    run(world, minutes=3)
    failed = world.describe_activities(GROUP)[0]
    assert failed.status == "Failed"
    assert "InsufficientInstanceCapacity" in str(failed.message)
    assert lifecycles(world) == ["InService"] * 3
    world.switch_off(fault)
    run(world, minutes=4)
    assert lifecycles(world) == ["InService"] * 4


def test_a_zone_without_capacity_is_passed_over() -> None:
    world = a_world()
    world.switch_on(Fault(FaultKind.NO_CAPACITY, InZone("us-east-1a")))
    world.set_desired_capacity(GROUP, 6)
    launched = [i.zone for i in the_group(world).instances if i.lifecycle == "Pending"]
    assert len(launched) == 3
    assert "us-east-1a" not in launched


def test_slow_launches_take_longer() -> None:
    world = a_world()
    world.switch_on(Fault(FaultKind.SLOW_LAUNCHES, amount=5))
    world.set_desired_capacity(GROUP, 4)
    assert "Pending" in lifecycles(run(world, seconds=280))
    assert "Pending" not in lifecycles(run(world, seconds=40))


def test_a_group_checking_elb_health_replaces_what_the_load_balancer_gave_up() -> None:
    world = run(a_world(a_scenario(health_check_type="ELB")), minutes=2)
    dead = the_group(world).instances[0].id
    world.switch_on(Fault(FaultKind.DEAD, OneInstance(dead)))
    run(world, minutes=6)
    assert dead not in {instance.id for instance in the_group(world).instances}
    assert states(world) == ["healthy"] * 3


def test_a_group_checking_ec2_health_keeps_what_does_not_answer() -> None:
    world = run(a_world(), minutes=2)
    dead = the_group(world).instances[0].id
    world.switch_on(Fault(FaultKind.DEAD, OneInstance(dead)))
    run(world, minutes=10)
    assert dead in {instance.id for instance in the_group(world).instances}


def test_an_instance_marked_unhealthy_is_replaced() -> None:
    world = a_world()
    marked = the_group(world).instances[0].id
    world.set_instance_health(marked, "Unhealthy")
    run(world, minutes=5)
    ids = {instance.id for instance in the_group(world).instances}
    assert (marked in ids, len(ids)) == (False, 3)


def test_activities_say_what_happened_newest_first() -> None:
    world = a_world()
    world.set_desired_capacity(GROUP, 4)
    run(world, minutes=2)
    world.set_desired_capacity(GROUP, 3)
    last, first = world.describe_activities(GROUP)
    assert first.status == "Successful"
    assert first.description.startswith("Launching a new EC2 instance: i-")
    assert "from 3 to 4" in first.cause
    assert first.ended_at == first.started_at + timedelta(seconds=60)
    assert last.status == "WaitingForELBConnectionDraining"


def test_an_unknown_group_is_left_out_of_a_listing_and_refused_by_a_call() -> None:
    world = a_world()
    assert world.describe_groups(("no-such",)) == ()
    with pytest.raises(WorldError, match="no-such"):
        world.set_desired_capacity("no-such", 1)
    with pytest.raises(WorldError, match="i-0none"):
        world.terminate_instance("i-0none", decrement=True)


def test_narrower_bounds_move_desired_along() -> None:
    world = a_world()
    world.update_group(GROUP, 4, 5)
    assert the_group(world).desired == 4


def test_every_lifecycle_state_and_process_is_one_of_auto_scaling() -> None:
    assert {state.value for state in Lifecycle} <= enum_of("autoscaling", "LifecycleState")
    assert len(set(PROCESSES)) == 9
