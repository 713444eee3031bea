"""From one tick to the next: every intent ends once, whatever became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.policies import some
from tests.properties.profile import EXAMPLES
from tests.properties.worlds import inputs
from trimtab.loop import think
from trimtab.model.change import Eject, Restore
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.memory import Memory
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs, Tick
from trimtab.remember import settle
from trimtab_lab.laws import Judged, hold

DONE = (Kind.APPLIED, ReasonCode.APPLIED)
NOT_DONE = (
    (Kind.FAILED, ReasonCode.ACCESS_DENIED),
    (Kind.FAILED, ReasonCode.THROTTLED),
    (Kind.FAILED, ReasonCode.NOT_FOUND),
    (Kind.CONFLICT, ReasonCode.WORLD_CHANGED),
)
UNSURE = ((Kind.FAILED, ReasonCode.UNCONFIRMED), (Kind.EXPIRED, ReasonCode.TOO_LATE))
ENDS = (DONE, (Kind.UNNEEDED, ReasonCode.ALREADY_SO), *NOT_DONE, *UNSURE, None)


def outcomes(
    tick: Tick, ends: Mapping[EntryId, tuple[Kind, ReasonCode] | None]
) -> dict[EntryId, Entry]:
    """The outcome of each intent of a tick; none for those whose end is not known yet."""
    found = {}
    for entry in tick.entries:
        end = ends.get(entry.id)
        if end is not None:
            kind, code = end
            found[entry.id] = replace(
                entry, id=outcome_id(entry.id), kind=kind, reason=Reason(code, "so it ended")
            )
    return found


def enforced(given_inputs: Inputs) -> Inputs:
    modes = dict.fromkeys(Lever, Mode.ENFORCE)
    return replace(given_inputs, policy=replace(given_inputs.policy, modes=modes), pauses=())


def removals(memory: Memory) -> int:
    """How much of the hour's budget is spent: done, and under way."""
    done = sum(1 for a in memory.actions if a.removal)
    return done + sum(1 for p in memory.pending if isinstance(p.change, Eject))


@settings(max_examples=EXAMPLES * 2)
@given(inputs(), st.data())
def test_each_intent_is_counted_once_and_refunded_once(
    given_inputs: Inputs, data: st.DataObject
) -> None:
    tick = think(enforced(given_inputs), "schedule")
    intents = [e for e in tick.entries if e.kind is Kind.INTENDED]
    ends = {e.id: data.draw(some(*ENDS), label=e.subject) for e in intents}

    later = replace(tick.inputs.seen, now=tick.now + timedelta(minutes=1))
    settled = settle(tick.memory, outcomes(tick, ends), later, tick.inputs.policy)

    assert {p.entry for p in settled.pending} == {
        p.entry for p in tick.memory.pending if ends.get(p.entry) is None
    }
    assert removals(settled) <= removals(tick.memory)
    for entry in intents:
        if isinstance(entry.change, Eject) and ends[entry.id] is not None:
            held = entry.change.target in settled.fleet(entry.change.fleet).ejected
            counted = any(a.removal and a.at == entry.at for a in settled.actions)
            assert not held or counted
            if ends[entry.id] in (*NOT_DONE, DONE):
                assert held is (ends[entry.id] == DONE)
        if isinstance(entry.change, Restore) and ends[entry.id] == DONE:
            assert entry.change.target not in settled.fleet(entry.change.fleet).ejected
    again = settle(settled, outcomes(tick, ends), later, tick.inputs.policy)
    assert again == settled, "an outcome is folded in once"


@settings(max_examples=EXAMPLES)
@given(inputs(), st.data())
def test_the_next_tick_keeps_the_laws_too(given_inputs: Inputs, data: st.DataObject) -> None:
    first = think(enforced(given_inputs), "schedule")
    ends = {e.id: data.draw(some(*ENDS)) for e in first.entries if e.kind is Kind.INTENDED}
    seen = replace(first.inputs.seen, now=first.now + timedelta(minutes=1))
    memory = settle(first.memory, outcomes(first, ends), seen, first.inputs.policy)

    heard = replace(first.inputs, requests=first.inputs.requests.left, cited={})
    second = think(replace(heard, seen=seen, memory=memory), "schedule")

    hold(Judged(second.inputs, second.belief, second.verdicts))
    assert not {e.id for e in first.entries} & {e.id for e in second.entries}
