"""The laws are held over every tick of a story, and one that is broken is named and fails it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import NOON
from trimtab.model.change import Resize, inverse_of
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId, FleetId
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab_lab.campaign.judged import shortcomings
from trimtab_lab.campaign.play import campaign_policy, play
from trimtab_lab.campaign.stage import scenario_of
from trimtab_lab.campaign.story import all_stories
from trimtab_lab.campaign.witness import Witness
from trimtab_lab.chaos.mutants import MUTANTS

STORIES = {story.name: story for story in all_stories()}
GROWS = Resize(FleetId("blue"), "blue-asg", before=8, after=9)


@pytest.mark.parametrize(
    ("without", "name", "said"),
    [
        ("check_cause", "zone-errors", "its trouble is zone"),
        ("check_fleet_budget", "target-errors-two-of-8", "law 2 no more out than the budget"),
        ("check_steps", "none-all-new", "law 5 sizes stay in bounds and rates"),
        ("mode", "overload-half-more", "law 9: an intent while every lever only observes"),
    ],
)
def test_a_law_that_nothing_keeps_is_named_and_fails_the_run(
    without: str, name: str, said: str
) -> None:
    mutant = next(m for m in MUTANTS if m.name == without)
    with mutant.patched():
        played = play(STORIES[name], seed=1)
    assert said in played.broken[0]
    assert not played.as_expected
    assert shortcomings([played])[0] == f"{name}, seed 1: {played.broken[0]}"


def the_policy() -> Policy:
    story = STORIES["target-errors-of-8"]
    return campaign_policy(story, scenario_of(story, 1))


def an_intent(**changes: object) -> Entry:
    intent = Entry(
        service=the_policy().service,
        id=EntryId("01#000"),
        at=NOON,
        kind=Kind.INTENDED,
        by="schedule",
        tick="01",
        reason=Reason(ReasonCode.LOAD_ABOVE_TARGET, "more load"),
        change=GROWS,
        inverse=inverse_of(GROWS),
        deadline=NOON + timedelta(minutes=2),
    )
    return replace(intent, **changes)  # type: ignore[arg-type]


def its_outcome(kind: Kind = Kind.APPLIED) -> Entry:
    return an_intent(kind=kind, id=outcome_id(EntryId("01#000")), intent=EntryId("01#000"))


def heard(*entries: Entry, done: tuple[Resize, ...] = ()) -> list[str]:
    witness = Witness(the_policy())
    witness.after(3, entries, done)
    witness.ended()
    return witness.broken


def test_what_was_logged_done_and_ended_once_is_lawful() -> None:
    assert heard(an_intent(), its_outcome(), done=(GROWS,)) == []


@pytest.mark.parametrize(
    ("entries", "done", "said"),
    [
        pytest.param((), (GROWS,), "was done, and no intent says so", id="unlogged"),
        pytest.param((an_intent(),), (), "never got an outcome", id="left-open"),
        pytest.param((its_outcome(),), (), "ends an intent that nobody logged", id="of-nothing"),
        pytest.param(
            (an_intent(), its_outcome(), its_outcome()), (GROWS,), "or twice", id="ended-twice"
        ),
        pytest.param(
            (an_intent(), its_outcome()), (GROWS, GROWS), "no intent says so", id="done-twice"
        ),
        pytest.param(
            (an_intent(inverse=None), its_outcome()), (GROWS,), "law 12", id="cannot-be-undone"
        ),
        pytest.param(
            (an_intent(change=replace(GROWS, group="theirs")),), (), "law 10", id="not-ours"
        ),
    ],
)  # fmt: skip
def test_what_the_log_and_the_world_do_not_agree_on_is_named(
    entries: tuple[Entry, ...], done: tuple[Resize, ...], said: str
) -> None:
    assert said in heard(*entries, done=done)[0]
