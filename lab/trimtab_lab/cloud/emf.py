"""Metrics that functions print in the embedded metric format, given to the world's CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any

from trimtab_lab.world.metrics import Metrics, Reader, Source, Summary

_Key = tuple[str, frozenset[tuple[str, str]]]


class Printed:
    """Collects what was printed in a minute; a minute is reported when it is over."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = Lock()
        self._minute: dict[_Key, dict[str, list[float]]] = {}
        self._readers: dict[_Key, dict[str, Reader]] = {}

    def hear(self, line: str) -> None:
        """Take a line of a function; most are not metrics."""
        if '"_aws"' not in line:
            return
        try:
            document = json.loads(line)
        except json.JSONDecodeError:
            return
        with self._lock:
            for directive in document["_aws"].get("CloudWatchMetrics", []):
                self._take(directive, document)

    def close_minute(self, began: datetime) -> None:
        """Report what was heard as the minute that began then."""
        with self._lock:
            minute, self._minute = self._minute, {}
        for key, values in minute.items():
            row = {
                name: Summary(sum(seen), len(seen), min(seen), max(seen))
                for name, seen in values.items()
            }
            self._source(key, row).rows.append((int(began.timestamp()), row))

    def _take(self, directive: Mapping[str, Any], document: Mapping[str, Any]) -> None:
        for names in directive.get("Dimensions", [[]]):
            key = (directive["Namespace"], frozenset((n, str(document[n])) for n in names))
            into = self._minute.setdefault(key, {})
            for metric in directive["Metrics"]:
                found = document.get(metric["Name"], [])
                values = found if isinstance(found, list) else [found]
                into.setdefault(metric["Name"], []).extend(float(value) for value in values)

    def _source(self, key: _Key, row: Mapping[str, Any]) -> Source:
        readers = self._readers.setdefault(key, {})
        for name in row:
            readers.setdefault(name, _reader(name))
        return self._metrics.source(key[0], dict(key[1]), readers)


def _reader(name: str) -> Reader:
    def read(row: Any) -> Summary | None:
        found: Summary | None = row.get(name)
        return found

    return read
