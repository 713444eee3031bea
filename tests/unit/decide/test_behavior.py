"""How fast a wish may be followed: rates, windows, logs, and a whole pass over them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trimtab.decide.behavior import (
    DEFAULT_BEHAVIOR,
    Behavior,
    History,
    Limit,
    Range,
    RateRule,
    RateUnit,
    Recommendation,
    ScaleEvent,
    ScalingRules,
    Selection,
    Steadiness,
    change_within,
    limit_by_doubling,
    limit_by_rates,
    record_event,
    scale_down_limit,
    scale_up_limit,
    stabilize,
    stabilize_down,
)
from trimtab.decide.replica_pass import Pace, PassState, ReplicaPass, replica_pass
from trimtab.decide.replicas import NoBasisError, Sizing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NO_HISTORY = History(NOW)


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


def rules(*given: tuple[RateUnit, int], select: Selection = Selection.MAX) -> ScalingRules:
    return ScalingRules(tuple(RateRule(unit, value, MINUTE) for unit, value in given), select)


PODS_2 = (RateUnit.REPLICAS, 2)
HALF = (RateUnit.PERCENT, 50)


@pytest.mark.parametrize(
    ("select", "up", "down"),
    [(Selection.MAX, 15, 5), (Selection.MIN, 12, 8), (Selection.DISABLED, 10, 10)],
)
def test_selection_says_which_of_two_rates_holds(select: Selection, up: int, down: int) -> None:
    both = rules(PODS_2, HALF, select=select)
    assert scale_up_limit(10, both, NO_HISTORY) == up
    assert scale_down_limit(10, both, NO_HISTORY) == down


def test_a_percentage_lets_one_replica_grow_and_none_leave_early() -> None:
    assert scale_up_limit(1, rules((RateUnit.PERCENT, 1)), NO_HISTORY) == 2
    assert scale_down_limit(3, rules(HALF), NO_HISTORY) == 1


def test_a_rate_counts_from_the_start_of_its_period() -> None:
    history = History(NOW, (ScaleEvent(4, ago(30)),), (ScaleEvent(2, ago(30)),))
    assert scale_up_limit(6, rules((RateUnit.PERCENT, 300)), history) == 16


def test_an_event_leaves_the_period_when_it_is_as_old() -> None:
    events = (ScaleEvent(7, ago(60)), ScaleEvent(5, ago(59)))
    assert change_within(events, MINUTE, NOW) == 5


@pytest.mark.parametrize(
    ("current", "desired", "replicas", "limit"),
    [
        (3, 50, 7, Limit.UP_RATE),
        (50, 90, 60, Limit.MAXIMUM),
        (5, 1, 2, Limit.MINIMUM),
        (5, 4, 4, Limit.NONE),
        (1, 1, 1, Limit.NONE),
    ],
)
def test_rates_and_range_hold_a_wish_and_say_which_did(
    current: int, desired: int, replicas: int, limit: Limit
) -> None:
    got = limit_by_rates(current, desired, Range(2, 60), DEFAULT_BEHAVIOR, NO_HISTORY)
    assert (got.replicas, got.limit) == (replicas, limit)


def test_spent_rates_never_turn_a_wish_round() -> None:
    behavior = Behavior(rules(PODS_2), rules(PODS_2))
    spent = History(NOW, (ScaleEvent(9, ago(5)),), (ScaleEvent(0, ago(5)),))
    assert limit_by_rates(10, 20, Range(1, 99), behavior, spent).replicas == 10


@pytest.mark.parametrize(
    ("current", "desired", "replicas", "limit"),
    [(3, 20, 6, Limit.UP_RATE), (1, 20, 4, Limit.UP_RATE), (5, 9, 8, Limit.MAXIMUM),
     (5, 1, 3, Limit.MINIMUM), (5, 7, 7, Limit.NONE)],
)  # fmt: skip
def test_without_rates_a_size_at_most_doubles(
    current: int, desired: int, replicas: int, limit: Limit
) -> None:
    got = limit_by_doubling(current, desired, Range(3, 8))
    assert (got.replicas, got.limit) == (replicas, limit)


def log(*entries: tuple[int, int]) -> tuple[Recommendation, ...]:
    return tuple(Recommendation(replicas, ago(seconds)) for replicas, seconds in entries)


def test_shrinking_waits_for_the_largest_wish_and_forgets_what_is_past() -> None:
    steady = stabilize_down(3, log((9, 301), (5, 60)), timedelta(minutes=5), NOW)
    assert (steady.replicas, steady.steadiness) == (5, Steadiness.HELD_UP)
    assert [r.replicas for r in steady.log] == [3, 5]


@pytest.mark.parametrize(
    ("current", "desired", "replicas"), [(1, 7, 4), (100, 3, 5), (5, 7, 5), (4, 4, 4)]
)
def test_windows_hold_a_flapping_wish_near_the_current_size(
    current: int, desired: int, replicas: int
) -> None:
    window = ScalingRules((), window=timedelta(minutes=5))
    lately = log((4, 120), (5, 60))
    got = stabilize(current, desired, lately, Behavior(window, window), NOW)
    assert got.replicas == replicas


def test_an_event_takes_the_place_of_one_no_rule_looks_back_to() -> None:
    before = (ScaleEvent(7, ago(61)), ScaleEvent(6, ago(59)))
    assert [e.change for e in record_event(before, 5, rules(PODS_2), NOW)] == [5, 6]
    assert record_event(before, 5, None, NOW) == before


def a_pass(
    current: int, wish: int | None, *, lately: tuple[Recommendation, ...] | None = ()
) -> ReplicaPass:
    def size() -> Sizing:
        if wish is None:
            raise NoBasisError("nothing to go by")
        return Sizing(wish, 0)

    return replica_pass(current, Range(2, 6), size, Pace(), PassState(NO_HISTORY, lately))


@pytest.mark.parametrize(
    ("current", "wish", "desired"),
    [(3, 5, 5), (3, 1, 2), (3, 9, 6), (0, 9, 0), (9, None, 6), (1, None, 2), (3, None, 3)],
)
def test_a_pass_keeps_the_range_and_without_a_basis_the_size(
    current: int, wish: int | None, desired: int
) -> None:
    assert a_pass(current, wish).desired == desired


def test_a_first_pass_never_shrinks() -> None:
    first = a_pass(5, 3, lately=None)
    assert first.desired == 5
    assert first.conditions["AbleToScale"] == (True, "ScaleDownStabilized")


def test_a_pass_without_a_basis_says_so() -> None:
    assert a_pass(3, None).conditions["ScalingActive"] == (False, "FailedGetResourceMetric")
