"""Whether a fleet deserves the expensive look: one series per target. Pure.

CloudWatch bills by series read, so per-target series are read only when something cheap is out
of the ordinary, and on a slow sweep, because a mild fault in a large fleet moves no mean.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import attrgetter

from trimtab.assess.demand import newest
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import FleetSeen, LoadSignal
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason

ONE_MINUTE = timedelta(minutes=1)
"""The period of every series we read."""
PROBATION = timedelta(minutes=15)
"""How long a target that came back is looked at closely."""


def error_share(seen: FleetSeen, policy: Policy, now: datetime) -> float | None:
    """Return the share of requests the fleet answered with 5xx in the newest minute.

    ``None`` without fresh request counts or below ``signs.min_requests``. A minute without an
    errors datapoint is a minute without errors, but only if the series itself was read whole, and
    the minute before had none either: ELB writes it only when there is something to count, and a
    datapoint of errors may come later than the requests of its minute. Until then the minute before
    speaks.

    Worked example: 1,200 requests and 60 errors in the same minute are 0.05.
    """
    signals = seen.signals or {}
    requests = newest(signals.get(LoadSignal.REQUESTS), now, policy)
    errors = signals.get(LoadSignal.ERRORS)
    if isinstance(requests, Reason) or errors is None or not errors.complete:
        return None
    at, count = requests
    if count < policy.health.signs.min_requests:
        return None
    failed = errors.by_time
    counts = signals[LoadSignal.REQUESTS].by_time
    before = at - ONE_MINUTE
    if at not in failed and before in failed and counts.get(before):
        at, count = before, counts[before]
    return min(1.0, failed.get(at, 0.0) / count)


def is_suspicious(seen: FleetSeen, policy: Policy, memory: FleetMemory, now: datetime) -> bool:
    """Tell whether the cheap signals are out of the ordinary."""
    signs = policy.health.signs
    share = error_share(seen, policy, now)
    if share is not None and share >= signs.error_share:
        return True
    if any(map(attrgetter("anomalous"), seen.targets or ())) or memory.findings or memory.ejected:
        return True
    if any(now - s.last < PROBATION for s in memory.strikes.values()):
        return True
    latency = newest((seen.signals or {}).get(LoadSignal.LATENCY), now, policy)
    if isinstance(latency, Reason) or memory.latency is None:
        return False
    return latency[1] > memory.latency * signs.latency_rise


def wants_watching(policy: Policy, memory: FleetMemory, now: datetime) -> bool:
    """Tell whether to read this fleet's errors and latency this tick, before anything is seen."""
    if memory.close_until is not None and now < memory.close_until:
        return True
    if memory.findings or memory.shadowed or memory.ejected or memory.watched_at is None:
        return True
    return now - memory.watched_at >= policy.health.watch


def wants_closer_look(seen: FleetSeen, policy: Policy, memory: FleetMemory, now: datetime) -> bool:
    """Tell whether to read this fleet's per-target series this tick, after the first look."""
    if not policy.health.target_metrics:
        return False
    if memory.close_until is not None and now < memory.close_until:
        return True
    if memory.shadowed:
        return True  # a rehearsal looks as often as the play
    if memory.swept_at is None or now - memory.swept_at >= policy.health.sweep:
        return True
    return is_suspicious(seen, policy, memory, now)
