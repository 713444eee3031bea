"""What AWS tells beyond health checks: anomalies, machines, notices; and what is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    REQUESTS,
    a_fleet,
    a_group,
    a_policy,
    a_series,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import a_situation
from trimtab.decide import decide
from trimtab.model.assessment import TargetBelief
from trimtab.model.cause import Cause
from trimtab.model.change import Eject, Restore
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.memory import Finding, Memory
from trimtab.model.observation import FleetSeen, Target
from trimtab.model.policy import FailureOutlier, HealthPolicy, ScalingPolicy, TargetMetric
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.signs import Check, Closer, Impairment, Machine, Notice, Scheduled, marks_of
from trimtab.model.situation import Situation

ONE = a_target(1)
COUNTS = FailureOutlier(TargetMetric("Shop", "Requests", "Sum"), TargetMetric("Shop", "Errors"))
ALL_ON = {**DEFAULT_USE, **dict.fromkeys(Detector, Use.ON)}
POLICY = a_policy(
    health=HealthPolicy(detectors=ALL_ON, failures=COUNTS),
    scaling=ScalingPolicy(rules=(REQUESTS,)),
)


def fleet(
    *first: Target, closer: Closer | None = None, count: int = 6, **changes: object
) -> FleetSeen:
    here = (*first, *targets(count - len(first), first=len(first) + 1))
    return replace(a_fleet(here, a_group(count), 2), closer=closer, **changes)  # type: ignore[arg-type]


def world(seen: FleetSeen, memory: Memory | None = None) -> Situation:
    return a_situation(seen, policy=POLICY, memory=memory)


def first(at_: Situation) -> TargetBelief:
    return (at_.believed(BLUE).targets or ())[0]


def ejected(at_: Situation) -> dict[str, Code]:
    return {p.change.instance: p.reason.code for p in decide(at_) if isinstance(p.change, Eject)}


def since(code: Code, minutes: float) -> Memory:
    return remembered(findings={ONE.id: (Finding(code, at(-minutes)),)})


def impaired(minutes: float) -> Closer:
    ill = Machine((Impairment(Check.SYSTEM, at(-minutes)), Impairment(Check.STORAGE)))
    return Closer(machines={ONE.instance: ill})


@pytest.mark.parametrize(("minutes", "leaves"), [(2.9, False), (3, True)])
def test_an_impaired_machine_leaves_once_it_has_been_so_by_ec2s_own_clock(
    minutes: float, leaves: bool
) -> None:
    here = world(fleet(closer=impaired(minutes)))
    assert first(here).evidence[0].text.startswith("EC2's status check of the storage, system")
    assert ejected(here) == ({ONE.instance: Code.EJECT_IMPAIRED} if leaves else {})


@pytest.mark.parametrize(("minutes", "leaves"), [(16, False), (15, True), (-5, True)])
def test_who_is_scheduled_to_go_leaves_before_and_not_days_before(
    minutes: float, leaves: bool
) -> None:
    going = Machine(scheduled=(Scheduled("instance-retirement", at(minutes)),))
    here = world(fleet(closer=Closer(machines={ONE.instance: going})))
    assert ejected(here) == ({ONE.instance: Code.EJECT_DEPARTING} if leaves else {})
    assert bool(first(here).evidence) is leaves


def notices(*numbers: int) -> Closer:
    notice = Notice("marked-for-termination", at(-0.2))
    return Closer(notices={a_target(n).instance: notice for n in numbers})


def test_a_spot_instance_leaves_at_its_notice() -> None:
    here = world(fleet(closer=notices(1)))
    assert ejected(here) == {ONE.instance: Code.EJECT_DEPARTING}


def test_many_notices_are_no_panic_and_no_sign_of_a_cause() -> None:
    belief = world(fleet(closer=notices(1, 2, 3, 4))).believed(BLUE)
    assert (belief.bad, belief.panic, belief.cause) == (0, False, Cause.NONE)


def test_a_notice_of_somebody_elses_instance_is_nothing_to_us() -> None:
    assert ejected(world(fleet(closer=notices(77)))) == {}


@pytest.mark.parametrize(
    ("mitigating", "code", "minutes", "leaves"),
    [
        pytest.param(False, Code.ANOMALOUS, 2.9, False, id="anomalous for too short"),
        pytest.param(False, Code.ANOMALOUS, 3, True, id="anomalous, and nobody helps"),
        pytest.param(True, Code.ANOMALOUS, 10, False, id="the balancer has begun to help"),
        pytest.param(True, Code.ANOMALY_MITIGATED, 29, False, id="it still helps"),
        pytest.param(True, Code.ANOMALY_MITIGATED, 30, True, id="it has helped in vain"),
    ],
)
def test_an_anomaly_is_left_to_the_balancer_while_it_mitigates(
    mitigating: bool, code: Code, minutes: float, leaves: bool
) -> None:
    odd = replace(ONE, anomalous=True, mitigating=mitigating)
    assert bool(ejected(world(fleet(odd), since(code, minutes)))) is leaves


def test_who_gets_next_to_nothing_is_counted_on_for_nothing() -> None:
    odd = replace(ONE, anomalous=True, mitigating=True)
    assert world(fleet(odd)).believed(BLUE).trusted == 5
    assert world(fleet(replace(ONE, anomalous=True))).believed(BLUE).trusted == 6


def counted(rows: Mapping[int, tuple[tuple[float, ...], tuple[float, ...]]]) -> FleetSeen:
    """Requests and errors of the last minutes, by number of the target."""
    requests = {a_target(n).instance: a_series(*asked) for n, (asked, _) in rows.items()}
    errors = {a_target(n).instance: a_series(*failed) for n, (_, failed) in rows.items()}
    metrics = {"Requests": requests, "Errors": errors}
    return fleet(metrics=metrics, looked_closely=True)


WELL = ((2.0, 2.0, 2.0), (0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("row", "found"),
    [
        pytest.param(((2, 1, 3), (2, 1, 3)), True, id="three failed minutes of a few requests"),
        pytest.param(((2, 1, 3), (2, 0, 3)), False, id="not in a row"),
        pytest.param(((1, 1, 1), (1, 1, 1)), False, id="too few requests to say"),
        pytest.param(((9, 9), (9, 9)), False, id="not for long enough"),
        pytest.param(((20, 20, 20), (18, 18, 18)), True, id="nearly all of them"),
        pytest.param(((20, 20, 20), (17, 18, 18)), False, id="one minute not quite"),
    ],
)
def test_who_fails_minute_after_minute_is_found_however_little_it_is_asked(
    row: tuple[tuple[float, ...], tuple[float, ...]], found: bool
) -> None:
    belief = first(world(counted({1: row, 2: WELL})))
    codes = [e.detector for e in belief.evidence]
    assert (Code.CONSECUTIVE_FAILURES in codes) is found


def test_where_all_fail_nobody_in_particular_is_found() -> None:
    bad = ((2.0, 2.0, 2.0), (2.0, 2.0, 2.0))
    assert first(world(counted({1: bad, 2: bad}))).evidence == ()


def versions(bad: int, count: int = 6, new: int = 2, **changes: object) -> Situation:
    """So many of the last ones are dead, so many of the last are of the new version."""
    group = a_group(count)
    members = tuple(
        replace(m, version="lt:2" if i >= count - new else "lt:1")
        for i, m in enumerate(group.members)
    )
    ill = {a_target(n).instance: Machine((Impairment(Check.SYSTEM, at(-9)),))
           for n in range(count - bad + 1, count + 1)}  # fmt: skip
    closer = Closer(machines=ill)
    seen = replace(fleet(closer=closer, count=count), group=replace(group, members=members))
    return world(replace(seen, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bad", "count", "new", "cause"),
    [
        pytest.param(2, 6, 2, Cause.DEPLOYMENT, id="all that is bad is the new version"),
        pytest.param(1, 6, 2, Cause.TARGET, id="one of it may be bad by itself"),
        pytest.param(3, 8, 2, Cause.TARGET, id="an old one is bad too"),
        pytest.param(2, 8, 4, Cause.TARGET, id="most of the new version is well"),
        pytest.param(2, 6, 6, Cause.TARGET, id="there is no other version"),
    ],
)
def test_a_bad_version_is_a_deployment_not_bad_targets(
    bad: int, count: int, new: int, cause: Cause
) -> None:
    here = versions(bad, count, new)
    assert here.believed(BLUE).cause is cause, here.believed(BLUE).because


def test_one_bad_newcomer_while_a_refresh_is_under_way_is_the_deployments() -> None:
    ill = {ONE.instance: Machine((Impairment(Check.SYSTEM, at(-9)),))}
    new = remembered(warming={ONE.instance: at(-5)})
    for refresh, cause in (("InProgress", Cause.DEPLOYMENT), ("", Cause.TARGET)):
        closer = Closer(machines=ill, refresh=refresh)
        assert world(fleet(closer=closer), new).believed(BLUE).cause is cause


def test_one_bad_newcomer_of_a_group_that_codedeploy_made_is_the_deployments() -> None:
    ill = Closer(machines={ONE.instance: Machine((Impairment(Check.SYSTEM, at(-9)),))})
    new = remembered(warming={ONE.instance: at(-5)})
    made = replace(a_group(6), marks=marks_of({"CodeDeployProvisioningDeploymentId": "d-1"}))
    seen = replace(fleet(closer=ill), group=made)
    assert world(seen, new).believed(BLUE).cause is Cause.DEPLOYMENT
    assert world(seen).believed(BLUE).cause is Cause.TARGET


def restored(closer: Closer | None, **uses: Use) -> bool:
    out = remembered(ejected={an_eject(9).target: an_ejection(an_eject(9))})
    health = HealthPolicy(detectors={**ALL_ON, **{Detector(n): u for n, u in uses.items()}})
    here = fleet(closer=closer)
    wanted = decide(a_situation(here, policy=replace(POLICY, health=health), memory=out))
    return any(isinstance(p.change, Restore) for p in wanted)


def test_who_is_out_does_not_return_to_an_ill_machine_or_for_two_minutes() -> None:
    nine = a_target(9).instance
    ill = Closer(machines={nine: Machine((Impairment(Check.SYSTEM, at(-9)),))})
    assert restored(None)
    assert restored(Closer())
    assert not restored(ill)
    assert not restored(notices(9))
    assert restored(ill, machine=Use.SHADOW)
    assert restored(notices(9), notices=Use.SHADOW)
