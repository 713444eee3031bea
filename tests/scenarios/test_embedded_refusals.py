"""What is broken, hostile or forbidden is refused clearly, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.embedded_shop import A_TARGET_DIES, RISING, SHOP, of_kind, running, shop, work
from trimtab.events import ask_to_body
from trimtab.model.entry import Kind
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Ask
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.functions import FunctionError
from trimtab_lab.world.alarms import AlarmSpec
from trimtab_lab.world.faults import ApiCall, Fault, FaultKind
from trimtab_lab.world.metrics import Series


def test_a_message_for_an_unknown_service_ends_in_the_dead_letters() -> None:
    with running(shop()) as aws:
        ask = Ask(ServiceId("nobody"), "operator", aws.now)
        aws.connections.queue.ask([ask])
        aws.run(6)

        assert aws.waiting_in("work-dead.fifo") == 1
        assert aws.calls.writes() == []
        assert any("nobody" in trouble for trouble in aws.result.troubles)


HOSTILE = (
    "",
    "{}",
    "[]",
    '{"service": 1}',
    '{"service": "' + "x" * 70_000 + '"}',
    "\x00",
)
"""Bodies of messages that are not ours."""
SHAPELESS: tuple[Any, ...] = (None, [], {"Records": 7}, {"Records": ["x"]}, "text")
"""Events that no queue and no stream sends."""


def test_hostile_messages_are_given_back_and_cost_no_tick() -> None:
    with running(shop()) as aws:
        before = calls(aws)
        answer = aws.invoke("reconcile", work(*HOSTILE))

        assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == [
            f"m{number}" for number in range(len(HOSTILE))
        ]
        assert calls(aws) == before


def test_events_of_another_shape_are_refused() -> None:
    with running(shop()) as aws:
        for function in ("reconcile", "act", "notify"):
            for event in SHAPELESS:
                with pytest.raises(FunctionError, match="EventRefused"):
                    aws.invoke(function, event)
        assert aws.calls.calls == []


def test_a_forged_event_is_refused_and_kept_for_people_to_look_at() -> None:
    with running(shop()) as aws:
        event = alarm_event(aws)
        nested: Any = {}
        for _ in range(60):
            nested = {"a": nested}
        event["detail"]["configuration"] = nested
        troubles = aws.send(event)

        assert troubles
        assert all("EventRefused" in trouble for trouble in troubles)
        assert aws.waiting_in("failed-invocations") == 1
        assert aws.calls.of("wake", service="sqs") == []


def test_an_oversized_event_is_refused() -> None:
    with running(shop()) as aws:
        event = alarm_event(aws) | {"detail": {"alarmName": "x", "junk": "y" * 100_000}}
        with pytest.raises(FunctionError, match="at most"):
            aws.invoke("wake", event)


def test_the_rules_keep_events_of_other_accounts_and_our_own_alarms_away_from_wake() -> None:
    with running(shop()) as aws:
        foreign = alarm_event(aws) | {"account": "999999999999"}
        ours = alarm_event(aws)
        ours["detail"]["alarmName"] = "trimtab-heartbeat"

        assert aws.send(foreign) == aws.send(ours) == []
        assert aws.calls.of("wake") == []


def test_an_alarm_for_something_unmanaged_wakes_nobody() -> None:
    with running(shop()) as aws:
        answer = aws.invoke("wake", alarm_event(aws, target_group="targetgroup/other/1"))

        assert answer == {"woken": []}
        assert aws.calls.of("wake", service="sqs") == []


def test_an_alarm_of_the_world_wakes_the_service_it_concerns() -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        group = aws.world.target_groups()[0]
        dimensions = {
            "LoadBalancer": aws.world.load_balancer_dimension,
            "TargetGroup": group.dimension,
        }
        series = Series.of("AWS/ApplicationELB", "UnHealthyHostCount", dimensions, "Maximum")
        aws.world.put_alarm(AlarmSpec("blue-unhealthy", series, 0.0, evaluation_periods=1))
        aws.run(8)

        asked = aws.calls.of("wake", "sqs", "SendMessageBatch")
        assert asked


def test_a_table_that_is_missing_fails_the_tick_and_changes_nothing() -> None:
    with running(shop(load=RISING)) as aws:
        aws.session.client("dynamodb").delete_table(TableName=aws.settings.ticks_table)
        answer = aws.invoke("reconcile", work(ask_to_body(Ask(SHOP, "schedule", aws.now))))

        assert answer == {"batchItemFailures": []}  # the next minute's tick is the retry
        assert "reconcile.failed" in aws.functions.output.lines[-2]
        assert aws.calls.writes() == []


def test_a_denied_write_is_an_outcome_that_says_what_to_allow() -> None:
    with running(shop(load=RISING)) as aws:
        aws.deny("autoscaling", "SetDesiredCapacity")
        before = [group.desired for group in aws.world.describe_groups()]
        entries = aws.run(12).entries

        (failed, *_) = of_kind(entries, Kind.FAILED)
        assert failed.reason.code == "access_denied"
        assert "autoscaling:SetDesiredCapacity" in failed.reason.text
        assert [group.desired for group in aws.world.describe_groups()] == before


def test_denied_reads_of_target_health_leave_everything_as_it_is() -> None:
    with running(shop(A_TARGET_DIES)) as aws:
        aws.deny("elbv2", "DescribeTargetHealth")
        aws.run(8)

        assert aws.result.ticks == 8
        assert aws.calls.writes() == []


def test_throttled_calls_are_tried_three_times_without_waiting_and_change_nothing() -> None:
    everything = Fault(FaultKind.THROTTLED, ApiCall("elbv2", "*"), amount=1.0)
    with running(shop(A_TARGET_DIES)) as aws:
        aws.world.switch_on(everything)
        aws.run(5)

        asked = aws.calls.of("reconcile", "elbv2", "DescribeTargetHealth")
        assert len(asked) == 5 * 2 * 3
        assert {call.error for call in asked} == {"Throttling"}
        assert aws.account.slept_s > 0
        assert aws.calls.writes() == []


def calls(aws: Embedded) -> int:
    return len(aws.calls.calls)


def alarm_event(aws: Embedded, target_group: str = "") -> dict[str, Any]:
    """The sample event of a raised alarm, sent here, about our target group or another."""
    from pathlib import Path

    sample = Path(__file__).parents[2] / "events" / "wake-alarm-raised.json"
    event: dict[str, Any] = json.loads(sample.read_text(encoding="utf-8"))
    event |= {"account": aws.settings.account, "region": aws.settings.region}
    for metric in event["detail"]["configuration"]["metrics"]:
        dimensions = metric.get("metricStat", {}).get("metric", {}).get("dimensions", {})
        for name in dimensions:
            dimensions[name] = target_group or aws.world.target_groups()[0].dimension
    return event
