"""Values to text and back: exact, canonical, and refusing what is not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.builders import NOON, a_policy, a_series, a_tick, an_eject, an_entry
from trimtab.codec import decode, dumps, encode, iso, loads, ulid
from trimtab.errors import Malformed
from trimtab.model.change import Change, Resize
from trimtab.model.entry import Entry
from trimtab.model.memory import Finding, Memory, Wish
from trimtab.model.observation import Point, Series
from trimtab.model.policy import Lever, Policy, ScalingPolicy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Ask, Pause, Tick


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        pytest.param(Policy, a_policy(), id="a policy"),
        pytest.param(Entry, an_entry(change=an_eject()), id="an entry with a change"),
        pytest.param(Tick, a_tick(), id="a whole tick"),
        pytest.param(Memory, Memory(), id="an empty memory"),
        pytest.param(Pause, Pause(frozenset(Lever), "ops", "", NOON), id="a set of levers"),
        pytest.param(
            Reason, Reason(ReasonCode.STALE, "", {"a": None, "b": True, "c": 1.5}), id="facts"
        ),
    ],
)
def test_what_was_written_is_read_back_the_same(kind: type, value: object) -> None:
    assert loads(kind, dumps(value)) == value


def test_equal_values_give_equal_text() -> None:
    assert dumps(Point(NOON, 1)) == dumps(Point(NOON, 1.0))
    assert dumps({"b": 1, "a": 2}) == '{"a":2,"b":1}'


def test_a_large_float_keeps_every_bit() -> None:
    assert loads(Point, dumps(Point(NOON, 2.0**80))).value == 2.0**80


def test_a_default_is_left_out_only_while_it_is_empty() -> None:
    assert "min_size" not in encode(ScalingPolicy())
    assert encode(ScalingPolicy())["max_step_up"] == 1


def test_a_time_of_another_zone_is_written_and_read_in_utc() -> None:
    in_berlin = datetime(2026, 3, 2, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    assert iso(in_berlin) == "2026-03-02T12:00:00Z"
    assert decode(Wish, {"at": in_berlin.isoformat(), "size": 1}).at.tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        pytest.param(Ask, "", "not JSON", id="nothing"),
        pytest.param(Ask, "[" * 100_000, "not JSON", id="a pit of brackets"),
        pytest.param(Ask, '"shop"', "Ask: expected Ask, found str", id="not an object"),
        pytest.param(Ask, "{}", "missing 'asked_at', missing 'by'", id="nothing in it"),
        pytest.param(
            Wish, '{"at":1,"size":1}', "Wish.at: expected datetime", id="a number for time"
        ),
        pytest.param(Wish, '{"at":"2026-03-02","size":1}', "Wish.at", id="a time without zone"),
        pytest.param(
            Wish, '{"at":"2026-03-02T12:00:00Z","size":true}', "Wish.size", id="a truth for a size"
        ),
        pytest.param(
            Wish, '{"at":"2026-03-02T12:00:00Z","size":1,"x":1}', "unknown 'x'", id="one too many"
        ),
        pytest.param(
            Point, '{"at":"2026-03-02T12:00:00Z","value":NaN}', "Point.value", id="not a number"
        ),
        pytest.param(Point, '{"at":"2026-03-02T12:00:00Z","value":1e999}', "value", id="infinite"),
        pytest.param(Finding, '{"detector":"new","since":"x"}', "Finding.detector", id="new code"),
        pytest.param(Memory, '{"pending":{}}', "Memory.pending: expected a list", id="not a list"),
        pytest.param(Memory, '{"fleets":[]}', "Memory.fleets: expected an object", id="not a map"),
        pytest.param(
            Reason, '{"code":"stale","text":"","facts":{"a":[]}}', "facts.a", id="a fact of lists"
        ),
    ],
)
def test_text_that_is_not_ours_is_refused_with_its_place(kind: type, text: str, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        loads(kind, text)
    assert words in str(caught.value)


def test_columns_of_two_lengths_are_refused() -> None:
    assert dumps(a_series(1, 2)) == (
        '{"complete":true,"times":["2026-03-02T11:58:00Z","2026-03-02T11:59:00Z"],"values":[1,2]}'
    )
    with pytest.raises(Malformed, match="found 0 times and 1 values"):
        loads(Series, '{"values":[1]}')


def test_a_change_of_a_kind_we_do_not_know_is_refused() -> None:
    data = encode(an_entry())
    data["change"]["is"] = "Explode"
    with pytest.raises(Malformed, match=r"Entry.change: expected one of .*Resize.*'Explode'"):
        decode(Entry, data)


def test_a_standing_verdict_has_two_codes_and_no_more() -> None:
    standing = {"codes": ["stale"], "ruling": "refused", "since": "2026-03-02T12:00:00Z"}
    with pytest.raises(Malformed, match="expected 2 values, found 1"):
        decode(Memory, {"standing": {"x": standing}})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_written(value: float) -> None:
    with pytest.raises(Malformed, match="not a finite number"):
        dumps(Point(NOON, value))


def test_a_value_of_no_type_of_ours_is_not_written() -> None:
    with pytest.raises(TypeError, match="the codec knows no"):
        dumps(object())


def test_a_change_is_told_apart_by_its_tag() -> None:
    change: Change = Resize(an_eject().fleet, "blue-asg", 4, 5)
    assert encode(an_entry(change=change))["change"]["is"] == "Resize"


def test_the_same_work_is_named_the_same_and_later_work_sorts_after() -> None:
    assert ulid(NOON, "shop 1") == ulid(NOON, "shop 1") != ulid(NOON, "shop 2")
    assert ulid(NOON, "shop 9") < ulid(NOON + timedelta(milliseconds=1), "shop 1")
    assert len(ulid(NOON, "shop")) == 26
