"""AWS step scaling at its edges: bounds, rounding, combinations, broken step tables."""

from __future__ import annotations

import pytest

from trimtab.decide.group_capacity import (
    backlog_per_target,
    backlog_target,
    combine_wishes,
    forecast_capacity,
    warm_pool_size,
)
from trimtab.decide.step_scaling import (
    AdjustmentType,
    CapacityBounds,
    Step,
    StepFault,
    StepPolicy,
    addition_in_cooldown,
    capacity_while_warming,
    faults_of,
    is_in_step,
    round_percent_change,
    step_capacity,
)

OUT = StepPolicy(AdjustmentType.PERCENT, 50, (Step(0, 10, 0), Step(10, 20, 10), Step(20, None, 30)))
IN = StepPolicy(
    AdjustmentType.PERCENT, 50, (Step(-10, 0, 0), Step(-20, -10, -10), Step(None, -20, -30))
)


def a_policy(kind: AdjustmentType, adjustment: int, least: int | None = None) -> StepPolicy:
    return StepPolicy(kind, 50, (Step(0, None, adjustment),), least)


@pytest.mark.parametrize(
    ("metric", "capacity"),
    [(0, 10), (49.99, 10), (50, 10), (59.99, 10), (60, 11), (69.99, 11), (70, 13), (1e12, 13)],
)
def test_scaling_out_takes_the_step_whose_lower_bound_is_reached(
    metric: float, capacity: int
) -> None:
    assert step_capacity(OUT, 10, metric) == capacity


@pytest.mark.parametrize(
    ("metric", "capacity"),
    [(99, 10), (50, 10), (40.01, 10), (40, 9), (30.01, 9), (30, 7), (-1e12, 7)],
)
def test_scaling_in_takes_the_step_whose_upper_bound_is_reached(
    metric: float, capacity: int
) -> None:
    assert step_capacity(IN, 10, metric) == capacity


def test_the_documented_day_goes_10_11_14_13_10() -> None:
    capacity, seen = 10, []
    for policy, metric in ((OUT, 60), (OUT, 70), (IN, 40), (IN, 30)):
        capacity = step_capacity(policy, capacity, metric)
        seen.append(capacity)
    assert seen == [11, 14, 13, 10]


@pytest.mark.parametrize(
    ("lower", "upper", "metric", "is_in"),
    [
        (0, 10, 50, True),
        (0, 10, 60, False),
        (0, 10, 49.999, False),
        (-10, 0, 50, True),
        (-10, 0, 40, False),
        (-10, 0, 50.001, False),
        (None, 0, 50, True),
        (None, -10, 40, True),
        (0, None, 50, True),
        (None, None, 50, True),
        (None, 10, 60, False),
        (-5, 5, 45, False),
        (-5, 5, 55, False),
        (-5, 5, 50, True),
        (10.1, 20, 60.1, True),
        (0.1, 0.2, 50.2, False),
        (0, None, float("inf"), True),
        (0, None, float("nan"), False),
        (None, 0, float("nan"), False),
    ],
)
def test_a_bound_belongs_to_the_step_on_its_far_side(
    lower: float | None, upper: float | None, metric: float, is_in: bool
) -> None:
    assert is_in_step(Step(lower, upper, 1), 50, metric) is is_in


@pytest.mark.parametrize(
    ("raw", "whole"),
    [(12.7, 12), (3.3, 3), (1.0, 1), (0.99, 1), (0.4, 1), (0, 0), (-0.4, -1), (-0.58, -1),
     (-1.0, -1), (-1.9, -1), (-6.67, -6), (-0.0, 0)],
)  # fmt: skip
def test_a_percentage_rounds_toward_zero_but_never_to_it(raw: float, whole: int) -> None:
    assert round_percent_change(raw) == whole


@pytest.mark.parametrize(
    ("kind", "adjustment", "capacity", "wanted"),
    [
        (AdjustmentType.CHANGE, 3, 10, 13),
        (AdjustmentType.CHANGE, -3, 10, 7),
        (AdjustmentType.CHANGE, -30, 10, 0),
        (AdjustmentType.EXACT, 4, 10, 4),
        (AdjustmentType.EXACT, 0, 10, 0),
        (AdjustmentType.PERCENT, 7, 100, 107),
        (AdjustmentType.PERCENT, 29, 100, 129),
        (AdjustmentType.PERCENT, -100, 7, 0),
        (AdjustmentType.PERCENT, 10, 0, 0),
    ],
)
def test_each_adjustment_type_means_its_own_number(
    kind: AdjustmentType, adjustment: int, capacity: int, wanted: int
) -> None:
    assert step_capacity(a_policy(kind, adjustment), capacity, 60) == wanted


@pytest.mark.parametrize(
    ("adjustment", "least", "wanted"),
    [(25, 2, 6), (-25, 2, 2), (75, 2, 7), (0, 2, 4), (25, None, 5), (25, 0, 5)],
)
def test_a_minimum_magnitude_lifts_small_percentages_only(
    adjustment: int, least: int | None, wanted: int
) -> None:
    assert step_capacity(a_policy(AdjustmentType.PERCENT, adjustment, least), 4, 60) == wanted


