"""Metrics: exact dimensions, arrival lag, missing data, statistics."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.lab.worlds import (
    GROUP,
    a_scenario,
    a_world,
    arn,
    run,
    the_group,
    two_fleets,
)
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault, FaultKind, InNamespace, KthTarget, OneInstance
from trimtab_lab.world.metrics import Series

if TYPE_CHECKING:
    from trimtab_lab.world.world import World

ELB = "AWS/ApplicationELB"


def read_every(
    period_s: int, world: World, name: str, statistic: str = "Sum", /, **dimensions: str
) -> list[float]:
    """Values of a series that have arrived by now, oldest first."""
    namespace = dimensions.pop("namespace", ELB)
    series = Series.of(namespace, name, dimensions, statistic, period_s)
    start = world.now - timedelta(hours=3)
    return [value for _, value in world.metrics.datapoints(series, start, world.now, world.now)]


def read(world: World, name: str, statistic: str = "Sum", /, **dimensions: str) -> list[float]:
    """The same per minute."""
    return read_every(60, world, name, statistic, **dimensions)


def of_group(world: World, fleet: str = "web") -> dict[str, str]:
    return {
        "TargetGroup": world.target_group(arn(world, fleet)).dimension,
        "LoadBalancer": world.load_balancer_dimension,
    }


def test_request_counts_are_per_minute_and_add_up_over_zones() -> None:
    world = run(a_world(), minutes=10)
    whole = read(world, "RequestCount", **of_group(world))
    zones = [
        read(world, "RequestCount", **of_group(world), AvailabilityZone=f"us-east-1{letter}")
        for letter in "abc"
    ]
    assert whole[:6] == [1800.0] * 6
    assert [sum(parts) for parts in zip(*zones, strict=False)][:6] == whole[:6]


def test_a_datapoint_arrives_one_to_two_minutes_after_its_minute_and_never_before() -> None:
    world = a_world()
    first: list[int] = []
    for seconds in range(0, 240, 10):
        if read(world, "RequestCount", **of_group(world)):
            first.append(seconds)
        run(world, seconds=10)
    assert 120 <= first[0] <= 180


def test_datapoints_of_different_series_arrive_at_different_times_the_same_for_a_seed() -> None:
    def arrivals(seed: int) -> list[int]:
        world = a_world(a_scenario(seed=seed))
        seen: list[int] = []
        for _ in range(30):
            run(world, seconds=10)
            cpu = [
                len(read(world, "CPUUtilization", "Average", namespace="AWS/EC2", InstanceId=i.id))
                for i in the_group(world).instances
            ]
            seen.append(sum(cpu))
        return seen

    assert arrivals(3) == arrivals(3)
    assert any(count % 3 for count in arrivals(3))


@pytest.mark.parametrize("left_out", ["TargetGroup", "LoadBalancer"])
def test_a_partial_set_of_dimensions_has_no_data(left_out: str) -> None:
    world = run(a_world(), minutes=10)
    dimensions = {k: v for k, v in of_group(world).items() if k != left_out}
    assert read(world, "HealthyHostCount", "Average", **dimensions) == []


def test_an_unknown_metric_or_namespace_has_no_data() -> None:
    world = run(a_world(), minutes=10)
    assert read(world, "NoSuchMetric", **of_group(world)) == []
    assert read(world, "RequestCount", namespace="AWS/NetworkELB", **of_group(world)) == []


def test_without_requests_the_load_balancer_reports_nothing() -> None:
    world = run(a_world(a_scenario(per_minute=0)), minutes=10)
    assert read(world, "RequestCount", **of_group(world)) == []
    assert read(world, "HealthyHostCount", "Average", **of_group(world)) == []
    assert read(world, "CPUUtilization", "Average", namespace="AWS/EC2", AutoScalingGroupName=GROUP)


def test_a_fleet_without_weight_has_hosts_but_no_requests() -> None:
    world = run(a_world(two_fleets(1, 0)), minutes=10)
    assert read(world, "RequestCount", **of_group(world, "green")) == []
    assert set(read(world, "HealthyHostCount", "Minimum", **of_group(world, "green"))) == {3.0}


def test_error_counts_of_zero_are_not_reported() -> None:
    world = run(a_world(a_scenario(per_minute=60)), minutes=10)
    assert read(world, "HTTPCode_Target_5XX_Count", **of_group(world)) == []
    world.switch_on(Fault(FaultKind.ERRORS, KthTarget("web", 0)))
    run(world, minutes=10)
    assert read(world, "HTTPCode_Target_5XX_Count", **of_group(world))[0] > 5


def test_refused_connections_show_at_the_target_group_and_as_elb_5xx_of_the_balancer() -> None:
    world = run(a_world(), minutes=2)
    world.switch_on(Fault(FaultKind.DEAD, KthTarget("web", 0)))
    run(world, minutes=5)
    refused = read(world, "TargetConnectionErrorCount", **of_group(world))
    elb = read(world, "HTTPCode_ELB_5XX_Count", LoadBalancer=world.load_balancer_dimension)
    assert refused == elb != []
    assert read(world, "HTTPCode_ELB_5XX_Count", **of_group(world)) == []


def test_requests_per_target_divide_by_the_healthy_ones() -> None:
    world = run(a_world(), minutes=10)
    assert set(read(world, "RequestCountPerTarget", **of_group(world))) == {600.0}
    only_group = {"TargetGroup": of_group(world)["TargetGroup"]}
    assert set(read(world, "RequestCountPerTarget", **only_group)) == {600.0}


def test_response_time_has_percentiles_in_order_and_the_application_in_milliseconds() -> None:
    world = run(a_world(), minutes=10)
    p50, p95, p99 = (
        read(world, "TargetResponseTime", s, **of_group(world))[3] for s in ("p50", "p95", "p99")
    )
    assert 0.05 < p50 < p95 < p99 < 1
    one = the_group(world).instances[0].id
    own = read(world, "Latency", "p95", namespace="Shop", InstanceId=one)[3]
    assert own == pytest.approx(p95 * 1000, rel=0.2)


def test_the_application_reports_per_instance_only_what_it_answered() -> None:
    world = run(a_world(), minutes=3)
    one = the_group(world).instances[0].id
    world.switch_on(Fault(FaultKind.DEAD, KthTarget("web", 0)))
    run(world, minutes=10)
    by_instance = [
        len(read(world, "Requests", namespace="Shop", InstanceId=i.id))
        for i in the_group(world).instances
    ]
    assert min(by_instance) < max(by_instance)
    assert set(read(world, "Errors", "Maximum", namespace="Shop", InstanceId=one)) <= {0, 1}


def test_a_longer_period_adds_its_minutes_up() -> None:
    world = run(a_world(), minutes=20)
    assert read_every(300, world, "RequestCount", **of_group(world))[:2] == [9000.0, 9000.0]
    with pytest.raises(WorldError, match="multiple of 60"):
        read_every(45, world, "RequestCount", **of_group(world))
    with pytest.raises(WorldError, match="statistic"):
        read(world, "RequestCount", "p101", **of_group(world))


def test_in_the_dark_nothing_arrives_and_afterwards_everything_does() -> None:
    world = a_world(a_scenario(faults=(Fault(FaultKind.METRICS_DARK, after_s=600, lasts_s=600),)))
    run(world, minutes=10)
    before = len(read(world, "RequestCount", **of_group(world)))
    run(world, minutes=9)
    assert len(read(world, "RequestCount", **of_group(world))) == before
    run(world, seconds=70)
    assert len(read(world, "RequestCount", **of_group(world))) >= 17


def test_darkness_in_one_namespace_leaves_the_others() -> None:
    dark = Fault(FaultKind.METRICS_DARK, InNamespace(ELB))
    world = run(a_world(a_scenario(faults=(dark,))), minutes=10)
    assert read(world, "RequestCount", **of_group(world)) == []
    assert read(world, "GroupDesiredCapacity", "Average", namespace="AWS/AutoScaling",
                AutoScalingGroupName=GROUP)  # fmt: skip


def test_late_metrics_arrive_later() -> None:
    usual = run(a_world(), minutes=10)
    late = Fault(FaultKind.METRICS_LATE, amount=240)
    delayed = run(a_world(a_scenario(faults=(late,))), minutes=10)
    few, many = (len(read(w, "RequestCount", **of_group(w))) for w in (delayed, usual))
    assert many - few == 4


def test_what_is_reported_twice_is_counted_twice_and_no_slower() -> None:
    twice = a_scenario(faults=(Fault(FaultKind.METRICS_TWICE, InNamespace(ELB)),))
    usual, doubled = run(a_world(), minutes=10), run(a_world(twice), minutes=10)
    sums = [sum(read(w, "RequestCount", **of_group(w))) for w in (usual, doubled)]
    means = [read(w, "TargetResponseTime", "Average", **of_group(w)) for w in (usual, doubled)]
    assert sums[1] == 2 * sums[0]
    assert means[0] == means[1]


def test_absurd_metrics_of_one_instance_leave_the_others_alone() -> None:
    world = run(a_world(), minutes=10)
    one, other = (i.id for i in world.instances()[:2])
    world.switch_on(Fault(FaultKind.METRICS_ABSURD, OneInstance(one), amount=-7.0))
    run(world, minutes=5)
    cpus = [
        read(world, "CPUUtilization", "Average", namespace="AWS/EC2", InstanceId=name)
        for name in (one, other)
    ]
    assert cpus[0][-1] == -7.0
    assert cpus[0][0] > 0
    assert min(cpus[1]) > 0


def test_looking_does_not_change_the_world() -> None:
    watched, left_alone = a_world(), a_world()
    for _ in range(20):
        run(watched, minutes=1)
        read(watched, "TargetResponseTime", "p99", **of_group(watched))
        watched.describe_target_health(arn(watched))
    run(left_alone, minutes=20)
    assert watched.recorder.p95_ms == left_alone.recorder.p95_ms


def test_listed_metrics_are_those_reported() -> None:
    world = run(a_world(), minutes=3)
    names = {name for _, name, _ in world.metrics.listed("AWS/AutoScaling")}
    assert names == {"GroupDesiredCapacity", "GroupInServiceInstances"}
