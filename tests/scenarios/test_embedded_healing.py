"""The real handlers in bad minutes: eject and restore, spill and return, wait in the dark."""

from __future__ import annotations

from dataclasses import replace

from tests.scenarios.embedded_shop import (
    A_TARGET_DIES,
    QUIET,
    RISING,
    of_kind,
    running,
    shop,
    states,
    stored,
    weights,
)
from trimtab.model.change import Eject, Resize, Restore, Reweight
from trimtab.model.entry import Kind
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget, WholeFleet
from trimtab_lab.world.scenario import Demand


def test_a_dead_target_is_ejected_and_restored_when_it_answers_again() -> None:
    dies = replace(A_TARGET_DIES, lasts_s=6 * 60)
    with running(shop(dies)) as aws:
        aws.run(24)
        done = of_kind(aws.result.entries, Kind.APPLIED)
        ejected = [e.change for e in done if isinstance(e.change, Eject)]
        restored = [e.change for e in done if isinstance(e.change, Restore)]

        assert len({change.instance for change in ejected}) == 1
        assert {change.instance for change in restored} == {ejected[0].instance}
        assert states(aws, "blue")[ejected[0].instance] == "healthy"
        assert aws.result.troubles == []


def test_a_slow_target_that_passes_its_checks_is_ejected_by_its_metric() -> None:
    slow = Fault(FaultKind.SLOW, KthTarget("blue", 0), after_s=180, amount=4.0)
    with running(shop(slow, load=4400.0)) as aws:
        aws.run(16)
        ejected = [
            e for e in of_kind(aws.result.entries, Kind.APPLIED) if isinstance(e.change, Eject)
        ]

        assert ejected
        assert "Latency" in (ejected[0].wanted.text if ejected[0].wanted else "")


def test_a_group_grows_with_its_load() -> None:
    with running(shop(load=RISING)) as aws:
        aws.run(12)
        resized = [
            e.change
            for e in of_kind(aws.result.entries, Kind.APPLIED)
            if isinstance(e.change, Resize)
        ]

        assert any(change.after > change.before for change in resized)
        assert len([s for s in states(aws, "blue").values() if s == "healthy"]) > 4


def test_weights_leave_a_fleet_that_is_down_and_come_back_when_it_is_well() -> None:
    down = Fault(FaultKind.FLEET_DOWN, WholeFleet("blue"), after_s=240, lasts_s=600)
    with running(shop(down, load=2000.0)) as aws:
        aws.run(12)
        away = weights(aws)
        aws.run(28)
        moved = [
            e.change
            for e in of_kind(aws.result.entries, Kind.APPLIED)
            if isinstance(e.change, Reweight)
        ]

        assert away["blue"] < 80
        assert away["green"] > 0
        assert weights(aws)["blue"] > away["blue"]
        assert moved


def test_while_metrics_are_dark_nothing_is_taken_away() -> None:
    dark = Fault(FaultKind.METRICS_DARK, after_s=300, lasts_s=1500)
    falling = Demand(
        shop().demand.starts_at, (*(QUIET for _ in range(6)), *(600.0 for _ in range(60)))
    )
    with running(replace(shop(dark), demand=falling)) as aws:
        aws.run(28)
        in_the_dark = [e for e in of_kind(aws.result.entries, Kind.INTENDED) if e.at.minute >= 9]

        assert not [e for e in in_the_dark if isinstance(e.change, Eject | Reweight)]
        assert all(
            e.change.after >= e.change.before for e in in_the_dark if isinstance(e.change, Resize)
        )
        assert [group.desired for group in aws.world.describe_groups()] == [4, 3]


def test_people_are_told_of_what_was_done() -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        aws.run(10)
        done = of_kind(stored(aws), Kind.APPLIED)

        assert done
        assert any(f"undo '{done[0].intent}'" in message.text for message in aws.told)


def test_a_quiet_tick_makes_no_call_per_target_and_none_twice() -> None:
    with running(shop()) as aws:
        aws.run(3)
        before = len(aws.calls.calls)
        aws.run(1)
        counted = aws.calls.counted(aws.calls.calls[before:])

        assert counted == {
            ("schedule", "dynamodb", "Query"): 1,
            ("schedule", "sqs", "SendMessageBatch"): 1,
            ("reconcile", "dynamodb", "BatchGetItem"): 1,
            ("reconcile", "elbv2", "DescribeTargetHealth"): 2,
            ("reconcile", "autoscaling", "DescribeAutoScalingGroups"): 1,
            ("reconcile", "elbv2", "DescribeRules"): 1,
            ("reconcile", "cloudwatch", "GetMetricData"): 1,
            ("reconcile", "dynamodb", "TransactWriteItems"): 1,
        }
