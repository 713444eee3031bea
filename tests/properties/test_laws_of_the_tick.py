"""Laws 9 and 11, and what every tick leaves behind: its entries, its record, its memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import NOON
from tests.properties.profile import EXAMPLES
from tests.properties.worlds import inputs
from trimtab.codec import dumps, loads
from trimtab.loop import think
from trimtab.model.entry import Kind
from trimtab.model.observation import FleetSeen, TargetState
from trimtab.model.policy import Lever, Mode
from trimtab.model.tick import Inputs, Pause, Tick
from trimtab.model.verdict import Ruling
from trimtab.ports import MOST_ENTRIES

K = TypeVar("K")
V = TypeVar("V")
EVERYTHING = Pause(frozenset(Lever), "ops", "deploying", NOON)


def in_mode(given_inputs: Inputs, mode: Mode) -> Inputs:
    return replace(
        given_inputs, policy=replace(given_inputs.policy, modes=dict.fromkeys(Lever, mode))
    )


def intends(tick: Tick) -> bool:
    return any(e.kind is Kind.INTENDED for e in tick.entries)


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_observing_wants_and_checks_the_same_and_intends_nothing(given_inputs: Inputs) -> None:
    watching = think(in_mode(given_inputs, Mode.OBSERVE), "schedule")
    acting = think(in_mode(given_inputs, Mode.ENFORCE), "schedule")

    assert [v.proposal for v in watching.verdicts] == [v.proposal for v in acting.verdicts]
    for shadow, real in zip(watching.verdicts, acting.verdicts, strict=True):
        assert (shadow.change, shadow.checks) == (real.change, real.checks)
        assert shadow.ruling is (Ruling.SHADOWED if real.may_act else Ruling.REFUSED)
    assert not intends(watching)
    assert watching.memory.pending == given_inputs.memory.pending


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_paused_wants_the_same_and_intends_nothing(given_inputs: Inputs) -> None:
    paused = think(replace(given_inputs, pauses=(EVERYTHING,)), "schedule")

    wanted = think(given_inputs, "schedule").verdicts
    assert [v.proposal for v in paused.verdicts] == [v.proposal for v in wanted]
    assert all(v.ruling is Ruling.REFUSED for v in paused.verdicts)
    assert not intends(paused)


@settings(max_examples=EXAMPLES)
@given(inputs(), st.randoms(use_true_random=False))
def test_order_changes_nothing(given_inputs: Inputs, dice: object) -> None:
    def mixed(held: Mapping[K, V]) -> dict[K, V]:
        pairs = list(held.items())
        dice.shuffle(pairs)  # type: ignore[attr-defined]
        return dict(pairs)

    def row(held: tuple[V, ...]) -> tuple[V, ...]:
        found = list(held)
        dice.shuffle(found)  # type: ignore[attr-defined]
        return tuple(found)

    def fleet(seen: FleetSeen) -> FleetSeen:
        group = seen.group and replace(seen.group, members=row(seen.group.members))
        return replace(
            seen,
            targets=None if seen.targets is None else row(seen.targets),
            group=group,
            metrics={name: mixed(one) for name, one in (seen.metrics or {}).items()},
            signals=mixed(seen.signals or {}),
        )

    seen, policy = given_inputs.seen, given_inputs.policy
    other = replace(
        given_inputs,
        seen=replace(seen, fleets=mixed({n: fleet(f) for n, f in seen.fleets.items()})),
        policy=replace(
            policy,
            fleets=mixed(policy.fleets),
            routes=tuple(replace(r, split=mixed(r.split)) for r in policy.routes),
        ),
    )

    one, two = think(given_inputs, "schedule"), think(other, "schedule")
    assert one.verdicts == two.verdicts
    assert (one.entries, one.memory) == (two.entries, two.memory)


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_every_tick_leaves_a_record_that_can_be_stored_and_thought_again(
    given_inputs: Inputs,
) -> None:
    tick = think(given_inputs, "schedule")

    text = dumps(tick)
    stored = loads(Tick, text)
    assert stored == tick
    assert dumps(stored) == text
    assert think(stored.inputs, stored.by) == tick
    _has_sound_entries(tick)
    _answers_every_request(tick)
    _remembers_only_what_matters(tick)


def _has_sound_entries(tick: Tick) -> None:
    assert len(tick.entries) <= MOST_ENTRIES
    assert len({e.id for e in tick.entries}) == len(tick.entries)
    under_way = {p.entry: p for p in tick.memory.pending}
    for entry in tick.entries:
        assert entry.reason.text
        if entry.kind is Kind.INTENDED:
            assert entry.deadline is not None
            assert entry.deadline > entry.at
            assert entry.wanted is not None
            assert entry.inverse is not None
            assert under_way[entry.id].change == entry.change
    intents = [e for e in tick.entries if e.kind is Kind.INTENDED]
    assert len(intents) == sum(1 for v in tick.verdicts if v.may_act)
    assert len(tick.memory.pending) == len(tick.inputs.memory.pending) + len(intents)


def _answers_every_request(tick: Tick) -> None:
    """Each request that was heard is answered, and what is approved is done."""
    answers = [e.request for e in tick.entries]
    for request in tick.inputs.requests.heard:
        assert request.id in answers
    for entry in tick.entries:
        if entry.kind is Kind.APPROVED:
            assert any(e.intent == entry.intent for e in tick.entries if e.kind is Kind.INTENDED)
    for hold in tick.memory.holds.values():
        assert hold.until > tick.now


def _remembers_only_what_matters(tick: Tick) -> None:
    """A target that is well, was well and was not touched has no entry."""
    for name, fleet in tick.memory.fleets.items():
        before = tick.inputs.memory.fleet(name)
        known = before.findings.keys() | before.ejected.keys() | before.strikes.keys()
        for belief in tick.belief.fleets[name].targets or ():
            target = belief.target
            if belief.evidence or target.id in known or target.state is not TargetState.HEALTHY:
                continue
            assert target.id not in {*fleet.findings, *fleet.ejected, *fleet.strikes}
