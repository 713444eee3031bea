"""Events: what AWS hands our functions, read into values or refused.

Every event is untrusted: anybody with PutEvents or an alarm's name can forge one. Only its shape
and names are used, names only count if a policy of ours covers them, and the world is read anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeGuard

from trimtab.codec import iso, loads
from trimtab.errors import EventRefused, Malformed
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, InstanceId, ServiceId
from trimtab.model.tick import Ask

MOST_CHARACTERS = 64_000
"""Larger events are refused unread: the largest alarm we know of is a tenth of it."""
MOST_DEPTH = 24
MOST_NAMES = 200
LONGEST_NAME = 512


@dataclass(frozen=True, slots=True)
class Batch:
    """A queue batch, sorted out: what to do, what came too late, what is not ours to read."""

    asks: tuple[tuple[str, Ask], ...]
    stale: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]


def ask_to_body(ask: Ask) -> str:
    """Write a request as a queue message."""
    return json.dumps({"service": ask.service, "by": ask.by, "asked_at": iso(ask.asked_at)})


def ask_of_body(body: str) -> Ask:
    """Read a queue message; raise ``Malformed`` if it is not one of ours."""
    ask = loads(Ask, body)
    if not ask.service or not _is_name(ask.service) or not _is_name(ask.by):
        raise Malformed("Ask: expected a service's name, and who asks; found none, or no name")
    return ask


def asks_of(event: object, now: datetime, max_age: timedelta) -> Batch:
    """Sort out a batch of the work queue.

    A request older than ``max_age`` is stale: the schedule has asked again since. Raises
    ``EventRefused`` if the event is not a queue batch at all.
    """
    asks, stale, refused = [], [], []
    for record in _records(event):
        name = str(record.get("messageId", ""))
        body = record.get("body")
        try:
            ask = ask_of_body(body if isinstance(body, str) else "")
        except Malformed as error:
            refused.append((name, str(error)))
            continue
        if now - ask.asked_at > max_age:
            stale.append(name)
        else:
            asks.append((name, ask))
    return Batch(tuple(asks), tuple(stale), tuple(refused))


def _records(event: object) -> Iterator[Mapping[str, object]]:
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise EventRefused("expected an event with Records, as SQS and DynamoDB streams send them")
    for record in records:
        if not isinstance(record, Mapping):
            raise EventRefused("expected every record to be an object")
        yield record


def intents_of(event: object) -> tuple[tuple[str, ServiceId, EntryId], ...]:
    """Return (sequence number, service, entry) of each intent inserted, in stream order."""
    return tuple(
        (sequence, ServiceId(service), EntryId(entry))
        for sequence, image in _inserted(event)
        if (service := _text(image, "service"))
        and (entry := _text(image, "id"))
        and _text(image, "kind") == Kind.INTENDED
    )


def entries_of(event: object) -> tuple[tuple[str, Entry], ...]:
    """Return (sequence number, entry) of each entry inserted, in stream order.

    What cannot be read as an entry is passed over: it was not written by us.
    """
    found = []
    for sequence, image in _inserted(event):
        try:
            found.append((sequence, loads(Entry, _text(image, "body"))))
        except Malformed:
            continue
    return tuple(found)


def _inserted(event: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for record in _records(event):
        change = record.get("dynamodb")
        if record.get("eventName") != "INSERT" or not isinstance(change, Mapping):
            continue
        image = change.get("NewImage")
        if isinstance(image, Mapping):
            yield str(change.get("SequenceNumber", "")), image


def _text(image: Mapping[str, object], name: str) -> str:
    value = image.get(name)
    text = value.get("S") if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else ""


@dataclass(frozen=True, slots=True)
class Signal:
    """A wake-up: what kind, from what, and the AWS names it mentions.

    ``instances`` are named by events that do not say of which group they are.
    """

    source: str
    by: str
    names: frozenset[str]
    instances: tuple[InstanceId, ...] = ()


NOTICES = frozenset({
    "EC2 Spot Instance Interruption Warning", "EC2 Instance Rebalance Recommendation"
})  # fmt: skip
"""What EC2 says of an instance that it is about to take away, or likely to."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where we are deployed; an empty part is not checked."""

    account: str
    region: str


