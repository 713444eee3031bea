"""Plan: what one service's expired leases call for, and how it is written down. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trimtab.codec import iso, ulid
from trimtab.effects import given_back
from trimtab.lease.giveback import Kept, Sight, give_back
from trimtab.model.change import Change, Reweight, inverse_of, lever_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.lease import WARDEN, Attempt, Lease, Leases
from trimtab.model.memory import Pending
from trimtab.model.reason import Fact, Reason, ReasonCode, in_words

DEADLINE = timedelta(minutes=2)
"""How long an intent of the warden's may be carried out."""
WAIT = timedelta(minutes=4)
"""After a failure; doubled for each more in a row. Less than from one run to the next."""
LONGEST_WAIT = timedelta(hours=6)


MOST_ENTRIES = 60
"""Of one run and service: well within what a transaction takes. The rest has its turn later."""


@dataclass(frozen=True, slots=True)
class Case:
    """One service's leases, and the outcomes there are of the attempts to give them back."""

    service: ServiceId
    row: Leases
    ended: Mapping[EntryId, Entry]
    now: datetime

    def failures(self, subject: str) -> int:
        """How often in a row it could not be given back."""
        attempt = self.row.attempts.get(subject)
        outcome = self.outcome(subject)
        if attempt is None or outcome is None or outcome.kind in (Kind.APPLIED, Kind.UNNEEDED):
            return 0
        return attempt.failures + 1

    def outcome(self, subject: str) -> Entry | None:
        """What became of the latest attempt."""
        attempt = self.row.attempts.get(subject)
        return self.ended.get(attempt.pending.entry) if attempt else None

    def is_ready(self, lease: Lease) -> bool:
        """Tell whether it is time for a try: not beside an earlier one, and not at once."""
        attempt = self.row.attempts.get(lease.subject)
        if attempt is None:
            return True
        if self.outcome(lease.subject) is None:
            return False
        doubled = min(max(self.failures(lease.subject) - 1, 0), 10)
        return self.now - attempt.pending.at >= min(WAIT * (1 << doubled), LONGEST_WAIT)

    def is_done(self, subject: str) -> bool:
        """Tell what was given back once. If somebody takes it away again, that is theirs to know.

        Only a route comes home in steps.
        """
        attempt, outcome = self.row.attempts.get(subject), self.outcome(subject)
        if attempt is None or outcome is None or isinstance(attempt.pending.change, Reweight):
            return False
        return outcome.kind in (Kind.APPLIED, Kind.UNNEEDED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one service's expired leases call for: what is left of them, and what to write.

    ``kept`` says why leases whose time is over could not be given back, by subject. Not among them
    is what somebody else has set: that is in somebody's hands, and said once.
    """

    left: Leases
    entries: tuple[Entry, ...] = ()
    kept: Mapping[str, Reason] = field(default_factory=dict)

    @property
    def intents(self) -> tuple[EntryId, ...]:
        """The changes to be carried out, in order."""
        return tuple(e.id for e in self.entries if e.kind is Kind.INTENDED)


def plan_for(case: Case, ready: Sequence[Lease], sight: Sight, room: int) -> Plan:
    """Decide what to give back of the leases that are ready for it; those that are back go.

    At most ``room`` changes, each judged as if those before it were done.
    """
    row, now = case.row, case.now
    name = ulid(now, f"{case.service} {WARDEN} {row.version}")
    back: set[str] = set()
    attempts, said = dict(row.attempts), dict(row.said)
    entries: list[Entry] = []
    kept: dict[str, Reason] = {}
    for lease in ready:
        subject = lease.subject
        earlier = row.attempts.get(subject)
        ours = earlier.pending.change if earlier else None
        found = None if case.is_done(subject) else give_back(lease, sight, ours, now)
        blank = _note(case, EntryId(f"{name}#{len(entries):03d}"), lease)
        if isinstance(found, Kept) and found.reason.code is not ReasonCode.WORLD_CHANGED:
            kept[subject] = found.reason
        if found is None:
            back.add(subject)
        elif len(entries) >= MOST_ENTRIES:
            continue
        elif isinstance(found, Kept):
            if said.get(subject) is not found.reason.code:
                said[subject] = found.reason.code
                text = f"not given back yet: {found.reason.text}"
                entries.append(replace(blank, reason=replace(found.reason, text=text)))
        elif room > 0:
            room -= 1
            sight = sight.after(found)
            intent = _intent(blank, lease, found)
            entries.append(intent)
            attempts[subject] = Attempt(_pending(intent, found), case.failures(subject))
            said.pop(subject, None)
    held = tuple(lease for lease in row.held if lease.subject not in back)
    said = {subject: code for subject, code in said.items() if subject not in back}
    return Plan(Leases(row.version + 1, held, attempts, said), tuple(entries), kept)


def _note(case: Case, name: EntryId, lease: Lease) -> Entry:
    return Entry(
        service=case.service,
        id=name,
        at=case.now,
        kind=Kind.NOTED,
        by=WARDEN,
        tick=name.partition("#")[0],
        reason=Reason(ReasonCode.WITHIN_LIMITS, "it only gives back, within the lease's limits"),
        subject=lease.subject,
    )


def _intent(blank: Entry, lease: Lease, change: Change) -> Entry:
    late = in_words(blank.at - lease.expires)
    text = f"{lease.why}; nobody has renewed that, and its time was over {late} ago"
    facts: dict[str, Fact] = {"expired": iso(lease.expires), "orphan": lease.orphan}
    return replace(
        blank,
        kind=Kind.INTENDED,
        lever=lever_of(change),
        change=change,
        inverse=inverse_of(change),
        wanted=Reason(ReasonCode.LEASE_EXPIRED, text, facts),
        deadline=blank.at + DEADLINE,
        # for the controller, once it lives again: who ended it, and whether it did any good
        expects=given_back(change, blank.at),
    )


def _pending(intent: Entry, change: Change) -> Pending:
    deadline = intent.at + DEADLINE
    held = Pending(intent.id, change, ReasonCode.LEASE_EXPIRED, intent.at, deadline)
    return replace(held, expects=intent.expects)
