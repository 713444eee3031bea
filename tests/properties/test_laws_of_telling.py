"""Laws of telling: how often and in what order makes no difference; nothing is lost or too much."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SHOP, at
from tests.unit.core.stories import (
    a_note,
    a_question,
    a_refusal,
    an_action,
    an_answer,
    brought_back,
)
from tests.unit.core.test_events_sent import fits
from trimtab import codec
from trimtab.adapters.aws.topic import plain_subject
from trimtab.model.entry import Entry, Kind
from trimtab.model.incident import Told
from trimtab.model.reason import Reason, ReasonCode
from trimtab.told.due import MOST_AN_HOUR, Due, Pace, done, due, failed, tidied
from trimtab.told.event import events_of
from trimtab.told.fold import fold, settle
from trimtab.told.kinds import manner_of
from trimtab.told.plain import text_of
from trimtab.told.slack import body_of, inert
from trimtab.told.story import story_of

PEOPLE, PROGRAMS = Pace("people"), Pace("programs", for_people=False)
MINUTES = st.integers(0, 240).map(float)
KINDS = st.sampled_from([Kind.APPLIED, Kind.FAILED, Kind.CONFLICT, Kind.EXPIRED, Kind.UNNEEDED])

EVIL = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("<>&@!|*_~`[](){}=+-#\\/:\x1b\u202e\u2066\u200b\u2028\r\n\t"),
    ),
    max_size=400,
) | st.sampled_from(
    ["<!channel>", "<@U1>", "[x](https://evil)", "=HYPERLINK(1)", "\x1b[2J", "@here", "{{7*7}}"]
)


@st.composite
def entries(draw: st.DrawFn) -> list[Entry]:
    """Some hours of a service, in the order of time."""
    found: dict[str, Entry] = {}
    for minute in sorted(draw(st.lists(MINUTES, max_size=30))):
        number = draw(st.integers(1, 3))
        made = draw(
            st.sampled_from(
                [
                    an_action(minute, draw(KINDS), number),
                    brought_back(minute, number),
                    a_question(minute, id=f"{codec.ulid(at(minute), 'q')}#{number:03}"),
                    a_refusal(minute),
                    a_refusal(minute, ReasonCode.GROUP_BOUNDS),
                    a_note(minute),
                    an_answer(a_question(minute), minute),
                ]
            )
        )
        found[made.id] = made
    return list(found.values())


def shown(told: Told) -> object:
    """What people would read of it, whatever was delivered how."""
    return [
        (i.id, i.title, i.counts, sorted(n.id for n in i.notes), i.closed_at is None)
        for i in told.incidents
    ]


@given(entries(), st.randoms(use_true_random=False))
def test_the_order_of_a_batch_does_not_matter(run: list[Entry], dice: object) -> None:
    mixed = list(run)
    dice.shuffle(mixed)  # type: ignore[attr-defined]  # Hypothesis's own Random
    assert fold(Told(), mixed) == fold(Told(), run)


@given(entries(), st.data())
def test_redelivery_changes_nothing(run: list[Entry], data: st.DataObject) -> None:
    """Batches cut anywhere, each delivered again from anywhere before its end."""
    told, start = Told(), 0
    while start < len(run):
        end = data.draw(st.integers(start + 1, len(run)))
        told = fold(told, run[start:end])
        again = data.draw(st.integers(0, end))
        told = fold(told, run[again:end])
        start = end
    assert shown(told) == shown(fold(Told(), run))


@given(entries(), st.lists(st.booleans(), min_size=1, max_size=40))
def test_everything_worth_telling_is_told_or_counted_once(
    run: list[Entry], faults: list[bool]
) -> None:
    """Whatever fails in between: once the channel works again, it has heard of all of it."""
    told, heard, unsaid = Told(), Counter[str](), 0
    turns = [(e.at, [e]) for e in run]
    turns += [(at(241 + 5 * n), []) for n in range(24)]
    for number, (now, fresh) in enumerate(turns):
        told = tidied(settle(fold(told, fresh), now), [PEOPLE], now)
        is_down = number < len(run) and faults[number % len(faults)]
        for one in due(told, SHOP, [PEOPLE], now):
            if is_down:
                told = failed(told, "people", now)
                break
            told = done(told, one, now)
            heard.update(note.id for note in one.telling.news)
            unsaid += one.telling.unsaid
    worth = {e.id for e in run if (manner := manner_of(e)) and manner.opens}
    assert all(count == 1 for count in heard.values())
    assert unsaid > 0 or worth <= set(heard)


@given(entries())
def test_no_hour_has_too_many_messages_of_an_incident(run: list[Entry]) -> None:
    told, messages = Told(), list[tuple[str, object]]()
    for entry in run:
        told = settle(fold(told, [entry]), entry.at)
        for one in due(told, SHOP, [PEOPLE], entry.at):
            told = done(told, one, entry.at)
            messages.append((one.telling.incident.id, entry.at))
    for name, start in messages:
        within = [
            m for m in messages
            if m[0] == name and timedelta(0) <= m[1] - start < timedelta(hours=1)  # type: ignore[operator]
        ]  # fmt: skip
        assert len(within) <= MOST_AN_HOUR


def evil_tellings(text: str) -> list[Due]:
    reason = Reason(ReasonCode.AWS_ERROR, text, {text: text})
    entry = an_action(kind=Kind.FAILED, subject=text, by=text, reason=reason, wanted=reason)
    asked = an_answer(a_question(1), 2)
    told = fold(Told(), [entry, replace(asked, by=text, reason=reason), a_refusal(3, by=text)])
    return due(told, SHOP, [PEOPLE, PROGRAMS], at(5))


@given(EVIL)
def test_text_of_others_is_inert_in_every_channel(text: str) -> None:
    people, programs = evil_tellings(text)
    story = story_of(people.telling)
    mail, subject = text_of(story), plain_subject(story.subject)
    for line in (*mail.split("\n"), subject):
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in line)
        assert not line.lstrip().startswith(("=", "+", "-", "@"))
    assert subject.isascii()
    assert subject.startswith(f"[Trimtab shop #{people.telling.incident.id}]")
    assert len(subject) <= 100
    _is_inert_in_chat(body_of(story))
    for event in events_of(programs.telling):
        fits(event)
        json.dumps(event.detail, ensure_ascii=False).encode()


def _is_inert_in_chat(body: object) -> None:
    read = json.loads(json.dumps(body))
    fallback = read["text"].split(" ", 3)[-1]
    assert not set(fallback) & set("<>@`*[]|")
    assert "://" not in fallback
    for block in read["blocks"]:
        for part in [block["text"]] if "text" in block else block["elements"]:
            if part["type"] == "mrkdwn":
                assert part["text"].startswith("`trimtab ")
                assert part["text"].count("`") == 2


@given(EVIL)
def test_escaping_leaves_nothing_that_chat_obeys(text: str) -> None:
    assert not set(inert(text)) & set("<>@`*[]|\x1b\n\u202e")
    assert "://" not in inert(text)
