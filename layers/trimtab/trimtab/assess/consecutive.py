"""Who has failed minute after minute, however few requests it gets. Pure.

The other rules over counts want enough requests to compare shares. A target that fails everything
it is asked needs no statistics, only somebody else who does not fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.assess.binomial import sum_of
from trimtab.assess.counted import Counted, Minutes
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
    failed, well = _apart(look.counted, look)
    if not well:
        return Findings()
    found = ((name, _evidence(failed[name], well, look)) for name in sorted(failed))
    return Findings(look.on_instances(found))


@dataclass(frozen=True, slots=True)
class _Failed:
    """The minutes that one target failed, and when the newest was."""

    minutes: Minutes
    at: datetime


def _apart(counted: Counted, look: Look) -> tuple[Mapping[InstanceId, _Failed], int]:
    """Return who failed each of the last minutes with requests, and how many did well in one.

    Most plainly did well in the newest, which is all that is looked at of them.
    """
    patience = look.policy.health.patience
    share, count = patience.failing_share, patience.failing_minutes
    newest = look.now - look.policy.guard.max_age
    oldest = newest - timedelta(minutes=count - 1)
    failed: dict[InstanceId, _Failed] = {}
    well = 0
    for one in counted.columns:
        if one.times[-1] < newest:
            continue
        doubtful = one.not_plainly_below(share)
        well += len(one.names) - len(doubtful)
        for place in doubtful:
            minutes = one.newest(place, count, oldest)
            if any(c.share < share for c in minutes):
                well += 1
            elif len(minutes) == count and sum_of(minutes).asked >= FEWEST:
                failed[one.names[place]] = _Failed(minutes, one.times[-1])
    return failed, well


def _evidence(failed: _Failed, peers: int, look: Look) -> Evidence:
    total, minutes = sum_of(failed.minutes), len(failed.minutes)
    return Evidence(
        ReasonCode.CONSECUTIVE_FAILURES,
        total.share,
        look.policy.health.patience.failing_share,
        total.asked,
        peers,
        look.now,
        f"failed {total.failed} of {total.asked} requests, {minutes} minutes in a row; "
        f"{peers} others did not",
        at=failed.at,
    )
