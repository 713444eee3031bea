"""Many events are few ticks, a poisoned service is alone, an outage leaves nothing to replay."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from tests.scenarios.embedded_shop import QUIET, SHOP, running, shop
from tests.scenarios.test_embedded_refusals import alarm_event
from tests.scenarios.test_embedded_safety import ticks
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.policy import Policy
from trimtab.model.tick import Tick
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.world import World

POISONED = ServiceId("poisoned")
A_MINUTE = timedelta(minutes=1)
RECONCILE_S = 20
"""What the template gives a reconcile, in seconds."""


def storm(aws: Embedded, events: int, alarms: int) -> None:
    """So many events of so many alarms about the shop, spread over a minute."""
    raised = alarm_event(aws)
    began = aws.now
    delivered = began
    for number in range(events):
        aws.account.clock.to(began + number * A_MINUTE / events)
        event = copy.copy(raised)
        event["resources"] = [f"{raised['resources'][0]}-{number % alarms}"]
        assert aws.send(event) == []
        if aws.now - delivered >= timedelta(seconds=5):
            delivered = aws.now
            assert aws.deliver() == []
    assert aws.deliver() == []


@pytest.mark.parametrize(
    ("events", "alarms"),
    [
        pytest.param(60, 1, id="one alarm that flaps"),
        pytest.param(100, 50, id="a hundred alarms at once"),
        pytest.param(
            10_000,
            500,
            marks=[pytest.mark.slow, pytest.mark.timeout(900)],
            id="ten thousand events of five hundred alarms",
        ),
    ],
)
def test_a_storm_of_alarms_is_a_handful_of_ticks(events: int, alarms: int) -> None:
    with running(shop()) as aws:
        aws.run(1)
        before = ticks(aws)
        storm(aws, events, alarms)

        assert len(aws.calls.of("wake", "sqs", "SendMessageBatch")) == events
        assert 4 <= ticks(aws) - before <= 5
        assert aws.waiting_in("work.fifo") == 0
        assert aws.waiting_in("work-dead.fifo") == aws.waiting_in("failed-invocations") == 0
        assert aws.calls.writes() == []


def test_two_alarms_of_one_moment_are_one_tick_and_the_next_quarter_minutes_is_another() -> None:
    with running(shop()) as aws:
        aws.run(1)
        before = ticks(aws)
        for seconds, expected in ((0, 1), (1, 1), (20, 2)):
            aws.account.clock.to(aws.world.now + timedelta(seconds=seconds))
            event = alarm_event(aws) | {"resources": [f"arn:aws:cloudwatch:::alarm:{seconds}"]}
            aws.send(event)
            aws.deliver()
            assert ticks(aws) - before == expected


def only(aws: Embedded, fleet: str, service: ServiceId) -> Policy:
    """A service of one of the shop's fleets."""
    policy = policy_for(aws.scenario, aws.connections.names)
    fleets = {FleetId(fleet): policy.fleets[FleetId(fleet)]}
    return replace(policy, service=service, fleets=fleets, routes=())


def ticks_of(aws: Embedded, service: ServiceId) -> list[Tick]:
    day = timedelta(days=1)
    ledger = aws.connections.ledger
    return list(ledger.ticks(service, aws.now - day, aws.now + day, 100))


def damage(aws: Embedded, item: str) -> None:
    """Put nonsense where something of the poisoned service is stored."""
    aws.session.client("dynamodb").put_item(
        TableName=aws.settings.memory_table,
        Item={
            "service": {"S": POISONED},
            "item": {"S": item},
            "version": {"N": "1"},
            "body": {"S": '{"service": NaN}'},
        },
    )


@pytest.mark.parametrize("item", ["policy#current", "memory", "pause", "requests"])
def test_a_service_whose_state_is_damaged_ends_in_the_dead_letters_and_holds_up_nobody(
    item: str,
) -> None:
    with running(shop(load=QUIET)) as aws:
        aws.put(only(aws, "green", POISONED))
        damage(aws, item)
        aws.run(7)

        assert len(ticks_of(aws, SHOP)) == 7
        assert ticks_of(aws, POISONED) == []
        dead = messages(aws, "work-dead.fifo")
        assert dead
        assert {json.loads(body)["service"] for body in dead} == {POISONED}
        assert received_before_it_died(aws) == {2}
        assert aws.calls.writes() == []


