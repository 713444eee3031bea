"""How many targets the load needs, in units of one target at its target load. Pure.

Missing is not zero: without fresh, complete data the demand is unknown and says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trimtab.model.assessment import Demand
from trimtab.model.observation import FleetSeen, LoadSignal, Series
from trimtab.model.policy import Policy, ScalingMetric, TargetTracking
from trimtab.model.reason import Reason, ReasonCode, in_words

SIGNAL_OF = {
    ScalingMetric.REQUESTS_PER_TARGET: LoadSignal.REQUESTS,
    ScalingMetric.CPU: LoadSignal.CPU,
}
"""The fleet-level series each scaling metric is worked out from."""


@dataclass(frozen=True, slots=True)
class FleetLoad:
    """What demand is worked out from.

    ``carrying`` is how many targets the load balancer sends requests to; ``weighted_out`` says
    that every route gives the fleet weight zero, the one case in which no data does mean no load.
    """

    seen: FleetSeen
    carrying: int
    weighted_out: bool
    now: datetime


def assess_demand(load: FleetLoad, policy: Policy) -> Demand | Reason:
    """Return the fleet's demand, or the reason why it is unknown.

    With several rules the largest demand wins; one unknown rule makes all unknown, since it might
    have been the largest.

    Worked example: 5,400 requests in the newest minute at a target of 900 are 6.0 units; CPU of
    45 % on 8 targets at a target of 60 % is 6.0 units too.
    """
    rules = policy.scaling.rules
    if not rules:
        return Reason(ReasonCode.DEMAND_UNKNOWN, "no scaling rule says what one target can carry")
    demands = [_by_rule(rule, load, policy) for rule in rules]
    unknown = [d for d in demands if isinstance(d, Reason)]
    if unknown:
        return unknown[0]
    return max((d for d in demands if isinstance(d, Demand)), key=lambda d: d.units)


def _by_rule(rule: TargetTracking, load: FleetLoad, policy: Policy) -> Demand | Reason:
    series = (load.seen.signals or {}).get(SIGNAL_OF[rule.metric])
    fresh = newest(series, load.now, policy)
    if isinstance(fresh, Reason):
        if load.weighted_out and series is not None and series.complete:
            return Demand(units=0.0, at=load.now, rule=rule.metric, load=0.0)
        return fresh
    at, value = fresh
    units = value / rule.target
    if rule.metric is ScalingMetric.CPU:
        units *= load.carrying
    return Demand(units=units, at=at, rule=rule.metric, load=value)


def newest(series: Series | None, now: datetime, policy: Policy) -> tuple[datetime, float] | Reason:
    """Return the newest datapoint if it is fresh, complete and sane; else why not."""
    if series is None:
        return Reason(ReasonCode.NOT_SEEN, "the metric could not be read")
    if not series.complete:
        return Reason(ReasonCode.PARTIAL_DATA, "CloudWatch returned part of the data")
    last = series.last
    if last is None:
        return Reason(ReasonCode.NO_DATA, "no datapoint: that is not the same as zero")
    age = now - last.at
    if age > policy.guard.max_age:
        facts = {"age_s": age.total_seconds(), "max_age_s": policy.guard.max_age.total_seconds()}
        return Reason(ReasonCode.STALE, f"the newest datapoint is {in_words(age)} old", facts)
    return last.at, last.value
