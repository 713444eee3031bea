"""DynamoDB when it answers in part, cancels, throttles or is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws
from tests.builders import NOON, SHOP, a_policy, a_tick, an_entry, at
from trimtab.adapters import records
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.tables import TRIES, DynamoTables
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Key, LostRace, Range, Table
from trimtab.errors import (
    Conflict,
    Denied,
    Malformed,
    NotFound,
    Refused,
    SettingsInvalid,
    Throttled,
    TrimtabError,
    Unclear,
)
from trimtab.model.blast import Blast, Spend
from trimtab.model.ids import ServiceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Remembered

NAMES = {Table.MEMORY: "memory-table", Table.LOG: "log-table", Table.TICKS: "ticks-table"}


def tables(aws: FakeAws) -> DynamoTables:
    return DynamoTables(aws.clients, NAMES, wait=lambda _: None)


def stored(service: str) -> dict[str, Any]:
    item = records.policy_item(
        records.current_key(ServiceId(service)), a_policy(service, version=1)
    )
    return {n: {"N": str(v)} if isinstance(v, int) else {"S": v} for n, v in item.items()}


def batch(*items: dict[str, Any], unprocessed: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    rest = [{"service": {"S": service}, "item": {"S": item}} for service, item in unprocessed]
    keys = {"memory-table": {"Keys": rest, "ConsistentRead": True}} if rest else {}
    return {"Responses": {"memory-table": list(items)}, "UnprocessedKeys": keys}


def cancelled(*codes: str) -> Failure:
    reasons = [{"Code": code, "Message": "because"} for code in codes]
    return Failure("TransactionCanceledException", more={"CancellationReasons": reasons})


def test_what_a_batch_leaves_unprocessed_is_asked_for_again(aws: FakeAws) -> None:
    aws.answer(
        "BatchGetItem", batch(unprocessed=(("shop", "policy#current"),)), batch(stored("shop"))
    )
    found = TableStore(tables(aws)).recall([SHOP])
    assert isinstance(found[SHOP], Remembered)
    assert [len(c["RequestItems"]["memory-table"]["Keys"]) for c in aws.of("BatchGetItem")] == [
        6,
        1,
    ]


def test_a_key_never_processed_blinds_its_service_after_bounded_tries(aws: FakeAws) -> None:
    half = batch(stored("shop"), stored("web"), unprocessed=(("web", "memory"),))
    aws.answer("BatchGetItem", half)
    found = TableStore(tables(aws)).recall([SHOP, ServiceId("web")])
    assert isinstance(found[SHOP], Remembered)
    web = found[ServiceId("web")]
    assert isinstance(web, Reason)
    assert web.code is ReasonCode.THROTTLED
    assert len(aws.calls) == TRIES


def test_without_the_pause_of_everything_no_service_is_recalled(aws: FakeAws) -> None:
    aws.answer("BatchGetItem", batch(stored("shop"), unprocessed=(("#all", "pause"),)))
    assert isinstance(TableStore(tables(aws)).recall([SHOP])[SHOP], Reason)
    with pytest.raises(Throttled, match="take it for paused"):
        TableStore(tables(aws)).pauses(SHOP)
    with pytest.raises(Throttled, match="take it for paused"):
        TableStore(tables(aws)).halts(SHOP)


def test_a_count_that_was_left_unread_is_not_known_and_hides_no_service(aws: FakeAws) -> None:
    unread = ("#blast", records.stamp(NOON))
    aws.answer("BatchGetItem", batch(stored("shop"), unprocessed=(unread,)))
    held = TableStore(tables(aws), most_removals=9).recall([SHOP], at(3))[SHOP]
    assert isinstance(held, Remembered)
    assert held.blast == Blast(NOON, None, 0, 9)


def test_a_recall_of_many_services_reads_consistently_in_one_batch_each_hundred(
    aws: FakeAws,
) -> None:
    aws.answer("BatchGetItem", batch())
    TableStore(tables(aws)).recall([ServiceId(f"s{n}") for n in range(35)])
    asked = [call["RequestItems"]["memory-table"] for call in aws.of("BatchGetItem")]
    assert [len(one["Keys"]) for one in asked] == [100, 76]
    assert all(one["ConsistentRead"] for one in asked)


def test_a_commit_is_one_transaction_of_memory_policy_record_entries_and_chain(
    aws: FakeAws,
) -> None:
    aws.answer("GetItem", {})
    aws.answer("TransactWriteItems", {})
    TableLedger(tables(aws)).commit(a_tick(entries=(an_entry(seq=0), an_entry(seq=1))))
    assert aws.operations == ["dynamodb:GetItem", "dynamodb:TransactWriteItems"]
    writes = [
        (kind, write["TableName"], write["ConditionExpression"])
        for one in aws.of("TransactWriteItems")[0]["TransactItems"]
        for kind, write in one.items()
    ]
    absent = "attribute_not_exists(#key)"
    assert writes == [
        ("Put", "memory-table", absent),
        ("ConditionCheck", "memory-table", "#version = :version"),
        ("Put", "ticks-table", absent),
        ("Put", "log-table", absent),
        ("Put", "log-table", absent),
        ("Put", "memory-table", absent),
    ]


@pytest.mark.parametrize(
    ("codes", "ours"),
    [
        (("ConditionalCheckFailed", "None", "None", "None"), LostRace),
        (("None", "TransactionConflict", "None", "None"), LostRace),
        (("None", "None", "ConditionalCheckFailed", "ThrottlingError"), LostRace),
        (("None", "None", "None", "ThrottlingError"), Throttled),
        (("ProvisionedThroughputExceeded", "None", "None", "None"), Throttled),
        (("None", "None", "ValidationError", "None"), Refused),
        (("None", "None", "ItemCollectionSizeLimitExceeded", "None"), Refused),
        ((), Refused),
    ],
    ids=str,
)
def test_a_cancelled_transaction_says_why(
    aws: FakeAws, codes: tuple[str, ...], ours: type[TrimtabError]
) -> None:
    aws.answer("GetItem", {})
    aws.answer("TransactWriteItems", cancelled(*codes))
    with pytest.raises(TrimtabError) as raised:
        TableLedger(tables(aws)).commit(a_tick(entries=(an_entry(),)))
    assert type(raised.value) is ours


def test_a_lost_race_names_what_was_lost(aws: FakeAws) -> None:
    aws.answer("TransactWriteItems", cancelled("None", "ConditionalCheckFailed", "None"))
    with pytest.raises(Conflict, match=r"policy of shop: ConditionalCheckFailed"):
        TableLedger(tables(aws)).commit(a_tick())


@pytest.mark.parametrize(
    ("failure", "ours"),
    [
        (Failure("TransactionInProgressException"), Unclear),
        (Failure("InternalServerError", status=500), Unclear),
        (Failure("ResourceNotFoundException"), NotFound),
        (Failure("AccessDeniedException"), Denied),
        (Failure("ProvisionedThroughputExceededException"), Throttled),
    ],
    ids=lambda v: v.code if isinstance(v, Failure) else "",
)
def test_a_transaction_that_fails_otherwise_says_which_tables(
    aws: FakeAws, failure: Failure, ours: type[TrimtabError]
) -> None:
    aws.answer("GetItem", {})
    aws.answer("TransactWriteItems", failure)
    with pytest.raises(ours, match="log-table, memory-table, ticks-table"):
        TableLedger(tables(aws)).commit(a_tick(entries=(an_entry(),)))


def test_an_append_that_collides_with_a_transaction_is_a_conflict_not_a_duplicate(
    aws: FakeAws,
) -> None:
    aws.answer("GetItem", {})
    aws.answer(
        "TransactWriteItems",
        cancelled("TransactionConflict", "None"),
        cancelled("ConditionalCheckFailed", "None"),
    )
    ledger = TableLedger(tables(aws))
    with pytest.raises(Conflict):
        ledger.append(an_entry())
    assert not ledger.append(an_entry())


def test_an_append_that_only_lost_the_head_of_the_chain_is_linked_anew(aws: FakeAws) -> None:
    aws.answer("GetItem", {})
    lost_head = cancelled("None", "TransactionConflict")
    aws.answer("TransactWriteItems", lost_head, lost_head, {})
    assert TableLedger(tables(aws)).append(an_entry())
    assert len(aws.of("GetItem")) == 3


def test_a_table_that_is_missing_is_named_by_every_read(moto: Clients) -> None:
    absent = DynamoTables(moto, NAMES)
    store, ledger = TableStore(absent), TableLedger(absent)
    reads: list[Callable[[], object]] = [
        store.services,
        lambda: store.recall([SHOP]),
        lambda: store.policy(SHOP),
        lambda: store.pauses(SHOP),
        lambda: store.halts(SHOP),
        lambda: ledger.entry(SHOP, an_entry().id),
        lambda: ledger.entries(SHOP, [an_entry().id]),
        lambda: list(ledger.of_service(SHOP, NOON, at(1))),
        lambda: list(ledger.of_day("2026-03-02")),
        lambda: list(ledger.ticks(SHOP, NOON, at(1), limit=1)),
        lambda: ledger.append(an_entry()),
        lambda: ledger.commit(a_tick()),
    ]
    for read in reads:
        with pytest.raises(NotFound, match=r"(memory|log|ticks)-table"):
            read()


def test_a_function_that_was_not_told_of_a_table_says_so(aws: FakeAws) -> None:
    with pytest.raises(SettingsInvalid, match="LOG table"):
        DynamoTables(aws.clients, {}).get(Key(Table.LOG, "shop", "x"))


def test_an_item_with_a_kind_of_value_we_never_write_is_malformed(aws: FakeAws) -> None:
    aws.answer("GetItem", {"Item": {"service": {"S": "shop"}, "body": {"NULL": True}}})
    with pytest.raises(Malformed, match="'body' holds NULL"):
        TableStore(tables(aws)).policy(SHOP)


def test_an_index_is_read_as_it_can_be_and_a_table_consistently(aws: FakeAws) -> None:
    aws.answer("Query", {"Items": []})
    list(tables(aws).query(Range(Table.LOG, "2026-03-02", by_day=True)))
    list(tables(aws).query(Range(Table.LOG, "shop")))
    by_day, by_service = aws.of("Query")
    assert (by_day["IndexName"], by_day["ConsistentRead"]) == ("by-day", False)
    assert ("IndexName" in by_service, by_service["ConsistentRead"]) == (False, True)


def test_who_meets_others_at_the_count_of_all_services_tries_again(aws: FakeAws) -> None:
    busy = cancelled("None", "None", "TransactionConflict", "None")
    aws.answer("TransactWriteItems", busy, busy, {})
    TableLedger(tables(aws), None).commit(a_tick(spends=(Spend(NOON, 1, 9),)))
    assert len(aws.of("TransactWriteItems")) == 3


def test_who_finds_the_count_used_up_does_not_try_again(aws: FakeAws) -> None:
    aws.answer("TransactWriteItems", cancelled("None", "None", "ConditionalCheckFailed", "None"))
    with pytest.raises(LostRace, match="what all services have lost since 12:00, of 9 at most"):
        TableLedger(tables(aws), None).commit(a_tick(spends=(Spend(NOON, 1, 9),)))
    assert len(aws.of("TransactWriteItems")) == 1


def test_an_addition_says_how_much_room_there_must_be(aws: FakeAws) -> None:
    aws.answer("TransactWriteItems", {})
    TableLedger(tables(aws), None).commit(a_tick(spends=(Spend(NOON, 2, 9), Spend(at(-10), -1))))
    (call,) = aws.of("TransactWriteItems")
    bounded, free = (item["Update"] for item in call["TransactItems"] if "Update" in item)
    assert bounded["UpdateExpression"] == "ADD #n :by SET #v0 = :v0"
    assert bounded["ConditionExpression"] == "attribute_not_exists(#n) OR #n <= :room"
    given = bounded["ExpressionAttributeValues"]
    assert (given[":by"], given[":room"]) == ({"N": "2"}, {"N": "7"})
    assert "ConditionExpression" not in free
