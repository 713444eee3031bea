"""Proposals, what a decider wants, and verdicts, what the guard says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.model.assessment import Evidence
from trimtab.model.change import Change, lever_of, subject_of
from trimtab.model.ids import EntryId
from trimtab.model.policy import Lever
from trimtab.model.reason import Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Proposal:
    """One change a decider wants, with its reason and the evidence behind it.

    Where an operator asked for it, ``request`` says in which entry, ``undoes`` what it takes back,
    and ``until`` how long an ejection is to last. ``goal`` is the whole change that this one is
    only a step of.
    """

    change: Change
    reason: Reason
    evidence: tuple[Evidence, ...] = ()
    request: EntryId | None = None
    undoes: tuple[EntryId, ...] = ()
    until: datetime | None = None
    goal: Change | None = None

    @property
    def lever(self) -> Lever:
        """The class of action."""
        return lever_of(self.change)

    @property
    def subject(self) -> str:
        """What it is about."""
        return subject_of(self.change)


class Ruling(StrEnum):
    """What the guard can say."""

    ALLOWED = "allowed"
    CLAMPED = "clamped"
    REFUSED = "refused"
    SHADOWED = "shadowed"
    AWAITING = "awaiting"


@dataclass(frozen=True, slots=True)
class Check:
    """One guard's look at a proposal: what it found, and whether it let it pass."""

    guard: str
    passed: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard says of a proposal.

    ``change`` is what may happen: the proposal's own, or a smaller one when clamped. ``reason``
    is that of the guard that decided; ``checks`` are all guards that looked, in order.
    """

    proposal: Proposal
    ruling: Ruling
    change: Change
    reason: Reason
    checks: tuple[Check, ...] = ()

    @property
    def may_act(self) -> bool:
        """Whether this becomes an intent."""
        return self.ruling in (Ruling.ALLOWED, Ruling.CLAMPED)

    @property
    def codes(self) -> tuple[ReasonCode, ReasonCode]:
        """Why it was wanted and what the guard said, as codes."""
        return (self.proposal.reason.code, self.reason.code)
