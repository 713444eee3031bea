"""Intrinsic functions and schedule expressions mean what they mean in AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from trimtab_lab.cloud.bus import is_due
from trimtab_lab.cloud.stacks.errors import TemplateError
from trimtab_lab.cloud.stacks.intrinsics import Made, Scope, names_in

MADE = {"Queue": Made("url", "http://queue", {"Arn": "arn:queue"})}
CONDITIONS = {
    "On": {"Fn::Equals": [{"Ref": "Size"}, "3"]},
    "Off": {"Fn::Not": [{"Condition": "On"}]},
    "Either": {"Fn::Or": [{"Condition": "On"}, {"Condition": "Off"}]},
}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Ref": "Size"}, "3"),
        ({"Ref": "Queue"}, "http://queue"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:queue"),
        ({"Fn::Sub": "${Size} of ${Queue.Arn}, ${!Size}"}, "3 of arn:queue, ${Size}"),
        ({"Fn::Sub": ["${Own}/${Size}", {"Own": {"Ref": "Size"}}]}, "3/3"),
        ({"Fn::If": ["Off", 1, {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::Join": ["-", ["a", {"Ref": "Size"}]]}, "a-3"),
    ],
)
def test_a_function_is_carried_out(given: Any, expected: object) -> None:
    assert _scope().resolve({"it": given}).get("it") == expected


def test_what_is_not_made_is_an_error_unless_it_comes_later() -> None:
    with pytest.raises(TemplateError, match="Absent"):
        _scope().resolve({"Ref": "Absent"})
    assert _scope(later=True).resolve({"Fn::GetAtt": "Absent.Arn"}) == "<Absent.Arn>"


def test_every_name_a_value_needs_is_found() -> None:
    value = [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}, {"Fn::Sub": "${C}${D.Arn}${!E}"}]
    assert set(names_in({"x": {"Fn::If": ["On", value, 1]}})) == {"A", "B", "C", "D"}


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [
        ("rate(1 minute)", {0, 1, 5, 59}),
        ("rate(5 minutes)", {0, 5}),
        ("rate(1 hour)", {0}),
        ("cron(0 12 * * ? *)", {0}),
        ("cron(0/5 12-13 2,3 3 ? 2026)", {0, 5}),
        ("cron(* 9 * * ? *)", set()),
    ],
)
def test_a_schedule_is_due_when_it_says(expression: str, minutes: set[int]) -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    due = {minute for minute in (0, 1, 5, 59) if is_due(expression, noon.replace(minute=minute))}
    assert due == minutes


def _scope(later: bool = False) -> Scope:
    return Scope({"Size": "3"}, CONDITIONS, dict(MADE), later)
