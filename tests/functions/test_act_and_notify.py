"""The log's stream: intents are carried out once, in order; people are told of the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.act.handler import lambda_handler as act
from functions.notify.handler import lambda_handler as notify
from tests.builders import an_eject
from tests.functions.deployment import Deployment, metrics_in, sample
from tests.functions.samples import INTENT, stream
from trimtab.codec import ulid
from trimtab.errors import Denied, EventRefused
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.observation import TargetState

ALL_WELL: dict[str, list[object]] = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def _the_targets_are_as_ill_as_the_intent_says(deployment: Deployment) -> None:
    deployment.infrastructure.state = TargetState.UNHEALTHY


def outcome_in_the_log(deployment: Deployment, intent: Entry = INTENT) -> Entry | None:
    found: Entry | None = deployment.ledger.entry(intent.service, outcome_id(intent.id))
    return found


def another_intent(number: int) -> Entry:
    name = EntryId(f"{ulid(INTENT.at, f'another {number}')}#000")
    return replace(INTENT, id=name, change=an_eject(number))


def test_an_intent_of_the_log_is_carried_out_once(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.ledger.append(INTENT)
    answers = [act(sample("stream-intended"), context) for _ in range(3)]
    assert answers == [ALL_WELL] * 3
    assert deployment.hands.done == [INTENT.change]
    assert (outcome := outcome_in_the_log(deployment))
    assert outcome.kind is Kind.APPLIED
    assert metrics_in(capsys)["ActionsApplied"] == [1.0]


def test_an_intent_that_is_only_in_the_stream_does_nothing(
    deployment: Deployment, context: object
) -> None:
    assert act(sample("stream-intended"), context) == ALL_WELL
    assert (deployment.hands.done, outcome_in_the_log(deployment)) == ([], None)


@pytest.mark.parametrize("name", ["stream-outcome", "stream-modified-removed"])
def test_what_is_not_an_inserted_intent_does_nothing(
    name: str, deployment: Deployment, context: object
) -> None:
    deployment.ledger.append(INTENT)
    assert act(sample(name), context) == ALL_WELL
    assert deployment.hands.done == []


def test_what_aws_refuses_is_an_outcome_and_no_failure(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.ledger.append(INTENT)
    deployment.hands.broken = Denied("not authorized to perform DeregisterTargets")
    assert act(sample("stream-intended"), context) == ALL_WELL
    assert (outcome := outcome_in_the_log(deployment))
    assert outcome.kind is Kind.FAILED
    assert metrics_in(capsys)["ActionsFailed"] == [1.0]


def test_act_stops_at_the_first_record_that_fails_unforeseen(
    deployment: Deployment, context: object
) -> None:
    intents = [another_intent(number) for number in (1, 2, 3)]
    for intent in intents:
        deployment.ledger.append(intent)
    event = stream(*(("INSERT", intent) for intent in intents))
    broken_at(deployment, 2)
    answer = act(event, context)
    second = event["Records"][1]["dynamodb"]["SequenceNumber"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": second}]}
    assert deployment.hands.done == [intents[0].change]
    assert outcome_in_the_log(deployment, intents[2]) is None


def broken_at(deployment: Deployment, number: int) -> None:
    """Make the hands fail in a way nobody foresaw, at one target."""
    working = deployment.hands.apply

    def apply(change: Any) -> Any:
        if change == an_eject(number):
            raise RuntimeError("nobody foresaw this")
        return working(change)

    deployment.hands.apply = apply  # type: ignore[method-assign]  # a fault, put in by hand


@pytest.mark.parametrize("handler", [act, notify], ids=["act", "notify"])
@pytest.mark.parametrize("event", [{}, [], None, {"Records": {}}, {"Records": [1]}])
def test_what_is_no_stream_batch_is_refused(
    handler: Any, event: object, deployment: Deployment, context: object
) -> None:
    with pytest.raises(EventRefused, match="expected"):
        handler(event, context)
