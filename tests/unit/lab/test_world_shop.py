"""The demo's day, native scaling, traces, and the same world for the same seed."""

from __future__ import annotations

import gzip
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.lab.worlds import GROUP, a_scenario, a_world, run, the_group
from trimtab_lab.traces import SHIPPED, TraceInvalid, load_trace, scaled_to_peak, smoothed
from trimtab_lab.world.build import build_world
from trimtab_lab.world.faults import ApiCall, Everywhere, Fault, FaultKind
from trimtab_lab.world.native import TargetTracking, scale_in, scale_out
from trimtab_lab.world.scenario import Demand
from trimtab_lab.world.shop import native_scaling, shop_alarms, shop_day

if TYPE_CHECKING:
    from pathlib import Path

    from trimtab_lab.world.world import World


def what_happened(world: World) -> tuple[object, ...]:
    record = world.recorder
    return record.requests, record.failed, record.p95_ms, world.journal.events()


def test_the_same_seed_gives_the_same_day() -> None:
    first, second = (run(build_world(shop_day(7)), minutes=120) for _ in range(2))
    assert what_happened(first) == what_happened(second)


def test_another_seed_gives_another_day() -> None:
    first, second = (run(build_world(shop_day(seed)), minutes=30) for seed in (1, 2))
    assert first.recorder.requests != second.recorder.requests
    assert first.scenario.faults != second.scenario.faults


def test_the_same_users_come_whatever_the_fleets_do() -> None:
    alone, scaled = (build_world(shop_day(3)) for _ in range(2))
    native_scaling(scaled)
    run(alone, minutes=90)
    run(scaled, minutes=90)
    assert alone.recorder.requests == scaled.recorder.requests


def test_advancing_in_pieces_is_advancing_at_once() -> None:
    pieces, at_once = a_world(), a_world()
    for _ in range(50):
        run(pieces, seconds=17)
    while pieces.now < at_once.now + timedelta(minutes=14):
        run(pieces, seconds=10)
    run(at_once, minutes=14)
    assert pieces.recorder.requests == at_once.recorder.requests
    assert pieces.now == at_once.now


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("trace", sorted(SHIPPED))
def test_a_shop_day_needs_about_three_to_twelve_targets(seed: int, trace: str) -> None:
    counts = shop_day(seed, trace).demand.per_minute
    assert len(counts) == 1440
    assert min(counts) > 0
    assert 9 <= sorted(counts)[int(0.99 * 1439)] / 900 <= 12


def test_a_shop_day_has_its_four_troubles_and_says_what_it_replays() -> None:
    scenario = shop_day(1)
    assert [fault.kind for fault in scenario.faults] == [
        FaultKind.DEAD,
        FaultKind.SLOW,
        FaultKind.METRICS_DARK,
        FaultKind.FLEET_DOWN,
    ]
    assert "nasa" in scenario.notes[0]
    assert all(0 < fault.after_s < 24 * 3600 for fault in scenario.faults)


def test_the_shops_alarms_see_the_fleet_fail() -> None:
    scenario = shop_day(1)
    down = replace(scenario.faults[-1], after_s=600, lasts_s=None)
    world = build_world(replace(scenario, faults=(down,)))
    for alarm in shop_alarms(world):
        world.put_alarm(alarm)
    run(world, minutes=20)
    ringing = {alarm.spec.name for alarm in world.alarms() if alarm.state == "ALARM"}
    assert ringing == {"shop-blue-5xx", "shop-blue-unhealthy"}


def test_names_do_not_change_with_the_seed() -> None:
    first, second = (build_world(shop_day(seed)) for seed in (1, 2))
    assert [g.arn for g in first.target_groups()] == [g.arn for g in second.target_groups()]
    assert first.load_balancer_arn.startswith(
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shop/"
    )


