"""What is believed of what was seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    NOON,
    REQUESTS,
    SLOW,
    a_fleet,
    a_policy,
    a_series,
    a_target,
    an_ejection,
    at,
    remembered,
    seen,
    targets,
    two_fleets,
)
from trimtab.assess import assess, wants_closer_look, wants_watching
from trimtab.assess.detectors import lb_unhealthy
from trimtab.model.assessment import Condition, FleetBelief
from trimtab.model.memory import Finding, FleetMemory, Memory
from trimtab.model.observation import FleetSeen, LoadSignal, Series, TargetState
from trimtab.model.policy import (
    GuardPolicy,
    HealthPolicy,
    Policy,
    ScalingMetric,
    ScalingPolicy,
    TargetTracking,
)
from trimtab.model.reason import ReasonCode

SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)))
CPU = TargetTracking(ScalingMetric.CPU, target=60)
OUTLIERS = a_policy(health=HealthPolicy(outliers=(SLOW,)))
DEAD = a_target(9, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
LB = ReasonCode.LB_UNHEALTHY
OUTLIER = ReasonCode.METRIC_OUTLIER


def believed(
    fleet: FleetSeen, policy: Policy | None = None, memory: Memory | None = None
) -> FleetBelief:
    return assess(seen(fleet), policy or SCALED, memory or Memory()).fleets[BLUE]


def condition(fleet: FleetSeen, memory: Memory | None = None, policy: Policy | None = None) -> str:
    """Of the last target, by name."""
    return (believed(fleet, policy, memory).targets or ())[-1].condition


@pytest.mark.parametrize(
    ("state", "reason", "expected", "serves"),
    [
        pytest.param("healthy", "", "trusted", True, id="a healthy target is trusted"),
        pytest.param("unhealthy", "Target.Timeout", "suspect", False, id="unhealthy is suspect"),
        pytest.param("unhealthy", "", "suspect", False, id="unhealthy for no reason given too"),
        pytest.param("unhealthy", "Elb.InternalError", "unknown", False, id="an Elb reason is not"),
        pytest.param("initial", "Elb.InitialHealthChecking", "warming", False, id="initial warms"),
        pytest.param("draining", "", "leaving", False, id="draining leaves"),
        pytest.param("unhealthy.draining", "", "leaving", False, id="so does unhealthy draining"),
        pytest.param("unused", "Target.NotInUse", "idle", False, id="unused is idle"),
        pytest.param("unavailable", "", "unknown", False, id="unavailable is unknown"),
        pytest.param("other", "", "unknown", False, id="so is what AWS invents later"),
    ],
)
def test_each_state_has_one_meaning(state: str, reason: str, expected: str, serves: bool) -> None:
    target = a_target(9, state=TargetState(state), state_reason=reason)
    belief = (believed(a_fleet(targets(3, target))).targets or ())[-1]
    assert (belief.condition, belief.serves) == (expected, serves)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(None, "suspect", id="just now is not long enough"),
        pytest.param(1.99, "suspect", id="a second short of two minutes neither"),
        pytest.param(2, "failing", id="two minutes are"),
    ],
)
def test_the_load_balancers_word_counts_once_it_has_held(
    since: float | None, expected: str
) -> None:
    found = {} if since is None else {DEAD.id: (Finding(LB, at(-since)),)}
    assert condition(a_fleet(targets(3, DEAD)), remembered(findings=found)) == expected


def test_a_detector_that_is_off_never_fails_a_target() -> None:
    policy = a_policy(health=HealthPolicy(load_balancer=None))
    memory = remembered(findings={DEAD.id: (Finding(LB, at(-60)),)})
    assert condition(a_fleet(targets(3, DEAD)), memory, policy) == "suspect"


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        pytest.param(2.99, "warming", id="just short of warm"),
        pytest.param(3, "suspect", id="warm, and judged"),
    ],
)
def test_a_newcomer_is_not_judged_before_it_is_warm(since: float, expected: str) -> None:
    memory = remembered(warming={DEAD.instance: at(-since)})
    assert condition(a_fleet(targets(3, DEAD)), memory) == expected


def slow_fleet(*levels: tuple[float, ...]) -> FleetSeen:
    here = targets(len(levels))
    metrics = {t.instance: a_series(*values) for t, values in zip(here, levels, strict=True)}
    return a_fleet(here, metrics={SLOW.metric.name: metrics}, looked_closely=True)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        pytest.param([(0.04,) * 2] * 3 + [(0.3,) * 2], "failing", id="slow in both samples"),
        pytest.param([(0.04,) * 2] * 3 + [(0.04, 9.0)], "trusted", id="one bad minute"),
        pytest.param([(0.04,) * 2] * 3 + [(0.3,)], "trusted", id="one sample is too few"),
        pytest.param([(0.04,) * 2] * 2 + [(0.3,) * 2], "failing", id="two peers are enough"),
        pytest.param([(0.04,) * 2, (0.3,) * 2], "trusted", id="one peer is not"),
        pytest.param([(0.04,) * 2] * 3 + [(0.12,) * 2], "trusted", id="just three times"),
        pytest.param([(0.04,) * 2] * 3 + [(0.121,) * 2], "failing", id="more than three times"),
        pytest.param([(0.001,) * 2] * 3 + [(0.02,) * 2], "trusted", id="below the floor"),
        pytest.param([(0.04,) * 2, (0.1,) * 2, (0.2,) * 2, (0.5,) * 2], "trusted", id="spread"),
        pytest.param([(0.4,) * 2] * 3 + [(0.01,) * 2], "trusted", id="fast is not bad"),
        pytest.param([(0.04,) * 2] * 24 + [(0.3,) * 2], "failing", id="in a large fleet too"),
        pytest.param(
            [(0.04,) * 2] * 24 + [(0.04,) * 2], "trusted", id="a large fleet that is well"
        ),
    ],
)
def test_an_outlier_stands_above_all_three_bars(
    levels: list[tuple[float, ...]], expected: str
) -> None:
    assert condition(slow_fleet(*levels), policy=OUTLIERS) == expected


def test_samples_from_a_warm_up_are_not_judged() -> None:
    fleet = slow_fleet(*[(0.04,) * 2] * 3, (0.3,) * 2)
    memory = remembered(warming={a_target(4).instance: at(-4)})  # warm for one minute only
    assert condition(fleet, memory, OUTLIERS) == "trusted"


def test_samples_too_old_are_no_samples() -> None:
    fleet = slow_fleet(*[(0.04,) * 2] * 3, (0.3,) * 2)
    old = {i: Series.of(replace(p, at=at(-6)) for p in s.points)
           for i, s in (fleet.metrics or {})[SLOW.metric.name].items()}  # fmt: skip
    assert condition(replace(fleet, metrics={SLOW.metric.name: old}), policy=OUTLIERS) == "trusted"


def test_a_finding_is_dated_back_to_when_it_began() -> None:
    memory = remembered(findings={a_target(4).id: (Finding(OUTLIER, at(-7), 3),)})
    fleet = slow_fleet(*[(0.04,) * 2] * 3, (0.3,) * 2)
    belief = (believed(fleet, OUTLIERS, memory).targets or ())[-1]
    assert [e.since for e in belief.evidence] == [at(-7)]


def test_two_rules_can_find_fault_with_one_target() -> None:
    policy = a_policy(health=HealthPolicy(outliers=(SLOW, replace(SLOW, floor=0.1))))
    belief = (believed(slow_fleet(*[(0.04,) * 2] * 3, (0.3,) * 2), policy).targets or ())[-1]
    assert len(belief.evidence) == 2


def test_a_healthy_target_last_found_slow_is_watched_warily() -> None:
    memory = remembered(findings={a_target(3).id: (Finding(OUTLIER, at(-3)),)})
    assert condition(a_fleet(targets(3)), memory) == "suspect"


@pytest.mark.parametrize(
    ("series", "rule", "expected"),
    [
        pytest.param(a_series(5400), REQUESTS, 6.0, id="requests by the target"),
        pytest.param(a_series(45), CPU, 3.0, id="CPU by the target times those who carry it"),
        pytest.param(a_series(900, ago=4), REQUESTS, 1.0, id="four minutes old is fresh"),
        pytest.param(a_series(0), REQUESTS, 0.0, id="zero is zero"),
        pytest.param(a_series(900, ago=4.01), REQUESTS, ReasonCode.STALE, id="older is stale"),
        pytest.param(a_series(), REQUESTS, ReasonCode.NO_DATA, id="no datapoint is not zero"),
        pytest.param(a_series(9, complete=False), REQUESTS, ReasonCode.PARTIAL_DATA, id="partial"),
        pytest.param(None, REQUESTS, ReasonCode.NOT_SEEN, id="unread"),
    ],
)
def test_demand_is_known_or_says_why_not(
    series: Series | None, rule: TargetTracking, expected: float | ReasonCode
) -> None:
    signal = LoadSignal.CPU if rule is CPU else LoadSignal.REQUESTS
    fleet = a_fleet(targets(4), signals={} if series is None else {signal: series})
    belief = believed(fleet, a_policy(scaling=ScalingPolicy(rules=(rule,))))
    if isinstance(expected, ReasonCode):
        assert belief.demand is None
        assert belief.demand_gap is not None
        assert belief.demand_gap.code is expected
    else:
        assert belief.demand is not None
        assert belief.demand.units == pytest.approx(expected)


def test_without_a_rule_no_load_is_known() -> None:
    gap = believed(a_fleet(targets(2), units=1), a_policy()).demand_gap
    assert gap is not None
    assert gap.code is ReasonCode.DEMAND_UNKNOWN


def test_of_several_rules_the_largest_demand_wins_and_one_unknown_makes_all_unknown() -> None:
    both = a_policy(scaling=ScalingPolicy(rules=(REQUESTS, CPU)))
    signals = {LoadSignal.REQUESTS: a_series(900), LoadSignal.CPU: a_series(60)}
    demand = believed(a_fleet(targets(4), signals=signals), both).demand
    assert demand is not None
    assert (demand.units, demand.rule) == (4.0, "cpu")
    assert believed(a_fleet(targets(4), units=1), both).demand is None


@pytest.mark.parametrize(
    ("weights", "series", "known"),
    [
        pytest.param(
            {BLUE_ARN: 100, GREEN_ARN: 0}, a_series(), True, id="weight 0 and no data is 0"
        ),
        pytest.param({BLUE_ARN: 99, GREEN_ARN: 1}, a_series(), False, id="weight 1 is not"),
        pytest.param(None, a_series(), False, id="nor a route that was not seen"),
        pytest.param({BLUE_ARN: 100, GREEN_ARN: 0}, None, False, id="nor a metric not read"),
    ],
)
def test_no_data_means_no_load_only_where_no_weight_is(
    weights: dict[object, int] | None, series: Series | None, known: bool
) -> None:
    signals = {} if series is None else {LoadSignal.REQUESTS: series}
    green = a_fleet(targets(2), fleet=GREEN, signals=signals)
    looked = seen(a_fleet(targets(2), units=1), green, weights=weights)  # type: ignore[arg-type]
    assert (assess(looked, two_fleets(), Memory()).fleets[GREEN].demand is not None) is known


@pytest.mark.parametrize(
    ("bad", "well", "out", "panic"),
    [
        pytest.param(2, 2, 0, True, id="half of four"),
        pytest.param(1, 1, 0, False, id="one alone is never too much"),
        pytest.param(2, 3, 0, False, id="two of five"),
        pytest.param(1, 2, 1, True, id="what we hold out is bad as well"),
    ],
)
def test_panic_is_half_and_at_least_two(bad: int, well: int, out: int, panic: bool) -> None:
    sick = tuple(replace(DEAD, port=n) for n in range(bad))
    held = {f"i-out:{n}": an_ejection() for n in range(out)}
    belief = believed(a_fleet(targets(well, *sick)), memory=remembered(ejected=held))
    assert belief.panic is panic


def test_blind_is_neither_panic_nor_down() -> None:
    held = {f"i-out:{n}": an_ejection() for n in range(3)}
    belief = believed(a_fleet(None, units=3), memory=remembered(ejected=held))
    assert (belief.panic, belief.down, belief.targets) == (False, False, None)
    assert assess(seen(), SCALED, Memory()).fleets[BLUE].targets is None


@pytest.mark.parametrize(
    ("fleet", "down"),
    [
        pytest.param(a_fleet(()), True, id="nobody there"),
        pytest.param(a_fleet((DEAD,)), True, id="nobody serves"),
        pytest.param(a_fleet(targets(1, DEAD)), False, id="one serves"),
        pytest.param(a_fleet(targets(4), units=1), False, id="errors not read"),
    ],
)
def test_a_fleet_is_down_when_nobody_can_be_trusted_to_serve(fleet: FleetSeen, down: bool) -> None:
    assert believed(fleet).down is down


def failing(requests: Series, errors: Series | None) -> FleetSeen:
    signals = {LoadSignal.REQUESTS: requests}
    if errors is not None:
        signals[LoadSignal.ERRORS] = errors
    return a_fleet(targets(4), signals=signals)


@pytest.mark.parametrize(
    ("fleet", "share"),
    [
        pytest.param(failing(a_series(100), a_series(60)), 0.6, id="of the same minute"),
        pytest.param(failing(a_series(50), a_series()), 0.0, id="no errors datapoint is no error"),
        pytest.param(failing(a_series(49), a_series(49)), None, id="too few requests"),
        pytest.param(failing(a_series(100), a_series(60, ago=2)), 0.0, id="of another minute"),
        pytest.param(failing(a_series(100), a_series(140)), 1.0, id="never more than all"),
        pytest.param(failing(a_series(100), a_series(9, complete=False)), None, id="partial"),
        pytest.param(failing(a_series(100), None), None, id="not read"),
        pytest.param(failing(a_series(), a_series(9)), None, id="no requests"),
    ],
)
def test_the_share_of_errors(fleet: FleetSeen, share: float | None) -> None:
    belief = believed(fleet)
    assert belief.error_share == share
    assert belief.down is (share is not None and share >= 0.5)


def test_an_errors_datapoint_that_is_late_does_not_mean_that_nothing_fails() -> None:
    late = failing(a_series(100, 80), a_series(20, ago=2))
    assert believed(late).error_share == 0.2


@pytest.mark.parametrize(
    ("fleet", "memory", "expected"),
    [
        pytest.param(a_fleet(targets(3)), FleetMemory(), False, id="nothing"),
        pytest.param(failing(a_series(100), a_series(1)), FleetMemory(), True, id="one percent"),
        pytest.param(a_fleet((a_target(anomalous=True),)), FleetMemory(), True, id="anomaly"),
        pytest.param(
            a_fleet(targets(3)), FleetMemory(ejected={DEAD.id: an_ejection()}), True, id="held out"
        ),
        pytest.param(
            a_fleet(targets(3), signals={LoadSignal.LATENCY: a_series(0.121)}),
            FleetMemory(latency=0.1), True, id="a fifth slower than usual",
        ),
        pytest.param(
            a_fleet(targets(3), signals={LoadSignal.LATENCY: a_series(0.12)}),
            FleetMemory(latency=0.1), False, id="not more than a fifth",
        ),
        pytest.param(
            a_fleet(targets(3), signals={LoadSignal.LATENCY: a_series(9)}),
            FleetMemory(), False, id="slow, but nothing is usual yet",
        ),
    ],
)  # fmt: skip
def test_cheap_signs_make_a_fleet_suspicious(
    fleet: FleetSeen, memory: FleetMemory, expected: bool
) -> None:
    belief = believed(fleet, OUTLIERS, Memory(fleets={BLUE: memory}))
    assert belief.suspicious is expected


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        pytest.param(FleetMemory(), True, id="never swept"),
        pytest.param(FleetMemory(swept_at=at(-60)), True, id="a sweep is due"),
        pytest.param(FleetMemory(swept_at=at(-59)), False, id="not due"),
        pytest.param(FleetMemory(swept_at=at(-1), close_until=at(1)), True, id="still watching"),
        pytest.param(FleetMemory(swept_at=at(-1), close_until=NOON), False, id="watched enough"),
        pytest.param(
            FleetMemory(swept_at=at(-1), findings={DEAD.id: ()}), True, id="something was found"
        ),
    ],
)
def test_the_expensive_look_is_taken_when_it_is_due(memory: FleetMemory, expected: bool) -> None:
    assert wants_closer_look(a_fleet(targets(3)), OUTLIERS, memory, NOON) is expected
    assert not wants_closer_look(a_fleet(targets(3)), a_policy(), memory, NOON)


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        pytest.param(FleetMemory(), True, id="never watched"),
        pytest.param(FleetMemory(watched_at=at(-5)), True, id="it is time"),
        pytest.param(FleetMemory(watched_at=at(-4)), False, id="not yet"),
        pytest.param(FleetMemory(watched_at=at(-1), close_until=at(1)), True, id="suspicious"),
        pytest.param(FleetMemory(watched_at=at(-1), findings={DEAD.id: ()}), True, id="found"),
    ],
)
def test_errors_and_latency_are_read_when_it_is_time(memory: FleetMemory, expected: bool) -> None:
    assert wants_watching(a_policy(), memory, NOON) is expected


def test_how_old_data_may_be_is_the_policys_to_say() -> None:
    strict = replace(SCALED, guard=GuardPolicy(max_age=timedelta(minutes=1)))
    fleet = a_fleet(targets(1), signals={LoadSignal.REQUESTS: a_series(9, ago=2)})
    assert believed(fleet, strict).demand is None


def test_only_an_unhealthy_target_is_found_at_fault() -> None:
    assert lb_unhealthy(a_target(), NOON) is None
    assert lb_unhealthy(DEAD, NOON) is not None


def test_counts_are_of_conditions() -> None:
    belief = believed(a_fleet(targets(3, DEAD)))
    assert belief.count(Condition.TRUSTED, Condition.SUSPECT) == 4
    assert belief.trusted == 3
