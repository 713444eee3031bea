"""The loop: one tick of one service, on one screen.

``observe -> assess -> decide -> guard``, then one transaction. Pure in the middle; the ends are
ports. ``now`` is read once, by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from trimtab.answers import expiry_of
from trimtab.assess import assess
from trimtab.codec import ulid
from trimtab.decide import decide, hear, holds_after, sizes_wanted
from trimtab.effects import judge, learn
from trimtab.errors import Conflict, Malformed, TrimtabError
from trimtab.guard import guard
from trimtab.guard.plan import is_removal
from trimtab.lease import adopted, leases_after
from trimtab.model.blast import spends_of
from trimtab.model.entry import Entry, answer_id, lapse_id, outcome_id
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.memory import Pending
from trimtab.model.observation import Observation
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import Requests, cited_by
from trimtab.model.situation import Situation
from trimtab.model.tick import SCHEDULE, Ask, Inputs, Remembered, Tick
from trimtab.narrate import narrate
from trimtab.observe import observe
from trimtab.ports import Infrastructure, Ledger, Reports, Signs, Store
from trimtab.remember import in_vain, newly_out, remember, rewound, settle
from trimtab.signs import with_signs

T = TypeVar("T")
GRACE = timedelta(minutes=1)
"""How long past its deadline an intent may still get its outcome from act: a function's timeout."""

EFFECTS_FIRST, MOST_TOLD = 3, 40
"""Effects told in any case, the worst first; others where intents leave room among so many."""

Result = Tick | Reason


class Loop:
    """Looks at services and writes down what should happen. Changes nothing in the world."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        infrastructure: Infrastructure,
        reports: Reports | None = None,
        signs: Signs | None = None,
    ) -> None:
        """Work on the given ports; keeps no state. Without the last two nothing of them is seen."""
        self._signs = signs
        self._store = store
        self._ledger = ledger
        self._infrastructure = infrastructure
        self._reports = reports

    def tick(self, asks: Sequence[Ask], now: datetime) -> dict[ServiceId, Result]:
        """Look at each service asked for, once; return its tick, or why it had none.

        Reads are shared among the services; one service's trouble is a reason of its own and
        leaves the others alone. Raises only if nothing at all could be recalled.
        """
        causes = _causes(asks)
        recalled = self._store.recall(sorted(causes), now)
        known = {n: _whole(r, now) for n, r in recalled.items() if isinstance(r, Remembered)}
        enabled = {n: r for n, r in known.items() if r.policy.enabled}
        results: dict[ServiceId, Result] = {
            n: r if isinstance(r, Reason) else Reason(ReasonCode.PAUSED, "its policy is disabled")
            for n, r in recalled.items()
            if n not in enabled
        }
        # what became of earlier intents is read before the world, so that sight is never older
        ends = {
            name: _or_reason(partial(self._outcomes, name, held.memory.pending, now))
            for name, held in enabled.items()
        }
        urgent = {name for name, by in causes.items() if by != SCHEDULE}
        seen = self._seen(enabled, urgent, now)
        for name, held in enabled.items():
            outcomes, sight = ends[name], seen[name]
            if isinstance(outcomes, Reason):
                results[name] = outcomes
            elif isinstance(sight, Reason):
                results[name] = sight
            else:
                results[name] = _or_reason(partial(self._one, held, outcomes, sight, causes[name]))
        return results

    def _seen(
        self, enabled: Mapping[ServiceId, Remembered], urgent: Set[ServiceId], now: datetime
    ) -> Mapping[ServiceId, Observation | Reason]:
        """Look at all services together; if that breaks, at each alone."""
        look = partial(self._look, now=now)
        together = _or_reason(partial(look, enabled, urgent))
        if not isinstance(together, Reason):
            return together
        alone = {
            name: _or_reason(partial(look, {name: held}, urgent)) for name, held in enabled.items()
        }
        return {name: s if isinstance(s, Reason) else s[name] for name, s in alone.items()}

    def _look(
        self, stored: Mapping[ServiceId, Remembered], urgent: Set[ServiceId], now: datetime
    ) -> Mapping[ServiceId, Observation]:
        """Look at health and load, and at whatever else is worth it after that."""
        seen = observe(self._infrastructure, stored, urgent, now, self._reports)
        return seen if self._signs is None else with_signs(self._signs, stored, seen, urgent)

    def _one(
        self, held: Remembered, outcomes: Mapping[EntryId, Entry], seen: Observation, by: str
    ) -> Tick:
        """Finish one service's tick and commit it."""
        memory = settle(held.memory, outcomes, seen, held.policy)
        cited = self._cited(seen.service, held.requests)
        returned = in_vain(held.memory, outcomes, seen)
        inputs = Inputs(
            seen, held.policy, memory, held.pauses, held.requests, cited, held.leases,
            held.blast, returned,
        )  # fmt: skip
        tick = think(inputs, by)
        self._ledger.commit(tick)
        return tick

    def _cited(self, service: ServiceId, requests: Requests) -> Mapping[EntryId, Entry]:
        """Read the entries that requests are about; a damaged one is as good as none."""
        about = [e for r in requests.heard if (e := cited_by(r.what)) is not None]
        if not about:
            return {}
        names = [f(e) for e in about for f in (EntryId, outcome_id, answer_id, lapse_id)]
        try:
            return self._ledger.entries(service, names)
        except Malformed:
            return {}

    def _outcomes(
        self, service: ServiceId, pending: Iterable[Pending], now: datetime
    ) -> Mapping[EntryId, Entry]:
        """Find what became of the intents under way; end those nobody carried out in time."""
        waiting = {p.entry: p for p in pending}
        if not waiting:
            return {}
        found = self._ledger.entries(service, [outcome_id(e) for e in waiting])
        outcomes = {e: found[outcome_id(e)] for e in waiting if outcome_id(e) in found}
        for name, late in waiting.items():
            if name in outcomes or now < late.deadline + GRACE:
                continue
            expired = expiry_of(late, service, now, "reconcile")
            if self._ledger.append(expired):
                outcomes[name] = expired
                continue
            told = self._ledger.entries(service, [outcome_id(name)])
            if outcome_id(name) in told:
                outcomes[name] = told[outcome_id(name)]  # by act, since we asked
        return outcomes


