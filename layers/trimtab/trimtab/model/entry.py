"""Entries of the audit log: append-only, self-contained, one fact each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.model.assessment import Evidence
from trimtab.model.change import Change
from trimtab.model.effect import Expectation
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.kept import Kept
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason
from trimtab.model.request import Asked
from trimtab.model.verdict import Check


class Kind(StrEnum):
    """What an entry records."""

    INTENDED = "intended"
    REFUSED = "refused"
    SHADOWED = "shadowed"
    AWAITING = "awaiting"
    REQUESTED = "requested"  # an operator asks for something
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"  # an awaiting proposal that no longer stands, or a request heard too late
    NOTED = "noted"  # the controller saw something worth telling: blind, panic, recovered
    APPLIED = "applied"
    FAILED = "failed"
    UNNEEDED = "unneeded"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    VERIFIED = "verified"  # an applied action changed what it should
    INEFFECTIVE = "ineffective"  # it did not, or made things worse
    POLICY = "policy"
    PAUSE = "pause"


OUTCOMES = frozenset({Kind.APPLIED, Kind.FAILED, Kind.UNNEEDED, Kind.CONFLICT, Kind.EXPIRED})
"""Kinds that end an intent. Every intent gets exactly one of them."""

EFFECTS = frozenset({Kind.VERIFIED, Kind.INEFFECTIVE})
"""Kinds that say what an applied action did to the world."""


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call that was made: the operation and AWS's request id."""

    operation: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log.

    ``by`` says who or what caused it (``schedule``, an alarm's ARN, an operator's ARN).
    ``intent`` names the entry that this one is about: the intent that an outcome ends, the awaiting
    proposal that was approved, rejected or lapsed, the approved proposal that an intent carries
    out, the intent that an undo takes back. ``asked`` is what a ``requested`` entry asks for, and
    ``request`` names the request that an entry answers. ``deadline`` and ``expects``, what it
    should change and by when, are set on intents only. ``undoes`` names the intents that it takes
    back, also where ``intent`` says which approved proposal it carries out. ``kept`` is set when
    the entry is stored, if it, or anything before it in its chain, is not kept for ever.
    """

    service: ServiceId
    id: EntryId
    at: datetime
    kind: Kind
    by: str
    tick: str
    reason: Reason
    lever: Lever | None = None
    mode: Mode | None = None
    policy_version: int = 0
    subject: str = ""
    change: Change | None = None
    inverse: Change | None = None
    wanted: Reason | None = None
    evidence: tuple[Evidence, ...] = ()
    checks: tuple[Check, ...] = ()
    intent: EntryId | None = None
    asked: Asked | None = None
    request: EntryId | None = None
    deadline: datetime | None = None
    calls: tuple[Call, ...] = ()
    expects: Expectation | None = None
    undoes: tuple[EntryId, ...] = ()
    kept: Kept | None = None


def outcome_id(intent: EntryId) -> EntryId:
    """Name the one entry that may end ``intent``; being one key is what makes it unique."""
    return EntryId(f"{intent}#outcome")


def answer_id(awaiting: EntryId) -> EntryId:
    """Name the one entry that may approve or reject ``awaiting``."""
    return EntryId(f"{awaiting}#answer")


def lapse_id(awaiting: EntryId) -> EntryId:
    """Name the one entry that may say that ``awaiting`` no longer stands."""
    return EntryId(f"{awaiting}#lapsed")


def effect_id(intent: EntryId) -> EntryId:
    """Name the one entry that may say what effect an applied ``intent`` had."""
    return EntryId(f"{intent}#effect")


def told_by(entry: Entry) -> EntryId:
    """Name the entry whose story an entry goes on with: an outcome's intent, an answer's proposal.

    An intent has a story of its own, also where it carries out or takes back another.
    """
    return entry.intent if entry.intent and entry.id.startswith(f"{entry.intent}#") else entry.id
