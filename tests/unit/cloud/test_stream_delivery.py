"""A stream's records reach their function in order, and none is passed over in silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from trimtab_lab.cloud import sources
from trimtab_lab.cloud.runtime import FunctionFailed
from trimtab_lab.cloud.sources import StreamPoller
from trimtab_lab.cloud.stacks.kinds import Aws

MAPPING = {
    "FunctionArn": "arn:aws:lambda:us-east-1:1:function:f",
    "EventSourceArn": "arn:aws:dynamodb:us-east-1:1:table/t/stream/1",
    "BatchSize": 4,
    "BisectBatchOnFunctionError": True,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "MaximumRecordAgeInSeconds": 60,
    "MaximumRetryAttempts": 2,
    "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:1:dead"}},
}


class Function:
    """Notes the batches it was handed; ``does`` may raise, or name what it gives back."""

    def __init__(self, does: Callable[[list[str]], list[str]]) -> None:
        self.batches: list[str] = []
        self._does = does

    def invoke(self, _: str, event: Any) -> Any:
        names = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
        self.batches.append("".join(names))
        return {"batchItemFailures": [{"itemIdentifier": it} for it in self._does(names)]}


@pytest.fixture
def letters(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    sent: list[Any] = []
    monkeypatch.setattr(sources, "AFTER_FAILURE_S", 0)
    monkeypatch.setattr(sources, "send", lambda _aws, _queue, letter: sent.append(letter))
    return sent


def test_batches_are_as_large_as_the_mapping_says(letters: list[Any]) -> None:
    assert _delivered("abcdef", lambda _: []) == ["abcd", "ef"]
    assert letters == []


def test_what_is_given_back_comes_again_with_all_after_it(letters: list[Any]) -> None:
    tries = iter([["c"], []])
    assert _delivered("abcd", lambda _: next(tries)) == ["abcd", "cd"]
    assert letters == []


def test_a_batch_that_fails_as_a_whole_is_halved_until_the_bad_one_stands_alone(
    letters: list[Any],
) -> None:
    assert _delivered("abcd", _fails_on("b")) == ["abcd", "ab", "a", "bcd", "b", "b", "b", "cd"]
    assert [letter["requestContext"]["condition"] for letter in letters] == [
        "RetryAttemptsExhausted"
    ]


def test_a_record_that_is_too_old_is_given_up_unseen(letters: list[Any]) -> None:
    assert _delivered("ab", lambda _: [], age_s=61) == []
    assert [letter["requestContext"]["condition"] for letter in letters] == [
        "RecordAgeExceeded"
    ] * 2


def _fails_on(bad: str) -> Callable[[list[str]], list[str]]:
    def does(names: list[str]) -> list[str]:
        if bad in names:
            raise FunctionFailed("no")
        return []

    return does


def _delivered(names: str, does: Callable[[list[str]], list[str]], age_s: float = 0) -> list[str]:
    function, at = Function(does), time.time() - age_s
    records = [
        {"dynamodb": {"SequenceNumber": name, "Keys": {}, "ApproximateCreationDateTime": at}}
        for name in names
    ]
    StreamPoller(cast("Aws", None), function, MAPPING).deliver(records)
    return function.batches
