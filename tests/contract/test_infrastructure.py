"""What reading and changing the infrastructure promises, in memory and through boto3 alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract import worlds
from tests.contract.worlds import Site
from trimtab.errors import Conflict, NotFound, Refused, Throttled
from trimtab.model.change import Eject, Resize, Retire, Reweight, inverse_of
from trimtab.model.ids import Arn, FleetId, InstanceId, RouteId, Zone
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Series, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.ports import MetricKey
from trimtab_lab.world.faults import ApiCall, Fault, FaultKind, OneInstance, WholeFleet

BLUE, GREEN = FleetId("blue"), FleetId("green")
GROUP = "shop-blue-asg"


@pytest.fixture(params=["in_memory", "on_aws"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with getattr(worlds, request.param)() as made:
        yield made


def test_targets_are_told_by_instance_and_port_without_a_zone(site: Site) -> None:
    found = site.targets("green")

    assert len(found) == 3
    assert {(t.port, t.zone, t.state, t.state_reason) for t in found} == {
        (8080, Zone(""), TargetState.HEALTHY, "")
    }
    assert {t.anomalous for t in found} == {False}


def test_a_dead_target_becomes_unhealthy_with_the_reason_its_checks_found(site: Site) -> None:
    name = site.targets("green")[0].instance
    site.world.switch_on(Fault(FaultKind.DEAD, OneInstance(name)))
    site.wait(2)
    sick = next(t for t in site.targets("green") if t.instance == name)

    assert (sick.state, sick.state_reason) == (
        TargetState.UNHEALTHY,
        "Target.FailedHealthChecks",
    )


def test_an_unknown_target_group_hides_no_other(site: Site) -> None:
    arn, missing = site.group_arn("blue"), Arn(site.group_arn("blue") + "0")
    found = site.infrastructure.targets([missing, arn])

    assert code(found[missing]) == "not_found"
    assert len(site.targets("blue")) == 4


def test_groups_tell_size_bounds_and_members_in_their_zones(site: Site) -> None:
    group = of_group(site)

    assert (group.min_size, group.max_size, group.desired, group.in_service) == (3, 6, 4, 4)
    assert {m.zone for m in group.members} == {"us-east-1a", "us-east-1b", "us-east-1c"}
    assert code(site.infrastructure.groups(["nobody"])["nobody"]) == "not_found"


def test_a_failed_launch_is_told_until_one_succeeds(site: Site) -> None:
    fault = Fault(FaultKind.NO_CAPACITY, WholeFleet("blue"))
    site.world.switch_on(fault)
    site.hands.apply(resize(4, 5))
    assert "InsufficientInstanceCapacity" in of_group(site).launch_failure

    site.world.switch_off(fault)
    site.wait(5)
    assert of_group(site).launch_failure == ""
    assert of_group(site).in_service == 5


def test_routes_tell_every_weight_of_a_rule(site: Site) -> None:
    blue, green = site.group_arn("blue"), site.group_arn("green")

    assert site.infrastructure.routes([site.rule])[site.rule] == RouteSeen(
        site.rule, {blue: 80, green: 20}
    )


def test_a_rule_that_is_gone_and_a_listener_that_forwards_nothing_say_so(site: Site) -> None:
    gone = Arn(site.rule[:-1] + ("0" if site.rule[-1] != "0" else "1"))
    found = site.infrastructure.routes([gone, site.rule, site.listener])

    assert code(found[gone]) == "not_found"
    assert isinstance(found[site.rule], RouteSeen)
    assert code(found[site.listener]) == "not_seen"


def test_series_hold_what_has_arrived_and_nothing_later(site: Site) -> None:
    key = site.requests("blue")
    site.wait(6)
    series = read(site, key)

    assert series.complete
    assert 3 <= len(series.points) <= 5
    assert [p.at for p in series.points] == sorted(p.at for p in series.points)
    assert all(2200 <= point.value <= 2600 for point in series.points)


@pytest.mark.parametrize(
    "change",
    [
        {"dimensions": ()},
        {"dimensions": (("TargetGroup", "targetgroup/shop-blue/1"),)},
        {"name": "NoSuchMetric"},
        {"namespace": "Nobody"},
    ],
)
def test_a_series_nobody_reports_is_empty_and_complete(site: Site, change: dict[str, Any]) -> None:
    key = replace(site.requests("blue"), **change)
    site.wait(6)

    assert read(site, key) == Series()


def test_errors_that_did_not_happen_are_no_datapoints(site: Site) -> None:
    site.wait(6)
    key = replace(site.requests("blue"), name="HTTPCode_Target_5XX_Count")

    assert all(point.value > 0 for point in read(site, key).points)


def test_averages_and_percentiles_of_a_target_are_in_its_own_unit(site: Site) -> None:
    name = site.targets("blue")[0].instance
    site.wait(6)
    key = MetricKey("Shop", "Latency", "Average", (("InstanceId", name),))
    mean = read(site, key).last
    tail = read(site, replace(key, statistic="p95")).last

    assert mean is not None
    assert tail is not None
    assert 50 < mean.value < tail.value < 2000


def test_while_metrics_are_dark_no_newer_datapoint_comes(site: Site) -> None:
    site.wait(6)
    before = read(site, site.requests("blue")).last
    site.world.switch_on(Fault(FaultKind.METRICS_DARK))
    site.wait(4)

    assert before is not None
    assert read(site, site.requests("blue")).last == before


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 1e308])
def test_what_cannot_be_true_is_left_out_and_the_series_is_not_whole(
    site: Site, value: float
) -> None:
    site.wait(4)
    site.world.switch_on(Fault(FaultKind.METRICS_ABSURD, amount=value))
    site.wait(4)
    series = read(site, site.requests("blue"))

    assert series.points
    assert not series.complete
    assert all(2200 <= point.value <= 2600 for point in series.points)


def test_deregistering_drains_and_registering_starts_anew(site: Site) -> None:
    target = site.targets("green")[0]
    change = Eject(
        GREEN,
        site.group_arn("green"),
        target.instance,
        target.port,
        Zone("us-east-1a"),
        EjectMethod.DEREGISTER,
    )
    (call,) = site.hands.apply(change)
    assert call.operation == "elasticloadbalancing:DeregisterTargets"
    assert call.request_id
    assert site.states("green")[target.instance] is TargetState.DRAINING
    site.hands.apply(change)  # twice is as good as once

    site.wait(3)
    assert target.instance not in site.states("green")

    site.hands.apply(inverse_of(change))
    assert site.states("green")[target.instance] is TargetState.INITIAL
    site.wait(1)
    assert site.states("green")[target.instance] is TargetState.HEALTHY


def test_a_member_goes_into_standby_and_comes_back(site: Site) -> None:
    change = standby(site)
    site.hands.apply(change)
    assert of_group(site).desired == 3
    site.wait(4)
    lifecycles = {m.instance: m.lifecycle for m in of_group(site).members}
    assert lifecycles[change.instance] is Lifecycle.STANDBY
    assert change.instance not in site.states("blue")

    site.hands.apply(inverse_of(change))
    site.wait(2)
    assert of_group(site).desired == 4
    assert site.states("blue")[change.instance] is TargetState.HEALTHY


def test_one_in_standby_is_ended_and_its_group_keeps_its_size(site: Site) -> None:
    aside = replace(standby(site), replace=True)
    site.hands.apply(aside)
    site.wait(4)
    assert (of_group(site).desired, of_group(site).in_service) == (4, 4)

    end = retirement(aside)
    site.hands.apply(end)
    site.wait(4)
    assert (of_group(site).desired, of_group(site).in_service) == (4, 4)
    assert aside.instance not in {m.instance for m in of_group(site).members}


def test_ending_who_is_not_there_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound):
        site.hands.apply(replace(retirement(standby(site)), instance=InstanceId("i-0dead")))


def test_standby_below_the_minimum_is_refused(site: Site) -> None:
    site.hands.apply(resize(4, 3))
    with pytest.raises(Refused):
        site.hands.apply(standby(site))


def test_a_member_that_is_not_there_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound):
        site.hands.apply(replace(standby(site), instance=InstanceId("i-0000000000000dead")))


def test_a_size_outside_the_bounds_is_refused_and_changes_nothing(site: Site) -> None:
    with pytest.raises(Refused):
        site.hands.apply(resize(4, 7))
    assert of_group(site).desired == 4


def test_a_size_inside_the_bounds_is_set_and_launches(site: Site) -> None:
    site.hands.apply(resize(4, 6))
    site.wait(5)

    assert (of_group(site).desired, of_group(site).in_service) == (6, 6)
    assert len(site.targets("blue")) == 6


def test_resizing_a_group_that_is_not_there_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound):
        site.hands.apply(Resize(BLUE, "nobody", 1, 2))


def test_weights_are_set_and_the_rest_of_the_rule_stays(site: Site) -> None:
    change = reweight(site, (80, 20), (60, 40))
    site.hands.apply(change)

    seen = site.infrastructure.routes([site.rule])[site.rule]
    assert isinstance(seen, RouteSeen)
    assert dict(seen.weights) == dict(change.after)
    assert site.world.rules()[0].stickiness_s == 60


def test_weights_that_somebody_else_changed_are_a_conflict(site: Site) -> None:
    with pytest.raises(Conflict):
        site.hands.apply(reweight(site, (50, 50), (60, 40)))
    assert [weight for _, weight in site.world.rules()[0].weights] == [80, 20]


@pytest.mark.parametrize("after", [(0, 0), (80, 1000)])
def test_weights_aws_would_not_take_are_refused(site: Site, after: tuple[int, int]) -> None:
    with pytest.raises(Refused):
        site.hands.apply(reweight(site, (80, 20), after))
    assert [weight for _, weight in site.world.rules()[0].weights] == [80, 20]


def test_throttled_reads_and_writes_say_so(site: Site) -> None:
    arn = site.group_arn("blue")
    for service in ("elbv2", "autoscaling", "cloudwatch"):
        site.world.switch_on(Fault(FaultKind.THROTTLED, ApiCall(service, "*"), amount=1.0))

    assert code(site.infrastructure.targets([arn])[arn]) == "throttled"
    assert code(site.infrastructure.groups([GROUP])[GROUP]) == "throttled"
    assert code(site.infrastructure.routes([site.rule])[site.rule]) == "throttled"
    key = site.requests("blue")
    now = site.world.now
    series = site.infrastructure.series([key], now - timedelta(minutes=5), now)
    assert code(series[key]) == "throttled"
    with pytest.raises(Throttled):
        site.hands.apply(resize(4, 5))


def test_names_mean_the_same_resources(site: Site) -> None:
    assert site.names.target_group("shop-blue") == (
        site.group_arn("blue"),
        site.world.load_balancer_dimension,
    )
    assert site.names.group(GROUP) == GROUP
    assert site.names.rule("shop:80/10") == site.rule
    for missing in ("shop-red", "arn:aws:nothing"):
        with pytest.raises(NotFound):
            site.names.target_group(missing)
    with pytest.raises(NotFound):
        site.names.rule("shop:80/99")


def of_group(site: Site) -> Group:
    found = site.infrastructure.groups([GROUP])[GROUP]
    assert isinstance(found, Group)
    return found


def read(site: Site, key: MetricKey) -> Series:
    now = site.world.now
    found = site.infrastructure.series([key], now - timedelta(minutes=10), now)[key]
    assert isinstance(found, Series)
    return found


def code(answer: object) -> str:
    assert isinstance(answer, Reason), answer
    return answer.code.value


def resize(before: int, after: int) -> Resize:
    return Resize(BLUE, GROUP, before, after)


def standby(site: Site) -> Eject:
    target = site.targets("blue")[0]
    arn = site.group_arn("blue")
    return Eject(
        BLUE, arn, target.instance, target.port, Zone(""), EjectMethod.STANDBY, group=GROUP
    )


def retirement(eject: Eject) -> Retire:
    place = (eject.fleet, eject.target_group, eject.instance, eject.port, eject.zone)
    return Retire(*place, group=GROUP)


def reweight(site: Site, before: tuple[int, int], after: tuple[int, int]) -> Reweight:
    arns = (site.group_arn("blue"), site.group_arn("green"))
    return Reweight(
        RouteId("main"),
        site.rule,
        dict(zip(arns, before, strict=True)),
        dict(zip(arns, after, strict=True)),
    )
