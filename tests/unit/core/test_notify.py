"""People are told what was done, what failed and what needs them, in plain text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import BLUE_ARN, GREEN_ARN, an_eject, an_entry
from tests.unit.core.worlds import a_reweight
from trimtab.model.change import Change, inverse_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.notify import MOST_CHARACTERS, safe, sentence_of, tell
from trimtab_lab.simulator.stores import ListTopic, Told


def told(entry: Entry) -> Told | None:
    topic = ListTopic()
    assert tell(entry, topic) is bool(topic.told)
    return topic.told[0] if topic.told else None


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        *[pytest.param(k, Code.APPLIED, True, id=f"{k}") for k in
          (Kind.APPLIED, Kind.FAILED, Kind.EXPIRED, Kind.AWAITING, Kind.POLICY, Kind.PAUSE)],
        *[pytest.param(k, Code.PANIC, False, id=f"not {k}") for k in
          (Kind.INTENDED, Kind.REFUSED, Kind.SHADOWED)],
        pytest.param(Kind.NOTED, Code.PANIC, True, id="panic"),
        pytest.param(Kind.NOTED, Code.NO_DATA, True, id="no data"),
        pytest.param(Kind.NOTED, Code.MORE_REFUSED, False, id="not every note"),
    ],
)  # fmt: skip
def test_who_needs_to_know_is_told(kind: Kind, code: Code, expected: bool) -> None:
    entry = an_entry(kind=kind, reason=Reason(code, "because"))
    assert bool(told(entry)) is expected


def test_a_message_says_what_why_when_and_where_to_read_on() -> None:
    entry = an_entry(
        kind=Kind.APPLIED, reason=Reason(Code.APPLIED, "done"), intent=EntryId("T#000"),
        wanted=Reason(Code.LOAD_ABOVE_TARGET, "the load is 5.00 targets' worth"),
        subject="group blue/blue-asg",
    )  # fmt: skip
    message = told(entry)
    assert message is not None
    assert message.subject == "[trimtab] shop: applied group blue/blue-asg"
    assert message.text.splitlines() == [
        "shop: applied - done",
        "what: resize blue-asg from 4 to 5",
        "why:  the load is 5.00 targets' worth",
        "when: 2026-03-02 12:00:00 UTC",
        "more: trimtab explain T#000 --service shop",
    ]
    assert message.attributes == {"service": "shop", "kind": "applied", "reason": "applied"}


def test_a_note_has_no_change_and_names_itself() -> None:
    note = an_entry(kind=Kind.NOTED, reason=Reason(Code.PANIC, "much is bad"), change=None)
    message = told(note)
    assert message is not None
    assert "what:" not in message.text
    assert f"explain {note.id}" in message.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(an_eject(), "deregister i-00000000000000001:8080 of blue", id="deregister"),
        pytest.param(an_eject(method=EjectMethod.STANDBY, group="g", replace=True),
                     "put in standby i-00000000000000001:8080 of blue in eu-west-1a and replace it",
                     id="standby"),
        pytest.param(inverse_of(an_eject()), "bring i-00000000000000001:8080 of blue back",
                     id="back"),
        pytest.param(a_reweight({BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 80, GREEN_ARN: 20}),
                     "weights of main: blue 100->80, green 0->20", id="weights"),
    ],
)  # fmt: skip
def test_a_change_is_said_in_words(change: Change, words: str) -> None:
    assert words in sentence_of(change)


@pytest.mark.parametrize("evil", ["a\x1b[31mb", "a\nb", "a\u202eb", "a\x00b", "a\u200bb"])
def test_text_is_made_inert(evil: str) -> None:
    assert safe(evil).startswith("a ")
    entry = an_entry(kind=Kind.FAILED, reason=Reason(Code.AWS_ERROR, evil), subject=evil)
    message = told(replace(entry, service=ServiceId("shop")))
    assert message is not None
    assert evil not in message.subject + message.text


def test_text_has_an_end() -> None:
    assert len(safe("x" * 5000)) == MOST_CHARACTERS
