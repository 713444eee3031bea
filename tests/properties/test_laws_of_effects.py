"""What an action did is told at most once, of what was seen only, and taken back at most once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from hypothesis import event, given, settings

from tests.properties.profile import EXAMPLES
from tests.properties.test_laws_over_time import enforced
from tests.properties.worlds import inputs
from trimtab.loop import think
from trimtab.model.change import Eject, Resize, Restore, Reweight, caution_keys
from trimtab.model.entry import EFFECTS, Entry, Kind, effect_id, outcome_id
from trimtab.model.ids import EntryId
from trimtab.model.observation import Observation
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs, Tick
from trimtab.remember import settle
from trimtab_lab.laws import Judged, hold

MINUTE = timedelta(minutes=1)


def effects_of(tick: Tick) -> list[Entry]:
    return [e for e in tick.entries if e.id.endswith("#effect")]


def reverts_of(tick: Tick) -> list[Entry]:
    return [e for e in tick.entries if e.wanted and e.wanted.code is ReasonCode.REVERTING]


def applied(entries: Iterable[Entry]) -> Mapping[EntryId, Entry]:
    """Everything intended was done."""
    return {
        e.id: replace(
            e, id=outcome_id(e.id), kind=Kind.APPLIED, reason=Reason(ReasonCode.APPLIED, "done")
        )
        for e in entries
        if e.kind is Kind.INTENDED
    }


def next_tick(tick: Tick) -> Tick:
    """The same world a minute later, with all of this tick done and nothing more asked."""
    seen = replace(tick.inputs.seen, now=tick.now + MINUTE)
    memory = settle(tick.memory, applied(tick.entries), seen, tick.inputs.policy)
    rest = replace(tick.inputs, requests=tick.inputs.requests.left, cited={})
    return think(replace(rest, seen=seen, memory=memory), "schedule")


@settings(max_examples=EXAMPLES * 2)
@given(inputs())
def test_an_effect_is_told_once_and_every_action_is_known_or_waits(given_inputs: Inputs) -> None:
    first = think(enforced(given_inputs), "schedule")
    second = next_tick(first)

    told = [e.id for tick in (first, second) for e in effects_of(tick)]
    assert len(told) == len(set(told))
    for tick in (first, second):
        before = {u.entry for u in tick.inputs.memory.unverified}
        known = {e.intent for e in effects_of(tick)}
        assert known <= before
        assert {u.entry for u in tick.memory.unverified} == before - known
        for entry in effects_of(tick):
            assert entry.intent is not None
            assert entry.id == effect_id(entry.intent)
            event(f"{entry.kind} {entry.reason.code} {type(entry.change).__name__}")


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_what_is_not_seen_is_neither_verified_nor_ineffective(given_inputs: Inputs) -> None:
    seen = given_inputs.seen
    blind = Observation(seen.service, seen.now, {}, {})
    tick = think(replace(enforced(given_inputs), seen=blind), "schedule")
    assert not [e for e in effects_of(tick) if e.kind in EFFECTS]
    assert reverts_of(tick) == []
    assert tick.memory.cautions.keys() <= given_inputs.memory.cautions.keys()


@settings(max_examples=EXAMPLES * 2)
@given(inputs())
def test_an_action_is_taken_back_at_most_once_within_the_laws(given_inputs: Inputs) -> None:
    first = think(enforced(given_inputs), "schedule")
    second = next_tick(first)
    hold(Judged(second.inputs, second.belief, second.verdicts))

    undone = [e.intent for tick in (first, second) for e in reverts_of(tick) if _acts(e)]
    assert len(undone) == len(set(undone))
    assert not set(undone) & given_inputs.memory.undone.keys()
    for entry in (e for tick in (first, second) for e in reverts_of(tick)):
        event(f"{entry.kind} {type(entry.change).__name__}")
        known = [*given_inputs.memory.regretted, *given_inputs.memory.unverified]
        (about,) = [u for u in known if u.entry == entry.intent]
        assert about.entry in {u.entry for u in first.memory.regretted} | set(undone)
        match entry.change:
            case Eject():
                raise AssertionError("taking out takes nothing back")
            case Resize():
                assert entry.change.after > entry.change.before, "growth is never taken back"
            case Restore():
                assert isinstance(about.change, Eject)
            case Reweight():
                assert isinstance(about.change, Reweight)


def _acts(entry: Entry) -> bool:
    return entry.kind is Kind.INTENDED


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_what_is_held_back_is_not_done_again(given_inputs: Inputs) -> None:
    tick = think(enforced(given_inputs), "schedule")
    held = {k for k, c in tick.memory.cautions.items() if tick.now < c.until}
    for verdict in tick.verdicts:
        keys = set(caution_keys(verdict.change))
        if not verdict.may_act or verdict.proposal.request is not None or not keys & held:
            continue
        change = verdict.change
        assert not isinstance(change, Resize)
        if isinstance(change, Eject):
            here = tick.belief.fleets[change.fleet].targets or ()
            mine = [b for b in here if b.target.instance == change.instance]
            assert not any(b.serves for b in mine), "only what serves nothing"
        else:
            assert any(b.down for b in tick.belief.fleets.values()), "only away from what is down"


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_every_intent_says_what_it_should_change(given_inputs: Inputs) -> None:
    tick = think(enforced(given_inputs), "schedule")
    expected = {p.entry: p.expects for p in tick.memory.pending}
    for entry in tick.entries:
        if entry.kind is Kind.INTENDED:
            assert entry.expects is not None
            assert entry.expects.by > entry.at
            assert expected[entry.id] == entry.expects
        else:
            assert entry.expects is None
