"""The warden: gives back what is temporary when nobody renews it any more.

It needs neither a tick nor a policy: the leases say how, the world says whether. What it does is
written first, as an intent of its own, in the transaction that takes the leases: a controller that
lives again, or another warden, makes that fail, and then nothing was done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from trimtab.act import Actor, Role
from trimtab.answers import expiry_of
from trimtab.errors import Conflict, TrimtabError
from trimtab.lease import Case, Sight, plan_for
from trimtab.model.change import Resize, Restore, Reweight, lever_of
from trimtab.model.entry import Entry, outcome_id
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.kept import SHORTEST
from trimtab.model.lease import WARDEN, Lease, Leases
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import Hands, Infrastructure, Ledger, Store

MOST_A_RUN = 50
"""Changes a run sets about, over all services: what a function's time is enough for."""
MOST_A_SERVICE = 20
"""Of them in one service: the others must get their turn."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of one service's leases. ``trouble`` says why nothing, or no more, was done.

    ``kept`` says what could not be given back although its time is over, and why.
    """

    service: ServiceId
    held: int
    expired: int = 0
    outcomes: tuple[Entry, ...] = ()
    trouble: Reason | None = None
    kept: Mapping[str, Reason] = field(default_factory=dict)


class Warden:
    """Looks after every service's leases; keeps no state between runs."""

    def __init__(
        self, store: Store, ledger: Ledger, infrastructure: Infrastructure, hands: Hands
    ) -> None:
        """Work on the given ports."""
        self._store = store
        self._ledger = ledger
        self._infrastructure = infrastructure
        self._actor = Actor(ledger, store, infrastructure, hands, Role(WARDEN))

    def run(self, now: datetime) -> tuple[Watched, ...]:
        """Give back what has expired; one service's trouble leaves the others alone.

        Raises only if the leases cannot be read at all.
        """
        room = MOST_A_RUN
        found = []
        rows = self._store.leases()
        for service in sorted(rows, key=lambda name: (_first_due(rows[name], now), name)):
            row = rows[service]
            if isinstance(row, Reason):
                found.append(Watched(service, 0, trouble=row))
                continue
            watched = self._watch_or_say(service, row, now, min(room, MOST_A_SERVICE))
            room -= len(watched.outcomes)
            found.append(watched)
        return tuple(found)

    def _watch_or_say(self, service: ServiceId, row: Leases, now: datetime, room: int) -> Watched:
        due = [lease for lease in row.held if lease.expires <= now]
        nothing = Watched(service, len(row.held), len(due))
        if not due:
            return nothing
        try:
            outcomes, kept = self._watch(service, row, due, now, room)
            return replace(nothing, outcomes=outcomes, kept=kept)
        except _Paused as paused:
            return replace(nothing, trouble=Reason(ReasonCode.PAUSED, str(paused)))
        except Conflict as error:
            return replace(nothing, trouble=Reason(ReasonCode.CONFLICTING_CHANGE, str(error)))
        except TrimtabError as error:
            text = f"{type(error).__name__}: {error}"
            return replace(nothing, trouble=Reason(ReasonCode.NOT_SEEN, text))
        except Exception as error:  # one service's fault must not keep the others from expiring
            text = f"a fault of Trimtab's own, please report it: {type(error).__name__}: {error}"
            return replace(nothing, trouble=Reason(ReasonCode.AWS_ERROR, text))

    def _watch(
        self, service: ServiceId, row: Leases, due: Sequence[Lease], now: datetime, room: int
    ) -> tuple[tuple[Entry, ...], Mapping[str, Reason]]:
        case = Case(service, row, self._ended(service, row, now), now)
        ready = [lease for lease in self._unpaused(service, due, now) if case.is_ready(lease)]
        plan = plan_for(case, ready, self._look(ready), room)
        if plan.left != replace(row, version=row.version + 1):
            self._ledger.give_back(service, plan.left, plan.entries)
        done = [self._actor.carry_out(service, intent, now) for intent in plan.intents]
        return tuple(outcome for outcome in done if outcome is not None), plan.kept

    def _unpaused(
        self, service: ServiceId, due: Sequence[Lease], now: datetime
    ) -> tuple[Lease, ...]:
        try:
            pauses = self._store.pauses(service)
        except TrimtabError as error:
            raise _Paused(f"the pause switch could not be read: {error}") from error
        free = tuple(
            lease
            for lease in due
            if not any(pause.holds(lever_of(lease.inverse), now) for pause in pauses)
        )
        if not free:
            raise _Paused("; ".join(f"paused by {pause.by}: {pause.why}" for pause in pauses))
        return free

    def _ended(self, service: ServiceId, row: Leases, now: datetime) -> Mapping[EntryId, Entry]:
        """Find the outcomes of earlier intents; end those that nobody carried out in time."""
        waiting = [attempt.pending for _, attempt in sorted(row.attempts.items())]
        found = self._ledger.entries(service, [outcome_id(p.entry) for p in waiting])
        ended = {p.entry: found[i] for p in waiting if (i := outcome_id(p.entry)) in found}
        for pending in waiting:
            if pending.entry not in ended and now > pending.deadline:
                outcome = self._actor.carry_out(service, pending.entry, now)
                if outcome is None and now - pending.deadline >= SHORTEST:
                    outcome = expiry_of(pending, service, now, WARDEN)  # the intent has expired
                    self._ledger.append(outcome)
                if outcome is not None:
                    ended[pending.entry] = outcome
        return ended

    def _look(self, leases: Sequence[Lease]) -> Sight:
        """See what the leases are about; what could not be seen is a reason in its place."""
        changes = [lease.inverse for lease in leases]
        groups = {c.group for c in changes if isinstance(c, Restore | Resize) and c.group}
        targets = {c.target_group for c in changes if isinstance(c, Restore) and not c.group}
        routes = [c for c in changes if isinstance(c, Reweight)]
        targets |= {group for route in routes for group in route.after}
        return Sight(
            targets=self._infrastructure.targets(sorted(targets)) if targets else {},
            groups=self._infrastructure.groups(sorted(groups)) if groups else {},
            routes=self._infrastructure.routes(sorted({r.rule for r in routes})) if routes else {},
        )


class _Paused(TrimtabError):
    """A pause wins, and what cannot be read counts as one."""


def _first_due(row: Leases | Reason, now: datetime) -> datetime:
    held = row.held if isinstance(row, Leases) else ()
    return min((lease.expires for lease in held), default=now)
