"""The table of an action's life, the drawing of it, and the fold over entries."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import an_entry, at
from trimtab.model.entry import Entry, Kind, answer_id, effect_id, lapse_id, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.life import TRANSITIONS, Stage, Step, fold, mermaid

PAGE = (Path(__file__).parents[3] / "docs/life-of-an-intent.md").read_text()
AWAITING = an_entry(kind=Kind.AWAITING, deadline=None)
APPROVED = an_entry(kind=Kind.APPROVED, id=answer_id(AWAITING.id), intent=AWAITING.id, when=at(1))
INTENT = an_entry(seed="later", when=at(1), intent=AWAITING.id)


def its_outcome(intent: Entry, kind: Kind = Kind.APPLIED, minutes: float = 2) -> Entry:
    return replace(
        intent, id=outcome_id(intent.id), kind=kind, intent=intent.id, at=at(minutes), deadline=None
    )


def its_effect(intent: Entry, kind: Kind = Kind.VERIFIED, minutes: float = 6) -> Entry:
    return replace(its_outcome(intent, kind, minutes), id=effect_id(intent.id))


BACK = an_entry(seed="back", when=at(6), intent=INTENT.id)


def test_the_drawing_is_the_table() -> None:
    assert mermaid() in PAGE


def test_every_stage_is_reached_and_every_step_is_used() -> None:
    assert {s for steps in TRANSITIONS.values() for s in steps.values()} == set(Stage) - {
        Stage.PROPOSED
    }
    assert {s for steps in TRANSITIONS.values() for s in steps} == set(Step)


def test_a_clock_that_is_minutes_behind_makes_no_life_impossible() -> None:
    early = its_outcome(INTENT, minutes=-4)
    undo = an_entry(seed="undo", when=at(-3), intent=INTENT.id)
    life = fold((INTENT, early, undo, its_outcome(undo, minutes=-9)))
    assert life.stage is Stage.REVERTED
    assert not life.illegal


def test_entries_that_point_at_each_other_are_folded_all_the_same() -> None:
    one = an_entry(seed="one", intent=EntryId("two"))
    two = replace(one, id=EntryId("two"), intent=one.id)
    assert fold((one, two)).stage is Stage.PROPOSED


def test_every_kind_that_is_a_step_is_named_like_it() -> None:
    assert {step.value for step in set(Step) - {Step.UNDONE}} <= {kind.value for kind in Kind}


@pytest.mark.parametrize(
    ("entries", "stage"),
    [
        pytest.param((), Stage.PROPOSED, id="nothing is known of it"),
        pytest.param((AWAITING,), Stage.AWAITING, id="it awaits"),
        pytest.param((AWAITING, APPROVED), Stage.APPROVED, id="it was approved"),
        pytest.param((AWAITING, APPROVED, INTENT), Stage.INTENDED, id="it is on its way"),
        pytest.param(
            (its_outcome(INTENT), INTENT, APPROVED, AWAITING), Stage.APPLIED, id="in any order"
        ),
        pytest.param(
            (AWAITING, replace(APPROVED, id=lapse_id(AWAITING.id), kind=Kind.LAPSED)),
            Stage.LAPSED,
            id="it lapsed",
        ),
        pytest.param(
            (INTENT, its_outcome(INTENT, Kind.CONFLICT)), Stage.CONFLICT, id="the world moved on"
        ),
        pytest.param(
            (INTENT, its_outcome(INTENT), its_effect(INTENT)), Stage.VERIFIED, id="it helped"
        ),
        pytest.param(
            (INTENT, its_outcome(INTENT), its_effect(INTENT, Kind.INEFFECTIVE)),
            Stage.INEFFECTIVE,
            id="it did not",
        ),
        pytest.param(
            (INTENT, its_outcome(INTENT), its_effect(INTENT, Kind.NOTED)),
            Stage.APPLIED,
            id="nobody knows",
        ),
        pytest.param(
            (
                INTENT,
                its_outcome(INTENT),
                its_effect(INTENT, Kind.INEFFECTIVE),
                BACK,
                its_outcome(BACK, minutes=7),
                its_effect(BACK, minutes=12),
            ),
            Stage.REVERTED,
            id="it was taken back, and that helped",
        ),
    ],
)
def test_the_stage_is_a_fold_over_the_entries(entries: tuple[Entry, ...], stage: Stage) -> None:
    life = fold(entries)
    assert (life.stage, life.illegal) == (stage, ())


def test_an_approved_revert_is_a_step_of_its_proposal_and_takes_back_the_action() -> None:
    """In approve mode the intent names the proposal that was approved, and what it undoes."""
    done = (INTENT, its_outcome(INTENT))
    proposal = an_entry(kind=Kind.AWAITING, seed="way back", when=at(4), deadline=None)
    answer = replace(proposal, id=answer_id(proposal.id), kind=Kind.APPROVED, intent=proposal.id)
    revert = an_entry(seed="back", when=at(5), intent=proposal.id, undoes=(INTENT.id,))
    its_end = its_outcome(revert, minutes=6)
    assert fold((*done, revert)).stage is Stage.APPLIED
    assert fold((*done, revert, its_end)).stage is Stage.REVERTED
    assert fold((proposal, answer, revert, its_end)).stage is Stage.APPLIED
    assert not fold((*done, revert, its_end)).illegal


def test_an_undo_that_was_applied_reverts_what_it_takes_back() -> None:
    undo = an_entry(seed="undo", when=at(5), intent=INTENT.id)
    done = (INTENT, its_outcome(INTENT))
    assert fold((*done, undo)).stage is Stage.APPLIED
    assert fold((*done, undo, its_outcome(undo, Kind.FAILED, 6))).stage is Stage.APPLIED
    assert fold((*done, undo, its_outcome(undo, minutes=6))).stage is Stage.REVERTED


def test_a_refused_request_is_no_stage_of_what_it_is_about() -> None:
    no = an_entry(seed="no", when=at(5), kind=Kind.REFUSED, intent=INTENT.id, request=EntryId("R"))
    assert fold((INTENT, its_outcome(INTENT), no)).stage is Stage.APPLIED


@pytest.mark.parametrize(
    ("entries", "flaw"),
    [
        pytest.param(
            (its_outcome(INTENT),), "proposed -> applied", id="an outcome without an intent"
        ),
        pytest.param(
            (
                INTENT,
                its_outcome(INTENT),
                replace(its_outcome(INTENT, Kind.FAILED), id=EntryId("X")),
            ),
            "applied -> failed",
            id="two outcomes",
        ),
        pytest.param(
            (AWAITING, INTENT), "awaiting -> intended", id="carried out and never approved"
        ),
        pytest.param(
            (AWAITING, APPROVED, replace(APPROVED, id=EntryId("Y"), kind=Kind.REJECTED)),
            "approved -> rejected",
            id="two answers",
        ),
    ],
)
def test_a_step_that_cannot_be_is_named(entries: tuple[Entry, ...], flaw: str) -> None:
    (found,) = fold(entries).illegal
    assert found.startswith(flaw)
