"""The reads of a tick: as few as can be, and what cannot be read is a gap."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
    SLOW,
    a_group,
    a_member,
    a_policy,
    a_series,
    a_target,
    at,
    remembered,
    targets,
    two_fleets,
)
from tests.fakes import SmallWorld
from trimtab.assess import assess
from trimtab.assess.columns import Samples
from trimtab.model.ids import InstanceId, ServiceId, Zone
from trimtab.model.memory import Memory
from trimtab.model.observation import LoadSignal, Observation, RouteSeen, Series
from trimtab.model.policy import (
    FailureOutlier,
    HealthPolicy,
    Policy,
    ScalingMetric,
    ScalingPolicy,
    TargetMetric,
    TargetTracking,
)
from trimtab.model.reading import Reading
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Remembered
from trimtab.observe import observe, signal_keys
from trimtab.ports import MetricKey

OUTLIERS = a_policy(health=HealthPolicy(outliers=(SLOW,)))
QUIET = remembered(watched_at=at(-1), swept_at=at(-1))
THROTTLED = Reason(ReasonCode.THROTTLED, "slow down")


def a_world() -> SmallWorld:
    return SmallWorld(
        members={"blue-asg": a_group(4), "green-asg": a_group(0, name="green-asg")},
        registered={BLUE_ARN: targets(4), GREEN_ARN: ()},
        rules={RULE: RouteSeen(RULE, {BLUE_ARN: 100, GREEN_ARN: 0})},
    )


def look(
    world: SmallWorld, policy: Policy | None = None, memory: Memory | None = None,
    urgent: bool = False,
) -> Observation:  # fmt: skip
    held = Remembered(policy or two_fleets(), memory or Memory())
    return observe(world, {SHOP: held}, {SHOP} if urgent else set(), NOON)[SHOP]


def per_target(world: SmallWorld) -> list[str]:
    return [k.name for k in world.asked if k.namespace == "Shop"]


def test_everything_that_was_answered_is_seen() -> None:
    seen = look(a_world())
    assert (seen.service, seen.now, seen.gaps) == (SHOP, NOON, ())
    assert seen.fleets[BLUE].targets == targets(4)
    assert seen.fleets[BLUE].group == a_group(4)
    assert seen.fleets[GREEN].targets == ()
    assert seen.routes[MAIN].weights == {BLUE_ARN: 100, GREEN_ARN: 0}
    assert set(seen.fleets[BLUE].signals or {}) == {
        LoadSignal.REQUESTS, LoadSignal.ERRORS, LoadSignal.LATENCY,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("break_it", "gap"),
    [
        pytest.param(lambda w: w.registered.update({BLUE_ARN: THROTTLED}),
                     ("target_health", BLUE, ReasonCode.THROTTLED), id="targets"),
        pytest.param(lambda w: w.members.pop("blue-asg"),
                     ("group", BLUE, ReasonCode.NOT_FOUND), id="a group that is gone"),
        pytest.param(lambda w: w.rules.update({RULE: THROTTLED}),
                     ("route", MAIN, ReasonCode.THROTTLED), id="a rule"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_gap_and_hides_nothing_else(
    break_it: object, gap: tuple[str, str, ReasonCode]
) -> None:
    world = a_world()
    break_it(world)  # type: ignore[operator]
    seen = look(world)
    assert [(g.what, g.subject, g.reason.code) for g in seen.gaps] == [gap]
    assert seen.fleets[GREEN].targets == ()


def test_no_answer_at_all_is_a_gap_too() -> None:
    class Mute(SmallWorld):
        def targets(self, target_groups: object) -> dict[object, object]:  # type: ignore[override]
            return {}

        def routes(self, rules: object) -> dict[object, object]:  # type: ignore[override]
            return {}

    seen = look(Mute(members=a_world().members))
    assert {g.what for g in seen.gaps} == {"target_health", "route"}
    assert {g.reason.code for g in seen.gaps} == {ReasonCode.NOT_SEEN}
    assert seen.fleets[BLUE].targets is None


def test_a_metric_that_cannot_be_read_is_a_gap() -> None:
    world, policy = a_world(), a_policy()
    key = signal_keys(policy.fleets[BLUE], policy)[LoadSignal.ERRORS]
    world.metrics[key] = THROTTLED
    seen = look(world, policy)
    assert [(g.what, g.subject) for g in seen.gaps] == [("metric_errors", BLUE)]
    assert LoadSignal.ERRORS not in (seen.fleets[BLUE].signals or {})


def test_each_thing_is_asked_for_once_for_all_services() -> None:
    world, policy = a_world(), two_fleets()
    stored = {ServiceId(n): Remembered(replace(policy, service=ServiceId(n)), Memory())
              for n in ("shop", "twin")}  # fmt: skip
    seen = observe(world, stored, set(), NOON)
    assert len(world.asked) == len(set(world.asked)) == 6
    assert [s.service for s in seen.values()] == ["shop", "twin"]


def test_a_quiet_fleet_is_read_by_its_load_alone() -> None:
    world = a_world()
    look(world, OUTLIERS, QUIET)
    assert [k.name for k in world.asked] == ["RequestCount"]


def test_an_urgent_look_spares_nothing() -> None:
    world = a_world()
    look(world, OUTLIERS, QUIET, urgent=True)
    assert len(world.asked) == 3 + 4
    world.asked.clear()
    look(world, a_policy(), QUIET, urgent=True)
    assert per_target(world) == []


def test_targets_are_read_one_by_one_only_when_it_is_due() -> None:
    world = a_world()
    key = MetricKey("Shop", "latency", "p95", (("InstanceId", a_target(1).instance),))
    world.metrics[key] = a_series(0.1, 0.1)
    seen = look(world, OUTLIERS).fleets[BLUE]
    assert per_target(world) == ["latency"] * 4
    assert seen.looked_closely
    latency = (seen.metrics or {})["latency"]
    assert latency == {a_target(1).instance: a_series(0.1, 0.1)}
    assert isinstance(latency, Samples), "assessing needs not make the columns"


@pytest.mark.parametrize(
    ("answer", "looked"),
    [
        pytest.param(Series(), True, id="nobody reports it"),
        pytest.param(Series(complete=False), False, id="half an answer"),
        pytest.param(THROTTLED, False, id="no answer"),
    ],
)
def test_a_look_at_nothing_is_a_look_and_no_answer_is_none(
    answer: Series | Reason, looked: bool
) -> None:
    world = a_world()
    for number in range(1, 5):
        dimensions = (("InstanceId", str(a_target(number).instance)),)
        world.metrics[MetricKey("Shop", "latency", "p95", dimensions)] = answer
    seen = look(world, OUTLIERS).fleets[BLUE]
    assert (seen.looked_closely, seen.metrics) == (looked, {})


@pytest.mark.parametrize(
    ("errors", "suspects"),
    [
        pytest.param(Series(), 1, id="none are reported: there are none"),
        pytest.param(a_series(120, 120, 120), 0, id="all fail alike"),
        pytest.param(replace(a_series(120, 120, 120), complete=False), 0, id="half an answer"),
        pytest.param(THROTTLED, 0, id="no answer"),
    ],
)
def test_nobody_stands_out_from_peers_whose_errors_could_not_be_read(
    errors: Series | Reason, suspects: int
) -> None:
    counts = FailureOutlier(TargetMetric("Shop", "asked", "Sum"), TargetMetric("Shop", "failed"))
    world, policy = a_world(), a_policy(health=HealthPolicy(failures=counts))
    for number in range(1, 5):
        for metric, series in (
            (counts.requests, a_series(400, 400, 400)),
            (counts.errors, a_series(120, 120, 120) if number == 1 else errors),
        ):
            assert metric is not None
            by = ((metric.dimension, str(a_target(number).instance)),)
            world.metrics[MetricKey(metric.namespace, metric.name, metric.statistic, by)] = series
    seen = look(world, policy)
    believed = assess(seen, policy, Memory()).fleets[BLUE].targets or ()
    assert sum(1 for b in believed if b.evidence) == suspects


def test_a_blind_fleet_has_no_targets_to_read() -> None:
    world = a_world()
    world.registered[BLUE_ARN] = THROTTLED
    assert not look(world, OUTLIERS).fleets[BLUE].looked_closely
    assert per_target(world) == []


def test_the_series_asked_for_are_counted_by_look_and_cost_what_cloudwatch_takes() -> None:
    quiet = look(a_world(), OUTLIERS, QUIET).reading
    close = look(a_world(), OUTLIERS, QUIET, urgent=True).reading
    assert (quiet, close) == (Reading(first=1), Reading(first=3, close=4))
    assert close.usd == pytest.approx(7 * 0.00001)


def test_only_what_a_rule_or_a_load_balancer_needs_is_named() -> None:
    cpu = a_policy(scaling=ScalingPolicy(rules=(REQUESTS, TargetTracking(ScalingMetric.CPU, 60))))
    blue = cpu.fleets[BLUE]
    assert signal_keys(blue, cpu)[LoadSignal.CPU].dimensions == (
        ("AutoScalingGroupName", "blue-asg"),
    )
    assert LoadSignal.CPU not in signal_keys(blue, a_policy())
    assert set(signal_keys(replace(blue, group=None, load_balancer=""), cpu)) == set()
    world = a_world()
    alone = a_policy(fleets={BLUE: replace(blue, group=None, load_balancer="")})
    assert look(world, alone).fleets[BLUE].group is None
    assert not world.asked


def test_zones_only_the_group_knows_are_filled_in() -> None:
    world = a_world()
    stranger = a_target(9, zone=Zone(""))
    world.registered[BLUE_ARN] = (a_target(1, zone=Zone("")), stranger)
    world.members["blue-asg"] = a_group(0, a_member(1, zone=Zone("eu-west-1c")))
    zones = {t.instance: t.zone for t in look(world).fleets[BLUE].targets or ()}
    assert zones == {a_target(1).instance: "eu-west-1c", InstanceId(stranger.instance): ""}
