"""Leases: what a tick leaves for the warden, and what the warden makes of it by the world alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    MAIN,
    NOON,
    RULE,
    SHOP,
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
    two_fleets,
)
from tests.unit.core.worlds import a_reweight, a_situation
from trimtab.lease import Case, Kept, Sight, adopted, give_back, leases_after, plan_for
from trimtab.model.change import Change, Resize, Reweight, inverse_of, subject_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId
from trimtab.model.lease import Attempt, Lease, Leases, Load
from trimtab.model.memory import Hold, Memory, Pending, RouteMemory
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Target, TargetState
from trimtab.model.policy import EjectMethod, OnFailure, Policy
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import ProtectRoute
from trimtab.model.situation import Situation

OUT = an_eject(9)
ASIDE: dict[str, Any] = {"method": EjectMethod.STANDBY, "group": "blue-asg"}
STANDBY = an_eject(9, **ASIDE)
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


# what a tick leaves


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
    memory = Memory(version=1, holds={"size of blue": hold})
    here = a_situation(a_fleet(targets(2), a_group(2)), memory=memory)
    lease = lease_left(memory, situation=here)
    assert (lease is not None) == leased
    if lease is not None:
        assert lease.inverse == Resize(BLUE, "blue-asg", before=2, after=5)
        assert lease.expires == at(60)


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


# what the warden makes of it


def sight(
    blue: tuple[Target, ...] | Reason = (),
    green: tuple[Target, ...] | Reason = (),
    group: Group | Reason | None = None,
    weights: dict[Arn, int] | Reason | None = None,
) -> Sight:
    route = weights if isinstance(weights, Reason) else RouteSeen(RULE, weights or {})
    return Sight(
        {BLUE_ARN: blue, GREEN_ARN: green}, {"blue-asg": group or a_group(4)}, {RULE: route}
    )


def returns(change: Change, world: Sight, now: datetime = NOON, **lease: Any) -> Any:
    """What is to be done now; the code of why not; ``None`` if it is back."""
    held = replace(Lease("x", change, at(-1), "y"), **lease)
    found = give_back(held, world, None, now)
    return found.reason.code if isinstance(found, Kept) else found


UNSEEN = Reason(Code.THROTTLED, "AWS asks to slow down")
NO_SUCH = Reason(Code.NOT_FOUND, "no such thing")
REGISTER, EXIT = inverse_of(OUT), inverse_of(STANDBY)


def member(lifecycle: Lifecycle) -> Group:
    return a_group(3, a_member(9, lifecycle=lifecycle))


@pytest.mark.parametrize(
    ("change", "world", "expected"),
    [
        pytest.param(REGISTER, sight(targets(4)), REGISTER, id="a target that is out"),
        pytest.param(REGISTER, sight(targets(4, a_target(9))), None, id="one that is back"),
        pytest.param(
            REGISTER, sight(targets(4, a_target(9, state=TargetState.DRAINING))), REGISTER,
            id="one that drains",
        ),
        pytest.param(REGISTER, sight(UNSEEN), Code.BLIND, id="unseen targets"),
        pytest.param(REGISTER, sight(NO_SUCH), None, id="a target group that is gone"),
        pytest.param(EXIT, sight(group=member(Lifecycle.STANDBY)), EXIT, id="a member set aside"),
        pytest.param(EXIT, sight(group=member(Lifecycle.IN_SERVICE)), None, id="one in service"),
        pytest.param(EXIT, sight(group=a_group(4)), None, id="one that is gone"),
        pytest.param(
            EXIT, sight(group=member(Lifecycle.ENTERING_STANDBY)), Code.GROUP_BUSY,
            id="one on its way out",
        ),
        pytest.param(EXIT, sight(group=UNSEEN), Code.BLIND, id="an unseen group"),
        pytest.param(
            EXIT, sight(group=replace(member(Lifecycle.STANDBY), max_size=3)), Code.GROUP_BOUNDS,
            id="a group that is full",
        ),
        pytest.param(OUT, sight(targets(9)), Code.NOT_NAMED, id="never takes out"),
    ],
)  # fmt: skip
def test_a_target_is_given_back(change: Change, world: Sight, expected: object) -> None:
    assert returns(change, world) == expected


GROW = Resize(BLUE, "blue-asg", before=2, after=5)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        pytest.param(a_group(2), GROW, id="as it was left"),
        pytest.param(a_group(2, max_size=4), replace(GROW, after=4), id="no further than it may"),
        pytest.param(a_group(5), None, id="grown already"),
        pytest.param(a_group(8), None, id="never shrinks"),
        pytest.param(a_group(3), Code.WORLD_CHANGED, id="somebody set another size"),
    ],
)
def test_a_size_held_small_grows_again(group: Group, expected: object) -> None:
    assert returns(GROW, sight(group=group)) == expected


HOME = {BLUE_ARN: 100, GREEN_ARN: 0}
AWAY = {BLUE_ARN: 0, GREEN_ARN: 100}


def home_from(weights: dict[Arn, int]) -> Reweight:
    return a_reweight(weights, HOME)


@pytest.mark.parametrize(
    ("world", "lease", "expected"),
    [
        pytest.param(sight(targets(4), targets(4), weights=AWAY), {}, 20, id="one step"),
        pytest.param(
            sight(targets(1), targets(4), weights=AWAY), {"load": Load(8.0, NOON, 1.2)}, 15,
            id="as much as one target can carry of a known load",
        ),
        pytest.param(
            sight(targets(1), targets(9), weights=AWAY), {"load": None}, 11,
            id="of an unknown one, as much as the others' targets carry",
        ),
        pytest.param(
            sight(targets(1), targets(9), weights=AWAY), {"load": Load(1.0, at(-61), 1.2)}, 11,
            id="an old load counts no more",
        ),
        pytest.param(sight((), targets(4), weights=AWAY), {}, Code.RECEIVER_SHORT, id="nobody"),
        pytest.param(
            sight((a_target(1, state=TargetState.INITIAL),), targets(4), weights=AWAY), {},
            Code.RECEIVER_SHORT, id="nobody who is healthy yet",
        ),
        pytest.param(sight(UNSEEN, targets(4), weights=AWAY), {}, Code.BLIND, id="unseen"),
        pytest.param(sight(targets(4), UNSEEN, weights=AWAY), {}, Code.BLIND, id="unseen giver"),
        pytest.param(sight(targets(4), (), weights=AWAY), {}, 100, id="all of it, from nobody"),
        pytest.param(sight(targets(4), targets(4), weights=HOME), {}, None, id="home"),
        pytest.param(
            sight(targets(4), targets(4), weights={BLUE_ARN: 30, GREEN_ARN: 70}), {},
            Code.WORLD_CHANGED, id="somebody set others",
        ),
        pytest.param(
            sight(targets(4), targets(4), weights={BLUE_ARN: 30, GREEN_ARN: 70}),
            {"on_its_way": a_reweight(AWAY, {BLUE_ARN: 30, GREEN_ARN: 70})}, 50,
            id="an intent was under way",
        ),
        pytest.param(sight(targets(4), targets(4), weights=UNSEEN), {}, Code.BLIND, id="no rule"),
    ],
)  # fmt: skip
def test_a_route_comes_home(world: Sight, lease: dict[str, Any], expected: object) -> None:
    known = {"step": 0.2, "load": Load(4.0, NOON, 1.2), **lease}
    found = returns(home_from(AWAY), world, **known)
    assert (found.after[BLUE_ARN] if isinstance(found, Reweight) else found) == expected


# runs


def case(lease: Lease, attempt: Attempt | None = None, outcome: Entry | None = None) -> Case:
    row = Leases(3, (lease,), {lease.subject: attempt} if attempt else {})
    ended = {attempt.pending.entry: outcome} if attempt and outcome else {}
    return Case(SHOP, row, ended, at(20))


EXPIRED = Lease(subject_of(OUT), REGISTER, at(15), "taken out (eject_outlier)")


def test_what_expired_is_written_down_before_it_is_given_back() -> None:
    plan = plan_for(case(EXPIRED), [EXPIRED], sight(targets(4)), 9)
    (entry,) = plan.entries
    assert (entry.kind, entry.by, entry.change, entry.inverse) == (
        Kind.INTENDED, "warden", REGISTER, inverse_of(REGISTER),
    )  # fmt: skip
    assert entry.wanted is not None
    assert entry.wanted.code is Code.LEASE_EXPIRED
    assert "5m ago" in entry.wanted.text
    assert plan.left.version == 4
    assert plan.left.held == (EXPIRED,)
    attempted = plan.left.attempts[EXPIRED.subject].pending
    assert (attempted.entry, attempted.expects) == (entry.id, entry.expects)
    assert entry.expects is not None
    assert entry.expects.by == at(25)


def test_a_run_sets_about_so_many_changes_and_no_more_than_the_group_takes() -> None:
    held = tuple(
        Lease(f"target blue/i-{n}", inverse_of(an_eject(n, **ASIDE)), at(15), "taken out")
        for n in (1, 2, 3, 4)
    )
    asleep = tuple(a_member(n, lifecycle=Lifecycle.STANDBY) for n in (1, 2, 3, 4))
    group = replace(a_group(0, *asleep), desired=5, max_size=7)
    row = Case(SHOP, Leases(3, held), {}, at(20))
    kinds = [e.kind for e in plan_for(row, held, sight(group=group), 9).entries]
    assert kinds == [Kind.INTENDED, Kind.INTENDED, Kind.NOTED, Kind.NOTED]
    one = plan_for(row, held, sight(group=group), 1)
    assert [e.kind for e in one.entries].count(Kind.INTENDED) == 1
    none = plan_for(row, held, sight(group=group), 0)
    assert none.left == replace(row.row, version=4), "they wait for the next run"


def test_what_is_back_goes_without_a_word() -> None:
    plan = plan_for(case(EXPIRED), [EXPIRED], sight(targets(4, a_target(9))), 9)
    assert plan.entries == ()
    assert plan.left == Leases(4)


def test_why_something_is_kept_is_said_once() -> None:
    first = plan_for(case(EXPIRED), [EXPIRED], sight(UNSEEN), 9)
    assert [e.kind for e in first.entries] == [Kind.NOTED]
    again = plan_for(Case(SHOP, first.left, {}, at(25)), [EXPIRED], sight(UNSEEN), 9)
    assert again.entries == ()


@pytest.mark.parametrize(
    ("kind", "failures", "minutes", "ready"),
    [
        pytest.param(Kind.FAILED, 0, 5, True, id="at the next run"),
        pytest.param(Kind.FAILED, 1, 5, False, id="then not so soon"),
        pytest.param(Kind.FAILED, 1, 10, True, id="but after ten minutes"),
        pytest.param(Kind.FAILED, 30, 350, False, id="less and less often"),
        pytest.param(Kind.FAILED, 30, 360, True, id="never less than every six hours"),
        pytest.param(None, 0, 60, False, id="not beside one that is open"),
    ],
)
def test_a_failure_is_tried_again(
    kind: Kind | None, failures: int, minutes: int, ready: bool
) -> None:
    tried = pending(REGISTER, at=at(20) - timedelta(minutes=minutes))
    outcome = an_entry(kind=kind) if kind else None
    assert case(EXPIRED, Attempt(tried, failures), outcome).is_ready(EXPIRED) == ready


def test_what_was_given_back_once_is_not_fought_over() -> None:
    """Somebody took it out again since: that is theirs."""
    here = case(EXPIRED, Attempt(pending(REGISTER)), an_entry(kind=Kind.APPLIED))
    plan = plan_for(here, [EXPIRED], sight(targets(4)), 9)
    assert plan.entries == ()
    assert plan.left.held == ()


@pytest.mark.parametrize(
    ("change", "world", "words"),
    [
        (GROW, sight(group=a_group(2)), "has 5 members that serve"),
        (home_from(AWAY), sight(targets(4), targets(4), weights=AWAY), "carries its new share"),
    ],
)
def test_what_the_warden_gives_back_is_judged_like_anything_else(
    change: Change, world: Sight, words: str
) -> None:
    lease = Lease("x", change, at(15), "held by an operator", step=0.2)
    (intent,) = plan_for(case(lease), [lease], world, 9).entries
    assert intent.expects is not None
    assert words in intent.expects.text
    assert intent.expects.by > at(20)


def test_what_is_due_and_kept_is_said_each_run_but_what_somebody_set() -> None:
    assert set(plan_for(case(EXPIRED), [EXPIRED], sight(UNSEEN), 9).kept) == {EXPIRED.subject}
    theirs = replace(EXPIRED, inverse=GROW)
    assert plan_for(case(theirs), [theirs], sight(group=a_group(3)), 9).kept == {}
