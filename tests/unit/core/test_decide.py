"""What each decider wants, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import (
    BLUE,
    REQUESTS,
    SLOW,
    a_fleet,
    a_group,
    a_member,
    a_policy,
    a_series,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import a_situation, wanted
from trimtab.decide import sizes_wanted
from trimtab.model.change import Eject, Resize, Restore
from trimtab.model.memory import Finding, Memory, Strikes, Wish
from trimtab.model.observation import Lifecycle, Target, TargetState
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    HealthPolicy,
    ScalingPolicy,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation

SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)))
DEAD = a_target(9, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
HELD = {DEAD.id: (Finding(Code.LB_UNHEALTHY, at(-5)),)}
WATCHED = tuple(Wish(at(-m), 2) for m in range(16, 0, -1))
BY_HAND = HealthPolicy(eject=EjectPolicy(method=EjectMethod.STANDBY))


def one_failing(group: object = None, units: float | None = 2, **changes: object) -> Situation:
    """Three targets that are well and one that has failed for five minutes."""
    policy = replace(SCALED, **changes)  # type: ignore[arg-type]
    if group is None:
        fleets = {BLUE: replace(SCALED.fleets[BLUE], group=None)}
        policy = replace(policy, fleets=fleets)
    fleet = a_fleet(targets(3, DEAD), group, units)  # type: ignore[arg-type]
    return a_situation(fleet, policy=policy, memory=remembered(findings=HELD))


def the_ejection(situation: Situation) -> Eject | None:
    found = [c for c, _ in wanted(situation).values() if isinstance(c, Eject)]
    return found[0] if found else None


def test_a_failing_target_without_a_group_is_deregistered() -> None:
    eject = the_ejection(one_failing())
    assert eject is not None
    assert (eject.method, eject.group, eject.replace) == (EjectMethod.DEREGISTER, None, False)


@pytest.mark.parametrize(
    ("group", "units", "replaced"),
    [
        pytest.param(a_group(3, a_member(9), desired=4), 2, False, id="the others suffice"),
        pytest.param(
            a_group(3, a_member(9), desired=4), 3.1, False, id="growth counts it on top already"
        ),
        pytest.param(a_group(3, a_member(9), desired=4), None, True, id="the load is unknown"),
        pytest.param(a_group(3, a_member(9), desired=4, min_size=4), 2, True, id="at the minimum"),
    ],
)
def test_a_member_goes_to_standby_and_is_replaced_if_missed(
    group: object, units: float | None, replaced: bool
) -> None:
    eject = the_ejection(one_failing(group, units))
    assert eject is not None
    assert (eject.method, eject.group, eject.replace) == ("standby", "blue-asg", replaced)


def test_at_the_policys_own_minimum_a_member_is_replaced() -> None:
    scaling = ScalingPolicy(rules=(REQUESTS,), min_size=4)
    eject = the_ejection(one_failing(a_group(3, a_member(9), desired=4), 2, scaling=scaling))
    assert eject is not None
    assert eject.replace


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(
            one_failing(a_group(3, a_member(9, lifecycle=Lifecycle.LEAVING))),
            id="it leaves already",
        ),
        pytest.param(one_failing(a_group(3), health=BY_HAND), id="standby is wanted of a stranger"),
        pytest.param(
            a_situation(a_fleet(targets(3, DEAD)), policy=SCALED, memory=remembered(findings=HELD)),
            id="the group could not be read",
        ),
    ],
)
def test_no_ejection_is_proposed_where_its_way_cannot_be_told(situation: Situation) -> None:
    assert the_ejection(situation) is None


def test_of_those_that_serve_nothing_who_has_waited_longest_goes_first() -> None:
    """One that was out, is back and fails its probation does not get the only place again."""
    back, waits = (a_target(n, state=TargetState.UNHEALTHY) for n in (4, 5))
    memory = remembered(
        findings={waits.id: (Finding(Code.LB_UNHEALTHY, at(-9)),)},
        strikes={back.id: Strikes(1, at(-1))},
        seen_at=at(-1),
    )
    fleet = a_fleet(targets(3, back, waits), a_group(5), 2)
    found = wanted(a_situation(fleet, policy=SCALED, memory=memory))
    order = [c.instance for c, _ in found.values() if isinstance(c, Eject)]
    assert order == [waits.instance, back.instance]


def test_what_serves_nothing_goes_first_and_then_the_worst() -> None:
    here = targets(5, DEAD)
    levels = dict(zip([t.instance for t in here], (0.04, 0.04, 0.04, 0.3, 0.9), strict=False))
    metrics = {SLOW.metric.name: {i: a_series(v, v) for i, v in levels.items()}}
    policy = a_policy(
        health=HealthPolicy(outliers=(SLOW,)),
        fleets={BLUE: replace(SCALED.fleets[BLUE], group=None)},
    )
    fleet = a_fleet(here, metrics=metrics)
    found = wanted(a_situation(fleet, policy=policy, memory=remembered(findings=HELD)))
    order = [c.instance for c, _ in found.values() if isinstance(c, Eject)]
    assert order == [DEAD.instance, a_target(5).instance, a_target(4).instance]
    assert [why for _, why in found.values()] == [
        Code.EJECT_UNHEALTHY, Code.EJECT_OUTLIER, Code.EJECT_OUTLIER,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("until", "back"),
    [
        pytest.param(0, True, id="its time is over"),
        pytest.param(0.1, False, id="not yet"),
    ],
)
def test_a_target_returns_when_its_time_is_over(until: float, back: bool) -> None:
    held = an_ejection(until=at(until))
    memory = remembered(ejected={held.eject.target: held})
    found = wanted(a_situation(a_fleet(targets(5)), memory=memory))
    assert [(type(c), why) for c, why in found.values()] == (
        [(Restore, Code.RESTORE_RECOVERED)] if back else []
    )


def test_in_a_panic_all_return_at_once() -> None:
    held = {f"i:{n}": an_ejection(an_eject(n), until=at(60)) for n in (7, 8)}
    found = wanted(a_situation(a_fleet(targets(2)), memory=remembered(ejected=held)))
    assert [why for _, why in found.values()] == [Code.RESTORE_PANIC] * 2


def size(
    units: float | None, group: object = None, memory: Memory | None = None, **scaling: object
) -> tuple[int, Code] | None:
    """What size is wanted of a group of four, and why."""
    group = group or a_group(4)
    policy = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,), **scaling))  # type: ignore[arg-type]
    fleet = a_fleet(targets(4), group, units)  # type: ignore[arg-type]
    found = wanted(a_situation(fleet, policy=policy, memory=memory)).values()
    return next(((c.after, why) for c, why in found if isinstance(c, Resize)), None)


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        pytest.param(4.4, None, id="ten percent more is noise"),
        pytest.param(4.41, (5, Code.LOAD_ABOVE_TARGET), id="a little more than that is not"),
        pytest.param(8.0, (8, Code.LOAD_ABOVE_TARGET), id="twice the load, twice the size"),
        pytest.param(40.0, (40, Code.LOAD_ABOVE_TARGET), id="the limit is the guard's"),
        pytest.param(1.0, None, id="less only after the window"),
        pytest.param(None, None, id="unknown is no wish"),
    ],
)
def test_a_group_follows_the_load_up_at_once(
    units: float | None, expected: tuple[int, Code] | None
) -> None:
    assert size(units) == expected


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        pytest.param(WATCHED, (2, Code.LOAD_BELOW_TARGET), id="low for the whole window"),
        pytest.param((Wish(at(-14), 3), *WATCHED), (3, Code.LOAD_BELOW_TARGET), id="once three"),
        pytest.param((), None, id="nothing was watched"),
        pytest.param(WATCHED[4:], None, id="not watched for long enough"),
        pytest.param((WATCHED[0], *WATCHED[10:]), None, id="a hole of ten minutes"),
        pytest.param(WATCHED[:-5], None, id="a silence until now"),
        pytest.param(WATCHED[::4], (2, Code.LOAD_BELOW_TARGET), id="looks four minutes apart"),
    ],
)
def test_a_group_shrinks_only_on_a_window_watched_whole(
    wishes: tuple[Wish, ...], expected: tuple[int, Code] | None
) -> None:
    assert size(1.5, memory=remembered(wishes=wishes)) == expected


def test_doubt_keeps_the_size_and_the_last_known_load_may_only_raise_it() -> None:
    low = remembered(wishes=WATCHED, demand=1.0, demand_at=at(-10))
    high = remembered(wishes=WATCHED, demand=7.0, demand_at=at(-30))
    old = remembered(wishes=WATCHED, demand=7.0, demand_at=at(-31))
    assert size(None, memory=low) is None
    assert size(None, memory=high) == (7, Code.LOAD_ABOVE_TARGET)
    assert size(None, memory=old) is None


@pytest.mark.parametrize("units", [1.0, None])
def test_a_size_below_the_minimum_is_raised_and_says_so(units: float | None) -> None:
    assert size(units, min_size=6) == (6, Code.BELOW_MINIMUM)


def test_members_that_carry_nothing_are_added_on_top() -> None:
    group = a_group(3, a_member(9), desired=4)
    found = wanted(one_failing(group, 3.5)).values()
    assert next((c.after, w) for c, w in found if isinstance(c, Resize)) == (5, Code.REPLACE_LOST)


@pytest.mark.parametrize(
    ("size", "coming", "expected"),
    [
        pytest.param(4, (), [5], id="one is tried"),
        pytest.param(4, (a_target(9, state=TargetState.INITIAL),), [], id="one at a time"),
        pytest.param(8, (), [], id="never beyond twice the need"),
    ],
)
def test_in_a_panic_newcomers_are_tried_for_the_lost(
    size: int, coming: tuple[Target, ...], expected: list[int]
) -> None:
    dead = tuple(
        replace(a_target(n), state=TargetState.UNHEALTHY) for n in range(size // 2, size + 1)
    )
    memory = remembered(findings={t.id: (Finding(Code.LB_UNHEALTHY, at(-5)),) for t in dead})
    fleet = a_fleet(targets(size // 2 - 1, *dead, *coming), a_group(size), 3.9)
    found = wanted(a_situation(fleet, policy=SCALED, memory=memory))
    assert [c.after for c, _ in found.values() if isinstance(c, Resize)] == expected


def test_only_a_fresh_load_is_a_wish_to_remember() -> None:
    known = a_situation(a_fleet(targets(4), a_group(4), 2.5), policy=SCALED)
    stale = remembered(demand=2.5, demand_at=at(-3))
    assert sizes_wanted(known) == {BLUE: 3}
    assert not sizes_wanted(
        a_situation(a_fleet(targets(4), a_group(4)), policy=SCALED, memory=stale)
    )
    assert not sizes_wanted(a_situation(a_fleet(targets(4), units=2), policy=SCALED))


def test_a_window_of_another_length_is_the_policys_to_say() -> None:
    wishes = tuple(Wish(at(-m), 2) for m in (3, 2, 1))
    window = timedelta(minutes=2)
    assert size(1.5, memory=remembered(wishes=wishes), scale_in_after=window) == (
        2, Code.LOAD_BELOW_TARGET,
    )  # fmt: skip
