"""Entries become incidents: what opens one, what joins it, when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import SHOP, an_eject, an_entry, at
from tests.unit.core.stories import (
    a_note,
    a_question,
    a_refusal,
    an_action,
    an_answer,
    brought_back,
)
from trimtab import codec
from trimtab.adapters.records import told_item
from trimtab.adapters.tables import MOST_ITEM_BYTES, size_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.incident import Place, Told
from trimtab.model.policy import Mode
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.told.fold import (
    LONGEST,
    MOST_INCIDENTS,
    MOST_NOTES,
    QUIET_AFTER,
    awaiting,
    fold,
    incident_id,
    note_of,
    settle,
    still_out,
)
from trimtab.told.kinds import MANNERS, is_digested, manner_of

BLANK = Told()


def opened(*entries: Entry) -> bool:
    return fold(BLANK, entries).open is not None


def test_every_kind_says_how_it_is_told() -> None:
    assert set(MANNERS) == set(Kind)


@pytest.mark.parametrize(
    ("entry", "opens"),
    [
        pytest.param(an_action(), True, id="an action done"),
        pytest.param(an_action(kind=Kind.FAILED), True, id="one that failed"),
        pytest.param(an_action(kind=Kind.INEFFECTIVE), True, id="one that did not help"),
        pytest.param(an_action(kind=Kind.VERIFIED), False, id="one that helped as it should"),
        pytest.param(an_action(kind=Kind.UNNEEDED), False, id="one that was not needed"),
        pytest.param(a_question(), True, id="a question"),
        pytest.param(a_refusal(), False, id="a refusal for the budget"),
        pytest.param(a_refusal(code=Code.GROUP_BOUNDS), True, id="a refusal for the maximum"),
        pytest.param(a_refusal(request=EntryId("R#000")), True, id="a refusal of what was asked"),
        pytest.param(a_note(), True, id="panic"),
        pytest.param(a_note(text="ended after 5m"), False, id="the end of panic"),
        pytest.param(a_note(code=Code.PARTIAL_DATA), False, id="a blind spot"),
        pytest.param(
            replace(a_note(code=Code.BLIND), by="warden"),
            True,
            id="what is due, and not given back",
        ),
        pytest.param(an_entry(), False, id="an intent"),
        pytest.param(an_entry(kind=Kind.SHADOWED, mode=Mode.OBSERVE), False, id="a shadow"),
        pytest.param(replace(a_note(), mode=Mode.OBSERVE), False, id="panic while observing"),
        pytest.param(an_entry(kind=Kind.PAUSE, change=None), True, id="a pause"),
    ],
)
def test_what_needs_people_to_know_opens_an_incident(entry: Entry, opens: bool) -> None:
    assert opened(entry) is opens


@pytest.mark.parametrize(
    "entry", [an_entry(kind=Kind.SHADOWED), replace(a_note(), mode=Mode.OBSERVE)]
)
def test_what_is_not_told_is_digested(entry: Entry) -> None:
    assert is_digested(entry)
    assert manner_of(entry) is None
    with pytest.raises(ValueError, match="is not told"):
        note_of(entry)


def test_what_was_refused_shortly_before_is_told_with_it() -> None:
    told = fold(fold(BLANK, [a_refusal(-1), a_refusal(-30, Code.ZONE_BUDGET)]), [an_action()])
    assert told.open is not None
    assert [n.place for n in told.open.notes] == [Place.REFUSED, Place.DONE]
    assert told.open.notes[0].code is Code.FLEET_BUDGET
    assert told.quiet == ()


def test_an_incident_is_named_by_what_opened_it_and_keeps_its_name() -> None:
    first, later = an_action(), an_action(5, Kind.FAILED)
    told = fold(BLANK, [first, later])
    assert told.open is not None
    assert (told.open.id, told.open.opened_at) == (incident_id(first.id), first.at)
    assert told.open.title.startswith("applied: deregister i-")
    assert len(told.open.title) <= 70


def test_an_earlier_entry_that_comes_late_opens_it_unless_it_has_a_name_already() -> None:
    late, told = an_action(), fold(BLANK, [a_question(1)])
    renamed = fold(told, [late])
    assert renamed.open is not None
    assert (renamed.open.id, renamed.open.opened_at) == (incident_id(late.id), late.at)
    while_told = fold(replace(told, busy_until=at(3)), [late])
    assert while_told.open is not None
    assert while_told.open.id == incident_id(a_question(1).id)


def test_what_was_taken_in_once_is_passed_over() -> None:
    told = fold(BLANK, [an_action(), an_action()])
    assert fold(told, [an_action()]) == told
    assert told.open is not None
    assert told.open.counted == 1


def test_an_incident_is_over_after_half_an_hour_of_quiet() -> None:
    told = fold(BLANK, [an_action(), brought_back(10)])
    end = at(10) + QUIET_AFTER
    assert settle(told, end - timedelta(seconds=1)).open is not None
    assert settle(told, end).open is None


def test_it_is_not_over_while_a_target_is_out_or_a_question_is_open() -> None:
    out = fold(BLANK, [an_action()])
    assert out.open is not None
    assert still_out(out.open) == (f"target blue/{an_eject().target}",)
    assert settle(out, at(600)).open is not None
    asked = fold(BLANK, [a_question()])
    assert asked.open is not None
    assert [n.id for n in awaiting(asked.open)] == [a_question().id]
    assert settle(asked, at(600)).open is not None
    answered = fold(asked, [an_answer(a_question(), 5)])
    assert answered.open is not None
    assert awaiting(answered.open) == ()


def test_it_is_over_after_a_day_whatever_is_out() -> None:
    assert settle(fold(BLANK, [an_action()]), at(0) + LONGEST).open is None


def test_what_comes_after_its_end_opens_another() -> None:
    told = fold(BLANK, [an_action(), brought_back(1), an_action(60, number=2)])
    first, second = told.incidents
    assert first.closed_at is not None
    assert second.closed_at is None
    assert first.id != second.id


def test_while_nobody_can_be_told_the_fourth_incident_goes_on_and_none_is_lost() -> None:
    hours = [an_entry(when=at(60 * n), seed=f"{n}", kind=Kind.PAUSE, change=None) for n in range(9)]
    told = fold(BLANK, hours)
    assert len(told.incidents) == MOST_INCIDENTS
    assert sum(i.counted for i in told.incidents) == 9
    assert told.open is not None


def test_a_long_incident_keeps_its_newest_notes_and_its_questions_and_counts_the_rest() -> None:
    many = [an_action(n / 10, number=n) for n in range(1, 200)]
    told = fold(BLANK, [a_question(0.01), *many])
    incident = told.open
    assert incident is not None
    assert len(incident.notes) == MOST_NOTES
    assert incident.counted == sum(incident.counts.values()) == 200
    assert incident.notes[-1].id == many[-1].id
    assert len(awaiting(incident)) == 1


def test_the_largest_memory_fits_into_an_item() -> None:
    evil = "\u202e<!channel>\U0001f4a9" * 400
    many = [
        an_action(
            n / 10, Kind.FAILED, n, subject=evil, by=evil, wanted=Reason(Code.APPLIED, evil,
            {f"{evil}{i}": evil for i in range(40)}), reason=Reason(Code.AWS_ERROR, evil),
        )
        for n in range(1, 200)
    ]  # fmt: skip
    told = fold(BLANK, many)
    assert size_of(told_item(SHOP, told)) < MOST_ITEM_BYTES
    assert codec.loads(Told, codec.dumps(told)) == told


def test_text_of_others_is_inert_in_a_note() -> None:
    note = note_of(an_action(reason=Reason(Code.APPLIED, "a\x1b[31m\u202eb\nc"), by="x\x00y"))
    assert (note.text, note.by) == ("a [31m b c", "x y")


def test_a_story_knows_its_service() -> None:
    assert an_action().service == SHOP
