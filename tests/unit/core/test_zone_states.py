"""Zone states: how fast targets may leave a zone, by how much of it is bad."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    BLUE,
    NOON,
    a_fleet,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
)
from tests.unit.core.worlds import SCALED, ZONES, a_situation
from trimtab.decide.health import propose_restores
from trimtab.guard.ground import ground_of
from trimtab.guard.plan import Plan
from trimtab.guard.rules import Refused
from trimtab.guard.zones import check_zone_state
from trimtab.model.disruption import (
    ZoneState,
    crews_of,
    is_dark,
    is_nothing_ready,
    state_of,
)
from trimtab.model.memory import Action, Finding, Memory
from trimtab.model.observation import FleetSeen, Lifecycle, TargetState
from trimtab.model.policy import GuardPolicy, Policy
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal
from trimtab.model.zones import ZonePolicy
from trimtab.remember import remember

A, B, _ = ZONES
GENTLE = replace(SCALED, guard=GuardPolicy(panic_count=100))  # so that zone states alone have a say


@pytest.mark.parametrize(
    ("ready", "unready", "state"),
    [
        (0, 0, ZoneState.NORMAL),
        (5, 0, ZoneState.NORMAL),
        (0, 1, ZoneState.FULL),
        (0, 9, ZoneState.FULL),
        (1, 1, ZoneState.NORMAL),
        (1, 2, ZoneState.NORMAL),
        (1, 3, ZoneState.PARTIAL),
        (2, 3, ZoneState.PARTIAL),
        (3, 3, ZoneState.NORMAL),
        (9, 11, ZoneState.PARTIAL),
        (46, 54, ZoneState.NORMAL),
        (45, 55, ZoneState.PARTIAL),
    ],
)
def test_a_zones_state_is_kubernetes_rule(ready: int, unready: int, state: ZoneState) -> None:
    assert state_of(ready, unready, 0.55) is state


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.3, 1.0))
def test_more_that_is_bad_never_makes_a_zone_look_better(
    ready: int, unready: int, share: float
) -> None:
    order = [ZoneState.NORMAL, ZoneState.PARTIAL, ZoneState.FULL]
    rank = order.index(state_of(ready, unready, share))
    assert order.index(state_of(ready, unready + 1, share)) >= min(rank, 2)
    assert order.index(state_of(max(ready - 1, 0), unready + (ready > 0), share)) >= rank


def zone(number: int, well: int, bad: int, first: int) -> list[object]:
    """So many targets of a zone that are well, and so many that are not."""
    ill: dict[str, object] = {"state": TargetState.UNHEALTHY, "state_reason": "Target.Timeout"}
    fine: dict[str, object] = {}
    states = [fine] * well + [ill] * bad
    return [a_target(first + n, zone=ZONES[number], **s) for n, s in enumerate(states)]


def fleet(*zones: tuple[int, int]) -> FleetSeen:
    """Zones of so many who are well and so many who are bad; numbers begin at 0, 1000, 2000."""
    targets = [t for n, (well, bad) in enumerate(zones) for t in zone(n, well, bad, 1000 * n)]
    return a_fleet(tuple(targets), None, units=1.0)  # type: ignore[arg-type]


def ruling(
    seen: FleetSeen, memory: Memory | None = None, policy: Policy = GENTLE, taken: int = 0
) -> Code | None:
    """Why the next one may not leave zone a, after so many were granted; ``None``: it may."""
    here = a_situation(seen, policy=policy, memory=memory)
    granted = tuple(an_eject(500 + n, zone=A) for n in range(taken))
    crews = {BLUE: crews_of(BLUE, here)}
    plan = Plan(here, (), {BLUE: ground_of(BLUE, here)}, granted, crews=crews)
    answer = check_zone_state(Proposal(an_eject(0, zone=A), Reason(Code.EJECT_UNHEALTHY, "")), plan)
    return answer.reason.code if isinstance(answer, Refused) else None


SLOWLY = Code.ZONE_DISRUPTED


@pytest.mark.parametrize(
    ("zones", "taken", "expected"),
    [
        pytest.param(((9, 1), (10, 0)), 0, None, id="a zone that is well"),
        pytest.param(((9, 1), (10, 0)), 5, None, id="six a minute"),
        pytest.param(((9, 1), (10, 0)), 6, Code.RATE_BUDGET, id="and no seventh"),
        pytest.param(((1, 2), (10, 0)), 0, None, id="two bad of three are too few to tell"),
        pytest.param(((1, 3), (10, 0)), 0, SLOWLY, id="most of a small zone is bad"),
        pytest.param(((20, 30), (50, 0)), 0, SLOWLY, id="fifty are small"),
        pytest.param(((20, 31), (50, 0)), 0, None, id="of a large one, one goes"),
        pytest.param(((20, 31), (50, 0)), 1, SLOWLY, id="and no second within 100 s"),
        pytest.param(((0, 4), (10, 0)), 0, None, id="all of one zone: the others say we see right"),
        pytest.param(((0, 4), (0, 3)), 0, SLOWLY, id="all of all"),
        pytest.param(((0, 4),), 0, SLOWLY, id="all of the only one"),
        pytest.param(((0, 4), (1, 3)), 0, None, id="one is ready in another, small as it is"),
    ],
)
def test_targets_leave_a_zone_as_its_state_allows(
    zones: tuple[tuple[int, int], ...], taken: int, expected: Code | None
) -> None:
    assert ruling(fleet(*zones), taken=taken) is expected


@pytest.mark.parametrize(("ago", "expected"), [(1, SLOWLY), (1.6, SLOWLY), (1.7, None)])
def test_a_large_zone_loses_one_in_a_hundred_seconds(ago: float, expected: Code | None) -> None:
    memory = Memory(actions=(Action(at(-ago), BLUE, A, removal=True),))
    assert ruling(fleet((20, 31), (50, 0)), memory) is expected
    elsewhere = Memory(actions=(Action(at(-1), BLUE, B, removal=True),))
    assert ruling(fleet((20, 31), (50, 0)), elsewhere) is None


def test_the_policy_says_how_much_and_how_fast() -> None:
    lax = replace(GENTLE, guard=replace(GENTLE.guard, zones=ZonePolicy(unhealthy_share=0.9)))
    assert ruling(fleet((1, 3), (10, 0)), policy=lax) is None
    few = replace(GENTLE, guard=replace(GENTLE.guard, zones=ZonePolicy(large=3)))
    assert ruling(fleet((1, 3), (10, 0)), policy=few) is None
    slow = replace(GENTLE, guard=replace(GENTLE.guard, zones=ZonePolicy(pace=1.0)))
    assert ruling(fleet((9, 1), (10, 0)), policy=slow, taken=1) is Code.RATE_BUDGET


def test_who_is_out_counts_as_not_ready_whoever_took_him_out() -> None:
    """Two are bad, one is out by us and one in standby by others: four of five."""
    ours = an_ejection(an_eject(90, zone=A))
    seen = a_fleet(
        tuple(zone(0, 1, 2, 0)) + tuple(zone(1, 9, 0, 1000)),  # type: ignore[arg-type]
        a_group(1, a_member(91, zone=A, lifecycle=Lifecycle.STANDBY)),
        units=1.0,
    )
    memory = remembered(ejected={ours.eject.target: ours})
    assert ruling(seen, memory) is SLOWLY


# all zones at once


def dark(since: datetime | None, *zones: tuple[int, int]) -> Situation:
    held = an_ejection(an_eject(90, zone=A), until=at(60))
    old = Finding(Code.LB_UNHEALTHY, at(-30), 30)
    memory = remembered(
        ejected={held.eject.target: held},
        findings={a_target(0).id: (old,)},
        dark_since=since,
        seen_at=at(-1),
    )
    return a_situation(fleet(*zones), policy=GENTLE, memory=memory)


def test_what_we_took_out_returns_when_nothing_is_ready_anywhere() -> None:
    assert [p.reason.code for p in propose_restores(dark(None, (0, 3), (0, 3)))] == [
        Code.RESTORE_PANIC
    ]
    assert not propose_restores(dark(None, (0, 3), (1, 2)))


def test_it_is_remembered_since_when_nothing_is_ready() -> None:
    first, later = dark(None, (0, 3), (0, 3)), dark(at(-5), (0, 3), (0, 3))
    assert remember(first, {}, (), {}).fleet(BLUE).dark_since == NOON
    assert remember(later, {}, (), {}).fleet(BLUE).dark_since == at(-5)
    blind = a_situation(FleetSeen(BLUE, None), policy=GENTLE, memory=later.memory)
    assert remember(blind, {}, (), {}).fleet(BLUE).dark_since == at(-5)


def test_once_it_is_over_a_tick_removes_nothing_and_every_finding_begins_anew() -> None:
    here = dark(at(-5), (0, 3), (1, 2))
    assert ruling(fleet((0, 3), (1, 2)), here.memory) is SLOWLY
    left = remember(here, {}, (), {}).fleet(BLUE)
    assert left.dark_since is None
    begun = [finding for each in left.findings.values() for finding in each]
    assert begun
    assert {(f.since, f.times) for f in begun} == {(NOON, 1)}


def test_a_fleet_of_nobody_is_not_dark() -> None:
    assert not is_dark(())


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3))
def test_nothing_is_ready_exactly_where_every_zone_is_full(zones: list[tuple[int, int]]) -> None:
    here = a_situation(fleet(*zones), policy=GENTLE)
    crews = crews_of(BLUE, here).values()
    full = [state_of(len(c.all - c.unready), len(c.unready), 0.55) for c in crews]
    assert is_nothing_ready(BLUE, here) is is_dark(full)
