"""Actions whose effect is to be found out, regretted ones, and what is held back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from tests.builders import NOON, at
from tests.properties.policies import some
from trimtab.model.change import Change, Eject, Resize, Reweight, caution_keys
from trimtab.model.effect import Caution, Expectation, Unverified, Vitals
from trimtab.model.ids import EntryId
from trimtab.model.memory import Ejection, Memory
from trimtab.model.policy import Policy
from trimtab.model.reason import ReasonCode

WELL = Vitals(serving=6, trusted=6, bad=0, units=2.0, errors=0.0, latency=0.01)
REASONS = (*[ReasonCode.EJECT_OUTLIER] * 5, ReasonCode.REQUESTED, ReasonCode.REVERTING)


@st.composite
def actions(draw: st.DrawFn, change: Change, number: int, policy: Policy) -> Unverified:
    """A change that was made a while ago, to a world that was well before."""
    when = at(-draw(some(4, 1, 5, 9, 16)))
    before = draw(some(WELL, WELL, WELL, Vitals()))
    by = when + timedelta(minutes=draw(some(5, 10)))
    return Unverified(
        entry=EntryId(f"01DONE#{number:03d}"),
        change=change,
        reason=draw(some(*REASONS)),
        at=when,
        done=when + timedelta(seconds=draw(some(2, 2, 2, 90, 600))),
        expects=Expectation("it helps", by, dict.fromkeys(policy.fleets, before), draw(some(*YES))),
    )


YES = (True, True, False)


@st.composite
def with_effects(
    draw: st.DrawFn, memory: Memory, policy: Policy, changes: tuple[Change, ...]
) -> Memory:
    """The memory after such changes: some to be judged, some regretted, some held back."""
    done = [draw(actions(_as_left(c), n, policy)) for n, c in enumerate(changes)]
    regretted = tuple(u for u in done if draw(some(True, False)))
    keys = [key for c in changes for key in caution_keys(c) if draw(some(False, True))]
    caution = Caution(EntryId("01BAD#000"), "made_worse", at(-3), at(draw(some(9, -1))))
    memory = replace(
        memory,
        unverified=tuple(u for u in done if u not in regretted),
        regretted=regretted,
        cautions=dict.fromkeys(keys, caution),
    )
    for held in done:
        if isinstance(held.change, Eject) and draw(some(True, False)):
            memory = _held_out(memory, held, held.change)
    return memory


def _held_out(memory: Memory, held: Unverified, eject: Eject) -> Memory:
    fleet = memory.fleet(eject.fleet)
    out = Ejection(eject, held.reason, held.at, NOON + timedelta(minutes=4), 1)
    fleet = replace(fleet, ejected={**fleet.ejected, eject.target: out})
    return replace(memory, fleets={**memory.fleets, eject.fleet: fleet})


def _as_left(change: Change) -> Change:
    """Turn a change around, so that the world is as it left it: then it can be taken back."""
    match change:
        case Resize():
            return replace(change, before=change.after, after=change.before)
        case Reweight():
            return replace(change, before=change.after, after=change.before)
        case _:
            return change


__all__ = ["WELL", "actions", "with_effects"]
