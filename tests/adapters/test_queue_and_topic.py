"""Messages out: to the work queue, and to people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from tests.builders import SHOP, at
from trimtab.adapters.aws.queue import SqsQueue
from trimtab.adapters.aws.topic import LARGEST, SnsTopic
from trimtab.errors import Denied, NotFound, Refused, Throttled
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Ask

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work.fifo"
ARN = "arn:aws:sns:eu-west-1:123456789012:people"


def asks(count: int) -> list[Ask]:
    return [Ask(ServiceId(f"service-{n:02}"), "schedule", at(0)) for n in range(count)]


def not_taken(number: int, code: str, ours: bool) -> dict[str, Any]:
    return {"Successful": [], "Failed": [{"Id": str(number), "Code": code, "SenderFault": ours}]}


def all_taken(params: Any) -> dict[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in params["Entries"]]}


def test_a_message_that_the_answer_does_not_mention_was_not_taken(aws: FakeAws) -> None:
    aws.answer("SendMessageBatch", {})
    with pytest.raises(Throttled, match=r"service-00 \(no answer\)"):
        SqsQueue(aws.clients, URL).ask(asks(1))


def test_asks_go_ten_a_call_each_in_the_group_of_its_service(aws: FakeAws) -> None:
    aws.answer("SendMessageBatch", all_taken)
    SqsQueue(aws.clients, URL).ask(asks(23))
    calls = aws.of("SendMessageBatch")
    assert [len(call["Entries"]) for call in calls] == [10, 10, 3]
    groups = [entry["MessageGroupId"] for call in calls for entry in call["Entries"]]
    assert groups == [ask.service for ask in asks(23)]


def test_a_message_that_is_not_taken_raises_after_the_others_were_sent(aws: FakeAws) -> None:
    aws.answer("SendMessageBatch", not_taken(3, "InternalError", ours=False), all_taken)
    with pytest.raises(Throttled, match=r"service-03 \(InternalError\)"):
        SqsQueue(aws.clients, URL).ask(asks(12))
    assert len(aws.of("SendMessageBatch")) == 2


def test_a_message_that_is_wrong_is_refused(aws: FakeAws) -> None:
    aws.answer("SendMessageBatch", not_taken(0, "InvalidMessageContents", ours=True))
    with pytest.raises(Refused, match="service-00"):
        SqsQueue(aws.clients, URL).ask(asks(1))


def test_a_queue_that_is_missing_is_named(aws: FakeAws) -> None:
    aws.answer("SendMessageBatch", Failure("AWS.SimpleQueueService.NonExistentQueue"))
    with pytest.raises(NotFound, match=r"work\.fifo"):
        SqsQueue(aws.clients, URL).ask([Ask(SHOP, "schedule", at(0))])


def published(aws: FakeAws, subject: str = "s", text: str = "t", **attributes: str) -> Any:
    aws.answer("Publish", {"MessageId": "1"})
    SnsTopic(aws.clients, ARN).tell(subject, text, attributes)
    return aws.of("Publish")[-1]


def test_people_are_told_once_with_attributes_to_filter_by(aws: FakeAws) -> None:
    assert published(aws, "shop: ejected", "why", kind="applied", lever="") == {
        "TopicArn": ARN,
        "Subject": "shop: ejected",
        "Message": "why",
        # SNS refuses an attribute without a value
        "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "applied"}},
    }


@pytest.mark.parametrize(
    ("subject", "sent"),
    [
        ("x" * 101, "x" * 100),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("déjà vu", "d?j? vu"),
        ("\n", "Trimtab"),
    ],
    ids=["long", "lines", "not ascii", "nothing"],
)
def test_a_subject_is_cut_to_what_sns_takes(aws: FakeAws, subject: str, sent: str) -> None:
    assert published(aws, subject)["Subject"] == sent


def test_a_text_too_long_is_cut_between_characters_and_says_so(aws: FakeAws) -> None:
    sent = published(aws, text="é" * LARGEST)["Message"]
    assert len(sent.encode()) < LARGEST
    assert sent.endswith("[cut: the whole entry is in the log]")
    assert published(aws, text="")["Message"]


def test_a_topic_that_may_not_be_used_names_the_missing_permission(aws: FakeAws) -> None:
    aws.answer("Publish", Failure("AuthorizationError", status=403))
    with pytest.raises(Denied, match="sns:Publish on it"):
        SnsTopic(aws.clients, ARN).tell("s", "t", {})
