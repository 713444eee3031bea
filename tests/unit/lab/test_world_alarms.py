"""Alarms: what AWS documents of missing data, and changes of state over time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.unit.lab.worlds import a_scenario, a_world, arn, run
from trimtab_lab.world.alarms import AlarmSpec, AlarmState, alarm_state
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import Fault, FaultKind, WholeFleet
from trimtab_lab.world.metrics import Series

if TYPE_CHECKING:
    from trimtab_lab.world.world import World

# Amazon CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", tables:
# 0 not breaching, X breaching, - missing, newest last; evaluation periods 3, range 5; the state
# for missing, ignore, breaching, notBreaching. RETAIN is the state the alarm had.
DOCUMENTED = [
    pytest.param("0-X-X", 3, "OK OK OK OK", id="3of3-enough-points"),
    pytest.param("0----", 3, "OK OK OK OK", id="3of3-one-good-point"),
    pytest.param("-----", 3, "INSUFFICIENT_DATA RETAIN ALARM OK", id="3of3-nothing"),
    pytest.param("0XX-X", 3, "ALARM ALARM ALARM ALARM", id="3of3-three-newest-breach"),
    pytest.param("--X--", 3, "ALARM RETAIN ALARM OK", id="3of3-premature"),
    pytest.param("0-X-X", 2, "ALARM ALARM ALARM ALARM", id="2of3-enough-points"),
    pytest.param("00X0X", 2, "ALARM ALARM ALARM ALARM", id="2of3-all-there"),
    pytest.param("0-X--", 2, "OK OK ALARM OK", id="2of3-one-of-each"),
    pytest.param("----0", 2, "OK OK ALARM OK", id="2of3-one-good-point"),
    pytest.param("---X-", 2, "ALARM RETAIN ALARM OK", id="2of3-premature"),
]
POINT = {"0": False, "X": True, "-": None}


@pytest.mark.parametrize(("points", "needed", "expected"), DOCUMENTED)
@pytest.mark.parametrize("before", list(AlarmState))
def test_missing_data_is_treated_as_documented(
    points: str, needed: int, expected: str, before: AlarmState
) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    for treatment, state in zip(treatments, expected.split(), strict=True):
        got = alarm_state([POINT[p] for p in points], 3, needed, treatment, before)
        assert got == (before if state == "RETAIN" else state), treatment


@pytest.mark.parametrize("points", ["----X", "---X-"])
def test_a_fresh_breach_alone_is_not_yet_an_alarm(points: str) -> None:
    state = alarm_state([POINT[p] for p in points], 3, 3, "missing", AlarmState.OK)
    assert state is AlarmState.OK


def an_alarm(world: World, treat: str = "notBreaching") -> AlarmSpec:
    dimensions = {
        "TargetGroup": world.target_group(arn(world)).dimension,
        "LoadBalancer": world.load_balancer_dimension,
    }
    series = Series.of("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions, "Sum")
    return AlarmSpec("web-5xx", series, 100.0, evaluation_periods=2, treat_missing_data=treat)


def test_an_alarm_follows_its_metric_and_tells_each_change_once() -> None:
    fault = Fault(FaultKind.FLEET_DOWN, WholeFleet("web"), after_s=600, lasts_s=600)
    world = a_world(a_scenario(faults=(fault,)))
    world.put_alarm(an_alarm(world))
    run(world, minutes=40)
    changes = world.take_alarm_changes()
    assert [(c.old, c.new) for c in changes] == [
        ("INSUFFICIENT_DATA", "OK"),
        ("OK", "ALARM"),
        ("ALARM", "OK"),
    ]
    began = world.scenario.demand.starts_at + timedelta(minutes=10)
    assert timedelta(minutes=3) <= changes[1].at - began <= timedelta(minutes=6)
    assert world.take_alarm_changes() == ()
    assert changes[1].arn.endswith(":alarm:web-5xx")


def test_an_alarm_on_metrics_gone_dark_has_insufficient_data() -> None:
    world = a_world(a_scenario(faults=(Fault(FaultKind.METRICS_DARK),)))
    world.put_alarm(an_alarm(world, treat="missing"))
    run(world, minutes=10)
    assert world.alarms()[0].state is AlarmState.INSUFFICIENT_DATA


def test_an_alarm_that_makes_no_sense_is_refused() -> None:
    world = a_world()
    series = an_alarm(world).series
    with pytest.raises(WorldError, match="datapoints to alarm"):
        world.put_alarm(AlarmSpec("x", series, 1.0, evaluation_periods=2, datapoints_to_alarm=3))
    with pytest.raises(WorldError, match="comparison"):
        world.put_alarm(AlarmSpec("x", series, 1.0, comparison="Sideways"))
