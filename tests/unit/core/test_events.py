"""Every event is untrusted: read, passed over or refused, and never believed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import NOON, SHOP, a_policy, an_entry, at
from trimtab.codec import dumps
from trimtab.errors import EventRefused
from trimtab.events import (
    LONGEST_NAME,
    MOST_NAMES,
    Home,
    ask_to_body,
    asks_of,
    entries_of,
    intents_of,
    signal_of,
)
from trimtab.model.ids import InstanceId, ServiceId
from trimtab.model.policy import Lever
from trimtab.model.tick import Ask
from trimtab.schedule import ask_for_all
from trimtab.wake import wake
from trimtab_lab.simulator.stores import InMemory

HOME = Home("123456789012", "eu-west-1")
ASK = Ask(SHOP, "schedule", NOON)
TEN = timedelta(minutes=10)


def batch(*bodies: object) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{i}", "body": b} for i, b in enumerate(bodies)]}


def test_a_queue_batch_is_sorted_into_asks_stale_and_refused() -> None:
    old = Ask(SHOP, "alarm", at(-10.1))
    just = Ask(SHOP, "alarm", at(-10))
    found = asks_of(batch(ask_to_body(ASK), ask_to_body(old), "{}", ask_to_body(just)), NOON, TEN)
    assert found.asks == (("m0", ASK), ("m3", just))
    assert found.stale == ("m1",)
    assert [name for name, _ in found.refused] == ["m2"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param(None, id="no body"),
        pytest.param({"service": "shop"}, id="an object"),
        pytest.param("[" * 99_999, id="a pit"),
        pytest.param("null", id="null"),
        pytest.param('{"service":"","by":"x","asked_at":"2026-03-02T12:00:00Z"}', id="no name"),
        pytest.param(ask_to_body(Ask(ServiceId("s" * 513), "x", NOON)), id="a long name"),
        pytest.param(ask_to_body(Ask(SHOP, "x" * 513, NOON)), id="a long cause"),
        pytest.param('{"service":"s","by":"x","asked_at":"2026-03-02T12:00:00"}', id="no zone"),
        pytest.param('{"service":"s","by":"x","asked_at":"2026-03-02T12:00:00Z","x":1}', id="more"),
    ],
)
def test_a_message_that_is_not_ours_is_refused_and_the_next_is_read(body: object) -> None:
    found = asks_of(batch(body, ask_to_body(ASK)), NOON, TEN)
    assert [name for name, why in found.refused if why] == ["m0"]
    assert found.asks == (("m1", ASK),)


@pytest.mark.parametrize(
    "event", [None, [], "x", {}, {"Records": {}}, {"Records": ["x"]}, {"records": []}]
)
def test_what_is_no_batch_is_refused_as_a_whole(event: object) -> None:
    with pytest.raises(EventRefused, match="expected"):
        asks_of(event, NOON, TEN)
    with pytest.raises(EventRefused, match="expected"):
        intents_of(event)


def record(image: dict[str, Any], event: str = "INSERT") -> dict[str, Any]:
    return {"eventName": event, "dynamodb": {"SequenceNumber": "7", "NewImage": image}}


def text(value: object) -> dict[str, object]:
    return {"S": value}


INTENDED = {"service": text("shop"), "id": text("T#000"), "kind": text("intended")}


def test_inserted_intents_are_found_in_order() -> None:
    records = [record(INTENDED), record({**INTENDED, "id": text("T#001")})]
    assert intents_of({"Records": records}) == (("7", "shop", "T#000"), ("7", "shop", "T#001"))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(record(INTENDED, "MODIFY"), id="modified"),
        pytest.param(record(INTENDED, "REMOVE"), id="removed by its time to live"),
        pytest.param(record({**INTENDED, "kind": text("shadowed")}), id="a shadow"),
        pytest.param(record({**INTENDED, "id": text("")}), id="no id"),
        pytest.param(record({**INTENDED, "id": {"N": "7"}}), id="a number for an id"),
        pytest.param(record({**INTENDED, "service": "shop"}), id="no attribute value"),
        pytest.param(record({"kind": text("intended")}), id="no keys"),
        pytest.param({"eventName": "INSERT", "dynamodb": {"Keys": {}}}, id="keys only"),
        pytest.param({"eventName": "INSERT"}, id="no change"),
        pytest.param({}, id="nothing"),
    ],
)
def test_what_is_no_inserted_intent_is_passed_over(odd: dict[str, Any]) -> None:
    found = intents_of({"Records": [odd, record(INTENDED)]})
    assert [entry for _, _, entry in found] == ["T#000"]


def test_entries_are_read_from_their_body_and_others_passed_over() -> None:
    entry = an_entry()
    records = [record({"body": text("{}")}), record({}), record({"body": text(dumps(entry))})]
    assert entries_of({"Records": records}) == (("7", entry),)


def alarm(**changes: Any) -> dict[str, Any]:
    dimensions = {"AutoScalingGroupName": "blue-asg"}
    metric = {"metricStat": {"metric": {"dimensions": dimensions}}}
    return {
        "account": HOME.account,
        "region": HOME.region,
        "source": "aws.cloudwatch",
        "detail-type": "CloudWatch Alarm State Change",
        "resources": ["arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow"],
        "detail": {"alarmName": "slow", "configuration": {"metrics": [metric]}},
        **changes,
    }


def scaling(**changes: Any) -> dict[str, Any]:
    return alarm(
        source="aws.autoscaling",
        **{"detail-type": "EC2 Instance Launch Successful", **changes},
        detail={"AutoScalingGroupName": "blue-asg"},
    )


def test_an_alarm_names_what_its_metrics_are_about() -> None:
    signal = signal_of(alarm(), HOME)
    assert signal.names == {"blue-asg"}
    assert signal.by == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow"


def test_a_groups_event_names_the_group() -> None:
    signal = signal_of(scaling(), HOME)
    assert signal.names == {"blue-asg"}
    assert signal.by == "EC2 Instance Launch Successful: blue-asg"


def test_where_we_live_is_checked_only_as_far_as_it_is_known() -> None:
    assert signal_of(alarm(account="9", region="x"), Home("", "")).names == {"blue-asg"}


def deep(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("event", "words"),
    [
        pytest.param([], "expected an EventBridge event", id="a list"),
        pytest.param(alarm(account="999999999999"), "another account", id="another account"),
        pytest.param(alarm(region="us-east-1"), "another Region", id="another Region"),
        pytest.param(alarm(x="x" * 64_000), "at most 64000", id="oversized"),
        pytest.param(alarm(x=deep(30)), "deeper", id="too deep"),
        pytest.param(alarm(x=deep(200_000)), "deeper", id="far too deep"),
        pytest.param(alarm(detail=None), "expected source", id="no detail"),
        pytest.param(alarm(source=7), "expected source", id="no source"),
        pytest.param(alarm(**{"detail-type": None}), "expected source", id="no type"),
        pytest.param(alarm(**{"detail-type": "Scheduled Event"}), "no wake-up", id="another kind"),
        pytest.param(alarm(resources=[], detail={}), "detail.alarmName", id="a nameless alarm"),
        pytest.param(
            alarm(resources=[7], detail={"alarmName": "x" * 513}), "alarmName", id="a long name"
        ),
        pytest.param(
            alarm(source="aws.autoscaling", **{"detail-type": "x"}), "GroupName", id="asg"
        ),
    ],
)
def test_a_hostile_or_foreign_event_is_refused(event: object, words: str) -> None:
    with pytest.raises(EventRefused, match=words):
        signal_of(event, HOME)


@pytest.mark.parametrize(
    "configuration",
    [
        None, [], {"metrics": {}}, {"metrics": [None, {"metricStat": []}]},
        {"metrics": [{"metricStat": {"metric": {"dimensions": ["x"]}}}]},
        {"metrics": [{"metricStat": {"metric": []}}]},
        {"metrics": [{"metricStat": {"metric": {"dimensions": {"a": 7, "b": "x" * 513}}}}]},
    ],
)  # fmt: skip
def test_an_alarm_of_odd_shape_names_nothing(configuration: object) -> None:
    odd = alarm(detail={"alarmName": "slow", "configuration": configuration})
    assert signal_of(odd, HOME).names == set()


def test_no_more_names_are_read_than_anybody_needs() -> None:
    dimensions = {f"d{n}": f"v{n}" for n in range(MOST_NAMES + 50)}
    metric = {"metricStat": {"metric": {"dimensions": dimensions}}}
    many = alarm(detail={"alarmName": "x", "configuration": {"metrics": [metric]}})
    assert len(signal_of(many, HOME).names) == MOST_NAMES


def test_a_cause_is_never_longer_than_a_name() -> None:
    assert len(signal_of(alarm(resources=["x" * 999]), HOME).by) == LONGEST_NAME


def deployed() -> InMemory:
    state = InMemory()
    for name, enabled in (("shop", True), ("off", False), ("other", True)):
        policy = a_policy(name, enabled=enabled, modes=dict.fromkeys(Lever))
        names = frozenset({"blue-asg"}) if name != "other" else frozenset({"red-asg"})
        state.store.apply_policy(policy, names, an_entry(name, seed="policy", deadline=None))
    return state


class Woken:
    """What wake works on: instance 7 is the blue group's, nobody knows any other."""

    def __init__(self, state: InMemory) -> None:
        self.store, self.queue, self.owners = state.store, state.queue, self

    def groups_of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str]:
        return {name: "blue-asg" for name in instances if name == "i-7"}


