"""What is due: the first at once, then ever fewer; never too many; nothing forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.builders import SHOP, an_entry, at
from tests.unit.core.stories import a_question, an_action, brought_back
from trimtab.model.entry import Entry, Kind
from trimtab.model.incident import Step, Told
from trimtab.told.due import MOST_AN_HOUR, Due, Pace, done, due, failed, tidied
from trimtab.told.fold import fold, settle

PEOPLE, PROGRAMS = Pace("people"), Pace("programs", for_people=False)


def told_at(told: Told, now: datetime, pace: Pace = PEOPLE) -> tuple[Told, list[Due]]:
    """Tell what is due then."""
    found = due(told, SHOP, [pace], now)
    for one in found:
        told = done(told, one, now)
    return told, found


def steps(found: list[Due]) -> list[Step]:
    return [one.telling.step for one in found]


def an_hour_of(entries: list[Entry], pace: Pace = PEOPLE) -> list[Due]:
    """Tell an entry a minute."""
    told, found = Told(), []
    for minute, entry in enumerate(entries):
        told, now = told_at(fold(told, [entry]), at(minute + 0.1), pace)
        found += now
    return found


def test_the_first_message_is_at_once_and_the_next_waits_five_minutes() -> None:
    told, found = told_at(fold(Told(), [an_action()]), at(0.1))
    assert steps(found) == [Step.OPENED]
    told = fold(told, [an_action(1, number=2), an_action(2, number=3)])
    assert told_at(told, at(4))[1] == []
    told, found = told_at(told, at(5.2))
    assert steps(found) == [Step.UPDATED]
    assert len(found[0].telling.news) == 2
    assert told_at(told, at(6))[1] == []


def test_what_needs_somebody_is_told_at_once() -> None:
    told, _ = told_at(fold(Told(), [an_action()]), at(0.1))
    assert steps(told_at(fold(told, [a_question(1)]), at(1.1))[1]) == [Step.UPDATED]


def test_the_first_thing_that_was_done_does_not_wait_behind_a_policy() -> None:
    applied = an_entry(kind=Kind.POLICY, change=None, inverse=None, seed="policy")
    told, _ = told_at(fold(Told(), [applied]), at(0.1))
    told, found = told_at(fold(told, [an_action(1)]), at(1.1))
    assert steps(found) == [Step.UPDATED]
    assert told_at(fold(told, [an_action(2, number=2)]), at(2.1))[1] == []


def test_what_anybody_was_told_keeps_its_name_whatever_comes_late() -> None:
    told, [first] = told_at(fold(Told(), [a_question(1)]), at(1.1))
    told, [second] = told_at(fold(told, [an_action(0)]), at(1.2))
    assert first.telling.incident.id == second.telling.incident.id
    assert first.telling.incident.title == second.telling.incident.title


def test_an_hour_of_news_is_a_handful_of_messages_and_an_hour_of_alarms_ten() -> None:
    news = [an_action(n, number=n) for n in range(60)]
    alarms = [an_action(n, Kind.FAILED, number=n) for n in range(60)]
    assert len(an_hour_of(news)) == 4
    assert len(an_hour_of(alarms)) == MOST_AN_HOUR
    assert len(an_hour_of(alarms, PROGRAMS)) == 60


def test_nothing_is_forgotten_what_has_no_room_is_counted() -> None:
    news = [an_action(n / 10, number=n) for n in range(1, 201)]
    [one] = told_at(fold(Told(), news), at(21))[1]
    assert len(one.telling.news) + one.telling.unsaid == 200
    assert one.telling.unsaid == 150


def test_a_story_that_one_message_told_whole_is_not_closed_by_another() -> None:
    story = fold(Told(), [an_action(), brought_back(1)])
    told, _ = told_at(story, at(1.1))
    assert told_at(settle(told, at(60)), at(60))[1] == []
    programs, _ = told_at(story, at(1.1), PROGRAMS)
    assert steps(told_at(settle(programs, at(60)), at(60), PROGRAMS)[1]) == [Step.CLOSED]


def test_a_story_of_several_messages_has_an_end_and_is_then_forgotten() -> None:
    told, _ = told_at(fold(Told(), [an_action()]), at(0.1))
    told, _ = told_at(fold(told, [brought_back(6)]), at(6.1))
    told, found = told_at(settle(told, at(60)), at(60))
    assert steps(found) == [Step.CLOSED]
    assert told_at(told, at(61))[1] == []
    assert tidied(told, [PEOPLE], at(61)).incidents == ()


def test_a_channel_that_fails_waits_longer_each_time_or_as_it_asks() -> None:
    told = fold(Told(), [an_action()])
    told = failed(told, "people", at(0))
    assert due(told, SHOP, [PEOPLE], at(0.9)) == []
    assert len(due(told, SHOP, [PEOPLE], at(1))) == 1
    told = failed(told, "people", at(1))
    assert due(told, SHOP, [PEOPLE], at(2.9)) == []
    told = failed(told, "people", at(3), timedelta(minutes=40))
    assert due(told, SHOP, [PEOPLE], at(42)) == []
    told, [one] = told_at(told, at(43))
    assert told.troubles == {}
    assert one.telling.step is Step.OPENED


def test_a_closed_incident_waits_a_day_for_a_channel_that_is_down() -> None:
    told = settle(fold(Told(), [an_action(), brought_back(1)]), at(60))
    assert len(tidied(told, [PEOPLE], at(60 + 23 * 60)).incidents) == 1
    assert tidied(told, [PEOPLE], at(60 + 24 * 60)).incidents == ()


def test_noting_twice_that_a_channel_was_told_is_noting_it_once() -> None:
    told, [one] = told_at(fold(Told(), [an_action()]), at(0.1))
    assert done(told, one, at(0.2)) == told
