"""What a policy says of access logs: how old they may be, and what is read into them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class CountSource(StrEnum):
    """Where the counts of requests and failures per target come from."""

    METRICS = "metrics"
    ACCESS_LOGS = "access_logs"


@dataclass(frozen=True, slots=True)
class LoggedLatency:
    """A target is an outlier when it takes much longer to answer than its peers do.

    As ``OutlierPolicy``, over the median time to the first byte of each of the last ``min_samples``
    minutes in which a target answered at least ``min_requests``.
    """

    times_median: float = 3.0
    deviations: float = 5.0
    floor: timedelta = timedelta(milliseconds=250)
    min_peers: int = 2
    min_samples: int = 3
    min_requests: float = 20


@dataclass(frozen=True, slots=True)
class AccessLogs:
    """Read what the load balancer's access logs say of each target.

    A file is of five minutes and comes some minutes after them, so ``max_age`` is longer than that
    of metrics: nothing is read into what is older.
    """

    max_age: timedelta = timedelta(minutes=12)
    latency: LoggedLatency | None = LoggedLatency()
