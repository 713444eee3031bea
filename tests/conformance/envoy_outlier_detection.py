"""Cases of `envoy_outlier_detection`: who is ejected, for how long, and who may not be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from trimtab.assess.binomial import Counts
from trimtab.assess.envoy import (
    Ejecting,
    FailurePercentage,
    HostHistory,
    SuccessRate,
    Swept,
    eject,
    failure_percentage_outliers,
    may_eject,
    success_rate_outliers,
    sweep,
    time_out,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def answer(case: Fields, expected: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = case.take("kind")
    match kind:
        case "success_rate":
            return _swept(success_rate_outliers(_counts(case), _success_rate(case)))
        case "failure_percentage":
            return _swept(failure_percentage_outliers(_counts(case), _failure_percentage(case)))
        case "may_eject":
            active, total = case.take("active"), case.take("total")
            return {"allowed": may_eject(active, total, _ejecting(case))}
        case "ejection_times":
            return {"seconds": _times(case.take("ejections"), _ejecting(case))}
        case "history":
            return _history(case, _ejecting(case))
        case _:
            raise NotCoveredError(f"kind {kind!r}")


def _counts(case: Fields) -> Mapping[str, Counts]:
    """Return counts by host; a list of success rates stands for a hundred requests each."""
    hosts = case.take("hosts", None)
    if isinstance(hosts, Mapping):
        return {h: Counts(c["requests"], c["failures"]) for h, c in hosts.items()}
    volume = case.take("requests_each", 100)
    rates = case.take("success_rates")
    return {str(i): Counts(volume, round(volume * (100 - r) / 100)) for i, r in enumerate(rates)}


def _success_rate(case: Fields) -> SuccessRate:
    usual = SuccessRate()
    return SuccessRate(
        case.take("minimum_hosts", usual.min_hosts),
        case.take("request_volume", usual.min_requests),
        case.take("stdev_factor", usual.stdev_factor),
    )


def _failure_percentage(case: Fields) -> FailurePercentage:
    usual = FailurePercentage()
    return FailurePercentage(
        case.take("minimum_hosts", usual.min_hosts),
        case.take("request_volume", usual.min_requests),
        case.take("threshold", usual.threshold),
    )


def _ejecting(case: Fields) -> Ejecting:
    usual = Ejecting()

    def seconds(name: str, default: timedelta) -> timedelta:
        return timedelta(seconds=case.take(name, default.total_seconds()))

    return Ejecting(
        seconds("base_ejection_seconds", usual.base_time),
        seconds("max_ejection_seconds", usual.max_time),
        seconds("interval_seconds", usual.interval),
        case.take("max_ejection_percent", usual.max_percent),
        case.take("always_eject_one_host", usual.always_one),
    )


def _swept(swept: Swept) -> Mapping[str, Any]:
    return {"ejected": list(swept.found), "threshold": swept.bar, "mean": swept.mean}


def _times(ejections: int, rules: Ejecting) -> list[float]:
    """Return how long each of so many ejections in a row lasts."""
    host, times = HostHistory(), []
    for _ in range(ejections):
        host = replace(eject(host, START, rules), returned_at=None)
        times.append(time_out(host, rules).total_seconds())
    return times


def _history(case: Fields, rules: Ejecting) -> Mapping[str, Any]:
    """Play ejections and sweeps at given seconds; say when it was out, and its last multiplier."""
    host = HostHistory()
    out = []
    for event in case.take("events"):
        now = START + timedelta(seconds=event["at"])
        host = eject(host, now, rules) if event["is"] == "eject" else sweep(host, now, rules)
        out.append(host.is_out)
    return {"out": out, "multiplier": host.multiplier}