def test_a_minimum_magnitude_is_ignored_for_whole_numbers() -> None:
    assert step_capacity(a_policy(AdjustmentType.CHANGE, 1, 5), 4, 60) == 5


@pytest.mark.parametrize(
    ("least", "most", "wanted"), [(None, None, 15), (1, 12, 12), (20, None, 20), (None, 11, 11)]
)
def test_the_capacity_stays_in_its_bounds(least: int | None, most: int | None, wanted: int) -> None:
    policy = a_policy(AdjustmentType.CHANGE, 5)
    assert step_capacity(policy, 10, 60, CapacityBounds(least, most)) == wanted


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ((), StepFault.NO_STEPS),
        ((Step(None, None, 1),), StepFault.BOTH_OPEN),
        ((Step(0, 10, 1), Step(15, None, 2)), StepFault.GAP),
        ((Step(0, 10, 1), Step(5, None, 2)), StepFault.OVERLAP),
        ((Step(0, None, 1), Step(10, None, 2)), StepFault.TWO_OPEN_UPPER),
        ((Step(None, -10, -2), Step(None, 0, -1)), StepFault.TWO_OPEN_LOWER),
        ((Step(-10, 0, -1),), StepFault.NEEDS_OPEN_LOWER),
        ((Step(0, 10, 1),), StepFault.NEEDS_OPEN_UPPER),
        ((Step(10, 10, 1), Step(10, None, 1)), StepFault.EMPTY),
        ((Step(0, 30, 1), Step(10, 20, 1), Step(30, None, 1)), StepFault.OVERLAP),
        ((Step(None, -10, -1), Step(0, None, 1)), StepFault.GAP),
    ],
)
def test_a_broken_set_of_steps_is_named(steps: tuple[Step, ...], fault: StepFault) -> None:
    assert fault in faults_of(steps)


@pytest.mark.parametrize(
    "steps",
    [OUT.steps, IN.steps, OUT.steps[::-1], (*IN.steps, *OUT.steps), (Step(0, None, 1),),
     (Step(None, 0, 1),), (Step(5, None, 1),)],
)  # fmt: skip
def test_a_sound_set_of_steps_has_no_fault_in_any_order(steps: tuple[Step, ...]) -> None:
    assert faults_of(steps) == ()


@pytest.mark.parametrize(
    ("previous", "following", "added"), [(2, 3, 1), (2, 2, 0), (3, 2, 0), (0, 3, 3), (2, -1, 0)]
)
def test_an_increase_under_way_counts_toward_the_next(
    previous: int, following: int, added: int
) -> None:
    assert addition_in_cooldown(previous, following) == added


@pytest.mark.parametrize(
    ("policy", "warm", "warming", "metric", "wanted"),
    [(OUT, 10, 1, 70, 13), (OUT, 10, 1, 60, 11), (OUT, 10, 3, 60, 13), (IN, 10, 1, 30, 11),
     (IN, 10, 0, 30, 7)],
)  # fmt: skip
def test_warming_targets_count_as_added_and_block_taking_away(
    policy: StepPolicy, warm: int, warming: int, metric: float, wanted: int
) -> None:
    assert capacity_while_warming(policy, warm, warming, metric) == wanted


def test_the_largest_wish_wins_inside_the_bounds() -> None:
    assert combine_wishes([10, 8]) == 10
    assert combine_wishes([3, 12, 8], CapacityBounds(1, 9)) == 9
    with pytest.raises(ValueError, match="no policy made a wish"):
        combine_wishes([])


def test_a_backlog_target_is_patience_over_time_per_message() -> None:
    assert backlog_target(0.1, 10) == 100
    assert backlog_per_target(1500, 10) == 150
    assert backlog_per_target(1500, 0) is None
    with pytest.raises(ValueError, match="above 0"):
        backlog_target(0, 10)


@pytest.mark.parametrize(
    ("actual", "forecast", "buffer_percent", "desired", "maximum"),
    [(4, 50, None, 40, 40), (4, 50, 10, 50, 55), (4, 20, None, 20, 40), (10, 3, None, 10, 40),
     (4, 50, 0, 50, 50), (4, 20, 10, 20, 40)],
)  # fmt: skip
def test_a_forecast_adds_up_to_the_maximum_or_its_buffer(
    actual: int, forecast: int, buffer_percent: int | None, desired: int, maximum: int
) -> None:
    got = forecast_capacity(actual, forecast, CapacityBounds(1, 40), buffer_percent)
    assert (got.desired, got.maximum) == (desired, maximum)


@pytest.mark.parametrize(
    ("desired", "prepared", "minimum", "size"), [(6, None, 0, 4), (6, 8, 0, 2), (9, 8, 0, 0),
                                                 (9, 8, 2, 2), (10, None, 0, 0)],
)  # fmt: skip
def test_a_warm_pool_fills_the_distance(
    desired: int, prepared: int | None, minimum: int, size: int
) -> None:
    assert warm_pool_size(desired, 10, prepared, minimum) == size
