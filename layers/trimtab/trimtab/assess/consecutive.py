"""Who has failed minute after minute, however few requests it gets. Pure.

The other rules over counts want enough requests to compare shares. A target that fails everything
it is asked needs no statistics, only somebody else who does not fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from trimtab.assess.binomial import Counts
from trimtab.assess.failures import Counted, minutes_of
from trimtab.assess.look import Findings, Look
from trimtab.assess.peers import counted_of
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.reason import ReasonCode

FEWEST = 5
"""Requests in a row that must have failed, as with Envoy's consecutive errors."""


def by_consecutive(look: Look) -> Findings:
    """Find targets of which each of the last ``failing_minutes`` with requests has failed.

    A minute has failed with at least ``failing_share`` of its requests. At least one other target
    must have answered in that time without failing so: where all fail alike nobody is found. Worked
    example: 2, 1 and 3 requests in three minutes, all failed, beside a peer that fails none.
    """
    rule, patience = look.policy.health.failures, look.policy.health.patience
    if rule is None:
        return Findings()
    counted = counted_of(rule, look)
    recent = _recent(counted, look, patience.failing_minutes)
    failed = {
        i: m
        for i, m in recent.items()
        if len(m) == patience.failing_minutes
        and all(c.share >= patience.failing_share for c in m)
        and sum(c.asked for c in m) >= FEWEST
    }
    well = [i for i, m in recent.items() if any(c.share < patience.failing_share for c in m)]
    if not well:
        return Findings()
    return Findings(look.on_instances((i, _evidence(failed[i], len(well), look, counted, i))
                                      for i in sorted(failed)))  # fmt: skip


def _recent(counted: Counted, look: Look, count: int) -> Mapping[InstanceId, tuple[Counts, ...]]:
    """Return the last minutes with requests, of those who had any lately."""
    newest = look.now - look.policy.guard.max_age
    oldest = newest - timedelta(minutes=count - 1)
    return {
        instance: minutes[-count:]
        for instance, series in counted.requests.items()
        if (last := series.last) is not None and last.at >= newest
        if (minutes := minutes_of(series, counted.errors.get(instance), oldest))
    }


def _evidence(
    minutes: tuple[Counts, ...], peers: int, look: Look, counted: Counted, instance: InstanceId
) -> Evidence:
    asked, failed = sum(c.asked for c in minutes), sum(c.failed for c in minutes)
    text = f"failed {failed} of {asked} requests, {len(minutes)} minutes in a row; {peers} others"
    evidence = Evidence(
        ReasonCode.CONSECUTIVE_FAILURES,
        failed / asked,
        look.policy.health.patience.failing_share,
        asked,
        peers,
        look.now,
        f"{text} did not",
    )
    last = counted.requests[instance].last
    return replace(evidence, at=last.at if last else None)