def test_a_service_whose_state_is_repaired_is_looked_at_again() -> None:
    with running(shop(load=QUIET)) as aws:
        aws.put(only(aws, "green", POISONED))
        damage(aws, "pause")
        aws.run(4)
        key: Any = {"service": {"S": POISONED}, "item": {"S": "pause"}}
        aws.session.client("dynamodb").delete_item(TableName=aws.settings.memory_table, Key=key)
        aws.run(4)

        assert ticks_of(aws, POISONED)
        assert len(ticks_of(aws, SHOP)) == 8


def test_a_service_whose_reads_stall_is_blind_and_the_others_see_within_the_same_batch() -> None:
    with Embedded(shop(load=QUIET)) as aws:
        aws.put(only(aws, "blue", SHOP))
        aws.put(only(aws, "green", POISONED))
        stall(aws, fleet="green", seconds=3)
        aws.run(1)
        slowest = max(call.at - aws.world.now for call in aws.calls.of("reconcile", "dynamodb"))

        (seen,) = ticks_of(aws, SHOP)
        (blind,) = ticks_of(aws, POISONED)
        assert seen.inputs.seen.gaps == ()
        assert [gap.what for gap in blind.inputs.seen.gaps] == ["target_health"]
        assert slowest < timedelta(seconds=RECONCILE_S)
        assert aws.calls.writes() == []


def stall(aws: Embedded, fleet: str, seconds: float) -> None:
    """Let the target health of a fleet never be answered; the client gives up after seconds."""
    arn = next(g.arn for g in aws.world.target_groups() if g.fleet == fleet)
    answers: Any = aws.account.board._answers
    stock = answers["elbv2", "DescribeTargetHealth"]

    def answer(world: World, params: Mapping[str, Any]) -> Mapping[str, Any]:
        if params["TargetGroupArn"] == arn:
            aws.account.clock.to(aws.now + timedelta(seconds=seconds))
            raise ReadTimeoutError(endpoint_url="elb")
        answered: Mapping[str, Any] = stock(world, params)
        return answered

    answers["elbv2", "DescribeTargetHealth"] = answer


def messages(aws: Embedded, queue: str) -> list[str]:
    return [str(m.body) for m in aws.sqs.get_queue(f"trimtab-{queue}")._messages]


def received_before_it_died(aws: Embedded) -> set[int]:
    """How often each message of the poisoned service was handed to reconcile in all."""
    return {
        int(m.approximate_receive_count)
        for m in aws.sqs.get_queue("trimtab-work-dead.fifo")._messages
    }


def test_after_a_quarter_of_an_hour_without_reconcile_each_service_is_looked_at_once() -> None:
    with running(shop(load=QUIET)) as aws:
        aws.put(only(aws, "green", ServiceId("other")))
        deliver, aws.deliver = aws.deliver, list  # type: ignore[method-assign]  # an outage
        aws.run(15)
        assert ticks(aws) == 0
        assert aws.waiting_in("work.fifo") == 2 * 15

        aws.deliver = deliver  # type: ignore[method-assign]
        assert aws.deliver() == []
        assert [ticks_of(aws, name)[0].by for name in (SHOP, ServiceId("other"))] == [
            "schedule"
        ] * 2
        assert ticks(aws) == 2
        assert aws.waiting_in("work.fifo") == aws.waiting_in("work-dead.fifo") == 0
        told = [line for line in aws.functions.output.lines if '"reconcile.stale"' in line]
        stale = [name for line in told for name in json.loads(line)["messages"]]
        assert len(stale) == len(set(stale)) == 2 * 12  # three minutes' asks are fresh: one tick
        assert aws.calls.writes() == []


def test_a_quarter_of_an_hour_without_the_schedule_leaves_nothing_to_catch_up_on() -> None:
    with running(shop(load=QUIET)) as aws:
        aws.run(2)
        asked, aws._schedule = aws._schedule, lambda at: []  # type: ignore[method-assign]
        aws.run(15)
        assert len(ticks_of(aws, SHOP)) == 2

        aws._schedule = asked  # type: ignore[method-assign]
        aws.run(1)
        assert len(ticks_of(aws, SHOP)) == 3
