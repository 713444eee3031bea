"""The life of an action, as one table: what may become of it, and which entry says so.

Nothing in the log is ever updated: what stage an action has reached is a fold over its entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab.model.entry import (
    EFFECTS,
    OUTCOMES,
    Entry,
    Kind,
    answer_id,
    outcome_id,
    told_by,
)
from trimtab.model.ids import EntryId


class Stage(StrEnum):
    """How far an action has come."""

    PROPOSED = "proposed"  # in a tick's record only: it never stays here
    SHADOWED = "shadowed"
    REFUSED = "refused"
    AWAITING = "awaiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    INTENDED = "intended"
    APPLIED = "applied"
    FAILED = "failed"
    UNNEEDED = "unneeded"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    VERIFIED = "verified"
    INEFFECTIVE = "ineffective"
    REVERTED = "reverted"


class Step(StrEnum):
    """What happens to an action. All but the last are named like the kind of their entry."""

    SHADOWED = "shadowed"
    REFUSED = "refused"
    AWAITING = "awaiting"
    APPROVED = "approved"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    INTENDED = "intended"
    APPLIED = "applied"
    FAILED = "failed"
    UNNEEDED = "unneeded"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    VERIFIED = "verified"
    INEFFECTIVE = "ineffective"
    UNDONE = "undone"  # another intent, which takes this one back, was applied


TRANSITIONS: Mapping[Stage, Mapping[Step, Stage]] = {
    Stage.PROPOSED: {
        Step.SHADOWED: Stage.SHADOWED,
        Step.REFUSED: Stage.REFUSED,
        Step.AWAITING: Stage.AWAITING,
        Step.INTENDED: Stage.INTENDED,
    },
    Stage.AWAITING: {
        Step.APPROVED: Stage.APPROVED,
        Step.REJECTED: Stage.REJECTED,
        Step.LAPSED: Stage.LAPSED,
    },
    Stage.APPROVED: {Step.INTENDED: Stage.INTENDED},
    Stage.INTENDED: {
        Step.APPLIED: Stage.APPLIED,
        Step.FAILED: Stage.FAILED,
        Step.UNNEEDED: Stage.UNNEEDED,
        Step.CONFLICT: Stage.CONFLICT,
        Step.EXPIRED: Stage.EXPIRED,
    },
    Stage.APPLIED: {
        Step.VERIFIED: Stage.VERIFIED,
        Step.INEFFECTIVE: Stage.INEFFECTIVE,
        Step.UNDONE: Stage.REVERTED,
    },
    Stage.VERIFIED: {Step.UNDONE: Stage.REVERTED},
    Stage.INEFFECTIVE: {Step.UNDONE: Stage.REVERTED},
    Stage.FAILED: {Step.UNDONE: Stage.REVERTED},  # unconfirmed: it may have taken effect
    Stage.REVERTED: {Step.UNDONE: Stage.REVERTED},  # an undo in several steps
}
"""From each stage, what may happen, and where it leads. A stage that is not named is an end."""


@dataclass(frozen=True, slots=True)
class Life:
    """The stage an action has reached, the entries that say so, and what did not fit."""

    stage: Stage
    steps: tuple[tuple[Step, EntryId], ...] = ()
    illegal: tuple[str, ...] = ()


def fold(entries: Iterable[Entry]) -> Life:
    """Tell the stage of the action whose thread these entries are.

    The thread is the first entry of the action, what is told of it (answer, lapse, outcome), the
    intent that carries it out and the intents that take it back, each with its outcome. Entries
    that only answer a request change nothing. Order does not matter, nor do clocks that disagree:
    what is told of an entry comes after it. A step that the table does not allow is skipped and
    named.
    """
    known = {e.id: e for e in entries}
    life = Life(Stage.PROPOSED)
    ordered = sorted(known.values(), key=lambda e: (_when(e, known), _rank(e), e.id))
    for step, entry in _steps(ordered, known):
        leads_to = TRANSITIONS.get(life.stage, {}).get(step)
        if leads_to is None:
            flaw = f"{life.stage} -> {step} ({entry})"
            life = Life(life.stage, life.steps, (*life.illegal, flaw))
        else:
            life = Life(leads_to, (*life.steps, (step, entry)), life.illegal)
    return life


def _steps(
    entries: Iterable[Entry], known: Mapping[EntryId, Entry]
) -> Iterable[tuple[Step, EntryId]]:
    for entry in entries:
        told = known.get(told_by(entry))
        if entry.kind in OUTCOMES and told is not None and _takes_back(told, known):
            if entry.kind is Kind.APPLIED:
                yield Step.UNDONE, entry.id
        elif entry.kind in EFFECTS and told is not None and _takes_back(told, known):
            continue  # it tells of the undo, not of what was undone
        elif _is_step(entry) and not _takes_back(entry, known):
            yield Step(entry.kind), entry.id


def _takes_back(entry: Entry, known: Mapping[EntryId, Entry]) -> bool:
    """Tell an intent that takes another one back from one that carries a proposal out.

    One that was approved does both: it is a step of the proposal it names, and takes back what it
    says it undoes.
    """
    if entry.kind is Kind.INTENDED and any(name in known for name in entry.undoes):
        return True
    about = known.get(entry.intent) if entry.intent else None
    return entry.kind is Kind.INTENDED and about is not None and about.kind is Kind.INTENDED


def _is_step(entry: Entry) -> bool:
    """Tell what moves an action from what only answers a request about it."""
    if entry.kind not in Step._value2member_map_:
        return False
    if entry.kind in (Kind.REFUSED, Kind.LAPSED, Kind.SHADOWED) and entry.intent is not None:
        return told_by(entry) != entry.id
    return True


def _when(entry: Entry, known: Mapping[EntryId, Entry], depth: int = 8) -> tuple[datetime, int]:
    """Return when an entry was written, and no sooner than what it is about and how that ended.

    Functions' clocks may disagree by minutes: act's may say that it was done before it was meant.
    The number tells apart what came after one another in one moment.
    """
    about = known.get(entry.intent) if entry.intent and entry.intent != entry.id else None
    if about is None or not depth:
        return entry.at, 0
    told = [known[name] for name in (outcome_id(about.id), answer_id(about.id)) if name in known]
    before = [e for e in told if _rank(e) < _rank(entry) or _is_own(entry)]
    latest, after = max(_when(e, known, depth - 1) for e in (about, *before))
    return (entry.at, 0) if entry.at > latest else (latest, after + 1)


def _is_own(entry: Entry) -> bool:
    """Tell an action of its own, with a story of its own, from what is told of another."""
    return told_by(entry) == entry.id


def _rank(entry: Entry) -> int:
    """Order entries of one moment: an answer comes before the intent it leads to."""
    order = (Kind.AWAITING, Kind.APPROVED, Kind.INTENDED)
    if entry.kind in order:
        return order.index(entry.kind)
    return len(order) if entry.kind in OUTCOMES else len(order) + 1


def mermaid() -> str:
    """Draw the table as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", f"    [*] --> {Stage.PROPOSED}"]
    lines += [
        f"    {stage} --> {after}: {step}"
        for stage, steps in TRANSITIONS.items()
        for step, after in steps.items()
    ]
    lines += [f"    {stage} --> [*]" for stage in Stage if stage not in TRANSITIONS]
    return "\n".join(lines)
