"""Leases on what a policy has left behind: nobody renews what nobody will bring back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    MAIN,
    NOON,
    RULE,
    a_fleet,
    a_group,
    a_policy,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import a_situation
from trimtab.lease import leases_after
from trimtab.model.change import Resize, Reweight, inverse_of, subject_of
from trimtab.model.ids import Arn, EntryId
from trimtab.model.lease import Lease, Leases
from trimtab.model.memory import Hold, Memory, RouteMemory
from trimtab.model.policy import EjectMethod, Lever, Mode, Policy
from trimtab.remember import remember

OUT = an_eject(9)
ELSEWHERE = Arn(BLUE_ARN.replace("blue", "teal"))
OTHER_RULE = Arn(f"{RULE}-other")
MEMORY = remembered(ejected={OUT.target: an_ejection(OUT, until=at(-5))})
LEASED = Leases(3, (Lease(subject_of(OUT), inverse_of(OUT), at(9), "taken out"),))


def with_fleet(**changes: Any) -> Policy:
    policy = a_policy()
    return replace(policy, fleets={BLUE: replace(policy.fleets[BLUE], **changes)})


def observing(lever: Lever) -> Policy:
    policy = two_fleets()
    return replace(policy, modes={**policy.modes, lever: Mode.OBSERVE})


def after_a_tick(policy: Policy, before: Leases, memory: Memory, count: int = 4) -> Leases:
    here = a_situation(a_fleet(targets(count), a_group(count)), policy=policy, memory=memory)
    return leases_after(before, here, remember(here, {}, (), {}))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"target_group": ELSEWHERE}, id="another target group"),
        pytest.param({"group": "teal-asg"}, id="another group"),
    ],
)
def test_a_target_of_what_the_fleet_no_longer_is_becomes_an_orphan(changes: dict[str, Any]) -> None:
    """Every guard would refuse to bring it back, so the lease must not be renewed."""
    aside = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")
    memory = remembered(ejected={aside.target: an_ejection(aside, until=at(-5))})
    before = Leases(3, (Lease(subject_of(aside), inverse_of(aside), at(9), "taken out"),))
    (left,) = after_a_tick(with_fleet(**changes), before, memory).held
    assert (left.orphan, left.expires, left.inverse) == (True, at(9), inverse_of(aside))


def test_a_target_of_the_same_name_in_another_target_group_is_not_taken_for_it() -> None:
    """Target 9 serves in the new target group; what is out of the old one is still out."""
    left = after_a_tick(with_fleet(target_group=ELSEWHERE), LEASED, MEMORY, count=9)
    assert [lease.orphan for lease in left.held] == [True]


def test_what_is_out_while_its_lever_only_observes_is_renewed_no_more() -> None:
    (left,) = after_a_tick(observing(Lever.EJECT), LEASED, MEMORY).held
    assert (left.orphan, left.expires) == (False, at(9))
    (renewed,) = after_a_tick(two_fleets(), LEASED, MEMORY).held
    assert renewed.expires == at(15)


def test_weights_away_from_home_are_renewed_no_more_while_routing_only_observes() -> None:
    home = {BLUE_ARN: 100, GREEN_ARN: 0}
    away = {BLUE_ARN: 40, GREEN_ARN: 60}
    before = Leases(3, (Lease("route main", Reweight(MAIN, RULE, away, home), at(9), "away"),))
    memory = Memory(version=1, routes={MAIN: RouteMemory(moved_at=at(-9))})
    here = a_situation(policy=observing(Lever.ROUTE), memory=memory, weights=away)
    (left,) = leases_after(before, here, memory).held
    assert (left.orphan, left.expires) == (False, at(9))


def test_a_size_whose_hold_has_ended_is_given_back_where_scaling_only_observes() -> None:
    """With scaling in force the load brings it back; where it observes nobody does."""
    change = Resize(BLUE, "blue-asg", before=2, after=5)
    before = Leases(3, (Lease(subject_of(change), change, at(9), "held by an operator"),))
    (left,) = after_a_tick(observing(Lever.SCALE), before, Memory(version=1), count=2).held
    assert (left.orphan, left.expires) == (True, at(9))
    assert after_a_tick(two_fleets(), before, Memory(version=1), count=2).held == ()
    assert after_a_tick(observing(Lever.SCALE), before, Memory(version=1), count=5).held == ()


def test_a_route_on_another_rule_keeps_the_lease_on_the_old_one_beside_its_own() -> None:
    away = {BLUE_ARN: 40, GREEN_ARN: 60}
    old = Reweight(MAIN, OTHER_RULE, away, {BLUE_ARN: 100, GREEN_ARN: 0})
    before = Leases(3, (Lease("route main", old, at(9), "away"),))
    memory = Memory(version=1, routes={MAIN: RouteMemory(moved_at=at(-9))})
    here = a_situation(policy=two_fleets(), memory=memory, weights=away)
    both = leases_after(before, here, memory)
    found = {lease.subject: (lease.inverse, lease.orphan) for lease in both.held}
    own = Reweight(MAIN, RULE, away, {BLUE_ARN: 100, GREEN_ARN: 0})
    assert found == {
        "route main": (own, False),
        f"route main of {OTHER_RULE}": (old, True),
    }
    again = leases_after(both, here, memory)
    assert {lease.subject for lease in again.held} == set(found), "and so they stay"


def test_the_same_target_out_of_two_target_groups_is_leased_twice() -> None:
    elsewhere = replace(OUT, target_group=ELSEWHERE)
    before = Leases(3, (Lease(subject_of(OUT), inverse_of(elsewhere), at(9), "x", orphan=True),))
    held = after_a_tick(two_fleets(), before, MEMORY).held
    assert [(lease.inverse, lease.orphan) for lease in held] == [
        (inverse_of(OUT), False),
        (inverse_of(elsewhere), True),
    ]


def test_a_hold_of_a_size_still_counts_where_scaling_only_observes() -> None:
    hold = Hold(EntryId("R"), "ann", "because", NOON, at(60), size=2, was=5)
    shrunk = remembered(resized_down=hold.since)
    memory = replace(shrunk, version=1, holds={"size of blue": hold})
    (left,) = after_a_tick(observing(Lever.SCALE), Leases(), memory, count=2).held
    assert (left.orphan, left.expires) == (False, at(60))
