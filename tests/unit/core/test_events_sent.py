"""The events we send are what the published schemas say, and wake nobody of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.builders import SHOP, at
from tests.unit.core.stories import a_note, a_question, a_refusal, an_action, an_answer
from tests.unit.core.test_stories import shadow
from trimtab.errors import EventRefused
from trimtab.events import Home, signal_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.incident import Told
from trimtab.model.message import Event, EventType
from trimtab.told.digest import digests_of
from trimtab.told.due import Pace, done, due
from trimtab.told.event import digest_event, events_of
from trimtab.told.fold import fold, settle

SCHEMAS = Path(__file__).parents[3] / "schemas/events"
FILES = {
    EventType.OPENED: "incident",
    EventType.UPDATED: "incident",
    EventType.CLOSED: "incident",
    EventType.ACTION: "action",
    EventType.DIGEST: "digest",
}
PROGRAMS = Pace("programs", for_people=False)


def schema(kind: EventType) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SCHEMAS / f"{FILES[kind]}.json").read_text("utf-8"))
    return read


def fits(event: Event) -> None:
    """Whether an event is what its schema says, with nothing in it that the schema leaves out."""
    published = schema(event.kind)
    detail = json.loads(json.dumps(event.detail))
    jsonschema.Draft202012Validator.check_schema(published)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(published, format_checker=checker).validate(detail)
    assert set(detail) <= set(published["properties"])


def a_life() -> list[Event]:
    """Everything that is told of a busy hour, to its end."""
    told = Told()
    found: list[Event] = []
    hours: tuple[tuple[float, list[Entry]], ...] = (
        (0.0, [a_refusal(-1), an_action(), a_question(0.5), a_note(0.6)]),
        (5.0, [an_answer(a_question(0.5), 5), an_action(5, Kind.FAILED, 2)]),
        (1500.0, []),
    )
    for minute, entries in hours:
        told = settle(fold(told, entries), at(minute + 1))
        for one in due(told, SHOP, [PROGRAMS], at(minute + 1)):
            found += events_of(one.telling)
            told = done(told, one, at(minute + 1))
    [digest] = digests_of("2026-03-02", [shadow(1), shadow(9, kind=Kind.REFUSED)])
    return [*found, digest_event(digest)]


def test_every_type_has_a_schema_and_every_schema_a_type() -> None:
    assert {f"{name}.json" for name in FILES.values()} == {p.name for p in SCHEMAS.iterdir()}
    assert set(FILES) == set(EventType)


def test_what_is_sent_is_what_the_schemas_say() -> None:
    events = a_life()
    assert {event.kind for event in events} == set(EventType)
    for event in events:
        fits(event)


def test_an_event_is_named_once() -> None:
    names = [(event.kind, event.detail["id"]) for event in a_life()]
    assert len(names) == len(set(names))


def test_the_largest_event_is_far_below_what_eventbridge_takes() -> None:
    many = [an_action(n / 10, Kind.FAILED, n, by="\U0001f4a9" * 500) for n in range(1, 200)]
    [one] = due(fold(Told(), many), SHOP, [PROGRAMS], at(30))
    events = events_of(one.telling)
    assert max(len(json.dumps(e.detail, ensure_ascii=False).encode()) for e in events) < 200_000
    assert events[-1].detail["more"] == 199 - 20


@pytest.mark.parametrize("kind", EventType)
def test_nothing_of_ours_wakes_us(kind: EventType) -> None:
    event = next(e for e in a_life() if e.kind is kind)
    envelope = {
        "source": "trimtab", "detail-type": kind.value, "detail": dict(event.detail),
        "account": "1", "region": "r",
    }  # fmt: skip
    with pytest.raises(EventRefused, match="no wake-up is defined"):
        signal_of(json.loads(json.dumps(envelope)), Home("1", "r"))
