"""What a tick makes of the requests it heard: proposals, holds, approvals, and plain answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trimtab.model.change import Change
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.memory import Hold
from trimtab.model.reason import Reason
from trimtab.model.request import Request
from trimtab.model.verdict import Proposal


@dataclass(frozen=True, slots=True)
class Answer:
    """An entry that says at once what becomes of a request, or that a hold has ended.

    ``about`` is the entry concerned. What becomes of a proposal is answered by its verdict.
    """

    kind: Kind
    reason: Reason
    request: Request | None = None
    about: EntryId | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """A request approves an awaiting proposal, if it still stands."""

    request: Request
    entry: Entry

    def covers(self, change: Change) -> bool:
        """Whether this very change was approved."""
        return self.entry.change == change


@dataclass(frozen=True, slots=True)
class Heard:
    """All that follows from the requests of one tick. ``holds`` are those in force from now on."""

    requests: tuple[Request, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    answers: tuple[Answer, ...] = ()
    approvals: tuple[Approval, ...] = ()
    holds: Mapping[str, Hold] = field(default_factory=dict)

    def approval_of(self, change: Change) -> Approval | None:
        """The approval of a change, if there is one."""
        return next((a for a in self.approvals if a.covers(change)), None)


NOTHING_HEARD = Heard()
