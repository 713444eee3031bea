"""What became of the intents under way, folded into memory once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    MAIN,
    RULE,
    a_fleet,
    a_group,
    a_member,
    a_policy,
    a_target,
    an_eject,
    an_ejection,
    an_entry,
    at,
    remembered,
    seen,
    targets,
)
from tests.unit.core.worlds import a_reweight
from trimtab.model.change import Change, Resize, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.ids import EntryId
from trimtab.model.memory import Action, FleetMemory, Memory, Pending, Strikes
from trimtab.model.observation import Lifecycle, Observation, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.remember import settle

INTENT = EntryId("T#000")
APPLIED = (Kind.APPLIED, Code.APPLIED)
UNNEEDED = (Kind.UNNEEDED, Code.ALREADY_SO)
UNCONFIRMED = (Kind.FAILED, Code.UNCONFIRMED)
EXPIRED = (Kind.EXPIRED, Code.TOO_LATE)
PAUSED = (Kind.FAILED, Code.PAUSED)
DENIED = (Kind.FAILED, Code.ACCESS_DENIED)
NOT_FOUND = (Kind.FAILED, Code.NOT_FOUND)
CONFLICT = (Kind.CONFLICT, Code.WORLD_CHANGED)
End = tuple[Kind, Code]
OUT = seen(a_fleet(targets(3, first=2)))
STILL_IN = seen(a_fleet(targets(4)))


def settled(
    change: Change, end: End | None, world: Observation = STILL_IN, memory: Memory | None = None
) -> Memory:
    pending = Pending(INTENT, change, Code.EJECT_UNHEALTHY, at(-2), at(0))
    memory = replace(memory or Memory(), pending=(pending,))
    outcomes = {}
    if end is not None:
        outcomes[INTENT] = an_entry(kind=end[0], reason=Reason(end[1], "so it ended"))
    return settle(memory, outcomes, world, a_policy())


def test_without_an_outcome_an_intent_stays_under_way() -> None:
    assert [p.entry for p in settled(an_eject(), None).pending] == [INTENT]


@pytest.mark.parametrize(
    ("end", "world", "held"),
    [
        pytest.param(APPLIED, STILL_IN, True, id="applied, whatever is seen yet"),
        pytest.param(UNNEEDED, STILL_IN, True, id="was so already"),
        pytest.param(DENIED, OUT, False, id="denied"),
        pytest.param(NOT_FOUND, OUT, False, id="not found"),
        pytest.param(CONFLICT, OUT, False, id="the world had changed"),
        pytest.param(UNCONFIRMED, OUT, True, id="unclear, and it is out"),
        pytest.param(UNCONFIRMED, STILL_IN, False, id="unclear, and it is in"),
        pytest.param(UNCONFIRMED, seen(), True, id="unclear, and blind: to be put back"),
        pytest.param(UNCONFIRMED, seen(a_fleet(None)), True, id="unclear, targets unread"),
        pytest.param(PAUSED, OUT, False, id="paused, and somebody took it out by hand"),
        pytest.param(EXPIRED, OUT, True, id="expired, and it is out"),
        pytest.param(EXPIRED, STILL_IN, False, id="expired, and it is in"),
        pytest.param(
            EXPIRED, seen(a_fleet((a_target(1, state=TargetState.DRAINING),))), True, id="draining"
        ),
    ],
)
def test_an_ejection_is_ours_if_it_happened(end: End, world: Observation, held: bool) -> None:
    memory = settled(an_eject(), end, world)
    assert bool(memory.fleet(BLUE).ejected) is held
    assert [a.removal for a in memory.actions] == ([True] if held else [])
    assert not memory.pending


def test_an_ejection_is_dated_and_lasts_longer_each_time() -> None:
    first = settled(an_eject(), APPLIED).fleet(BLUE).ejected[an_eject().target]
    assert (first.since, first.until, first.strikes) == (at(-2), at(8), 1)
    earlier = remembered(strikes={an_eject().target: Strikes(2, at(-90))})
    third = settled(an_eject(), APPLIED, memory=earlier).fleet(BLUE).ejected[an_eject().target]
    assert (third.until, third.strikes) == (at(38), 3)


@pytest.mark.parametrize(
    ("lifecycle", "held"),
    [(Lifecycle.ENTERING_STANDBY, True), (Lifecycle.STANDBY, True), (Lifecycle.IN_SERVICE, False)],
)
def test_what_its_group_sets_aside_is_out_whatever_the_load_balancer_says_yet(
    lifecycle: Lifecycle, held: bool
) -> None:
    aside = an_eject(method=EjectMethod.STANDBY, group="blue-asg")
    group = a_group(0, a_member(1, lifecycle=lifecycle))
    memory = settled(aside, EXPIRED, seen(a_fleet(targets(4), group)))
    assert bool(memory.fleet(BLUE).ejected) is held


@pytest.mark.parametrize("end", [UNCONFIRMED, EXPIRED])
def test_what_may_have_happened_late_is_dated_from_when_that_was_found(end: End) -> None:
    """AWS may take minutes more to show it: until then "it is in" proves nothing."""
    held = settled(an_eject(), end, OUT).fleet(BLUE).ejected[an_eject().target]
    assert (held.since, held.until) == (at(0), at(10))


HELD = remembered(ejected={an_eject().target: an_ejection(strikes=2)})


@pytest.mark.parametrize(
    ("end", "held", "struck"),
    [
        pytest.param(APPLIED, False, True, id="applied"),
        pytest.param(UNNEEDED, False, True, id="was back already"),
        pytest.param(NOT_FOUND, False, False, id="it no longer exists"),
        pytest.param((Kind.CONFLICT, Code.NOT_FOUND), False, False, id="it left its group"),
        pytest.param(DENIED, True, False, id="denied: asked again"),
        pytest.param(UNCONFIRMED, True, False, id="unclear: asked again"),
        pytest.param(EXPIRED, True, False, id="expired: asked again"),
    ],
)
def test_a_target_is_held_until_it_is_back_or_gone(end: End, held: bool, struck: bool) -> None:
    fleet = settled(inverse_of(an_eject()), end, memory=HELD).fleet(BLUE)
    assert (bool(fleet.ejected), bool(fleet.strikes)) == (held, struck)


def test_a_return_of_what_was_not_held_leaves_no_strike() -> None:
    assert not settled(inverse_of(an_eject()), APPLIED).fleet(BLUE).strikes


def resized(desired: int | None) -> Observation:
    return seen(a_fleet(targets(4), None if desired is None else a_group(4, desired=desired)))


@pytest.mark.parametrize(
    ("end", "world", "shrank"),
    [
        pytest.param(APPLIED, resized(5), True, id="applied"),
        pytest.param(DENIED, resized(4), False, id="denied"),
        pytest.param(UNCONFIRMED, resized(4), True, id="unclear, and it is smaller"),
        pytest.param(UNCONFIRMED, resized(5), False, id="unclear, and it is not"),
        pytest.param(EXPIRED, resized(None), True, id="unclear, and its group unseen"),
        pytest.param(EXPIRED, seen(), True, id="unclear, and nothing seen"),
    ],
)
def test_a_shrinkage_that_may_have_happened_is_not_repeated_at_once(
    end: End, world: Observation, shrank: bool
) -> None:
    memory = settled(Resize(BLUE, "blue-asg", 5, 4), end, world)
    assert memory.fleet(BLUE).resized_down == (at(-2) if shrank else None)
    assert len(memory.actions) == shrank


def test_growth_is_remembered_as_growth() -> None:
    memory = settled(Resize(BLUE, "blue-asg", 4, 5), APPLIED)
    assert memory.fleet(BLUE) == FleetMemory(resized_up=at(-2))
    assert memory.actions == (Action(at(-2), BLUE, None, removal=False),)


@pytest.mark.parametrize(
    ("end", "weights", "moved"),
    [
        pytest.param(APPLIED, {BLUE_ARN: 1}, True, id="applied"),
        pytest.param(CONFLICT, {BLUE_ARN: 2}, False, id="somebody else wrote"),
        pytest.param(UNCONFIRMED, {BLUE_ARN: 2}, True, id="unclear, and it is so"),
        pytest.param(UNCONFIRMED, {BLUE_ARN: 1}, False, id="unclear, and it is not"),
        pytest.param(UNCONFIRMED, None, True, id="unclear, and unseen"),
    ],
)
def test_a_shift_that_may_have_happened_is_dated(
    end: End, weights: dict[object, int] | None, moved: bool
) -> None:
    change = a_reweight({BLUE_ARN: 1}, {BLUE_ARN: 2})
    memory = settled(change, end, seen(weights=weights))  # type: ignore[arg-type]
    assert memory.route(MAIN).moved_at == (at(-2) if moved else None)
    assert [a.fleet for a in memory.actions] == ([None] if moved else [])
    assert change.rule == RULE


def test_an_outcome_is_folded_in_once() -> None:
    once = settled(an_eject(), APPLIED)
    outcomes = {INTENT: an_entry(kind=Kind.APPLIED)}
    assert settle(once, outcomes, STILL_IN, a_policy()) == once


@pytest.mark.parametrize(
    ("count", "held"),
    [
        pytest.param(4, True, id="one look missed it"),
        pytest.param(0, False, id="it is gone by both"),
    ],
)
def test_what_one_look_did_not_find_is_not_forgotten(count: int, held: bool) -> None:
    out = an_eject(method=EjectMethod.STANDBY, group="blue-asg")
    world = seen(a_fleet(targets(4), a_group(count)))
    before = remembered(ejected={out.target: an_ejection(eject=out)})
    after = settled(inverse_of(out), (Kind.CONFLICT, Code.NOT_FOUND), world, before)
    assert (out.target in after.fleet(BLUE).ejected) is held
