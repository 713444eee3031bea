"""Who returns: by time, and by what our probe says of it while it is out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    SHOP,
    a_fleet,
    a_group,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import SCALED, a_situation, wanted
from trimtab.model.ids import Zone
from trimtab.model.memory import Ejection
from trimtab.model.policy import EjectPolicy, HealthPolicy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.report import Report, Source, Tally

OUT = an_ejection(an_eject(9), until=at(5))
LATE = replace(OUT, until=at(-1))
POLICY = replace(
    SCALED,
    health=HealthPolicy(
        probe=ProbePolicy(passes=3), eject=EjectPolicy(max_keep_out=timedelta(minutes=30))
    ),
)


def answers(text: str) -> tuple[Report, ...]:
    """One report a minute up to now: ``+`` it answered well, ``-`` badly; its peers always well."""
    well = {a_target(n).id: Tally(1, 0, 0.01) for n in range(1, 7)}
    return tuple(
        Report(Source.PROBE, SHOP, BLUE, Zone("eu-west-1a"), at(i - len(text)),
               {**well, OUT.eject.target: Tally(1, int(mark == "-"), 0.01)})
        for i, mark in enumerate(text)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("held", "said", "returns"),
    [
        (OUT, "", False),
        (LATE, "", True),
        (OUT, "-+++", True),
        (OUT, "-++", False),
        (replace(OUT, strikes=2), "+++", False),
        (replace(OUT, reason=Code.EJECT_OUTLIER), "+++", False),
        (replace(LATE, strikes=2), "+++", True),
        (LATE, "++-", False),
        (LATE, "-++", False),
        (replace(LATE, since=at(-30)), "---", True),
        (replace(OUT, since=at(-2)), "+++", False),
    ],
    ids=["not yet", "its time is over", "answers in a row", "too few", "not at its second strike",
         "checks do not see what it did", "time and answers", "a bad answer", "too few in time",
         "as long as any may be", "answers from before it went"],
)  # fmt: skip
def test_our_probe_decides_who_returns(held: Ejection, said: str, returns: bool) -> None:
    fleet = a_fleet(targets(6), a_group(6), 3, reports=answers(said))
    memory = remembered(ejected={held.eject.target: held}, seen_at=at(-1))
    found = wanted(a_situation(fleet, policy=POLICY, memory=memory))
    assert (Code.RESTORE_RECOVERED in {code for _, code in found.values()}) is returns
