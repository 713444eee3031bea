"""Leases: what a tick leaves for the warden."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    a_fleet,
    a_group,
    a_policy,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    seen,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import a_reweight, a_situation
from trimtab.lease import adopted, leases_after
from trimtab.model.change import Change, Resize, inverse_of, subject_of
from trimtab.model.ids import EntryId
from trimtab.model.lease import Attempt, Lease, Leases, Load
from trimtab.model.memory import Hold, Memory, Pending, RouteMemory
from trimtab.model.policy import OnFailure, Policy
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import ProtectRoute
from trimtab.model.situation import Situation

OUT = an_eject(9)
SIZE_HOLD = Hold(EntryId("R"), "ann", "because", NOON, at(60), size=2, was=5)


def pending(change: Change, **changes: Any) -> Pending:
    made = Pending(EntryId("01P#000"), change, Code.EJECT_UNHEALTHY, NOON, at(2))
    return replace(made, **changes)


def out_until(until: datetime) -> Memory:
    return remembered(ejected={OUT.target: an_ejection(OUT, until=until)})


def lease_left(
    memory: Memory,
    before: Leases | None = None,
    situation: Situation | None = None,
) -> Lease | None:
    """The one lease that a tick at noon leaves."""
    here = situation or a_situation(a_fleet(targets(4), a_group(4)), memory=memory)
    left = leases_after(before or Leases(), here, memory)
    assert len(left.held) <= 1
    return left.held[0] if left.held else None


@pytest.mark.parametrize(
    ("until", "expires"),
    [
        pytest.param(at(40), at(40), id="its time is longer than the term"),
        pytest.param(at(5), at(15), id="a living controller renews it"),
        pytest.param(at(-60), at(15), id="also long past its time"),
    ],
)
def test_an_ejection_is_leased_until_its_time_and_the_term_are_over(
    until: datetime, expires: datetime
) -> None:
    lease = lease_left(out_until(until))
    assert lease is not None
    assert (lease.inverse, lease.expires) == (inverse_of(OUT), expires)


def test_the_lease_is_there_before_the_ejection_is() -> None:
    lease = lease_left(Memory(version=1, pending=(pending(OUT),)))
    assert lease is not None
    assert lease.inverse == inverse_of(OUT)
    assert lease.expires == at(15), "ten minutes out, and fifteen of silence"
    asked = lease_left(Memory(version=1, pending=(pending(OUT, until=at(90)),)))
    assert asked is not None
    assert asked.expires == at(90)


def test_nothing_temporary_leaves_nothing_to_write() -> None:
    here = a_situation(a_fleet(targets(4), a_group(4)))
    assert leases_after(Leases(), here, Memory()) == Leases()
    assert leases_after(Leases(7), here, Memory()) == Leases(7)
    held = Leases(7, (Lease("x", inverse_of(OUT), at(5), "y"),))
    assert leases_after(held, a_situation(memory=remembered()), remembered()) == Leases(8)


def test_a_lease_is_not_renewed_while_its_return_is_under_way() -> None:
    """With act dead, reconcile writes one intent after the other; the lease must expire."""
    memory = replace(out_until(at(-5)), pending=(pending(inverse_of(OUT)),))
    old = Lease(subject_of(OUT), inverse_of(OUT), at(9), "taken out")
    lease = lease_left(memory, Leases(3, (old,)))
    assert lease is not None
    assert lease.expires == at(9)


def away(memory: Memory | None = None, policy: Policy | None = None, **changes: Any) -> Situation:
    """Blue should carry all, and green carries 60 of 100."""
    fleets = (
        a_fleet(targets(4), a_group(4), units=4.0),
        a_fleet(targets(4, first=11), fleet=GREEN, group=a_group(4, name="green-asg"), units=0.0),
    )
    weights = changes.pop("weights", {BLUE_ARN: 40, GREEN_ARN: 60})
    return a_situation(
        *fleets, policy=policy or two_fleets(), memory=memory or moved(), weights=weights
    )


def moved(**changes: Any) -> Memory:
    return replace(Memory(version=1, routes={MAIN: RouteMemory(moved_at=at(-9))}), **changes)


def test_a_route_away_from_home_is_leased_with_all_that_bringing_it_home_takes() -> None:
    lease = lease_left(moved(), situation=away())
    assert lease is not None
    assert lease.inverse == a_reweight({BLUE_ARN: 40, GREEN_ARN: 60}, {BLUE_ARN: 100, GREEN_ARN: 0})
    assert (lease.expires, lease.step, lease.load) == (at(15), 0.2, Load(4.0, NOON, 1.2))


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(away(weights={BLUE_ARN: 100, GREEN_ARN: 0}), id="it is at home"),
        pytest.param(away(memory=Memory(version=1)), id="it was not us"),
        pytest.param(
            away(
                policy=two_fleets(
                    routes=tuple(replace(r, on_failure=OnFailure.HOLD) for r in two_fleets().routes)
                )
            ),
            id="its weights are none of ours",
        ),
    ],
)
def test_a_route_is_not_leased_where(situation: Situation) -> None:
    assert lease_left(situation.memory, situation=situation) is None


def test_held_weights_are_leased_until_the_hold_ends() -> None:
    hold = Hold(EntryId("R"), "ann", "", NOON, at(60), weights={BLUE: 40, GREEN: 60})
    memory = moved(holds={"weights of main": hold})
    lease = lease_left(memory, situation=away(memory))
    assert lease is not None
    assert lease.expires == at(60)
    not_done = Memory(version=1, holds=memory.holds)
    assert lease_left(not_done, situation=away(not_done)) is None  # others have set what is there


@pytest.mark.parametrize(
    ("until", "expires"),
    [
        pytest.param(at(240), at(240), id="longer than the term"),
        pytest.param(at(5), at(15), id="over before the term is"),
    ],
)
def test_the_warden_too_leaves_a_protected_route_alone(until: datetime, expires: datetime) -> None:
    hold = Hold(EntryId("R"), "ann", "", NOON, until, protects=ProtectRoute(MAIN, until))
    memory = moved(holds={"protection of route main": hold})
    lease = lease_left(memory, situation=away(memory))
    assert lease is not None
    assert (lease.expires, lease.why) == (expires, "away from its home weights")


@pytest.mark.parametrize(("was", "leased"), [(5, True), (2, False), (1, False), (None, False)])
def test_a_held_size_is_leased_only_below_what_it_was(was: int | None, leased: bool) -> None:
    hold = replace(SIZE_HOLD, was=was)
    shrunk = remembered(resized_down=at(-30))  # under an earlier hold
    memory = replace(shrunk, version=1, holds={"size of blue": hold})
    here = a_situation(a_fleet(targets(2), a_group(2)), memory=memory)
    lease = lease_left(memory, situation=here)
    assert (lease is not None) == leased
    if lease is not None:
        assert lease.inverse == Resize(BLUE, "blue-asg", before=2, after=5)
        assert lease.expires == at(60)
    not_done = Memory(version=1, holds=memory.holds)
    assert lease_left(not_done, situation=replace(here, memory=not_done)) is None


def test_what_nobody_remembers_stays_leased_as_an_orphan_until_it_is_seen_back() -> None:
    old = Leases(3, (Lease(subject_of(OUT), inverse_of(OUT), at(9), "taken out"),))
    lost = a_situation(a_fleet(targets(4), a_group(4)), memory=Memory())
    first = leases_after(old, lost, Memory())
    (orphan,) = first.held
    assert (orphan.orphan, orphan.expires) == (True, at(9))
    later = a_situation(a_fleet(targets(4), a_group(4)), memory=remembered())
    assert leases_after(first, later, remembered()).held == (orphan,)
    back = a_situation(a_fleet(targets(4, a_target(9)), a_group(4)), memory=remembered())
    assert leases_after(first, back, remembered()).held == ()


def test_a_fleet_that_leaves_the_policy_leaves_its_lease_behind() -> None:
    old = Leases(3, (Lease(subject_of(OUT), inverse_of(OUT), at(9), "taken out"),))
    green = replace(two_fleets().fleets[GREEN])
    memory = Memory(version=5)
    policy = a_policy(fleets={GREEN: green})
    here = a_situation(policy=policy, memory=memory, observed=seen())
    (orphan,) = leases_after(old, here, memory).held
    assert (orphan.orphan, orphan.expires) == (True, at(9))


def test_the_wardens_attempts_are_adopted_once() -> None:
    theirs = pending(inverse_of(OUT), entry=EntryId("01W#000"))
    row = Leases(3, (), {subject_of(OUT): Attempt(theirs)})
    memory = adopted(Memory(version=1), row)
    assert memory.pending == (theirs,)
    assert adopted(memory, row) == memory
    here = a_situation(a_fleet(targets(4), a_group(4)), memory=memory)
    assert leases_after(row, here, memory).attempts == {}
