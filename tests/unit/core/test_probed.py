"""What the probe's reports come to, and when it is the probe that is broken."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from tests.builders import a_report, a_target, at
from trimtab.model.ids import Zone
from trimtab.model.reason import ReasonCode
from trimtab.model.report import Report, Source, Tally
from trimtab.probed import probe_record, rounds_of, troubles

ONE = a_target(1).id


def told(*minutes: str, places: str = "a") -> list[Report]:
    """One letter a minute for target 1 of three, the newest last: bad, good, or not asked."""
    reports = []
    for ago, how in zip(range(len(minutes), 0, -1), minutes, strict=True):
        for place, word in zip(places, how, strict=True):
            report = a_report(-ago, place, failing=[1] if word == "b" else [])
            if word == "-":
                report = a_report(-ago, place, tallies={a_target(2).id: Tally(1, 0)})
            reports.append(report)
    return reports


@pytest.mark.parametrize(
    ("reports", "passes", "failures"),
    [
        pytest.param(told(), 0, 0, id="nobody asked"),
        pytest.param(told("g", "g"), 2, 0, id="all good"),
        pytest.param(told("g", "b", "b"), 0, 2, id="two bad in a row"),
        pytest.param(told("b", "b", "g"), 1, 0, id="a good one ends the run"),
        pytest.param(told("g", "b", "-", "b"), 0, 2, id="not asked neither adds nor ends"),
        pytest.param(told("b", "-", "-"), 0, 1, id="the run stands while nobody asks"),
        pytest.param(told("bbg", "bbb", places="abc"), 0, 2, id="most places say so"),
        pytest.param(told("bbb", "bgg", places="abc"), 1, 0, id="one place alone does not"),
        pytest.param(told("bb", "bg", "bb", places="ab"), 0, 1, id="half and half ends a run"),
        pytest.param(told("bb", "gb", places="ab"), 0, 0, id="half and half is no answer"),
        pytest.param(told("b-", "bb", places="ab"), 0, 2, id="who was not asked has no vote"),
    ],
)
def test_answers_in_a_row(reports: list[Report], passes: int, failures: int) -> None:
    assert probe_record(reports, ONE) == (passes, failures)


def test_who_was_never_asked_has_no_record() -> None:
    assert probe_record(told("b", "b"), a_target(9).id) == (0, 0)


@pytest.mark.parametrize(
    ("failing", "of", "broken"),
    [((), 3, False), ((1,), 3, False), ((1, 2), 3, False), ((1, 2, 3), 3, True),
     ((1, 2, 3, 4), 5, True), ((1, 2, 3), 5, False), ((1,), 1, True), ((1,), 2, False)],
)  # fmt: skip
def test_a_place_that_reaches_nearly_nobody_is_broken_and_has_no_vote(
    failing: Sequence[int], of: int, broken: bool
) -> None:
    (one,) = rounds_of([a_report(-1, "a", failing, of)])
    assert one.broken == (("a",) if broken else ())
    assert bool(one.votes) is not broken


def test_a_probe_that_fails_everywhere_speaks_neither_against_nor_for_anybody() -> None:
    bad = [a_report(-m, zone, failing=[1, 2, 3]) for m in (1, 2, 3) for zone in "abc"]
    assert probe_record(bad, ONE) == (0, 0)
    good_before = [a_report(-m, "a") for m in (4, 5)]
    assert probe_record([*good_before, *bad], ONE) == (2, 0)


def test_a_place_that_is_broken_leaves_the_others_their_say() -> None:
    blind = [a_report(-m, "a", failing=[1, 2, 3]) for m in (1, 2)]
    sound = [a_report(-m, zone, failing=[1]) for m in (1, 2) for zone in "bc"]
    assert probe_record([*blind, *sound], ONE) == (0, 2)
    assert probe_record([*blind, *sound], a_target(2).id) == (2, 0)


def test_order_repeats_and_other_sources_make_no_difference() -> None:
    reports = told("bgb", "bbg", "bbb", places="abc")
    mixed = [*reports, *reports, a_report(-1, source=Source.ACCESS_LOGS)]
    random.Random(4).shuffle(mixed)
    assert rounds_of(mixed) == rounds_of(reports)


def test_who_was_asked_several_times_failed_if_most_of_them_did() -> None:
    def asked(tally: Tally) -> tuple[int, int]:
        others = {a_target(n).id: Tally(4, 0) for n in (2, 3)}
        return probe_record([a_report(-1, tallies={ONE: tally, **others})], ONE)

    assert asked(Tally(4, 2)) == (1, 0)
    assert asked(Tally(4, 3)) == (0, 1)
    assert asked(Tally(0, 0)) == (0, 0)


def test_a_silent_probe_is_said() -> None:
    for reports in ([], told("g", "-", "-", "-")[:1]):
        ((zone, reason),) = troubles(reports, at())
        assert (zone, reason.code) == ("", ReasonCode.NO_DATA)


def test_where_the_probe_is_broken_is_said_as_it_is_now() -> None:
    was = [a_report(-2, "b", failing=[1, 2, 3]), a_report(-2, "a")]
    now = [a_report(-1, "a", failing=[1, 2, 3]), a_report(-1, "b")]
    ((zone, reason),) = troubles([*was, *now], at())
    assert (zone, reason.code) == (Zone("a"), ReasonCode.PROBE_BROKEN)
    assert list(troubles(told("g"), at())) == []