def _or_reason(work: Callable[[], T]) -> T | Reason:
    """Do one service's part, or say why it could not be done: the others go on."""
    try:
        return work()
    except Conflict as error:
        return Reason(ReasonCode.CONFLICTING_CHANGE, str(error))
    except TrimtabError as error:
        return Reason(ReasonCode.AWS_ERROR, f"{type(error).__name__}: {error}")
    except Exception as error:  # one service's fault must not end the others' ticks
        text = f"a fault of Trimtab's own, please report it: {type(error).__name__}: {error}"
        return Reason(ReasonCode.AWS_ERROR, text)


def _whole(held: Remembered, now: datetime) -> Remembered:
    """Count what the warden set about while nobody ticked as under way; remember no future."""
    return replace(held, memory=adopted(rewound(held.memory, now), held.leases))


def _causes(asks: Sequence[Ask]) -> dict[ServiceId, str]:
    """Say for each service why it is looked at: anything is a better reason than the schedule."""
    causes: dict[ServiceId, str] = {}
    for ask in sorted(asks, key=lambda a: a.asked_at):
        if ask.by != SCHEDULE or ask.service not in causes:
            causes[ask.service] = ask.by
    return causes


def think(inputs: Inputs, by: str) -> Tick:
    """Run the pure part of a tick: the same inputs always give the same tick."""
    belief = assess(inputs.seen, inputs.policy, inputs.memory)
    at = Situation(inputs.seen, belief, inputs.policy, inputs.memory)
    heard = hear(inputs.requests.heard, inputs.cited, at)
    effects = judge(at)
    memory = learn(inputs.memory, effects[:EFFECTS_FIRST], at.now)
    at = replace(at, memory=replace(memory, holds=heard.holds))
    others = newly_out(at)
    blast = inputs.blast.beside(others)
    verdicts = guard(decide(at, heard.proposals), at, inputs.pauses, heard, blast)
    effects = effects[: EFFECTS_FIRST + max(0, MOST_TOLD - sum(v.may_act for v in verdicts))]
    service, now, version = inputs.seen.service, inputs.seen.now, inputs.memory.version
    name = ulid(now, f"{service} {version}")
    at = replace(at, effects=effects)
    story = narrate(verdicts, at, name, by, heard)
    memory = learn(at.memory, effects[EFFECTS_FIRST:], at.now)
    at = replace(at, memory=replace(memory, holds=holds_after(heard, verdicts)))
    memory = remember(at, sizes_wanted(at), story.pending, story.standing)
    leases = leases_after(inputs.leases, at, memory)
    intended = sum(v.may_act and is_removal(v.change) for v in verdicts)
    spends = spends_of(inputs.blast, intended, others, inputs.returned, now)
    return Tick(
        name, inputs, belief, verdicts, story.entries, memory, by, leases=leases, spends=spends
    )
