"""What memory makes of effects: what to take back, and what not to do again for a while. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.effects.judge import TOLD_WITHIN
from trimtab.model.change import Resize, Restore, Retire
from trimtab.model.effect import Caution, Effect, Unverified, held_again
from trimtab.model.ids import FleetId
from trimtab.model.memory import Memory

TAKEN_BACK_WITHIN = timedelta(minutes=20)
"""After that long an action that did harm is no longer taken back: too much has changed since."""
FORGOTTEN_AFTER = timedelta(hours=6)
"""How long after its end a hold still makes the next one longer."""


def learn(memory: Memory, effects: Sequence[Effect], now: datetime) -> Memory:
    """Fold effects into memory: each is known from now on, and judged no more."""
    known = {e.about.entry for e in effects}
    regretted = [*memory.regretted, *(e.about for e in effects if e.worse)]
    return replace(
        memory,
        unverified=tuple(
            u for u in memory.unverified if u.entry not in known and now - u.done < TOLD_WITHIN
        ),
        regretted=tuple(
            u
            for u in regretted
            if now - u.done < TAKEN_BACK_WITHIN and u.entry not in memory.undone
        ),
        cautions=_cautions(memory.cautions, effects, now),
    )


def _cautions(
    held: Mapping[str, Caution], effects: Sequence[Effect], now: datetime
) -> Mapping[str, Caution]:
    found = {k: c for k, c in held.items() if now - c.until < FORGOTTEN_AFTER}
    for effect in effects:
        for key in effect.holds:
            earlier = found.get(key)
            until, times = held_again(earlier, effect.about.done, now)
            if earlier is None or times != earlier.times:
                found[key] = Caution(effect.about.entry, effect.reason.code, now, until, times)
    return found


def is_watched(memory: Memory, fleet: FleetId) -> bool:
    """Tell whether a fleet's errors and latency are needed to know an action's effect."""
    return any(
        fleet in held.expects.before and _may_do_harm(held)
        for held in (*memory.unverified, *memory.regretted)
    )


def _may_do_harm(held: Unverified) -> bool:
    change = held.change
    grows = isinstance(change, Resize) and change.after > change.before
    return not (grows or isinstance(change, Restore | Retire))
