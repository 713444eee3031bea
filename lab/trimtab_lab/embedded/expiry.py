"""DynamoDB's deletion of what has expired, which moto leaves out: late, and in no order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import boto3

LATEST_S = 48 * 3600
"""Seconds after its time by which an item is gone, as AWS says of most."""
TOO_OLD_S = 5 * 365 * 86_400
"""What expired longer ago than that DynamoDB never deletes: a guard against wrong units."""


def expire(session: boto3.Session, expiring: Mapping[str, str], now: datetime) -> int:
    """Delete what has expired by now, each item after a delay of its own; return how many."""
    dynamodb = session.client("dynamodb")
    count = 0
    for table, attribute in expiring.items():
        keys = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        for item in list(_items(dynamodb, table)):
            key = {part["AttributeName"]: item[part["AttributeName"]] for part in keys}
            if _is_gone(item.get(attribute, {}), str(key), now):
                dynamodb.delete_item(TableName=table, Key=key)
                count += 1
    return count


def _is_gone(expires: Mapping[str, Any], key: str, now: datetime) -> bool:
    if "N" not in expires:
        return False
    over = now.timestamp() - float(expires["N"])
    return random.Random(key).uniform(0, LATEST_S) < over < TOO_OLD_S


def _items(dynamodb: Any, table: str) -> Iterator[Mapping[str, Any]]:
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]
