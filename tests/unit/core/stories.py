"""Entries of the log as stories need them, in one line each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.builders import an_eject, an_entry, at
from trimtab.model.change import Change, inverse_of, subject_of
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.policy import Lever
from trimtab.model.reason import Reason, ReasonCode

UNHEALTHY = Reason(
    ReasonCode.EJECT_UNHEALTHY, "failed 5 checks in a row (at most 3)", {"failed": 5, "most": 3}
)


def an_action(minute: float = 0, kind: Kind = Kind.APPLIED, number: int = 1, **more: Any) -> Entry:
    """What came of ejecting a target (by default: done), so many minutes past noon."""
    change: Change = more.pop("change", an_eject(number))
    intent = an_entry(when=at(minute), seed=f"eject {number}", change=change)
    outcome = replace(
        intent, id=outcome_id(intent.id), kind=kind, by="act", intent=intent.id, deadline=None,
        inverse=inverse_of(change), lever=Lever.EJECT, subject=subject_of(change),
        wanted=UNHEALTHY, reason=Reason(ReasonCode.APPLIED, "done, and AWS agreed"),
    )  # fmt: skip
    return replace(outcome, **more)


def brought_back(minute: float, number: int = 1) -> Entry:
    """The same target is back."""
    return an_action(minute, number=number, change=inverse_of(an_eject(number)))


def a_question(minute: float = 0, **more: Any) -> Entry:
    """A resize that awaits approval."""
    awaiting = an_entry(
        when=at(minute), seed="question", kind=Kind.AWAITING, deadline=None,
        subject="group blue/blue-asg", reason=Reason(ReasonCode.AWAITING_APPROVAL, "by policy"),
        wanted=Reason(ReasonCode.LOAD_ABOVE_TARGET, "the load is 5.00 targets' worth"),
    )  # fmt: skip
    return replace(awaiting, **more)


def an_answer(question: Entry, minute: float, kind: Kind = Kind.REJECTED) -> Entry:
    """What an operator said to it."""
    reason = Reason(ReasonCode.REJECTED, "not tonight")
    return replace(
        question, id=EntryId(f"{question.id}#answer"), at=at(minute), kind=kind, by="ann",
        intent=question.id, reason=reason, request=EntryId("R#000"),
    )  # fmt: skip


def a_refusal(minute: float = 0, code: ReasonCode = ReasonCode.FLEET_BUDGET, **more: Any) -> Entry:
    """An eject that the guard refused."""
    refused = an_entry(
        when=at(minute), seed=f"refused {code}", kind=Kind.REFUSED, change=an_eject(2),
        subject=subject_of(an_eject(2)), deadline=None, reason=Reason(code, "1 of 4 is out"),
        wanted=UNHEALTHY,
    )  # fmt: skip
    return replace(refused, **more)


def a_note(minute: float = 0, code: ReasonCode = ReasonCode.PANIC, text: str = "bad") -> Entry:
    """Something the controller saw."""
    return an_entry(
        when=at(minute), seed=f"{code}{text}", kind=Kind.NOTED, change=None, inverse=None,
        deadline=None, lever=None, mode=None, subject="panic in blue", reason=Reason(code, text),
    )  # fmt: skip