def notice(instance: str) -> dict[str, Any]:
    event = scaling()
    kind = "EC2 Spot Instance Interruption Warning"
    detail = {"instance-id": instance, "instance-action": "terminate"}
    return event | {"source": "aws.ec2", "detail-type": kind, "detail": detail}


def test_a_notice_wakes_whoever_the_instance_belongs_to() -> None:
    state = deployed()
    assert wake(notice("i-7"), Woken(state), NOON, HOME) == ("shop",)
    assert [a.by for a in state.queue.take()] == ["EC2 Spot Instance Interruption Warning: i-7"]
    assert wake(notice("i-8"), Woken(state), NOON, HOME) == ()


def test_the_schedule_asks_for_each_enabled_service() -> None:
    state = deployed()
    assert ask_for_all(state.store, state.queue, NOON) == 2
    assert [(a.service, a.by) for a in state.queue.take()] == [
        ("other", "schedule"), ("shop", "schedule"),
    ]  # fmt: skip


def test_an_event_wakes_the_enabled_services_it_concerns() -> None:
    state = deployed()
    assert wake(scaling(), Woken(state), NOON, HOME) == ("shop",)
    assert [a.by for a in state.queue.take()] == ["EC2 Instance Launch Successful: blue-asg"]


def test_an_event_about_something_unmanaged_wakes_nobody() -> None:
    state = deployed()
    stranger = scaling()
    stranger["detail"] = {"AutoScalingGroupName": "strangers-asg"}
    assert wake(stranger, Woken(state), NOON, HOME) == ()
    assert not state.queue.take()


def test_a_message_is_json_a_person_can_read() -> None:
    assert json.loads(ask_to_body(ASK)) == {
        "service": "shop", "by": "schedule", "asked_at": "2026-03-02T12:00:00Z",
    }  # fmt: skip
