"""What is made of a detector's findings: on, in shadow, off."""

from __future__ import annotations

from dataclasses import replace

from tests.builders import (
    BLUE,
    NOON,
    SLOW,
    a_fleet,
    a_group,
    a_policy,
    a_series,
    a_target,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import a_situation
from trimtab.decide import decide
from trimtab.model.assessment import TargetBelief
from trimtab.model.cause import Cause
from trimtab.model.change import Eject
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.memory import Finding, Memory
from trimtab.model.observation import FleetSeen, TargetState
from trimtab.model.policy import HealthPolicy, Policy
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.narrate import MOST_REHEARSED, narrate

DEAD = a_target(9, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")


def policy(**uses: Use) -> Policy:
    detectors = {**DEFAULT_USE, **{Detector(name): use for name, use in uses.items()}}
    return a_policy(health=HealthPolicy(outliers=(SLOW,), detectors=detectors))


def one_slow(count: int = 5, slow: int = 1) -> FleetSeen:
    """The last ones of a fleet are slow."""
    here = targets(count)
    levels = [0.04] * (count - slow) + [0.9] * slow
    metrics = {t.instance: a_series(v, v, v) for t, v in zip(here, levels, strict=True)}
    return a_fleet(here, a_group(count), metrics={SLOW.metric.name: metrics}, looked_closely=True)


def world(fleet: FleetSeen, memory: Memory | None = None, **uses: Use) -> Situation:
    return a_situation(fleet, policy=policy(**uses), memory=memory)


def last(at_: Situation) -> TargetBelief:
    return (at_.believed(BLUE).targets or ())[-1]


def ejects(at_: Situation) -> list[Eject]:
    return [p.change for p in decide(at_) if isinstance(p.change, Eject)]


def test_evidence_says_when_its_newest_datum_was_measured() -> None:
    (evidence,) = last(world(one_slow())).evidence
    assert (evidence.at, evidence.since) == (at(-1), NOON)


def test_what_is_found_in_shadow_is_kept_and_moves_nothing() -> None:
    here = world(one_slow(), outliers=Use.SHADOW)
    belief = here.believed(BLUE)
    assert [e.detector for e in last(here).shadowed] == [Code.METRIC_OUTLIER]
    assert (last(here).condition, belief.bad, belief.cause) == ("trusted", 0, Cause.NONE)
    assert ejects(here) == []
    assert ejects(world(one_slow())) != []


def test_a_detector_that_is_off_does_not_even_find() -> None:
    assert last(world(one_slow(), outliers=Use.OFF)).shadowed == ()
    assert policy(outliers=Use.OFF).health.target_metrics == ()


def test_what_is_found_in_shadow_is_told_once_while_it_stands_and_when_it_ends() -> None:
    here = world(one_slow(), outliers=Use.SHADOW)
    story = narrate([], here, "T", "schedule")
    assert [(e.reason.code, e.subject) for e in story.entries] == [
        (Code.SHADOWED, f"shadow of metric_outlier on {a_target(5).id} of blue")
    ]
    assert story.entries[0].reason.text.startswith("in shadow: latency 0.9 is above")

    again = world(one_slow(), Memory(standing=story.standing), outliers=Use.SHADOW)
    assert narrate([], again, "T", "schedule").entries == ()

    over = world(one_slow(slow=0), Memory(standing=story.standing), outliers=Use.SHADOW)
    assert [e.reason.text for e in narrate([], over, "T", "schedule").entries] == ["ended after 0s"]


def test_many_findings_in_shadow_are_told_as_a_number() -> None:
    many = MOST_REHEARSED + 1
    story = narrate([], world(one_slow(40, many), outliers=Use.SHADOW), "T", "schedule")
    assert [(e.reason.code, e.reason.facts["count"]) for e in story.entries] == [
        (Code.SHADOWED, many)
    ]


def test_findings_in_shadow_are_dated_back_as_others_are() -> None:
    known = {a_target(5).id: (Finding(Code.METRIC_OUTLIER, at(-7)),)}
    here = world(one_slow(), remembered(shadowed=known), outliers=Use.SHADOW)
    assert [e.since for e in last(here).shadowed] == [at(-7)]


def test_a_finding_from_before_a_detector_went_into_shadow_makes_nobody_wary() -> None:
    known = remembered(findings={a_target(5).id: (Finding(Code.METRIC_OUTLIER, at(-1)),)})
    quiet = replace(one_slow(), metrics={}, looked_closely=False)
    assert last(world(quiet, known)).condition == "suspect"
    assert last(world(quiet, known, outliers=Use.SHADOW)).condition == "trusted"


def test_who_gets_no_requests_counts_whatever_is_made_of_the_load_balancers_verdict() -> None:
    dead = [replace(DEAD, instance=a_target(n).instance) for n in (7, 8, 9)]
    long_ago = {t.id: (Finding(Code.LB_UNHEALTHY, at(-9)),) for t in dead}
    for use in (Use.SHADOW, Use.OFF):
        here = world(a_fleet(targets(3, *dead)), remembered(findings=long_ago), load_balancer=use)
        assert (here.believed(BLUE).bad, here.believed(BLUE).panic) == (3, True)
        few = world(
            a_fleet(targets(6, DEAD), a_group(9)), remembered(findings=long_ago), load_balancer=use
        )
        assert ejects(few) == []
