"""EventBridge takes all events or says so; a secret is read when needed and said nowhere."""

from __future__ import annotations

import json

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from tests.builders import NOON
from trimtab.adapters.aws.bus import EventBus
from trimtab.adapters.aws.secret import ParameterSecret
from trimtab.errors import Denied, NotFound, Throttled, Unclear
from trimtab.model.message import Event, EventType

TAKEN = {"FailedEntryCount": 0, "Entries": []}


def an_event(number: int = 1, size: int = 1) -> Event:
    return Event(NOON, EventType.ACTION, {"id": str(number), "text": "ü" * size})


def test_events_are_sent_under_our_name_ten_a_call() -> None:
    aws = FakeAws()
    aws.answer("PutEvents", TAKEN)
    EventBus(aws.clients, "default").put([an_event(n) for n in range(23)])
    calls = [call["Entries"] for call in aws.of("PutEvents")]
    assert [len(entries) for entries in calls] == [10, 10, 3]
    first = calls[0][0]
    assert json.loads(first["Detail"]) == {"id": "0", "text": "ü"}
    assert {k: v for k, v in first.items() if k != "Detail"} == {
        "EventBusName": "default", "Source": "trimtab", "DetailType": "Trimtab Action",
        "Time": NOON,
    }  # fmt: skip


def test_large_events_go_in_calls_of_their_own() -> None:
    aws = FakeAws()
    aws.answer("PutEvents", TAKEN)
    EventBus(aws.clients, "default").put([an_event(n, 50_000) for n in range(4)])
    assert [len(call["Entries"]) for call in aws.of("PutEvents")] == [2, 2]


def test_nothing_to_send_is_no_call() -> None:
    aws = FakeAws()
    EventBus(aws.clients, "default").put([])
    assert aws.calls == []


@pytest.mark.parametrize(
    ("code", "error"), [("ThrottlingException", Throttled), ("NotAuthorized", Unclear)]
)
def test_a_call_that_failed_in_part_has_failed(code: str, error: type[Exception]) -> None:
    aws = FakeAws()
    rows = [{"EventId": "1"}, {"ErrorCode": code, "ErrorMessage": "no"}]
    aws.answer("PutEvents", {"FailedEntryCount": 1, "Entries": rows})
    with pytest.raises(error, match=f"1 of 2 failed \\({code}\\)"):
        EventBus(aws.clients, "default").put([an_event(1), an_event(2)])


def test_a_bus_that_is_denied_says_what_to_allow() -> None:
    aws = FakeAws()
    aws.answer("PutEvents", Failure("AccessDeniedException"))
    with pytest.raises(Denied, match="events:PutEvents on it"):
        EventBus(aws.clients, "default").put([an_event()])


def test_a_secret_is_read_decrypted_and_kept_for_a_while() -> None:
    aws = FakeAws()
    aws.answer("GetParameter", {"Parameter": {"Value": "https://hooks.invalid/x"}})
    secret = ParameterSecret(aws.clients, "/trimtab/webhook")
    assert [secret(), secret()] == ["https://hooks.invalid/x"] * 2
    assert aws.of("GetParameter") == [{"Name": "/trimtab/webhook", "WithDecryption": True}]


@pytest.mark.parametrize(
    ("code", "error"),
    [("ParameterNotFound", NotFound), ("AccessDeniedException", Denied), ("InvalidKeyId", Denied)],
)
def test_a_secret_that_cannot_be_read_is_our_error(code: str, error: type[Exception]) -> None:
    aws = FakeAws()
    aws.answer("GetParameter", Failure(code))
    with pytest.raises(error, match="/trimtab/webhook"):
        ParameterSecret(aws.clients, "/trimtab/webhook")()


def test_an_empty_secret_says_what_is_expected() -> None:
    aws = FakeAws()
    aws.answer("GetParameter", {"Parameter": {"Value": " "}})
    with pytest.raises(NotFound, match="expected the URL of a webhook"):
        ParameterSecret(aws.clients, "/x")()
