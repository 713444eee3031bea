"""How many replicas a metric calls for: the Kubernetes horizontal pod autoscaler's formula. Pure.

Usage over target gives a ratio; the ratio times the ready replicas, rounded up, is the wish. What
makes it trustworthy is the rest: replicas without a sample are assumed to argue against the
change, replicas that are not ready count as idle when growing, and a ratio near one changes
nothing. Values are whole milli-units and divide as integers; ratios are binary floats, as there.

It knows no minimum, maximum, history or rate: see `behavior` for those.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class ReplicaPhase(StrEnum):
    """Where a replica is in its life."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class NoBasisError(ValueError):
    """The samples cannot carry a decision; the only safe answer is to change nothing."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far from 1.0 a ratio may be and still change nothing, each way."""

    down: float = 0.1
    up: float = 0.1

    def holds(self, ratio: float) -> bool:
        """Say whether the ratio is close enough to one: 0.9 and 1.1 are, 1.11 is not."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


@dataclass(frozen=True, slots=True)
class SizingRules:
    """What the formula may be told: its tolerance, and when a CPU sample is not believed.

    Only for the resource "cpu" does a young or unready replica's sample not count.
    """

    resource: str = "cpu"
    tolerance: Tolerance = Tolerance()
    initialization: timedelta = timedelta(minutes=5)
    initial_readiness_delay: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica as the calculator needs it; usage and request in milli-units.

    `age` None means old and warm; `readiness_changed_after` is the time from its start to the
    last change of its readiness; `ready` None means it has never reported any.
    """

    usage_milli: int | None = None
    request_milli: int | None = None
    phase: ReplicaPhase = ReplicaPhase.RUNNING
    ready: bool | None = True
    deleting: bool = False
    age: timedelta | None = None
    readiness_changed_after: timedelta = timedelta(0)
    sample_age: timedelta = timedelta(0)
    sample_window: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Sizing:
    """The replicas a metric calls for, and the figures it was read from.

    `measured` is a percentage for a utilisation and milli-units otherwise; `average_milli` is the
    mean use of the replicas counted, for a utilisation only.
    """

    replicas: int
    measured: int
    average_milli: int | None = None


@dataclass(frozen=True, slots=True)
class _Groups:
    """Replicas by how their samples count."""

    believed: tuple[Replica, ...]
    unready: tuple[Replica, ...]
    missing: tuple[Replica, ...]


