"""DynamoDB behind the words of ``trimtab.adapters.tables``."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, assert_never

from botocore.exceptions import ClientError

from trimtab.adapters.aws.answers import each, pages_of, part, values
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, of_answer
from trimtab.adapters.tables import (
    LOG_BY_DAY,
    Add,
    Check,
    Found,
    Item,
    Key,
    LostRace,
    Put,
    Range,
    Remove,
    Table,
    Value,
    Write,
    refuse_oversized,
)
from trimtab.errors import Malformed, Refused, SettingsInvalid, Throttled, TrimtabError

if TYPE_CHECKING:
    from types_boto3_dynamodb.type_defs import QueryInputPaginateTypeDef

A_READ = 100
TRIES = 4
"""Of a batch read that DynamoDB answers in part. It is how it pages by size as well as by load."""
INDEX = "by-day"

_THROTTLED = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded"})
_WHOLE = re.compile(r"-?[0-9]{1,38}", re.ASCII)
"""A number of ours: DynamoDB keeps 38 digits."""
_TAKEN = "ConditionalCheckFailed"
_CONTENDED = "TransactionConflict"


@dataclass(frozen=True, slots=True)
class DynamoTables:
    """The tables, by their names in the account."""

    clients: Clients
    names: Mapping[Table, str]
    wait: Callable[[float], None] = time.sleep

    def get(self, key: Key) -> Item | None:
        """One item, read consistently."""
        name = self._name(key.table)
        with faults("dynamodb:GetItem", f"table {name}"):
            answer = self.clients.dynamodb.get_item(
                TableName=name, Key=_given_key(key), ConsistentRead=True
            )
            if "Item" not in answer:
                return None
            item = _taken(key.table, answer["Item"])
            if key.table.key_of(item) != key:
                raise Malformed(
                    f"table {name}: asked for {key.sort}, found {key.table.key_of(item)}"
                )
            return item

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Those items that exist, read consistently, a hundred a call."""
        wanted = tuple(dict.fromkeys(keys))
        items: dict[Key, Item] = {}
        unread: set[Key] = set()
        for batch in (wanted[i : i + A_READ] for i in range(0, len(wanted), A_READ)):
            found = self._batch(batch)
            items |= found.items
            unread |= found.unread
        return Found(items, frozenset(unread))

    def query(self, wanted: Range) -> Iterator[Item]:
        """A range, page by page as it is consumed."""
        name = self._name(wanted.table)
        asked = self.clients.dynamodb.get_paginator("query").paginate(**_asked(name, wanted))
        pages = pages_of(asked, "LastEvaluatedKey")
        while True:
            with faults("dynamodb:Query", f"table {name}"):
                page = next(pages, None)
                items = [] if page is None else each(page, "Items")
            if page is None:
                return
            yield from (_taken(wanted.table, item) for item in items)

    def write(self, writes: Sequence[Write]) -> None:
        """All of the writes or none."""
        refuse_oversized(writes)
        tables = ", ".join(sorted({self._name(_table(write)) for write in writes}))
        with faults("dynamodb:TransactWriteItems", f"tables {tables}"):
            try:
                self.clients.dynamodb.transact_write_items(
                    TransactItems=[self._action(write) for write in writes]
                )
            except ClientError as error:
                if _code(error) != "TransactionCanceledException":
                    raise
                raise _cancelled(error, writes) from error

    def _batch(self, keys: Sequence[Key]) -> Found:
        asked = self._request(keys)
        items: dict[Key, Item] = {}
        for attempt in range(TRIES):
            if attempt:
                self.wait(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 (spreads load)
            with faults("dynamodb:BatchGetItem", f"tables {', '.join(sorted(asked))}"):
                answer = self.clients.dynamodb.batch_get_item(RequestItems=asked)
                if not isinstance(answer.get("Responses"), dict):
                    raise Malformed(f"Responses: expected the items, found {answer.keys()}")
                for name in answer["Responses"]:
                    table = self._table_named(name)
                    taken = [_taken(table, item) for item in each(answer["Responses"], name)]
                    items |= {table.key_of(item): item for item in taken}
                asked = dict(part(answer, "UnprocessedKeys"))
                unread = self._unread(asked)
            if not asked:
                return Found(items)
        return Found(items, unread)

    def _unread(self, asked: Mapping[str, Any]) -> frozenset[Key]:
        return frozenset(
            table.key_of(_taken(table, key))
            for name, rest in asked.items()
            for table in [self._table_named(name)]
            for key in each(rest, "Keys")
        )

    def _request(self, keys: Sequence[Key]) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        for key in keys:
            request = asked.setdefault(self._name(key.table), {"Keys": [], "ConsistentRead": True})
            request["Keys"].append(_given_key(key))
        return asked

    def _name(self, table: Table) -> str:
        name = self.names.get(table)
        if not name:
            raise SettingsInvalid(f"this function was not told the name of its {table.name} table")
        return name

    def _table_named(self, name: str) -> Table:
        for table, known in self.names.items():
            if known == name:
                return table
        raise Malformed(f"AWS answered of a table that was not asked for: {name!r:.80}")

    def _action(self, write: Write) -> Any:  # noqa: ANN401 (a TypedDict with optional parts)
        match write:
            case Put():
                name, given = self._name(write.table), attributes_of(write.item)
                put = {"TableName": name, "Item": given, **_condition(write.table, write.expected)}
                return {"Put": put}
            case Check():
                name, given = self._name(write.key.table), _given_key(write.key)
                condition = _condition(write.key.table, write.expected)
                return {"ConditionCheck": {"TableName": name, "Key": given, **condition}}
            case Remove():
                name = self._name(write.key.table)
                return {"Delete": {"TableName": name, "Key": _given_key(write.key)}}
            case Add():
                name = self._name(write.key.table)
                return {"Update": {"TableName": name, "Key": _given_key(write.key), **_adds(write)}}
            case _:
                assert_never(write)


def _condition(table: Table, expected: int | None) -> dict[str, Any]:
    if expected is None:
        return {}
    if expected == 0:
        return {
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": table.value[0]},
        }
    return {
        "ConditionExpression": "#version = :version",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":version": {"N": str(expected)}},
    }


