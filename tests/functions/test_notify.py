"""The function notify: the log's stream, its sweep and its digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from functions.notify.handler import lambda_handler as notify
from tests.builders import NOON, an_entry, at
from tests.functions.deployment import Deployment, metrics_in, sample
from tests.functions.samples import OUTCOME, stream
from trimtab.errors import Denied, Throttled
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import ServiceId
from trimtab.model.policy import Mode
from trimtab.model.reason import Reason, ReasonCode

ALL_WELL: dict[str, list[object]] = {"batchItemFailures": []}
SWEEP = {"source": "trimtab.sweep", "scheduled_at": "2026-03-02T12:05:00Z"}
DIGEST = {"source": "trimtab.digest", "scheduled_at": "2026-03-03T07:00:00Z"}


def shadow(minute: float = 0, seed: str = "s") -> Entry:
    wanted = Reason(ReasonCode.LOAD_ABOVE_TARGET, "the load is 5.00 targets' worth")
    reason = Reason(ReasonCode.OBSERVING, "mode is observe")
    return an_entry(
        when=at(minute), seed=seed, kind=Kind.SHADOWED, mode=Mode.OBSERVE,
        wanted=wanted, reason=reason, deadline=None,
    )  # fmt: skip


def break_topic(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Denied("not authorized to publish")

    monkeypatch.setattr(type(deployment.topic), "tell", refuse)


def break_memory(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise Throttled("the table is not there")

    monkeypatch.setattr(type(deployment.tellings), "recall", refuse)


def test_people_are_told_of_an_outcome(deployment: Deployment, context: object) -> None:
    assert notify(sample("stream-outcome"), context) == ALL_WELL
    [told] = deployment.topic.told
    assert told.subject.startswith("[Trimtab shop #")
    assert "applied: deregister" in told.subject
    name = dict(told.attributes).pop("id")
    assert dict(told.attributes) == {
        "service": "shop", "step": "opened", "urgent": "no", "id": name,
    }  # fmt: skip
    assert name.startswith("shop/")
    assert "/opened/" in name


def test_the_same_records_again_are_told_once(deployment: Deployment, context: object) -> None:
    for _ in range(3):
        assert notify(sample("stream-outcome"), context) == ALL_WELL
    assert len(deployment.topic.told) == 1


@pytest.mark.parametrize("name", ["stream-intended", "stream-modified-removed"])
def test_nobody_is_told_of_what_is_not_over(
    name: str, deployment: Deployment, context: object
) -> None:
    assert notify(sample(name), context) == ALL_WELL
    assert deployment.topic.told == []


def test_a_forged_body_is_passed_over(deployment: Deployment, context: object) -> None:
    event = sample("stream-outcome")
    event["Records"][0]["dynamodb"]["NewImage"]["body"]["S"] = "[" * 5000
    assert notify(event, context) == ALL_WELL
    assert deployment.topic.told == []


def test_what_a_channel_did_not_take_is_told_by_a_later_sweep(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as broken:
        break_topic(deployment, broken)
        assert notify(sample("stream-outcome"), context) == ALL_WELL
        assert metrics_in(capsys)["MessagesFailed"] == [1.0]
    assert notify(SWEEP, context) == ALL_WELL
    assert deployment.topic.told == [], "it was asked to wait a minute"
    with time_machine.travel(NOON + timedelta(minutes=2), tick=False):
        notify(SWEEP, context)
        notify(SWEEP, context)
    assert len(deployment.topic.told) == 1


def test_without_its_memory_it_tells_from_what_it_has(
    deployment: Deployment,
    context: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    break_memory(deployment, monkeypatch)
    assert notify(sample("stream-outcome"), context) == ALL_WELL
    assert len(deployment.topic.told) == 1
    assert metrics_in(capsys)["MessagesUnremembered"] == [1.0]


def test_what_reached_nobody_and_is_stored_nowhere_is_given_back(
    deployment: Deployment, context: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_memory(deployment, monkeypatch)
    break_topic(deployment, monkeypatch)
    event = sample("stream-outcome")
    [record] = event["Records"]
    expected = [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]
    assert notify(event, context) == {"batchItemFailures": expected}


def test_a_service_in_trouble_does_not_silence_the_others(
    deployment: Deployment, context: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear = type(deployment.teller).hear

    def poisoned(teller: Any, service: str, *rest: Any) -> None:
        if service == "shop":
            raise RuntimeError("nobody foresaw this")
        hear(teller, service, *rest)

    monkeypatch.setattr(type(deployment.teller), "hear", poisoned)
    other = replace(OUTCOME, service=ServiceId("search"))
    event = stream(("INSERT", OUTCOME), ("INSERT", other))
    first = event["Records"][0]["dynamodb"]["SequenceNumber"]
    assert notify(event, context) == {"batchItemFailures": [{"itemIdentifier": first}]}
    assert [told.attributes["service"] for told in deployment.topic.told] == ["search"]


def test_the_digest_tells_yesterday_once(deployment: Deployment, context: object) -> None:
    deployment.ledger.append(shadow())
    deployment.ledger.append(shadow(1, "t"))
    assert notify(DIGEST, context) == ALL_WELL
    assert deployment.topic.told == [], "the day is not over"
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        notify(DIGEST, context)
        notify(DIGEST, context)
    [told] = deployment.topic.told
    assert told.subject == "[Trimtab shop digest] 2026-03-02: it would have done 2 things"
    assert "  2 x scale: load_above_target" in told.text.splitlines()


def test_a_day_without_anything_to_say_says_nothing(
    deployment: Deployment, context: object
) -> None:
    deployment.ledger.append(an_entry())
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert notify(DIGEST, context) == ALL_WELL
    assert deployment.topic.told == []


def test_a_digest_that_did_not_arrive_is_tried_again(
    deployment: Deployment, context: object
) -> None:
    deployment.ledger.append(shadow())
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        with pytest.MonkeyPatch.context() as broken:
            break_topic(deployment, broken)
            with pytest.raises(RuntimeError, match="did not reach everybody"):
                notify(DIGEST, context)
        notify(DIGEST, context)
    assert len(deployment.topic.told) == 1


def test_a_tick_that_only_observes_is_left_to_the_digest(
    deployment: Deployment, context: object
) -> None:
    note = an_entry(
        kind=Kind.NOTED, mode=Mode.OBSERVE, change=None, inverse=None, deadline=None,
        reason=Reason(ReasonCode.PANIC, "much is bad"), seed="n",
    )  # fmt: skip
    entries = (shadow(), note)
    assert notify(stream(*(("INSERT", e) for e in entries)), context) == ALL_WELL
    assert deployment.topic.told == []
