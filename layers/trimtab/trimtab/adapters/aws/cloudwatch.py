"""CloudWatch: raw one-minute series, five hundred a call, each as complete as AWS says it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trimtab.adapters.aws.answers import (
    Answer,
    each,
    each_if_any,
    measured,
    pages_of,
    text_if_any,
)
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.adapters.plausible import sieved
from trimtab.errors import Malformed, TrimtabError
from trimtab.model.observation import Point, Series
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import MetricKey

if TYPE_CHECKING:
    from types_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

A_CALL = 500
PERIOD = 60


def series_of(
    clients: Clients, keys: Sequence[MetricKey], start: datetime, end: datetime
) -> Mapping[MetricKey, Series | Reason]:
    """Read each series once, over whole minutes from ``start`` to before ``end``."""
    wanted = tuple(dict.fromkeys(keys))
    span = _Span(_minute(start), _minute(end))
    seen: dict[MetricKey, Series | Reason] = {}
    for batch in (wanted[i : i + A_CALL] for i in range(0, len(wanted), A_CALL)):
        try:
            seen |= _read(clients, batch, span)
        except TrimtabError as error:
            seen |= dict.fromkeys(batch, reason_of(error))
    return seen


@dataclass(frozen=True, slots=True)
class _Span:
    start: datetime
    end: datetime


@dataclass(slots=True)
class _Gathered:
    """What came for one series, over all pages. The last page's status is the one that counts."""

    status: str = ""
    message: str = ""
    spoiled: bool = False
    values: dict[datetime, float] = field(default_factory=dict)


def _read(
    clients: Clients, keys: Sequence[MetricKey], span: _Span
) -> Mapping[MetricKey, Series | Reason]:
    queries = [_query(f"m{i}", key) for i, key in enumerate(keys)]
    gathered = {f"m{i}": _Gathered() for i in range(len(keys))}
    with faults("cloudwatch:GetMetricData", f"{len(keys)} series"):
        pages = clients.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries,
            StartTime=span.start,
            EndTime=span.end,
            ScanBy="TimestampDescending",
        )
        for page in pages_of(pages, "NextToken"):
            _gather(gathered, each(page, "MetricDataResults"))
    return {key: _series(key, gathered[f"m{i}"], span) for i, key in enumerate(keys)}


def _query(name: str, key: MetricKey) -> MetricDataQueryTypeDef:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": key.namespace,
                "MetricName": key.name,
                "Dimensions": [{"Name": n, "Value": v} for n, v in key.dimensions],
            },
            "Period": PERIOD,
            "Stat": key.statistic,
        },
        "ReturnData": True,
    }


def _gather(gathered: Mapping[str, _Gathered], results: Iterable[Answer]) -> None:
    for result in results:
        one = gathered.get(text_if_any(result, "Id"))
        if one is None or one.spoiled:
            continue
        try:
            one.status = text_if_any(result, "StatusCode")
            said = each_if_any(result, "Messages")
            one.message = "; ".join(text_if_any(m, "Value") for m in said)
            one.values.update(measured(result))
        except (Malformed, OverflowError) as error:
            # what came of it on other pages is not the whole either
            one.spoiled, one.status, one.message = True, "what cannot be read", str(error)
            one.values.clear()


def _series(key: MetricKey, one: _Gathered, span: _Span) -> Series | Reason:
    name = f"{key.namespace}/{key.name}"
    if one.status == "Forbidden":
        return Reason(ReasonCode.ACCESS_DENIED, f"{name}: CloudWatch forbids it: {one.message}")
    inside = sorted((at, v) for at, v in one.values.items() if span.start <= at < span.end)
    found = sieved([Point(at, value) for at, value in inside], key)
    complete = one.status == "Complete"
    if not complete and not found.times:
        said = f"{one.status or 'nothing'} {one.message}".strip()
        return Reason(ReasonCode.PARTIAL_DATA, f"{name}: CloudWatch answered {said}, no data")
    return replace(found, complete=complete and found.complete)


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)
