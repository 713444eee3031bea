"""Who gets less than a fair share: newcomers in slow start, and whom mitigation spares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.lab.worlds import a_scenario, a_world, arn, health, run, the_group
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault, FaultKind, OneInstance
from trimtab_lab.world.scenario import Scenario
from trimtab_lab.world.shares import split
from trimtab_lab.world.views import TargetRef
from trimtab_lab.world.world import World


def a_fleet(*, slow_start_s: int = 0, mitigates: bool = False, desired: int = 3) -> Scenario:
    scenario = a_scenario(desired=desired)
    (group,) = scenario.topology.target_groups
    changed = replace(group, slow_start_s=slow_start_s, mitigates=mitigates)
    return replace(scenario, topology=replace(scenario.topology, target_groups=(changed,)))


def requests_of(world: World, instance: str) -> int:
    """How many requests an instance gets in the next ten seconds."""
    before = world.counts_of_minute(arn(world)).get(instance, (0, 0))[0]
    return run(world, seconds=10).counts_of_minute(arn(world))[instance][0] - before


def back_again(world: World) -> str:
    """Let one of them leave and register again; return it once it is healthy."""
    one = the_group(world).instances[0].id
    world.deregister_targets(arn(world), (TargetRef(one),))
    run(world, minutes=2)
    world.register_targets(arn(world), (TargetRef(one),))
    while health(world)[one].state != "healthy":
        run(world, seconds=10)
    return one


def test_who_comes_while_others_serve_gets_a_share_that_grows() -> None:
    world = run(a_world(a_fleet(slow_start_s=300)), minutes=1)
    one = back_again(world)
    run(world, seconds=60 - world.now.second)
    counts = []
    for _ in range(6):
        counts.append(requests_of(world, one))
        run(world, seconds=50)
    assert counts == sorted(counts)
    assert counts[0] < 30, "less than a third of a hundred at first"
    assert 80 <= counts[-1] <= 120, "its whole share in the end"


def test_those_that_were_there_from_the_beginning_do_not_ramp() -> None:
    world = a_world(a_fleet(slow_start_s=300))
    one = the_group(world).instances[0].id
    assert 80 <= requests_of(world, one) <= 120
    attributes = dict(world.target_groups()[0].attributes)
    assert attributes["slow_start.duration_seconds"] == "300"


def test_who_fails_in_slow_start_leaves_it_and_begins_anew() -> None:
    world = run(a_world(a_fleet(slow_start_s=900)), minutes=1)
    one = back_again(world)
    run(world, minutes=12)
    dead = Fault(FaultKind.DEAD, OneInstance(one))
    world.switch_on(dead)
    run(world, minutes=1)
    assert health(world)[one].state == "unhealthy"
    world.switch_off(dead)
    while health(world)[one].state != "healthy":
        run(world, seconds=10)
    run(world, seconds=60 - world.now.second)
    assert requests_of(world, one) < 20


def test_mitigation_leaves_an_anomalous_target_next_to_nothing_and_brings_it_back() -> None:
    world = run(a_world(a_fleet(mitigates=True)), minutes=2)
    victim = the_group(world).instances[1].id
    failing = Fault(FaultKind.ERRORS, OneInstance(victim), amount=0.5)
    world.switch_on(failing)
    run(world, minutes=8)
    told = health(world)[victim]
    assert (told.state, told.anomaly, told.mitigation) == ("healthy", "anomalous", "yes")
    assert requests_of(world, victim) <= 10
    world.switch_off(failing)
    run(world, minutes=12)
    assert health(world)[victim].mitigation == "no"
    run(world, seconds=60 - world.now.second)
    assert 80 <= requests_of(world, victim) <= 120


def test_nobody_is_lost_however_uneven_the_shares() -> None:
    assert split(10, [1, 1, 0.5], 0) == [4, 4, 2]
    assert split(10, [0.0, 0.0], 1) == [5, 5], "where all begin, all are alike"
    for requests in range(40):
        for start in range(3):
            assert sum(split(requests, [1.0, 0.01, 0.3], start)) == requests


@pytest.mark.parametrize(
    ("fleet", "code"),
    [
        (a_fleet(slow_start_s=20), "ValidationError"),
        (a_fleet(slow_start_s=60, mitigates=True), "InvalidConfigurationRequest"),
    ],
)
def test_what_elb_would_refuse_is_refused(fleet: Scenario, code: str) -> None:
    with pytest.raises(WorldError) as refused:
        a_world(fleet)
    assert refused.value.code == code
