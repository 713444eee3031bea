"""The document's ``health.access_logs`` section: what is read into the load balancer's logs."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from trimtab.model.access_logs import AccessLogs, LoggedLatency
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import duration, latency, number, rate, whole
from trimtab_cli.policy.forms import OffOr, as_written, default_of
from trimtab_cli.policy.units import Latency, latency_text

_FLOOR: Any = latency_text(LoggedLatency().floor)


class LoggedLatencyDoc(Doc):
    """A detector: a target is an outlier when it takes much longer to answer than its peers do."""

    times_median: Annotated[float, number(1.1, 100)] = Field(
        default=default_of(LoggedLatency, "times_median"),
        description="At least this many times the peers' median. Below 1.1 noise would eject.",
    )
    deviations: Annotated[float, number(1, 100)] = Field(
        default=default_of(LoggedLatency, "deviations"),
        description="At least this many robust deviations (1.4826 x MAD) above the peers' median.",
    )
    floor: Annotated[Latency, latency()] = Field(
        default=_FLOOR,
        description="Below this nobody is an outlier, however much slower than its peers.",
    )
    min_peers: Annotated[int, whole(2, 100)] = Field(
        default=default_of(LoggedLatency, "min_peers"),
        description="Other targets with enough requests that are needed to compare.",
    )
    min_samples: Annotated[int, whole(2, 5)] = Field(
        default=default_of(LoggedLatency, "min_samples"),
        description="Minutes with enough requests that are needed, and more than half of which "
        "must stand out. A file is of five.",
    )
    min_requests: Annotated[float, rate()] = Field(
        default=default_of(LoggedLatency, "min_requests"),
        description="Requests in a minute that are needed for it to count.",
    )


class AccessLogsDoc(Doc):
    """What the load balancer's access logs say of each target.

    They need the stack's parameter for their bucket (docs/access-logs.md). They tell of five
    minutes at a time, and some minutes later.
    """

    max_age: Annotated[timedelta, duration("6m", "15m")] = Field(
        default=default_of(AccessLogs, "max_age"),
        description="Older logs speak for or against nobody. Below six minutes there would be "
        "nothing to go by between two files.",
    )
    latency: Annotated[LoggedLatencyDoc | None, OffOr()] = Field(
        default_factory=LoggedLatencyDoc,
        description="Compare times to the first byte of the answer; `off` compares only failures, "
        "if `health.failures.source` says so.",
        examples=["off"],
    )


def access_logs_of(doc: AccessLogsDoc) -> AccessLogs:
    """Return what a document's section means."""
    if doc.latency is None:
        return AccessLogs(doc.max_age, None)
    given = dict(doc.latency) | {"floor": timedelta(seconds=doc.latency.floor.seconds)}
    return AccessLogs(doc.max_age, LoggedLatency(**given))


def written_access_logs(rules: AccessLogs) -> dict[str, Any]:
    """Return the section as a document has it."""
    return {
        "max_age": as_written("max_age", rules.max_age),
        "latency": _written(rules.latency) if rules.latency else "off",
    }


def _written(rule: LoggedLatency) -> dict[str, Any]:
    plain = {f.name: as_written(f.name, getattr(rule, f.name)) for f in fields(rule)}
    return plain | {"floor": latency_text(rule.floor)}
