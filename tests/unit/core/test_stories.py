"""What a message says, and that the manual shows what is really sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.builders import SHOP, an_entry, at
from tests.unit.core.stories import (
    a_question,
    a_refusal,
    an_action,
    an_answer,
    brought_back,
)
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.incident import Telling, Told
from trimtab.model.policy import Mode
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.told.digest import MOST_READ, digests_of
from trimtab.told.due import Pace, done, due
from trimtab.told.fold import fold, settle
from trimtab.told.plain import text_of
from trimtab.told.story import Story, commands_for, digest_of, story_of, who

MANUAL = Path(__file__).parents[3] / "docs/notifications.md"
PEOPLE = Pace("people")


def shadow(
    minute: float = 0, code: Code = Code.LOAD_ABOVE_TARGET, kind: Kind = Kind.SHADOWED
) -> Entry:
    return an_entry(
        when=at(minute), seed=f"{code}", kind=kind, mode=Mode.OBSERVE, deadline=None,
        subject="group blue/blue-asg", wanted=Reason(code, "the load is 5.00 targets' worth"),
        reason=Reason(Code.OBSERVING if kind is Kind.SHADOWED else Code.RATE_BUDGET, "by policy"),
    )  # fmt: skip


def telling(*entries: Entry, told: Told | None = None) -> Telling:
    [one] = due(fold(told or Told(), entries), SHOP, [PEOPLE], at(60))
    return one.telling


def of(*entries: Entry) -> Story:
    return story_of(telling(*entries))


def lines_of(story: Story, title: str) -> tuple[str, ...]:
    return next((s.lines for s in story.sections if s.title == title), ())


def test_the_manual_shows_a_message_as_it_is_sent() -> None:
    a_night = (a_refusal(-0.5), an_action(0), a_question(1))
    story = of(*a_night)
    assert f"{story.subject}\n\n{text_of(story)}" in shown("A message")


def test_the_manual_shows_a_digest_as_it_is_sent() -> None:
    entries = [shadow(n) for n in range(3)] + [shadow(9, kind=Kind.REFUSED)]
    [digest] = digests_of("2026-03-02", entries)
    story = digest_of(digest)
    assert f"{story.subject}\n\n{text_of(story)}" in shown("The digest")


def shown(heading: str) -> str:
    """The first block below a heading of the manual."""
    page = MANUAL.read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n", 1)[1]
    found = re.search(r"```text\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


def test_all_messages_of_an_incident_have_the_same_subject() -> None:
    told = fold(Told(), [an_action()])
    first = telling(an_action())
    told = done(told, due(told, SHOP, [PEOPLE], at(1))[0], at(1))
    second = telling(a_question(2), told=told)
    assert story_of(first).subject == story_of(second).subject
    assert story_of(second).headline.startswith("Message 2, since 2026-03-02 12:00 UTC")
    assert lines_of(story_of(second), "Done") == ()


def test_what_waits_comes_with_the_commands_that_answer_it() -> None:
    story = of(a_question())
    commands = [command for _, command in story.commands]
    assert commands[0] == f"trimtab approve '{a_question().id}' --service shop"
    assert commands[1].startswith(f"trimtab reject '{a_question().id}' --service shop --why")
    assert "1 waits for you" in story.headline
    answered = of(a_question(), an_answer(a_question(), 1))
    assert not [c for _, c in answered.commands if "approve" in c]


def test_what_was_done_comes_with_the_command_that_takes_it_back() -> None:
    [undo] = [c for _, c in of(an_action()).commands if " undo " in c]
    assert undo == f"trimtab undo '{an_action().intent}' --service shop --why '...'"
    back = of(an_action(), brought_back(1))
    assert not [c for _, c in back.commands if " undo " in c]
    failed = of(an_action(kind=Kind.FAILED))
    assert not [c for _, c in failed.commands if " undo " in c]


def test_who_asked_is_named_briefly() -> None:
    assert who("arn:aws:sts::123456789012:assumed-role/Ops/ann") == "Ops/ann"
    assert who("arn:aws:iam::123456789012:user/ann") == "ann"
    assert who("schedule") == "schedule"


def test_a_long_section_has_an_end_and_says_so() -> None:
    story = of(*(an_action(n / 10, number=n) for n in range(1, 21)))
    [done_section] = [s for s in story.sections if s.title == "Done"]
    assert (len(done_section.lines), done_section.more) == (8, 12)
    assert "  and 12 more" in text_of(story).splitlines()


def test_what_was_never_told_is_counted() -> None:
    story = of(*(an_action(n / 10, number=n) for n in range(1, 101)))
    assert story.footer.startswith("50 more since the last message")


def test_the_end_says_that_it_is_over() -> None:
    told = fold(Told(), [an_action()])
    told = done(told, due(told, SHOP, [PEOPLE], at(1))[0], at(1))
    told = settle(fold(told, [brought_back(6)]), at(40))
    [last] = due(told, SHOP, [PEOPLE], at(40))
    assert story_of(last.telling).headline.startswith("Over, from 2026-03-02 12:00 UTC; 2 done")


@pytest.mark.parametrize(
    ("service", "entry"),
    [("shop; rm -rf /", "01AB#000"), ("shop", "x' ; curl evil"), ("shop", "$(id)"), ("#all", "1")],
)
def test_no_command_is_made_of_a_name_that_is_not_ours(service: str, entry: str) -> None:
    assert list(commands_for(ServiceId(service), EntryId(entry), "undo")) == []


def test_what_concerns_everything_is_told_of_everything() -> None:
    pause = an_entry(kind=Kind.PAUSE, change=None, inverse=None, subject="pause of everything")
    [one] = due(fold(Told(), [pause]), ServiceId("#all"), [PEOPLE], at(1))
    story = story_of(one.telling)
    assert story.thread.startswith("[Trimtab everything #")
    assert [c for _, c in story.commands] == ["trimtab log --since 2026-03-02T12:00"]


def test_a_day_is_summed_up_by_service_lever_and_reason() -> None:
    entries = [shadow(n) for n in range(3)] + [shadow(5, Code.LOAD_BELOW_TARGET)]
    [digest] = digests_of("2026-03-02", [*entries, *entries])
    assert digest.would == {"scale: load_above_target": 3, "scale: load_below_target": 1}
    assert [n.wanted_code for n in digest.examples] == [
        Code.LOAD_ABOVE_TARGET, Code.LOAD_BELOW_TARGET,
    ]  # fmt: skip


def test_a_day_too_long_to_read_says_so() -> None:
    endless = (shadow(n / 1000) for n in range(MOST_READ + 5))
    [digest] = digests_of("2026-03-02", endless)
    assert (digest.total, digest.whole) == (MOST_READ, False)
    assert "too long to read" in digest_of(digest).headline


def test_who_acts_has_no_digest() -> None:
    assert digests_of("2026-03-02", [an_entry(), an_action(), a_refusal()]) == ()
