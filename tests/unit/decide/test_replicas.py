"""The replica formula where it is easy to get wrong: the missing, the unready, the nearly right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from trimtab.decide.replicas import (
    NoBasisError,
    Replica,
    ReplicaPhase,
    SizingRules,
    Tolerance,
    average_replicas,
    utilization_replicas,
    value_per_replica,
    value_replicas,
)

RULES = SizingRules(
    initialization=timedelta(minutes=2), initial_readiness_delay=timedelta(seconds=10)
)


def cpu(*usages: int | None, request: int = 1000, **same: Any) -> list[Replica]:
    return [Replica(u, request, **same) for u in usages]


def size(
    replicas: list[Replica], target: int, current: int | None = None, stray: int = 0
) -> tuple[int, int]:
    now = len(replicas) if current is None else current
    sizing = utilization_replicas(replicas, now, target, RULES, stray)
    return sizing.replicas, sizing.measured


def unready(*usages: int | None) -> list[Replica]:
    return cpu(*usages, ready=False)


def hot(*usages: int | None) -> list[Replica]:
    return cpu(*usages, age=timedelta(0))


def pending(*usages: int | None) -> list[Replica]:
    return cpu(*usages, ready=False, phase=ReplicaPhase.PENDING)


@pytest.mark.parametrize(
    ("replicas", "target", "expected"),
    [
        (cpu(300, 500, 700), 30, (5, 50)),
        (unready(300) + cpu(500, 700), 30, (4, 60)),
        (hot(300) + cpu(500, 700), 30, (4, 60)),
        (cpu(400) + unready(500, 700), 30, (3, 40)),
        (cpu(100, 300, 500, 250, 250), 50, (3, 28)),
        (cpu(100, 300, 500) + unready(250, 250), 50, (2, 30)),
        (cpu(100, 300, 500) + hot(250, 250), 50, (2, 30)),
        (cpu(100) + pending(None, None, None, None), 50, (1, 10)),
        (cpu(400, 95, None, None), 100, (3, 24)),
        (cpu(1000, None), 100, (2, 100)),
        (cpu(1900, None), 100, (2, 190)),
        (cpu(600, None), 100, (2, 60)),
        (unready(100) + cpu(450, None), 50, (3, 45)),
        (unready(100) + cpu(2000, None), 50, (4, 200)),
        (unready(100) + cpu(100, 100, None), 50, (3, 10)),
    ],
)
def test_the_published_cpu_cases_come_out_as_published(
    replicas: list[Replica], target: int, expected: tuple[int, int]
) -> None:
    assert size(replicas, target) == expected


def test_more_replicas_than_wanted_keep_the_size_if_the_count_argues_the_other_way() -> None:
    assert size(cpu(100, 100, None), 50, current=2) == (2, 10)


@pytest.mark.parametrize("gone", [{"deleting": True}, {"phase": ReplicaPhase.FAILED}])
def test_a_replica_on_its_way_out_counts_nowhere_even_with_a_sample(
    gone: dict[str, Any],
) -> None:
    assert size(cpu(500, 700) + cpu(9000, None, **gone), 30, current=2) == (4, 60)


def test_samples_of_unknown_replicas_stay_out_of_the_ratio() -> None:
    assert size(cpu(4000, 9500, 3000, 7000), 100, stray=2) == (24, 587)


def test_a_missing_sample_is_taken_at_the_target_when_that_is_above_the_request() -> None:
    assert size(cpu(1000, None), 200) == (2, 100)


@pytest.mark.parametrize(
    ("used", "target", "wanted"),
    [(1100, 100, 10), (1110, 100, 12), (900, 100, 10), (890, 100, 9), (1109, 100, 10)],
)
def test_a_ratio_at_the_edge_of_the_tolerance_changes_nothing(
    used: int, target: int, wanted: int
) -> None:
    assert size(cpu(*[used] * 10), target)[0] == wanted


def test_a_tolerance_may_differ_by_direction() -> None:
    rules = SizingRules(tolerance=Tolerance(down=0.5, up=0.0))
    assert utilization_replicas(cpu(600, 600), 2, 100, rules).replicas == 2
    assert utilization_replicas(cpu(1010, 1010), 2, 100, rules).replicas == 3


@pytest.mark.parametrize(
    ("replica", "is_counted"),
    [
        (Replica(500, 1000, age=timedelta(seconds=100)), True),
        (Replica(500, 1000, age=timedelta(seconds=59)), False),
        (Replica(500, 1000, age=timedelta(seconds=60)), True),
        (Replica(500, 1000, age=timedelta(seconds=119), ready=False), False),
        (Replica(500, 1000, age=timedelta(seconds=120), ready=False), False),
        (
            Replica(
                500,
                1000,
                age=timedelta(hours=1),
                ready=False,
                readiness_changed_after=timedelta(seconds=10),
            ),
            True,
        ),
        (Replica(500, 1000, ready=None), False),
    ],
)
def test_a_cpu_sample_counts_once_its_replica_has_been_warm_for_a_window(
    replica: Replica, is_counted: bool
) -> None:
    assert size([*cpu(100), replica], 10, current=2)[1] == (30 if is_counted else 10)


def test_readiness_is_a_matter_of_cpu_only() -> None:
    memory = SizingRules(resource="memory")
    assert utilization_replicas(unready(500, 700), 2, 30, memory).replicas == 4


@pytest.mark.parametrize(
    ("replicas", "message"),
    [
        (cpu(None, None), "no metrics returned from resource metrics API"),
        ([], "no metrics returned from resource metrics API"),
        ([Replica(200)], "missing request for cpu"),
        (unready(200), "did not receive metrics for targeted pods"),
        (cpu(200, request=0), "no metrics returned matched known pods"),
    ],
)
def test_without_a_basis_there_is_no_size(replicas: list[Replica], message: str) -> None:
    with pytest.raises(NoBasisError, match=message):
        size(replicas, 100)


@pytest.mark.parametrize(
    ("values", "target", "expected"),
    [
        ((20000, 10000, 30000), 15000, (4, 20000)),
        ((50000, 10000, 30000), 15000, (6, 30000)),
        ((50000, 15000, 30000), 15000, (7, 31666)),
        ((12000,) * 5, 20000, (3, 12000)),
        ((20000, 21000, 21000), 20000, (3, 20666)),
        ((8600,), 4400, (2, 8600)),
        ((1000, None), 1000, (2, 1000)),
        ((3000, None), 1000, (3, 3000)),
        ((100, None), 1000, (2, 100)),
    ],
)
def test_a_mean_over_replicas_ignores_readiness_but_not_missing_samples(
    values: tuple[int | None, ...], target: int, expected: tuple[int, int]
) -> None:
    sizing = average_replicas(unready(*values), len(values), target)
    assert (sizing.replicas, sizing.measured) == expected


def test_a_mean_of_nothing_is_no_basis() -> None:
    with pytest.raises(NoBasisError, match="did not receive metrics"):
        average_replicas(cpu(None), 1, 1000)
    with pytest.raises(NoBasisError, match="no pods returned by selector"):
        average_replicas([], 0, 1000)


@pytest.mark.parametrize(
    ("replicas", "current", "total", "target", "wanted"),
    [
        (cpu(None, None, None), 3, 20000, 15000, 4),
        (unready(None, None) + cpu(None), 3, 50000, 10000, 5),
        (unready(None, None) + cpu(None), 3, 8600, 4400, 2),
        (cpu(*[None] * 5), 5, 8600, 14334, 3),
        (cpu(None, None, None), 3, 8600, 8888, 3),
        ([], 0, 8600, 4400, 2),
        ([], 0, 0, 4400, 0),
        ([], 0, 4400, 4400, 1),
        (pending(None) + cpu(None), 2, 8800, 4400, 2),
    ],
)
def test_one_value_for_the_whole_scales_what_is_ready(
    replicas: list[Replica], current: int, total: int, target: int, wanted: int
) -> None:
    assert value_replicas(replicas, current, total, target).replicas == wanted


@pytest.mark.parametrize(
    ("current", "total", "target", "expected"),
    [
        (3, 20000, 5000, (4, 6667)),
        (5, 6000, 2000, (3, 1200)),
        (4, 20166, 5000, (4, 5042)),
        (3, 8600, 2150, (4, 2867)),
        (5, 8600, 2867, (3, 1720)),
        (3, 8600, 2900, (3, 2867)),
        (0, 8600, 2150, (4, 0)),
        (0, 0, 2150, (0, 0)),
        (3, 0, 2150, (0, 0)),
    ],
)
def test_one_total_is_shared_out_at_the_target_each(
    current: int, total: int, target: int, expected: tuple[int, int]
) -> None:
    sizing = value_per_replica(current, total, target)
    assert (sizing.replicas, sizing.measured) == expected


def test_a_target_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="must be above 0"):
        value_per_replica(3, 100, 0)
