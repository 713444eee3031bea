"""What the warden makes of leases that are over, by the world alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN_ARN,
    NOON,
    RULE,
    SHOP,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_entry,
    at,
    targets,
)
from tests.unit.core.worlds import a_reweight
from trimtab.lease import Case, Kept, Sight, give_back, plan_for
from trimtab.model.change import Change, Resize, Reweight, inverse_of, subject_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import Arn, EntryId
from trimtab.model.lease import Attempt, Lease, Leases, Load
from trimtab.model.memory import Pending
from trimtab.model.observation import Group, Lifecycle, RouteSeen, Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code

OUT = an_eject(9)
ASIDE: dict[str, Any] = {"method": EjectMethod.STANDBY, "group": "blue-asg"}
STANDBY = an_eject(9, **ASIDE)


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


def tried(minutes: float) -> Pending:
    """What the warden set about so many minutes before the run."""
    begun = at(20) - timedelta(minutes=minutes)
    return Pending(EntryId("01P#000"), REGISTER, Code.LEASE_EXPIRED, begun, at(2))


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
    outcome = an_entry(kind=kind) if kind else None
    assert case(EXPIRED, Attempt(tried(minutes), failures), outcome).is_ready(EXPIRED) == ready


def test_what_was_given_back_once_is_not_fought_over() -> None:
    """Somebody took it out again since: that is theirs."""
    here = case(EXPIRED, Attempt(tried(20)), an_entry(kind=Kind.APPLIED))
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