def _adds(add: Add) -> dict[str, Any]:
    """Say an addition: what is set beside the count goes by names of its own, never the words'."""
    names = {"#n": "n", **{f"#v{i}": name for i, name in enumerate(add.values)}}
    given = {":by": _value(add.by)}
    given |= {f":v{i}": _value(value) for i, value in enumerate(add.values.values())}
    update = "ADD #n :by"
    if add.values:
        update += " SET " + ", ".join(f"#v{i} = :v{i}" for i in range(len(add.values)))
    said: dict[str, Any] = {"UpdateExpression": update}
    if add.most is not None:
        given[":room"] = _value(add.most - add.by)
        fits = "attribute_not_exists(#n) OR #n <= :room" if add.by <= add.most else "#n <= :room"
        said["ConditionExpression"] = fits
    return {**said, "ExpressionAttributeNames": names, "ExpressionAttributeValues": given}


def _cancelled(error: ClientError, writes: Sequence[Write]) -> TrimtabError:
    """Say why DynamoDB cancelled a transaction: it gives one reason per write, in order."""
    reasons = values(error.response, "CancellationReasons")
    codes = [str(part({"": reason}, "").get("Code") or "None") for reason in reasons]
    failed = [(w, c) for w, c in zip(writes, codes, strict=False) if c != "None"]
    told = "; ".join(f"{write.what}: {code}" for write, code in failed) or str(error)
    taken = frozenset(n for n, code in enumerate(codes) if code == _TAKEN)
    contended = frozenset(n for n, code in enumerate(codes) if code == _CONTENDED)
    if taken or contended:
        return LostRace(told, taken, contended)
    if any(code in _THROTTLED for _, code in failed):
        return Throttled(f"nothing was written, DynamoDB asks to slow down ({told})")
    if failed:
        return Refused(f"nothing was written, DynamoDB refuses it ({told})")
    return of_answer(error, "dynamodb:TransactWriteItems", "the tables")


def _asked(name: str, wanted: Range) -> QueryInputPaginateTypeDef:
    partition, sort = LOG_BY_DAY if wanted.by_day else wanted.table.value
    names = {"#p": partition}
    values: dict[str, Any] = {":p": {"S": wanted.partition}}
    condition = "#p = :p"
    if wanted.low or wanted.high:
        names["#s"] = sort
        values |= {":low": {"S": wanted.low or " "}, ":high": {"S": wanted.high or "\U0010ffff"}}
        condition += " AND #s BETWEEN :low AND :high"
    asked: QueryInputPaginateTypeDef = {
        "TableName": name,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ScanIndexForward": not wanted.newest_first,
        "ConsistentRead": not wanted.by_day,  # an index has no consistent reads
    }
    if wanted.by_day:
        asked["IndexName"] = INDEX
    if wanted.service:
        names["#service"] = "service"
        values[":service"] = {"S": wanted.service}
        asked["FilterExpression"] = "#service = :service"
    if wanted.limit is not None:
        asked["PaginationConfig"] = {"MaxItems": wanted.limit, "PageSize": wanted.limit}
    return asked


def _table(write: Write) -> Table:
    return write.table if isinstance(write, Put) else write.key.table


def _given_key(key: Key) -> dict[str, Any]:
    partition, sort = key.table.value
    return {partition: {"S": key.partition}, sort: {"S": key.sort}}


def attributes_of(item: Item) -> dict[str, Any]:
    """Return an item as DynamoDB is given it."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: Value) -> dict[str, Any]:
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case _:
            assert_never(value)


def _taken(table: Table, item: Mapping[str, Any]) -> Item:
    """Read an item; its keys are there and are texts, for DynamoDB keeps none without."""
    if not isinstance(item, Mapping):
        raise Malformed(f"expected an item of {table.name}, found {item!r:.80}")
    plain = {name: _plain(item, name, value) for name, value in item.items()}
    for key in table.value:
        if not isinstance(plain.get(key), str):
            raise Malformed(f"an item of {table.name} without the key {key!r}: {item!r:.80}")
    return plain


def _plain(item: Mapping[str, Any], name: str, value: object) -> Value:
    match value:
        case {"S": str(text)}:
            return text
        case {"N": str(digits)} if _WHOLE.fullmatch(digits):
            return int(digits)
        case {"BOOL": bool(flag)}:
            return flag
        case {"B": bytes(data)}:
            return data
    where = "/".join(
        str(next(iter(part.values()), "")) if isinstance(part, Mapping) else "?"
        for key in ("service", "item", "id", "at")
        if (part := item.get(key)) is not None
    )
    held = ", ".join(value) if isinstance(value, Mapping) else repr(value)
    expected = "expected text, a whole number, true or false, or bytes"
    raise Malformed(f"stored {where:.200}: attribute {name!r} holds {held:.60}; {expected}")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