def utilization_replicas(
    replicas: Sequence[Replica],
    current: int,
    target_percent: int,
    rules: SizingRules | None = None,
    stray_samples: int = 0,
) -> Sizing:
    """Return the replicas that bring use, as a share of what was requested, to the target.

    Three replicas using 600, 1000 and 1400 of 2000 each run at 50 %; for a target of 30 % that is
    a ratio of 1.67, so 5. `stray_samples` are samples of replicas nobody knows: they carry no
    request and are left out of the ratio, but count where samples are counted.

    Raises:
        NoBasisError: No sample, no replica or no request to compare with.
    """
    _require_positive(target_percent)
    rules = rules or SizingRules()
    if not stray_samples and all(r.usage_milli is None for r in replicas):
        raise _no_samples(rules.resource)
    groups = _grouped(replicas, rules)
    if not groups.believed and not stray_samples:
        raise NoBasisError("did not receive metrics for targeted pods (pods might be unready)")
    for position, replica in enumerate(replicas):
        if replica.request_milli is None:
            raise NoBasisError(f"missing request for {rules.resource} in pod {position}")

    counted = [(r.usage_milli or 0, r.request_milli or 0) for r in groups.believed]
    percent, average = _utilization(counted)
    ratio = percent / target_percent
    if _is_clear(groups, ratio):
        wish = current if rules.tolerance.holds(ratio) else math.ceil(ratio * len(groups.believed))
        return Sizing(wish, percent, average)

    filled = list(counted)
    if ratio < 1.0:
        full = max(100, target_percent)
        filled += [
            ((m.request_milli or 0) * full // 100, m.request_milli or 0) for m in groups.missing
        ]
    elif ratio > 1.0:
        filled += [(0, m.request_milli or 0) for m in (*groups.missing, *groups.unready)]
    careful = _utilization(filled)[0] / target_percent
    wish = _careful_wish(current, ratio, careful, len(filled) + stray_samples, rules.tolerance)
    return Sizing(wish, percent, average)


def average_replicas(
    replicas: Sequence[Replica],
    current: int,
    target_milli: int,
    rules: SizingRules | None = None,
    stray_milli: Sequence[int] = (),
) -> Sizing:
    """Return the replicas that bring the mean of a per-replica metric to the target.

    Values of 20000, 10000 and 30000 have a mean of 20000; for a target of 15000 that is 4. Without
    rules it is no resource, so readiness leaves no sample out. `stray_milli` are values of replicas
    nobody knows; they are part of the mean, as upstream counts them.

    Raises:
        NoBasisError: No replica, or no sample left to take a mean of.
    """
    _require_positive(target_milli)
    rules = rules or SizingRules(resource="")
    if rules.resource and not stray_milli and all(r.usage_milli is None for r in replicas):
        raise _no_samples(rules.resource)
    groups = _grouped(replicas, rules)
    counted = [r.usage_milli or 0 for r in groups.believed] + list(stray_milli)
    if not counted:
        raise NoBasisError("did not receive metrics for targeted pods (pods might be unready)")

    mean = _quotient(sum(counted), len(counted))
    ratio = mean / target_milli
    if _is_clear(groups, ratio):
        wish = current if rules.tolerance.holds(ratio) else math.ceil(ratio * len(groups.believed))
        return Sizing(wish, mean)

    filled = list(counted)
    if ratio < 1.0:
        filled += [target_milli] * len(groups.missing)
    elif ratio > 1.0:
        filled += [0] * (len(groups.missing) + len(groups.unready))
    careful = _quotient(sum(filled), len(filled)) / target_milli
    return Sizing(_careful_wish(current, ratio, careful, len(filled), rules.tolerance), mean)


def value_replicas(
    replicas: Sequence[Replica],
    current: int,
    total_milli: int,
    target_milli: int,
    tolerance: Tolerance | None = None,
) -> Sizing:
    """Return the replicas that bring one value for the whole (an object, a queue) to the target.

    8600 against 14334 is a ratio of 0.6: 5 ready replicas become 3. From zero replicas the ratio
    itself is rounded up, without tolerance, so that a queue can wake what sleeps.

    Raises:
        NoBasisError: There are replicas by count but none to be seen.
    """
    _require_positive(target_milli)
    ratio = total_milli / target_milli
    if current == 0:
        return Sizing(math.ceil(ratio), total_milli)
    if (tolerance or Tolerance()).holds(ratio):
        return Sizing(current, total_milli)
    if not replicas:
        raise NoBasisError(
            "unable to calculate ready pods: "
            "no pods returned by selector while calculating replica count"
        )
    serving = sum(r.phase is ReplicaPhase.RUNNING and r.ready is True for r in replicas)
    return Sizing(math.ceil(ratio * serving), total_milli)


def value_per_replica(
    current: int, total_milli: int, target_milli: int, tolerance: Tolerance | None = None
) -> Sizing:
    """Return the replicas that share one total so that each carries the target.

    20000 in all at 5000 each is 4, wherever we start from; with 3 replicas now each carries 6667.
    """
    _require_positive(target_milli)
    per_replica = math.ceil(total_milli / current) if current else 0
    shared = target_milli * current
    if shared and (tolerance or Tolerance()).holds(total_milli / shared):
        return Sizing(current, per_replica)
    return Sizing(math.ceil(total_milli / target_milli), per_replica)


def _grouped(replicas: Sequence[Replica], rules: SizingRules) -> _Groups:
    if not replicas:
        raise NoBasisError("no pods returned by selector while calculating replica count")
    believed: list[Replica] = []
    unready: list[Replica] = []
    missing: list[Replica] = []
    for replica in replicas:
        if replica.deleting or replica.phase is ReplicaPhase.FAILED:
            continue
        if replica.phase is ReplicaPhase.PENDING:
            unready.append(replica)
        elif replica.usage_milli is None:
            missing.append(replica)
        elif rules.resource == "cpu" and _is_cold(replica, rules):
            unready.append(replica)
        else:
            believed.append(replica)
    return _Groups(tuple(believed), tuple(unready), tuple(missing))


def _is_cold(replica: Replica, rules: SizingRules) -> bool:
    if replica.ready is None:
        return True
    if replica.age is not None and replica.age < rules.initialization:
        since_change = replica.age - replica.readiness_changed_after
        return not replica.ready or since_change - replica.sample_age < replica.sample_window
    return not replica.ready and (replica.readiness_changed_after < rules.initial_readiness_delay)


def _is_clear(groups: _Groups, ratio: float) -> bool:
    return not groups.missing and not (groups.unready and ratio > 1.0)


def _careful_wish(
    current: int, ratio: float, careful: float, samples: int, tolerance: Tolerance
) -> int:
    flipped = ratio < 1.0 < careful or careful < 1.0 < ratio
    if flipped or tolerance.holds(careful):
        return current
    wish = math.ceil(careful * samples)
    contradicts = (careful < 1.0 and wish > current) or (careful > 1.0 and wish < current)
    return current if contradicts else wish


def _utilization(counted: Sequence[tuple[int, int]]) -> tuple[int, int]:
    used = sum(usage for usage, _ in counted)
    requested = sum(request for _, request in counted)
    if requested == 0:
        raise NoBasisError("no metrics returned matched known pods")
    return _quotient(used * 100, requested), _quotient(used, len(counted))


def _quotient(dividend: int, divisor: int) -> int:
    """Divide whole numbers toward zero, as fixed-width integers do (-7 / 2 is -3)."""
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _no_samples(resource: str) -> NoBasisError:
    return NoBasisError(
        f"unable to get metrics for resource {resource}: "
        "no metrics returned from resource metrics API"
    )


def _require_positive(target: int) -> None:
    if target <= 0:
        raise ValueError(f"a target must be above 0, got {target}")