def test_throttling_is_remembered_for_whoever_plays_the_api() -> None:
    world = a_world()
    fault = Fault(FaultKind.THROTTLED, ApiCall("elbv2", "DescribeTargetHealth"), amount=0.5)
    world.switch_on(fault)
    assert world.throttles() == {("elbv2", "DescribeTargetHealth"): 0.5}
    world.switch_off(fault)
    assert world.throttles() == {}


def test_a_step_that_does_not_divide_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="divide 60"):
        build_world(replace(a_scenario(), step_s=7))


def test_native_scaling_goes_out_after_three_high_minutes_and_in_after_fifteen_low() -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    rise = Demand(midnight, (2550.0,) * 10 + (3300.0,))
    world = a_world(replace(a_scenario(), demand=rise))
    world.tenants.append(TargetTracking(GROUP, 900.0))
    run(world, minutes=13)
    assert the_group(world).desired == 3
    run(world, minutes=3)
    assert the_group(world).desired == 4
    world = a_world(replace(a_scenario(), demand=Demand(midnight, (2550.0,) * 10 + (900.0,))))
    world.tenants.append(TargetTracking(GROUP, 900.0))
    run(world, minutes=25)
    assert the_group(world).desired == 3
    run(world, minutes=4)
    assert the_group(world).desired == 1


def test_native_scaling_holds_still_in_the_dark() -> None:
    world = a_world(
        a_scenario(per_minute=5000, faults=(Fault(FaultKind.METRICS_DARK, Everywhere()),))
    )
    world.tenants.append(TargetTracking(GROUP, 900.0))
    run(world, minutes=30)
    assert the_group(world).desired == 3


def test_native_sizes_round_up_on_the_way_out_and_the_removal_down_on_the_way_in() -> None:
    assert [scale_out(4, 1.3), scale_out(4, 1.25), scale_out(10, 1.5)] == [6, 5, 15]
    assert [scale_in(10, 0.65), scale_in(10, 0.7), scale_in(3, 0.3)] == [7, 7, 1]


def test_the_nasa_trace_is_whole_and_its_gaps_are_not_offered_as_days() -> None:
    trace = load_trace("nasa")
    assert len(trace.per_minute) == 89_280
    assert date(1995, 8, 2) not in trace.days()
    assert date(1995, 7, 13) not in trace.days()
    assert len(trace.weekdays()) == 37


def test_a_trace_of_ones_own_is_read_by_path(tmp_path: Path) -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [f"{(start + timedelta(minutes=m)).isoformat()},{m % 60}" for m in range(1440)]
    path = tmp_path / "own.csv.gz"
    path.write_bytes(gzip.compress(("timestamp,requests\n" + "\n".join(rows)).encode()))
    assert load_trace(str(path)).day(start.date())[61] == 1.0
    assert shop_day(1, str(path)).notes[0].startswith("trace own.csv.gz")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "header", id="empty"),
        pytest.param("when,what\n", "header", id="other-columns"),
        pytest.param("timestamp,requests\n2026-01-05T00:00:00Z,5\n", "two rows", id="one-row"),
        pytest.param("timestamp,requests\nyesterday,5\n", "line 2", id="no-time"),
        pytest.param("timestamp,requests\n2026-01-05T00:00:00Z,-5\n", "line 2", id="negative"),
        pytest.param(
            "timestamp,requests\n2026-01-05T00:01:00Z,5\n2026-01-05T00:00:00Z,5\n",
            "order of time",
            id="backwards",
        ),
    ],
)
def test_a_trace_that_cannot_be_read_says_where_and_why(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(TraceInvalid, match=complaint):
        load_trace(str(path))


def test_an_unknown_trace_names_the_known_ones() -> None:
    with pytest.raises(TraceInvalid, match="nab, nasa"):
        load_trace("nosuch")


def test_scaling_and_smoothing_keep_the_shape_of_a_day() -> None:
    day = tuple(float(m % 10) for m in range(1440))
    assert sum(smoothed(day, 5)) == pytest.approx(sum(day), rel=0.01)
    scaled, factor = scaled_to_peak(day, 900)
    assert (factor, max(scaled)) == (100.0, 900.0)