def signal_of(event: object, home: Home) -> Signal:
    """Read an EventBridge event that may wake services.

    Raises ``EventRefused`` when it is oversized, too deep, of another account or Region, or of a
    kind that wakes nobody.
    """
    detail, source, kind = _envelope(event, home)
    if kind == "CloudWatch Alarm State Change":
        resources = event.get("resources") if isinstance(event, Mapping) else None
        by = _first_text(resources) or _string(detail, "alarmName")
        return Signal(source, by, _names_in(detail.get("configuration")))
    if source == "aws.autoscaling":
        group = _string(detail, "AutoScalingGroupName")
        return Signal(source, f"{kind}: {group}"[:LONGEST_NAME], frozenset({group}))
    if source == "aws.ec2" and kind in NOTICES:
        instance = InstanceId(_string(detail, "instance-id"))
        return Signal(source, f"{kind}: {instance}"[:LONGEST_NAME], frozenset(), (instance,))
    raise EventRefused(f"no wake-up is defined for {kind[:80]!r} from {source[:80]!r}")


def _envelope(event: object, home: Home) -> tuple[Mapping[str, object], str, str]:
    if not isinstance(event, Mapping):
        raise EventRefused(f"expected an EventBridge event, found {type(event).__name__}")
    if _depth(event) > MOST_DEPTH:
        raise EventRefused(f"the event nests deeper than {MOST_DEPTH}")
    size = len(json.dumps(event, default=str))
    if size > MOST_CHARACTERS:
        raise EventRefused(f"the event has {size} characters, at most {MOST_CHARACTERS} are read")
    if home.account and event.get("account") != home.account:
        raise EventRefused("the event is of another account")
    if home.region and event.get("region") != home.region:
        raise EventRefused("the event is of another Region")
    detail, source, kind = event.get("detail"), event.get("source"), event.get("detail-type")
    if not (isinstance(detail, Mapping) and isinstance(source, str) and isinstance(kind, str)):
        raise EventRefused("expected source, detail-type and detail")
    return detail, source, kind


def _depth(value: object) -> int:
    """Measure nesting without recursion, and no further than needed."""
    level, found = [value], 0
    while level and found <= MOST_DEPTH:
        found += 1
        level = [
            inner
            for held in level
            for inner in (
                held.values()
                if isinstance(held, Mapping)
                else held
                if isinstance(held, list | tuple)
                else ()
            )
        ]
    return found


def _string(detail: Mapping[str, object], name: str) -> str:
    value = detail.get(name)
    if not isinstance(value, str) or not value or not _is_name(value):
        raise EventRefused(f"expected detail.{name} to be a name")
    return value


def _first_text(value: object) -> str:
    first = value[0][:LONGEST_NAME] if _is_text_list(value) else ""
    return first if _is_name(first) else ""


def _is_text_list(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


def _is_name(text: str) -> bool:
    """Tell what can be a name of AWS's or ours: of bounded length, and writable as UTF-8.

    JSON can carry half a surrogate pair, which can be neither hashed nor sent.
    """
    return len(text) <= LONGEST_NAME and not any("\ud800" <= c <= "\udfff" for c in text)


def _names_in(configuration: object) -> frozenset[str]:
    """Collect the dimension values an alarm's metrics mention."""
    names: set[str] = set()
    metrics = configuration.get("metrics") if isinstance(configuration, Mapping) else None
    for metric in metrics if isinstance(metrics, list) else []:
        stat = metric.get("metricStat") if isinstance(metric, Mapping) else None
        inner = stat.get("metric") if isinstance(stat, Mapping) else None
        dimensions = inner.get("dimensions") if isinstance(inner, Mapping) else None
        for value in dimensions.values() if isinstance(dimensions, Mapping) else ():
            if isinstance(value, str) and _is_name(value) and len(names) < MOST_NAMES:
                names.add(value)
    return frozenset(names)
