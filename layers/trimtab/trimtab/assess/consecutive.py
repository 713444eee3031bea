"""Who has failed minute after minute, however few requests it gets. Pure.

The other rules over counts want enough requests to compare shares. A target that fails everything
it is asked needs no statistics, only somebody else who does not fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from trimtab.assess.binomial import Counts
from trimtab.assess.counted import Counted
from trimtab.assess.look import Findings, Look
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
    rule = look.policy.health.failures
    if rule is None:
        return Findings()
    counted = look.counted
    failed, well = _apart(counted, look)
    if not well:
        return Findings()
    return Findings(look.on_instances((i, _evidence(failed[i], well, look, counted, i))
                                      for i in sorted(failed)))  # fmt: skip


Failed = Mapping[InstanceId, tuple[Counts, ...]]


def _apart(counted: Counted, look: Look) -> tuple[Failed, int]:
    """Return who failed each of the last minutes with requests, and how many did well in one.

    Most plainly did well in the newest, which is all that is looked at of them.
    """
    patience = look.policy.health.patience
    share, count = patience.failing_share, patience.failing_minutes
    newest = look.now - look.policy.guard.max_age
    oldest = newest - timedelta(minutes=count - 1)
    failed: dict[InstanceId, tuple[Counts, ...]] = {}
    well = 0
    for one in counted.columns:
        if one.times[-1] < newest:
            continue
        doubtful = one.not_plainly_below(share)
        well += len(one.names) - len(doubtful)
        for name in doubtful:
            minutes = counted.newest(name, count, oldest)
            if any(c.share < share for c in minutes):
                well += 1
            elif len(minutes) == count and sum(c.asked for c in minutes) >= FEWEST:
                failed[name] = minutes
    return failed, well


def _evidence(
    minutes: tuple[Counts, ...], peers: int, look: Look, counted: Counted, instance: InstanceId
) -> Evidence:
    asked, failed = sum(c.asked for c in minutes), sum(c.failed for c in minutes)
    text = f"failed {failed} of {asked} requests, {len(minutes)} minutes in a row; {peers} others"
    return Evidence(
        ReasonCode.CONSECUTIVE_FAILURES,
        failed / asked,
        look.policy.health.patience.failing_share,
        asked,
        peers,
        look.now,
        f"{text} did not",
        at=counted.requests[instance].times[-1],
    )
