"""The sample events are what their source says, and each is explained."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from moto.events.models import EventPattern

from tests.functions.samples import EVENTS, SAMPLES, written
from tests.template.stack import the_stack

NAMES = sorted(SAMPLES)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_as_its_source_writes_it(name: str) -> None:
    found = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    assert found == written(SAMPLES[name]), "run: python -m tests.functions.samples"


def test_every_file_is_explained_and_every_explanation_has_its_file() -> None:
    explained = re.findall(r"^\| `([a-z-]+)\.json`", (EVENTS / "README.md").read_text(), re.M)
    assert sorted(explained) == NAMES == sorted(path.stem for path in EVENTS.glob("*.json"))


@pytest.mark.parametrize(
    ("mapping", "name", "passes"),
    [
        ("ActFunctionIntents", "stream-intended", True),
        ("ActFunctionIntents", "stream-outcome", False),
        ("ActFunctionIntents", "stream-modified-removed", False),
        ("NotifyFunctionEntries", "stream-intended", True),
        ("NotifyFunctionEntries", "stream-outcome", True),
        ("NotifyFunctionEntries", "stream-modified-removed", False),
    ],
)
def test_the_stacks_filters_pass_the_records_their_functions_are_for(
    mapping: str, name: str, passes: bool
) -> None:
    [given] = the_stack().resources[mapping]["Properties"]["FilterCriteria"]["Filters"]
    pattern = EventPattern.load(given["Pattern"])
    batch: Any = SAMPLES[name]
    assert {pattern.matches_event(record) for record in batch["Records"]} == {passes}


@pytest.mark.parametrize(
    ("rule", "name", "passes"),
    [
        ("WakeFunctionAlarmChanged", "wake-alarm-raised", True),
        ("WakeFunctionAlarmChanged", "wake-alarm-cleared", True),
        ("WakeFunctionAlarmChanged", "wake-alarm-composite", True),
        ("WakeFunctionAlarmChanged", "wake-hostile-foreign", False),
        ("WakeFunctionAlarmChanged", "wake-group-launched", False),
        ("WakeFunctionGroupChanged", "wake-group-launched", True),
        ("WakeFunctionGroupChanged", "wake-group-terminated", True),
        ("WakeFunctionGroupChanged", "wake-hostile-unknown", False),
        ("WakeFunctionInstanceNoticed", "wake-spot-interruption", True),
        ("WakeFunctionInstanceNoticed", "wake-rebalance-recommended", True),
        ("WakeFunctionInstanceNoticed", "wake-hostile-unknown", False),
    ],
)
def test_the_stacks_rules_pass_the_events_wake_is_for(rule: str, name: str, passes: bool) -> None:
    pattern = the_stack().resources[rule]["Properties"]["EventPattern"]
    pattern = {**pattern, "account": ["123456789012"]}
    if "detail" in pattern:
        # moto knows no anything-but prefix; the next test reads that part
        pattern["detail"] = {"state": pattern["detail"]["state"]}
    event: Any = SAMPLES[name]
    assert EventPattern.load(json.dumps(pattern)).matches_event(event) is passes


def test_our_own_alarms_do_not_wake_us() -> None:
    detail = the_stack().resources["WakeFunctionAlarmChanged"]["Properties"]["EventPattern"][
        "detail"
    ]
    assert detail["alarmName"] == [{"anything-but": {"prefix": {"Fn::Sub": "${AWS::StackName}-"}}}]
