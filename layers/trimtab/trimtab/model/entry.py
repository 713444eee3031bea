"""Entries of the audit log: append-only, self-contained, one fact each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.model.assessment import Evidence
from trimtab.model.change import Change
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason
from trimtab.model.verdict import Check


class Kind(StrEnum):
    """What an entry records."""

    INTENDED = "intended"
    REFUSED = "refused"
    SHADOWED = "shadowed"
    AWAITING = "awaiting"
    NOTED = "noted"  # the controller saw something worth telling: blind, panic, recovered
    APPLIED = "applied"
    FAILED = "failed"
    UNNEEDED = "unneeded"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    POLICY = "policy"
    PAUSE = "pause"


OUTCOMES = frozenset({Kind.APPLIED, Kind.FAILED, Kind.UNNEEDED, Kind.CONFLICT, Kind.EXPIRED})
"""Kinds that end an intent. Every intent gets exactly one of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS call that was made: the operation and AWS's request id."""

    operation: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log.

    ``by`` says who or what caused it (``schedule``, an alarm's ARN, an operator's ARN).
    ``intent`` names the intent that an outcome ends. ``deadline`` is set on intents only.
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
    deadline: datetime | None = None
    calls: tuple[Call, ...] = ()


def outcome_id(intent: EntryId) -> EntryId:
    """Name the one entry that may end ``intent``; being one key is what makes it unique."""
    return EntryId(f"{intent}#outcome")
