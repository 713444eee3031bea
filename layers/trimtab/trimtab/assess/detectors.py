"""Detectors: each says what it finds wrong with one target. Evidence, never an action. Pure.

Whether a finding has held for long enough is not their business: ``assess`` asks memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from trimtab.assess.columns import Columns
from trimtab.assess.look import Findings, Look
from trimtab.assess.statistics import lower_median, median, spread
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Series, Target, TargetState
from trimtab.model.policy import OutlierPolicy
from trimtab.model.reason import ReasonCode

OUR_LOAD_BALANCERS_FAULT = "Elb."
"""Prefix of state reasons that speak of the load balancer itself, not of the target."""


def by_load_balancer(look: Look) -> Findings:
    """Hear the load balancer on every target."""
    healthy = TargetState.HEALTHY
    others = [t for t in look.seen.targets or () if t.state is not healthy]
    found = ((t, lb_unhealthy(t, look.now)) for t in others)
    return Findings(tuple((target.id, e) for target, e in found if e is not None))


def lb_unhealthy(target: Target, now: datetime) -> Evidence | None:
    """Find fault when the load balancer's own checks failed the target.

    An ``Elb.*`` reason is the load balancer's trouble; ``initial``, ``draining``, ``unused`` and
    ``unavailable`` are no failures. Worked example: ``unhealthy`` with ``Target.Timeout`` is a
    finding; ``unhealthy`` with ``Elb.InternalError`` is none.
    """
    if not is_failed(target):
        return None
    return Evidence(
        detector=ReasonCode.LB_UNHEALTHY,
        score=1,
        threshold=1,
        samples=1,
        peers=0,
        since=now,
        text=f"the load balancer says {target.state}: {target.state_reason or 'no reason given'}",
        at=now,
    )


def is_failed(target: Target) -> bool:
    """Tell whether the load balancer has failed a target, and by the target's own fault."""
    unhealthy = target.state in (TargetState.UNHEALTHY, TargetState.UNHEALTHY_DRAINING)
    return unhealthy and not target.state_reason.startswith(OUR_LOAD_BALANCERS_FAULT)


@dataclass(frozen=True, slots=True)
class Levels:
    """By what each of some targets is known, as columns."""

    names: list[InstanceId]
    values: list[float]

    @property
    def by_name(self) -> dict[InstanceId, float]:
        """The level of each target."""
        return dict(zip(self.names, self.values, strict=True))


def levels_of(together: Iterable[Columns], rule: OutlierPolicy, oldest: datetime) -> Levels:
    """Return by what each target is known: the lower median of its last fresh samples.

    Points come oldest first: if the first of the last ones is fresh, all of them are.
    """
    count = rule.min_samples
    levels = Levels([], [])
    for one in together:
        if len(one.times) < count or one.times[-count] < oldest:
            continue
        last = one.values[-count:]
        # of two the lower median is the smaller, which is quickly told
        known = map(min, *last) if count == PAIR else map(lower_median, zip(*last, strict=True))
        levels.names.extend(one.names)
        levels.values.extend(known)
    return levels


PAIR = 2


class Usual(NamedTuple):
    """What is usual among some targets, and the highest of a rule's three bars."""

    centre: float
    bar: float
    peers: int


def usual_of(levels: Iterable[float], rule: OutlierPolicy) -> Usual:
    """Return the median of some levels, one at least, and what stands out of them."""
    held = sorted(levels)
    centre = median(held)
    deviating = centre + rule.deviations * spread(held, centre)
    return Usual(centre, max(centre * rule.times_median, deviating, rule.floor), len(held))


MANY = 20
"""From this many on, one target cannot move its fleet's median, so it is not left out of it."""


def metric_outliers(
    series: Mapping[InstanceId, Series],
    levels: Levels,
    usual: Usual,
    rule: OutlierPolicy,
    now: datetime,
) -> Iterator[tuple[InstanceId, Evidence]]:
    """Find targets whose metric stands far above their peers'.

    Each target is known by its level (``levels_of``: the lower median of its last ``min_samples``
    fresh samples, of two the smaller: one bad minute, however bad, is no outlier), and compared
    with the median of the *other* targets; see ``OutlierPolicy`` for the three bars. Will not run
    for a target with fewer samples, nor below ``min_peers`` others. One-sided: low is not bad.
    ``usual`` is that of all levels.

    Worked example: 40, 42, 44, 300 ms with ``times_median`` 3: peers of the last have median 42,
    spread 1.4826 x 2 = 3; its bars are 126 and 42 + 5 x 3 = 57, so 300 is found.
    """
    if usual.peers <= rule.min_peers:
        return
    both = zip(levels.names, levels.values, strict=True)
    if usual.peers >= MANY:
        against = [(instance, level, usual) for instance, level in both if level > usual.bar]
    else:
        against = [(i, level, usual_of(_without(levels, i), rule)) for i, level in both]
    for instance, level, peers in sorted(against, key=itemgetter(0)):
        if level > peers.bar > 0:  # nobody stands out from peers that report nothing but zeros
            yield instance, _outlier(rule, level, peers, series[instance].times[-1], now)


def _without(levels: Levels, one: InstanceId) -> list[float]:
    return [level for name, level in zip(levels.names, levels.values, strict=True) if name != one]


def rising(together: Iterable[Columns], usual: Usual, oldest: datetime) -> frozenset[InstanceId]:
    """Name whose newest sample alone stands out, if it is not older than ``oldest``.

    Samples of one minute arrive at times of their own: if a zone or a fleet gets slow, the first of
    whom two bad ones are here is not alone. Worked example: at 42 ms usually, one with 1,400 and
    4,700 ms is an outlier; one with 42 and 1,500 is rising.
    """
    bar = usual.bar
    return frozenset(
        name
        for one in together
        if one.times[-1] >= oldest and bar > 0
        for name, newest in zip(one.names, one.values[-1], strict=True)
        if newest > bar
    )


def _outlier(
    rule: OutlierPolicy, level: float, usual: Usual, at: datetime, now: datetime
) -> Evidence:
    return Evidence(
        detector=ReasonCode.METRIC_OUTLIER,
        score=level,
        threshold=usual.bar,
        samples=rule.min_samples,
        peers=usual.peers,
        since=now,
        text=(
            f"{rule.metric.name} {level:.4g} is above {usual.bar:.4g}; "
            f"the median of {usual.peers} peers is {usual.centre:.4g}"
        ),
        at=at,
    )
