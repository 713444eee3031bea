"""Who fails more requests than its peers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOON, a_series, a_target
from trimtab.assess.counted import Counted
from trimtab.assess.failures import failure_outliers
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Point, Series
from trimtab.model.policy import FailureOutlier, FailureRule, TargetMetric

RULE = FailureOutlier(TargetMetric("Shop", "Requests", "Sum"), TargetMetric("Shop", "Errors"))
MAX_AGE = timedelta(minutes=4)
MINUTE = timedelta(minutes=1)


def target(number: int) -> InstanceId:
    return a_target(number).instance


def counted(errors: Mapping[int, tuple[float, ...]], requests: float = 400) -> Counted:
    """Targets by number, each with its errors of the last minutes, oldest first."""
    return Counted(
        {target(n): a_series(*(requests for _ in e)) for n, e in errors.items()},
        {target(n): a_series(*e) for n, e in errors.items()},
    )


def found(counts: Counted, rule: FailureOutlier = RULE) -> list[InstanceId]:
    return [name for name, _ in failure_outliers(counts, rule, NOON, MAX_AGE).found]


def test_one_of_two_that_fails_a_tenth_is_found() -> None:
    assert found(counted({1: (40, 40, 40), 2: (0, 1, 0)})) == [target(1)]


def test_one_bad_minute_however_bad_is_no_outlier() -> None:
    assert found(counted({1: (0, 0, 400), 2: (0, 0, 0)})) == []
    assert found(counted({1: (400, 400, 0), 2: (0, 0, 0)})) == []


def rising(counts: Counted) -> frozenset[InstanceId]:
    return failure_outliers(counts, RULE, NOON, MAX_AGE).rising


def test_whose_newest_minute_is_as_bad_is_rising_beside_one_that_is_found() -> None:
    fleet = {1: (0, 0, 0, 200, 200), 2: (0, 0, 0, 0, 200), **dict.fromkeys((3, 4, 5), (0,) * 5)}
    assert found(counted(fleet)) == [target(1)]
    assert rising(counted(fleet)) == {target(2)}
    assert rising(counted({**fleet, 1: (0,) * 5})) == frozenset(), "beside nobody it is noise"


def test_a_few_requests_of_one_minute_do_not_rise() -> None:
    fleet = counted({1: (200, 200, 200), 2: (0, 0, 0), 3: (0, 0, 0)})
    quiet = Counted(
        {**fleet.requests, target(2): a_series(16, 16, 16)},
        {**fleet.errors, target(2): a_series(0, 0, 16)},
    )
    assert rising(quiet) == frozenset()
    enough = Counted({**quiet.requests, target(2): a_series(17, 17, 17)}, quiet.errors)
    assert rising(enough) == {target(2)}


def test_all_failing_alike_is_nobodys_fault() -> None:
    assert found(counted(dict.fromkeys(range(1, 6), (120, 130, 125)))) == []


def test_a_target_that_reports_no_requests_is_not_judged() -> None:
    one = counted({1: (40, 40, 40), 2: (0, 0, 0)})
    silent = replace(one, requests={**one.requests, target(1): Series()})
    assert found(silent) == []


def test_requests_without_datapoints_of_errors_are_requests_without_errors() -> None:
    one = counted({1: (40, 40, 40), 2: (0, 0, 0)})
    assert found(replace(one, errors={target(1): one.errors[target(1)]})) == [target(1)]


def test_old_counts_say_nothing_of_now() -> None:
    one = counted({1: (40, 40, 40), 2: (0, 0, 0)})
    assert failure_outliers(one, RULE, NOON + timedelta(minutes=10), MAX_AGE).found == ()


@pytest.mark.parametrize("absurd", [math.nan, math.inf, -5.0, 1e300])
def test_absurd_numbers_are_no_numbers(absurd: float) -> None:
    one = counted({1: (40, 40, 40), 2: (0, 0, 0)})
    last = one.requests[target(1)].points[-1]
    spoilt = Series.of((*one.requests[target(1)].points[:-1], Point(last.at, absurd)))
    assert found(replace(one, requests={**one.requests, target(1): spoilt})) == [target(1)]
    errors = Series.of(Point(p.at, absurd) for p in one.errors[target(2)].points)
    assert found(replace(one, errors={**one.errors, target(2): errors})) == [target(1)]


def test_more_errors_than_requests_are_all_of_them() -> None:
    ((_, evidence),) = failure_outliers(
        counted({1: (900, 900, 900), 2: (0, 0, 0)}), RULE, NOON, MAX_AGE
    ).found
    assert evidence.score == 1.0


def test_evidence_shows_the_share_the_bar_and_the_peers() -> None:
    ((_, evidence),) = failure_outliers(
        counted({1: (40, 40, 40), 2: (0, 0, 0)}), RULE, NOON, MAX_AGE
    ).found
    assert (evidence.score, evidence.peers, evidence.samples) == (0.1, 1, 1_200)
    assert evidence.text.startswith("failed 10.0% of 1200 requests, its 1 peers 0.1%; by chance")


def test_envoys_success_rate_needs_five_hosts() -> None:
    rule = replace(RULE, rule=FailureRule.SUCCESS_RATE, min_volume=100)
    bad, good = (200, 200, 200), (0, 0, 0)
    assert found(counted({1: bad, **dict.fromkeys(range(2, 5), good)}), rule) == []
    assert found(counted({1: bad, **dict.fromkeys(range(2, 6), good)}), rule) == [target(1)]


def test_envoys_failure_percentage_is_inclusive() -> None:
    rule = replace(RULE, rule=FailureRule.FAILURE_PERCENTAGE)
    good = dict.fromkeys(range(2, 6), (0, 0, 0))
    assert found(counted({1: (340, 340, 340), **good}), rule) == [target(1)]
    assert found(counted({1: (339, 339, 339), **good}), rule) == []
