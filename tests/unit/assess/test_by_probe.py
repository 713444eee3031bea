"""Who fails our own probe is found; who was not asked, or asked by a broken probe, is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import BLUE, NOON, SHOP, a_policy, a_report, a_target, at, remembered, targets
from trimtab.assess import assess
from trimtab.model.assessment import Condition, TargetBelief
from trimtab.model.cause import Cause
from trimtab.model.detectors import Detector, Use
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, Observation
from trimtab.model.policy import HealthPolicy, ScalingPolicy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Report, Tally

TWICE = HealthPolicy(probe=ProbePolicy(failures=2))


def believed(
    *reports: Report, of: int = 4, health: HealthPolicy = TWICE
) -> tuple[tuple[TargetBelief, ...], Cause]:
    seen = Observation(SHOP, NOON, {BLUE: FleetSeen(BLUE, targets(of), reports=reports)}, {})
    belief = assess(seen, a_policy(health=health), Memory()).fleets[BLUE]
    assert belief.targets is not None
    return belief.targets, belief.cause


def found(*reports: Report, health: HealthPolicy = TWICE) -> list[str]:
    beliefs, _ = believed(*reports, health=health)
    return [b.target.id for b in beliefs if b.evidence]


def test_what_our_probe_was_told_before_a_newcomer_was_warm_is_not_held_against_it() -> None:
    """It booted for three minutes, and has just passed its first health check."""
    here = FleetSeen(BLUE, targets(4), reports=tuple(minutes(1, 2, 3)))
    policy = a_policy(health=TWICE, scaling=ScalingPolicy(warm_up=timedelta(0)))
    new = remembered(warming={a_target(1).instance: at(-1)}, seen_at=at(-1))
    seen = Observation(SHOP, NOON, {BLUE: here}, {})
    for memory, expected in ((Memory(), Condition.FAILING), (new, Condition.TRUSTED)):
        (first, *_) = assess(seen, policy, memory).fleets[BLUE].targets or ()
        assert first.condition is expected


def minutes(*ago: float, failing: tuple[int, ...] = (1,), zones: str = "a") -> list[Report]:
    return [a_report(-m, zone, failing, of=4) for m in ago for zone in zones]


def test_who_fails_often_enough_in_a_row_is_failing_with_its_evidence() -> None:
    beliefs, cause = believed(*minutes(1, 2, zones="abc"))
    assert [b.condition for b in beliefs] == [Condition.FAILING] + 3 * [Condition.TRUSTED]
    (evidence,) = beliefs[0].evidence
    assert (evidence.detector, evidence.score, evidence.threshold, evidence.peers) == (
        ReasonCode.PROBE_FAILED, 2, 2, 3,
    )  # fmt: skip
    assert "status 503 from 3 of 3 places; 3 others answer" in evidence.text
    assert evidence.at == a_report(-1).minute
    assert cause is Cause.TARGET


@pytest.mark.parametrize(
    "reports",
    [
        pytest.param(minutes(1), id="too few"),
        pytest.param(minutes(1, 2, failing=()), id="nobody fails"),
        pytest.param(minutes(3, 4), id="all of it too old"),
        pytest.param(minutes(1, 2, failing=(1, 2, 3, 4)), id="a broken probe"),
        pytest.param([*minutes(1, 2), *minutes(1, 2, failing=(), zones="b")], id="half say so"),
        pytest.param([], id="nobody asked"),
    ],
)
def test_nothing_is_found(reports: list[Report]) -> None:
    assert found(*reports) == []


def test_a_probe_broken_in_one_place_leaves_the_others_to_find() -> None:
    blind = minutes(1, 2, failing=(1, 2, 3, 4))
    assert found(*blind, *minutes(1, 2, zones="bc")) == [a_target(1).id]


def test_where_everybody_fails_now_and_then_a_run_of_failures_is_chance() -> None:
    flaky = [a_report(-m, "a", (1, 2 + m % 3), of=4) for m in (1, 2, 3, 4)]
    assert found(*flaky) == []
    assert found(*(a_report(-m, "a", (1,), of=4) for m in (1, 2, 3, 4))) == [a_target(1).id]


def test_several_that_fail_all_the_time_among_others_that_never_do_are_found() -> None:
    assert len(found(*minutes(1, 2, failing=(1, 2)))) == 2


def test_a_stranger_to_the_target_group_is_not_found() -> None:
    stranger = {a_target(9).id: Tally(1, 1)}
    reports = [replace(r, tallies={**r.tallies, **stranger}) for r in minutes(1, 2, failing=())]
    assert found(*reports) == []


def test_order_and_repetition_do_not_matter() -> None:
    reports = minutes(1, 2, zones="abc")
    assert found(*reversed(reports)) == found(*reports, *reports) == [a_target(1).id]


@pytest.mark.parametrize("use", [Use.SHADOW, Use.OFF])
def test_in_shadow_nothing_follows_of_it(use: Use) -> None:
    health = replace(TWICE, detectors={Detector.PROBE: use})
    beliefs, cause = believed(*minutes(1, 2), health=health)
    assert {b.condition for b in beliefs} == {Condition.TRUSTED}
    assert (len(beliefs[0].shadowed), cause) == (1 if use is Use.SHADOW else 0, Cause.NONE)


def test_a_policy_without_a_probe_believes_no_report() -> None:
    assert found(*minutes(1, 2), health=HealthPolicy()) == []
