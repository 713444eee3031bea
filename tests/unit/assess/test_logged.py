"""Who stands out by the load balancer's access logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.builders import BLUE, NOON, SHOP, a_policy, a_target
from trimtab.access.join import joined
from trimtab.assess.logged import by_access_logs
from trimtab.assess.look import Look
from trimtab.model.access_logs import AccessLogs, CountSource, LoggedLatency
from trimtab.model.ids import TargetId, Zone
from trimtab.model.memory import FleetMemory, Strikes
from trimtab.model.observation import FleetSeen
from trimtab.model.policy import FailureOutlier, HealthPolicy
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Report, Source, Tally

RULES = HealthPolicy(
    failures=FailureOutlier(None, None, source=CountSource.ACCESS_LOGS),
    access_logs=AccessLogs(latency=LoggedLatency(floor=timedelta(milliseconds=100))),
)
FIVE = range(10, 5, -1)
"""Minutes ago of the newest file there is."""
WELL = Tally(400, 0, 0.05)
FAILING = Tally(400, 120, 0.05, "HTTP 502")
SLOW = Tally(400, 0, 0.9)


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def logged(tallies: Mapping[int, Tally], minute: datetime, part: str = "a") -> Report:
    """One file's report of one minute: targets by number."""
    found = {a_target(n).id: tally for n, tally in tallies.items()}
    return Report(Source.ACCESS_LOGS, SHOP, BLUE, Zone(""), minute, found, part)


def fleet(first: Tally, of: int = 4) -> dict[int, Tally]:
    return {1: first} | dict.fromkeys(range(2, of + 1), WELL)


def found(
    *reports: Report, memory: FleetMemory | None = None, health: HealthPolicy = RULES
) -> list[tuple[TargetId, ReasonCode]]:
    seen = FleetSeen(BLUE, tuple(a_target(n) for n in range(1, 5)), reports=joined(reports))
    look = Look(seen, a_policy(health=health), memory or FleetMemory(), NOON)
    return [(target, evidence.detector) for target, evidence in by_access_logs(look).found]


def file_of(first: Tally, minutes: range = FIVE) -> list[Report]:
    return [logged(fleet(first), ago(m)) for m in minutes]


FAILED_1 = [(a_target(1).id, ReasonCode.LOGGED_FAILURES)]
SLOW_1 = [(a_target(1).id, ReasonCode.LOGGED_LATENCY)]


def test_who_fails_more_than_its_peers_is_found() -> None:
    assert found(*file_of(FAILING)) == FAILED_1


def test_who_takes_longer_than_its_peers_is_found() -> None:
    assert found(*file_of(SLOW)) == SLOW_1


def test_all_well_or_all_ill_alike_is_nobodys_fault() -> None:
    assert found(*file_of(WELL)) == []
    assert found(*(logged(dict.fromkeys(range(1, 5), FAILING), ago(m)) for m in FIVE)) == []
    assert found(*(logged(dict.fromkeys(range(1, 5), SLOW), ago(m)) for m in FIVE)) == []


def test_without_logs_nothing_is_known() -> None:
    assert found() == []


@pytest.mark.parametrize(("newest", "told"), [(12, FAILED_1), (13, [])])
def test_logs_older_than_they_may_be_speak_against_nobody(
    newest: int, told: list[tuple[TargetId, ReasonCode]]
) -> None:
    assert found(*file_of(FAILING, range(newest + 5, newest - 1, -1))) == told


def test_one_bad_minute_is_no_outlier() -> None:
    reports = file_of(WELL, range(10, 6, -1))
    assert found(*reports, logged(fleet(FAILING), ago(6))) == []
    assert found(*reports, logged(fleet(SLOW), ago(6))) == []


def test_a_probes_reports_are_none_of_its_business() -> None:
    assert found(*(replace(r, source=Source.PROBE) for r in file_of(FAILING))) == []


def test_what_several_nodes_saw_is_one() -> None:
    half = Tally(20, 6, 0.05)
    well = Tally(20, 0, 0.05)
    one = [logged(fleet(half) | dict.fromkeys((2, 3, 4), well), ago(m), "a") for m in FIVE]
    other = [replace(r, part="b") for r in one]
    few = replace(RULES, failures=replace(RULES.failures or FailureOutlier(None, None),
                                          min_volume=100))  # fmt: skip
    assert found(*one, health=few) == []
    assert found(*one, *other, health=few) == FAILED_1
    assert found(*other, *reversed(one), health=few) == FAILED_1


def test_what_was_before_a_target_came_back_is_not_held_against_it() -> None:
    back = FleetMemory(strikes={a_target(1).id: Strikes(1, ago(3))})
    assert found(*file_of(FAILING), memory=back) == []
    long_ago = FleetMemory(strikes={a_target(1).id: Strikes(1, ago(30))})
    assert found(*file_of(FAILING), memory=long_ago) == FAILED_1


def test_what_was_in_its_warm_up_is_not_held_against_a_target() -> None:
    new = FleetMemory(warming={a_target(1).instance: ago(7)})
    assert found(*file_of(SLOW), memory=new) == []


def test_minutes_with_few_requests_say_nothing_of_latency() -> None:
    assert found(*file_of(replace(SLOW, asked=19))) == []


def test_who_is_slow_below_the_floor_is_no_outlier() -> None:
    assert found(*file_of(replace(SLOW, seconds=0.099))) == []


def test_with_metrics_as_the_source_the_logs_count_no_failures() -> None:
    only = replace(RULES, failures=None)
    assert found(*file_of(FAILING), health=only) == []
    assert found(*file_of(SLOW), health=only) == SLOW_1


def test_without_a_rule_for_latency_only_failures_are_compared() -> None:
    only = replace(RULES, access_logs=None)
    assert found(*file_of(SLOW), health=only) == []
    assert found(*file_of(FAILING), health=only) == FAILED_1


def test_a_policy_reads_as_far_back_as_its_rules_look() -> None:
    assert RULES.sources == {Source.ACCESS_LOGS: timedelta(minutes=15)}
    assert HealthPolicy().sources == {}
    assert RULES.target_metrics == ()
