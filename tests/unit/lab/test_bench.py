"""What a tick asks of AWS: the least possible, whatever the number of targets."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from trimtab.assess import assess
from trimtab_lab.bench.cost import Stack, Usage, monthly
from trimtab_lab.bench.crowd import Sight, crowd
from trimtab_lab.bench.decision import time_decisions
from trimtab_lab.bench.stack import stack_of_template
from trimtab_lab.bench.usage import Counted, count

MINUTES = 12


@pytest.fixture(scope="module")
def few() -> Counted:
    return count(12, 2, minutes=MINUTES)


def test_a_tick_makes_no_call_per_target(few: Counted) -> None:
    assert count(60, 2, minutes=MINUTES).calls == few.calls


def test_a_tick_calls_once_per_target_group_and_once_for_everything_else(few: Counted) -> None:
    assert few.calls["DescribeTargetHealth"] == 2
    assert few.calls["DescribeAutoScalingGroups"] == 1
    assert few.calls["DescribeRules"] == 1
    assert 1 <= few.calls["GetMetricData"] <= 1.1


def test_a_tick_asks_nothing_twice(few: Counted) -> None:
    assert few.repeated == 0


def test_a_quiet_service_reads_its_load_every_minute_and_the_rest_now_and_then(
    few: Counted,
) -> None:
    assert 2 <= few.usage.metrics_read <= 2 + 2 * 2 * 3 / MINUTES


def test_trouble_is_looked_at_closely(few: Counted) -> None:
    noisy = count(12, 2, quiet=False, minutes=MINUTES)
    assert noisy.usage.metrics_read > 2 * few.usage.metrics_read
    beyond = ("DescribeTags (ELB)", "DescribeTags (EC2)", "DescribeSpotInstanceRequests")
    assert all(noisy.calls[name] <= 1 for name in beyond)
    assert noisy.calls["DescribeInstanceRefreshes"] <= 2
    assert noisy.calls["DescribeTags (ELB)"] > few.calls.get("DescribeTags (ELB)", 0) == 0


def test_the_bill_adds_up() -> None:
    usage = Usage(metrics_read=3, write_units=0, read_units=0, entries=0)
    bill = monthly(1, usage, Stack(alarms=0, custom_metrics=0, dashboards=0))
    assert bill.cloudwatch_reads == pytest.approx(1.314)
    assert bill.total == pytest.approx(bill.per_service)


def test_ten_services_cost_less_each_than_one() -> None:
    usage = Usage(metrics_read=2, write_units=8, read_units=4, entries=0.1)
    one, ten = (monthly(n, usage, stack_of_template()) for n in (1, 10))
    assert ten.per_service < one.per_service


def test_deciding_is_timed_for_every_size() -> None:
    timings = time_decisions(sizes=(20, 40), rounds=1)
    assert [t.targets for t in timings] == [20, 40]
    assert all(t.think_ms > 0 and t.record_ms > 0 for t in timings)
    assert all(t.assessing.keys() == set(Sight) for t in timings)


@pytest.mark.parametrize("sight", Sight)
def test_assessing_twice_the_targets_is_at_most_twice_the_work(sight: Sight) -> None:
    assert steps_made(200, sight) <= 2 * steps_made(100, sight)


def steps_made(targets: int, sight: Sight) -> int:
    """Count the interpreter's instructions while assessing: work that nothing else can disturb."""
    given, count = crowd(targets, sight), 0

    def step(frame: FrameType, event: str, _: object) -> TraceFunction:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return step

    before = sys.gettrace()
    sys.settrace(step)
    try:
        assess(given.seen, given.policy, given.memory)
    finally:
        sys.settrace(before)
    return count


TraceFunction = Callable[[FrameType, str, Any], Any]
