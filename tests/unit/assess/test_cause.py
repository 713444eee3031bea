"""What a fleet's trouble comes from, and what each cause allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    NOON,
    REQUESTS,
    SLOW,
    a_fleet,
    a_group,
    a_policy,
    a_series,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    seen,
    targets,
)
from trimtab.assess import assess
from trimtab.decide.health import propose_restores
from trimtab.guard import guard
from trimtab.model.assessment import FleetBelief
from trimtab.model.cause import REMEDIES, Cause
from trimtab.model.change import Resize
from trimtab.model.ids import Zone
from trimtab.model.memory import Finding, Memory, Strikes
from trimtab.model.observation import FleetSeen, LoadSignal, Target, TargetState
from trimtab.model.policy import HealthPolicy, ScalingPolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal

POLICY = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)), health=HealthPolicy(outliers=(SLOW,)))
LATENCY = SLOW.metric.name


def dead(number: int, zone: str = "eu-west-1a") -> Target:
    return a_target(
        number, state=TargetState.UNHEALTHY, state_reason="Target.Timeout", zone=Zone(zone)
    )


def in_zones(fleet: tuple[Target, ...]) -> tuple[Target, ...]:
    """Spread targets over two zones in turn; the dead ones keep theirs."""
    return tuple(
        t if t.state is TargetState.UNHEALTHY else replace(t, zone=Zone(f"eu-west-1{'ab'[n % 2]}"))
        for n, t in enumerate(fleet)
    )


def measured(*levels: float, units: float) -> FleetSeen:
    """A fleet whose targets have had these latencies (s) for three minutes."""
    here = targets(len(levels))
    metrics = {t.instance: a_series(*[v] * 3) for t, v in zip(here, levels, strict=True)}
    return a_fleet(here, units=units, metrics={LATENCY: metrics}, looked_closely=True)


def failing(fleet: FleetSeen, share: float) -> FleetSeen:
    """The same, answering this share of its requests with 5xx."""
    signals = dict(fleet.signals or {})
    last = signals[LoadSignal.REQUESTS].last
    assert last is not None
    return replace(fleet, signals={**signals, LoadSignal.ERRORS: a_series(last.value * share)})


def belief_of(fleet: FleetSeen, memory: Memory | None = None) -> FleetBelief:
    return assess(seen(fleet), POLICY, memory or Memory()).fleets[BLUE]


def cause(fleet: FleetSeen, memory: Memory | None = None) -> Cause:
    return belief_of(fleet, memory).cause


USUAL = remembered(usual={LATENCY: 0.05}, latency=0.05)


def test_nothing_is_wrong_with_a_fleet_that_is_well() -> None:
    assert cause(a_fleet(targets(4), units=2.0)) is Cause.NONE


def test_one_dead_target_is_that_targets_trouble() -> None:
    assert cause(a_fleet((*targets(4), dead(9)), units=2.0)) is Cause.TARGET


def test_one_slow_target_of_a_busy_fleet_is_that_targets_trouble() -> None:
    assert cause(measured(0.05, 0.05, 0.05, 0.6, units=4.0), USUAL) is Cause.TARGET


def test_busy_and_slow_together_is_overload() -> None:
    assert cause(measured(0.2, 0.2, 0.2, 0.9, units=4.4), USUAL) is Cause.OVERLOAD


def test_slow_together_without_load_is_no_overload() -> None:
    assert cause(measured(0.2, 0.2, 0.2, 0.2, units=1.0), USUAL) is Cause.NONE


def test_busy_and_failing_together_is_overload() -> None:
    assert cause(failing(a_fleet(targets(4), units=4.4), 0.04)) is Cause.OVERLOAD


def test_failing_alike_at_moderate_load_is_a_dependency() -> None:
    assert cause(failing(a_fleet(targets(4), units=2.0), 0.2)) is Cause.DEPENDENCY


def test_failing_a_little_is_not_yet_a_dependency() -> None:
    assert cause(failing(a_fleet(targets(4), units=2.0), 0.04)) is Cause.NONE


def test_half_of_a_fleet_dead_is_the_whole_fleets_trouble() -> None:
    assert cause(a_fleet((*targets(2), dead(8), dead(9)), units=1.0)) is Cause.FLEET


def test_a_fleet_of_one_that_is_dead_is_down() -> None:
    assert cause(a_fleet((dead(9),), units=1.0)) is Cause.FLEET


def test_what_is_bad_in_one_zone_only_is_the_zones_trouble() -> None:
    elsewhere = tuple(replace(t, zone=Zone("eu-west-1b")) for t in targets(4))
    bad = (dead(8, "eu-west-1a"), dead(9, "eu-west-1a"))
    assert cause(a_fleet((*elsewhere, a_target(7), *bad), units=1.0)) is Cause.ZONE


def test_who_has_been_out_before_is_bad_by_himself() -> None:
    elsewhere = tuple(replace(t, zone=Zone("eu-west-1b")) for t in targets(4))
    bad = (dead(8, "eu-west-1a"), dead(9, "eu-west-1a"))
    memory = remembered(strikes={dead(9).id: Strikes(1, at(-3))})
    assert cause(a_fleet((*elsewhere, a_target(7), *bad), units=1.0), memory) is Cause.TARGET
    assert cause(a_fleet((*elsewhere, *bad), units=1.0), memory) is Cause.ZONE


def test_the_same_number_spread_over_zones_is_not() -> None:
    bad = (dead(8, "eu-west-1a"), dead(9, "eu-west-1b"))
    assert cause(a_fleet((*in_zones(targets(5)), *bad), units=1.0)) is Cause.TARGET


def test_a_fleet_in_one_zone_has_no_other_to_compare_with() -> None:
    assert cause(a_fleet((*targets(5), dead(8), dead(9)), units=1.0)) is Cause.TARGET


def one_early(*rising: int, of: int = 8) -> FleetSeen:
    """Two zones in turn; number 1 has been slow for two minutes, others in their newest only."""
    here = tuple(
        replace(t, zone=Zone(f"eu-west-1{'ab'[n % 2]}")) for n, t in enumerate(targets(of))
    )
    slow = {n: a_series(0.04, 0.04, 0.04, 1.5) for n in rising}
    slow[1] = a_series(0.04, 0.04, 1.5, 4.7)
    calm = a_series(*[0.04] * 4)
    metrics = {t.instance: slow.get(n, calm) for n, t in enumerate(here, start=1)}
    return a_fleet(here, units=2.0, metrics={LATENCY: metrics}, looked_closely=True)


def test_the_first_of_a_zone_whose_samples_are_here_is_not_alone() -> None:
    assert cause(one_early()) is Cause.TARGET
    belief = belief_of(one_early(3, 5, 7))
    assert belief.cause is Cause.ZONE
    assert "4 of 4 in eu-west-1a are bad, 3 by their newest samples alone" in belief.because
    assert REMEDIES[belief.cause].ejecting is False


def test_one_bad_minute_of_a_neighbour_or_of_others_elsewhere_excuses_nobody() -> None:
    assert cause(one_early(3)) is Cause.TARGET
    assert cause(one_early(2, 4)) is Cause.TARGET


def test_the_first_of_a_whole_fleet_whose_samples_are_here_is_not_alone() -> None:
    belief = belief_of(one_early(2, 3, 4, 5))
    assert belief.cause is Cause.DEPENDENCY
    assert belief.because == "1 of 8 are bad, and 4 more by their newest samples alone"
    assert not belief.panic, "what is not known yet puts nobody back"


def test_old_samples_do_not_rise() -> None:
    fleet = one_early(3, 5, 7)
    metrics = dict((fleet.metrics or {})[LATENCY])
    for number in (3, 5, 7):
        metrics[a_target(number).instance] = a_series(0.04, 1.5, ago=30)
    assert cause(replace(fleet, metrics={LATENCY: metrics})) is Cause.TARGET


def test_only_newcomers_bad_is_a_deployment() -> None:
    new = {dead(n).instance: at(-4) for n in (8, 9)}
    fleet = a_fleet((*targets(5), dead(8), dead(9)), units=1.0)
    assert cause(fleet, remembered(warming=new)) is Cause.DEPLOYMENT


def test_blind_to_target_health_is_blind() -> None:
    assert cause(a_fleet(None, units=1.0)) is Cause.BLIND


def test_seven_of_ten_vanishing_at_once_is_not_believed() -> None:
    memory = remembered(population=10, population_at=at(-1))
    assert cause(a_fleet(targets(3), units=1.0), memory) is Cause.BLIND


def test_it_is_believed_when_it_lasts() -> None:
    memory = remembered(population=10, population_at=at(-5))
    assert cause(a_fleet(targets(3), units=1.0), memory) is Cause.NONE


def test_it_is_believed_when_the_group_shrank_with_them() -> None:
    memory = remembered(population=10, population_at=at(-1))
    assert cause(a_fleet(targets(3), a_group(3), units=1.0), memory) is Cause.NONE
    assert cause(a_fleet(targets(3), a_group(10), units=1.0), memory) is Cause.BLIND


def situation(cause: Cause, memory: Memory | None = None) -> Situation:
    """Four targets, one dead for long, and that cause."""
    observed = seen(a_fleet((*targets(3), dead(9)), a_group(4), units=1.0))
    held = memory or remembered(findings={dead(9).id: (Finding(ReasonCode.LB_UNHEALTHY, at(-9)),)})
    belief = assess(observed, POLICY, held)
    told = replace(belief.fleets[BLUE], cause=cause, because="so it seems")
    return Situation(observed, replace(belief, fleets={BLUE: told}), POLICY, held)


EJECTION = Proposal(an_eject(9), Reason(ReasonCode.EJECT_UNHEALTHY, "dead"))
SHRINKAGE = Proposal(Resize(BLUE, "blue-asg", 4, 3), Reason(ReasonCode.LOAD_BELOW_TARGET, "idle"))
GROWTH = Proposal(Resize(BLUE, "blue-asg", 4, 5), Reason(ReasonCode.LOAD_ABOVE_TARGET, "busy"))


@pytest.mark.parametrize("told", Cause)
def test_each_cause_allows_what_its_row_says(told: Cause) -> None:
    for proposal, allowed in (
        (EJECTION, REMEDIES[told].ejecting),
        (SHRINKAGE, REMEDIES[told].shrinking),
        (GROWTH, True),
    ):
        (verdict,) = guard([proposal], situation(told))
        assert any(c.guard == "cause" and c.passed for c in verdict.checks) is allowed
        if not allowed:
            assert verdict.reason.code is REMEDIES[told].refusal
            assert verdict.reason.text == f"blue: so it seems; {REMEDIES[told].instead}"


@pytest.mark.parametrize("told", Cause)
def test_an_operator_may_know_better_where_capacity_is_not_at_stake(told: Cause) -> None:
    (verdict,) = guard([replace(EJECTION, request="R1")], situation(told))  # type: ignore[arg-type]
    refused = any(c.guard == "cause" and not c.passed for c in verdict.checks)
    assert refused is (told in (Cause.BLIND, Cause.FLEET, Cause.OVERLOAD))


def blind_for(minutes: float) -> Situation:
    memory = remembered(
        ejected={an_eject(9).target: replace(an_ejection(an_eject(9)), until=at(60))},
        blind_since=NOON - timedelta(minutes=minutes),
    )
    observed = seen(a_fleet(None))
    return Situation(observed, assess(observed, POLICY, memory), POLICY, memory)


def test_blind_for_long_what_is_out_is_given_back() -> None:
    (back,) = propose_restores(blind_for(4.5))
    assert (back.reason.code, back.reason.text) == (
        ReasonCode.RESTORE_BLIND,
        "blind for 4m 30s: nobody can tell any more that it should be out",
    )


def test_blind_for_a_moment_nothing_changes() -> None:
    assert propose_restores(blind_for(3.9)) == ()
