"""What became of each applied action, from what the world shows now. Pure.

Missing data is no verdict: blind means wait, and in the end *not known*. ``verified`` and
``ineffective`` are claimed only of what was seen; what was known before an action must be known
after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from trimtab.effects.harm import harm_of
from trimtab.effects.looks import is_out, look
from trimtab.model.change import Eject, Resize, Restore, Retire, caution_keys, subject_of
from trimtab.model.effect import Effect, Proof, Unverified, held_again
from trimtab.model.ids import EntryId
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.situation import Situation

UNSEEN_FOR = timedelta(minutes=10)
"""How long after its time an effect is waited for that cannot be seen."""

TOLD_WITHIN = timedelta(hours=1)
"""After that long, an effect nobody told of is not told any more: a controller that was away, or a
memory brought back from a backup, has nothing to say of it."""
SOMEBODYS_WORD = frozenset(
    {ReasonCode.REQUESTED, ReasonCode.HELD, ReasonCode.UNDOING, ReasonCode.REVERTING}
)
"""Actions that are measured like all others, and neither taken back nor held: an operator's word,
and what takes another action back."""


def judge(at: Situation) -> tuple[Effect, ...]:
    """Return what became of actions whose effect shows, the worst first."""
    found = (_of(held, at) for held in at.memory.unverified)
    return tuple(sorted((e for e in found if e is not None), key=_worst_first))


def _worst_first(effect: Effect) -> tuple[bool, bool, EntryId]:
    is_bad = effect.proof is Proof.INEFFECTIVE
    return (not effect.worse, not is_bad, effect.about.entry)


def _of(held: Unverified, at: Situation) -> Effect | None:
    being_undone = {entry for p in at.memory.pending for entry in p.undoes}
    if not held.done < at.now < held.done + TOLD_WITHIN or held.entry in being_undone:
        return None
    if not at.names(held.change):
        text = "not known: the policy no longer names what it is about"
        return Effect(held, Proof.UNKNOWN, Reason(ReasonCode.EFFECT_UNKNOWN, text))
    later = _later(held, at.memory.unverified)
    harm = harm_of(held, at)
    if harm is not None:
        return _worse(held, harm, at)
    proof, text = look(held, later, at)
    is_time = later is not None or at.now >= held.expects.by
    if proof is Proof.VERIFIED and (is_time or _shows_at_once(held)):
        return Effect(held, proof, Reason(ReasonCode.AS_EXPECTED, text, _facts(held, at)))
    if proof is Proof.INEFFECTIVE and is_time:
        return _held_back(Effect(held, proof, Reason(ReasonCode.NO_EFFECT, text), False), at)
    if proof is Proof.UNKNOWN:
        return Effect(held, proof, Reason(ReasonCode.EFFECT_UNKNOWN, text))
    if later is not None or at.now >= held.expects.by + UNSEEN_FOR:
        why = f"not known: {text}" if later is None else f"not known: changed again before; {text}"
        return Effect(held, Proof.UNKNOWN, Reason(ReasonCode.EFFECT_UNKNOWN, why))
    return None


def _later(held: Unverified, others: Iterable[Unverified]) -> Unverified | None:
    """Find what was done to the same thing since. Growth goes on, whatever else is asked for."""
    if _grows(held):
        return None
    subject = subject_of(held.change)
    return next((o for o in others if o.done > held.done and subject_of(o.change) == subject), None)


def _shows_at_once(held: Unverified) -> bool:
    """Tell what is proven as soon as it is so; other actions may still do harm."""
    return isinstance(held.change, Restore | Retire) or _grows(held)


def _grows(held: Unverified) -> bool:
    change = held.change
    return isinstance(change, Resize) and change.after > change.before


def _worse(held: Unverified, harm: Reason, at: Situation) -> Effect:
    if held.reason in SOMEBODYS_WORD:
        text = f"{harm.text}; it stays, as it was somebody's word"
        return Effect(held, Proof.INEFFECTIVE, replace(harm, text=text))
    reason = replace(harm, text=f"{harm.text}; it is taken back if every guard agrees")
    return _held_back(Effect(held, Proof.INEFFECTIVE, reason, worse=True), at)


def _held_back(effect: Effect, at: Situation) -> Effect:
    """Hold what did not help: it is not done again for a while, longer each time."""
    held = effect.about
    if held.reason in SOMEBODYS_WORD or not (effect.worse or _may_repeat(held, at)):
        return effect
    keys = caution_keys(held.change)
    if not keys:
        return effect
    until = max(held_again(at.memory.cautions.get(k), held.done, at.now)[0] for k in keys)
    text = f"{effect.reason.text}; not again before {until:%H:%M}"
    return replace(effect, reason=replace(effect.reason, text=text), holds=keys)


def _may_repeat(held: Unverified, at: Situation) -> bool:
    """Tell whether the same would be done again: the world is no longer as the action left it."""
    change = held.change
    if isinstance(change, Eject):
        return not is_out(change.fleet, change.target, at)
    return isinstance(change, Resize)


def _facts(held: Unverified, at: Situation) -> dict[str, Fact]:
    return {"after_s": (at.now - held.done).total_seconds()}
