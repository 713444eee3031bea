"""An intent is carried out once or not at all, whoever dies where (laws 7 and 8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.embedded_shop import (
    RISING,
    SHOP,
    delete_entry,
    of_kind,
    outcomes_of,
    run_until,
    running,
    shop,
    stored,
    work,
)
from trimtab.events import ask_to_body
from trimtab.model.entry import OUTCOMES, Kind
from trimtab.model.tick import Ask
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.delivery import Record

RESIZE = "SetDesiredCapacity"


def test_act_does_nothing_for_an_intent_that_the_log_does_not_hold() -> None:
    with running(shop(load=RISING)) as aws:

        def deleted(_: str, record: Record) -> list[Record]:
            keys = record["dynamodb"]["Keys"]
            delete_entry(aws, keys["service"]["S"], keys["id"]["S"])
            return [record]

        aws.tamper("act", deleted)
        intent = run_until(aws, Kind.INTENDED)

        assert aws.calls.writes() == []
        assert outcomes_of(aws, intent) == []


def test_a_record_delivered_twice_is_carried_out_once() -> None:
    with running(shop(load=RISING)) as aws:
        aws.tamper("act", lambda _, record: [record, record])
        intent = run_until(aws, Kind.INTENDED)

        assert len(aws.calls.of("act", operation=RESIZE)) == 1
        assert [entry.kind for entry in outcomes_of(aws, intent)] == [Kind.APPLIED]


@pytest.mark.parametrize(
    ("operation", "moment", "ends"),
    [
        (RESIZE, "before", Kind.APPLIED),
        (RESIZE, "after", Kind.UNNEEDED),
        ("TransactWriteItems", "before", Kind.UNNEEDED),
    ],
    ids=["before the write", "after the write", "before the outcome"],
)
def test_an_act_that_was_killed_finishes_its_intent_exactly_once(
    operation: str, moment: Any, ends: Kind
) -> None:
    with running(shop(load=RISING)) as aws:
        before = sizes(aws)
        aws.kill("act", operation, moment)
        intent = run_until(aws, Kind.INTENDED)
        aws.run(2)

        assert any("killed" in trouble for trouble in aws.result.troubles)
        assert [entry.kind for entry in outcomes_of(aws, intent)] == [ends]
        effective = [call for call in aws.calls.of("act", operation=RESIZE) if not call.error]
        assert len({(call.at, call.operation) for call in effective}) <= 2
        assert sizes(aws) != before


def test_an_act_killed_after_its_outcome_was_appended_adds_no_second_one() -> None:
    with running(shop(load=RISING)) as aws:
        aws.kill("act", "TransactWriteItems", "after")
        intent = run_until(aws, Kind.INTENDED)
        aws.run(2)

        assert [entry.kind for entry in outcomes_of(aws, intent)] == [Kind.APPLIED]
        assert len(aws.calls.of("act", operation=RESIZE)) == 1


def test_an_intent_whose_record_was_lost_expires_once_and_is_decided_anew() -> None:
    with running(shop(load=RISING)) as aws:
        lost: list[str] = []

        def first_is_lost(_: str, record: Record) -> list[Record]:
            name = record["dynamodb"]["Keys"]["id"]["S"]
            if not lost:
                lost.append(name)
            return [] if name in lost else [record]

        aws.tamper("act", first_is_lost)
        intent = run_until(aws, Kind.INTENDED)
        aws.run(6)

        assert intent.id == lost[0]
        assert [entry.kind for entry in outcomes_of(aws, intent)] == [Kind.EXPIRED]
        later = [e for e in of_kind(aws.result.entries, Kind.INTENDED) if e.id != intent.id]
        assert later
        assert [entry.kind for entry in outcomes_of(aws, later[0])] == [Kind.APPLIED]


def test_two_reconciles_of_a_service_at_once_commit_once() -> None:
    with running(shop(load=RISING)) as aws:
        aws.run(4)
        event = work(ask_to_body(Ask(SHOP, "operator", aws.now)))
        before = len(stored(aws)), ticks(aws)
        inner: list[Any] = []

        def meanwhile() -> None:
            inner.append(aws.invoke("reconcile", event))

        aws.when("TransactWriteItems", meanwhile, function="reconcile")
        outer = aws.invoke("reconcile", event)

        assert inner == [outer] == [{"batchItemFailures": []}]
        assert ticks(aws) == before[1] + 1
        assert any("reconcile.lost" in line for line in aws.functions.output.lines)


def test_a_reconcile_killed_before_its_commit_leaves_nothing_behind() -> None:
    with running(shop(load=RISING)) as aws:
        aws.run(3)
        before = stored(aws)
        aws.kill("reconcile", "TransactWriteItems")
        aws.run(1)

        assert stored(aws) == before
        assert aws.run(4).ticks > 3  # the message came back, and the schedule asked again


def test_every_intent_of_a_bad_half_hour_has_exactly_one_outcome() -> None:
    with running(shop(load=RISING)) as aws:
        aws.run(30)
        entries = stored(aws)
        intents = [entry.id for entry in of_kind(entries, Kind.INTENDED)]
        ends = [entry.intent for entry in of_kind(entries, *OUTCOMES)]

        assert intents
        assert sorted(ends, key=str) == sorted(intents)


def sizes(aws: Embedded) -> dict[str, int]:
    return {group.name: group.desired for group in aws.world.describe_groups()}


def ticks(aws: Embedded) -> int:
    found = aws.session.client("dynamodb").scan(TableName=aws.settings.ticks_table, Select="COUNT")
    return found["Count"]
