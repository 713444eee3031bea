"""The blast radius: what all services of an account may lose together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    NOON,
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
from tests.unit.core.worlds import ALLOWED, DEAD, SCALED, a_situation, grow, refused, under_way
from trimtab.guard import guard
from trimtab.loop import think
from trimtab.model.blast import UNLIMITED, WINDOW, Blast, Spend, spends_of, window_of
from trimtab.model.change import Change, Eject, Resize, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.ids import EntryId
from trimtab.model.memory import Finding, FleetMemory, Memory, Pending
from trimtab.model.observation import FleetSeen, Group, Lifecycle, Member, TargetState
from trimtab.model.policy import EjectMethod, EjectPolicy, HealthPolicy, Lever, Mode
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.tick import Inputs, Tick
from trimtab.model.verdict import Proposal
from trimtab.remember import in_vain, newly_out
from trimtab.remember.others import others_out

TOO_MANY = refused(Code.BLAST_RADIUS)
OUT, ANOTHER = an_eject(30), an_eject(8)
GONE = a_target(30, state=TargetState.UNHEALTHY)
WELL = a_fleet(targets(20, GONE), a_group(20, max_size=40), units=2.0)


def ruled(blast: Blast, *changes: Change) -> tuple[str, Code]:
    wish = Reason(Code.EJECT_UNHEALTHY, "somebody wants it")
    here = a_situation(WELL, policy=SCALED)
    last = guard([Proposal(c, wish) for c in changes], here, blast=blast)[-1]
    return str(last.ruling), last.reason.code


@pytest.mark.parametrize(
    ("blast", "changes", "expected"),
    [
        pytest.param(UNLIMITED, (OUT,), ALLOWED, id="nobody set a limit"),
        pytest.param(Blast(NOON, 0, 0, 1), (OUT,), ALLOWED, id="the first"),
        pytest.param(Blast(NOON, 2, 0, 3), (OUT,), ALLOWED, id="the last there may be"),
        pytest.param(Blast(NOON, 3, 0, 3), (OUT,), TOO_MANY, id="one too many"),
        pytest.param(Blast(NOON, 1, 2, 3), (OUT,), TOO_MANY, id="the window before counts"),
        pytest.param(Blast(NOON, 2, 0, 3), (ANOTHER, OUT), TOO_MANY, id="granted a moment ago"),
        pytest.param(Blast(NOON, None, 0, 99), (OUT,), TOO_MANY, id="not known is not zero"),
        pytest.param(Blast(NOON, 0, None, 99), (OUT,), TOO_MANY, id="nor what was before"),
        pytest.param(Blast(NOON, 0, 0, 0), (OUT,), TOO_MANY, id="nobody may lose anything"),
        pytest.param(Blast(NOON, 9, 0, 3), (grow(20, 21),), ALLOWED, id="growing takes nothing"),
        pytest.param(
            Blast(NOON, 9, 0, 3), (inverse_of(an_eject(31)),), ALLOWED, id="nor giving back"
        ),
        pytest.param(
            Blast(NOON, None, None, 3), (grow(20, 21),), ALLOWED, id="however little is known"
        ),
    ],
)
def test_a_removal_is_held_to_what_all_services_may_lose(
    blast: Blast, changes: tuple[Change, ...], expected: object
) -> None:
    assert ruled(blast, *changes) == expected


@pytest.mark.parametrize(
    ("moment", "window"),
    [(at(0), at(0)), (at(9.99), at(0)), (at(17), at(10)), (at(-0.5), at(-10))],
)
def test_windows_begin_at_whole_tens_of_minutes(moment: datetime, window: datetime) -> None:
    assert window_of(moment) == window


LIMITED = Blast(NOON, 1, 2, 9)
AS_READ = Spend(NOON - WINDOW, 0, 2)


@pytest.mark.parametrize(
    ("intended", "others", "returned", "spends"),
    [
        pytest.param(0, 0, (), (), id="nothing happened"),
        pytest.param(2, 0, (), (Spend(NOON, 2, 7), AS_READ), id="bounded by what is left"),
        pytest.param(0, 2, (), (Spend(NOON, 2),), id="others ask nobody"),
        pytest.param(1, 2, (), (Spend(NOON, 3, 7), AS_READ), id="and count beside ours"),
        pytest.param(0, 0, (at(1),), (Spend(NOON, -1),), id="it came to nothing: given back"),
        pytest.param(0, 0, (at(-1),), (Spend(NOON - WINDOW, -1),), id="where it was taken"),
        pytest.param(0, 0, (at(-11),), (), id="long ago it counts no more"),
        pytest.param(1, 0, (at(1),), (Spend(NOON, 0, 7), AS_READ), id="one for the other"),
        pytest.param(
            1, 0, (at(-1),), (Spend(NOON, 1, 7), Spend(NOON - WINDOW, -1, 1)), id="one from before"
        ),
    ],
)
def test_a_tick_adds_what_it_takes_and_gives_back_what_came_to_nothing(
    intended: int, others: int, returned: tuple[datetime, ...], spends: tuple[Spend, ...]
) -> None:
    assert spends_of(LIMITED, intended, others, returned, at(5)) == spends
    assert spends_of(UNLIMITED, intended, others, returned, at(5)) == ()


def a_sick_tick(
    mode: Mode = Mode.ENFORCE, blast: Blast = LIMITED, aside: Sequence[Member] = ()
) -> Tick:
    """One of nine has been dead for long; somebody has just set others aside."""
    found = Finding(Code.LB_UNHEALTHY, at(-30))
    memory = Memory(
        version=1,
        fleets={BLUE: FleetMemory(findings={DEAD.id: (found,)}, seen_at=at(-1))},
    )
    many = HealthPolicy(eject=EjectPolicy(max_share=0.5, max_zone_share=1.0))
    policy = replace(a_policy(), modes={Lever.EJECT: mode}, health=many)
    here = seen(a_fleet(targets(8, DEAD), a_group(8, a_member(9), *aside), units=2.0))
    return think(Inputs(here, policy, memory, blast=blast), "schedule")


def test_what_others_just_took_out_leaves_less_for_us_and_no_race_that_is_lost_each_minute() -> (
    None
):
    """The transaction holds both to the limit: a tick that asks for more would never commit."""
    aside = [a_member(n, lifecycle=Lifecycle.STANDBY) for n in (20, 21)]
    full, room = (a_sick_tick(blast=Blast(NOON, n, 0, 9), aside=aside) for n in (7, 6))
    assert [v.reason.code for v in full.verdicts if isinstance(v.change, Eject)] == [
        Code.BLAST_RADIUS
    ]
    assert full.spends == (Spend(NOON, 2),), "others ask nobody"
    assert room.spends == (Spend(NOON, 3, 9), Spend(NOON - WINDOW, 0, 0))


def test_an_intent_is_spent_in_its_tick_a_shadow_is_not() -> None:
    assert a_sick_tick().spends == (Spend(NOON, 1, 7), AS_READ)
    assert a_sick_tick(Mode.OBSERVE).spends == ()
    assert a_sick_tick(Mode.APPROVE).spends == ()
    assert a_sick_tick(blast=Blast(NOON, 9, 0, 9)).spends == ()


@pytest.mark.parametrize(
    ("kind", "code", "world", "given_back"),
    [
        (Kind.APPLIED, Code.APPLIED, seen(), False),
        (Kind.UNNEEDED, Code.ALREADY_SO, seen(), False),
        (Kind.FAILED, Code.ACCESS_DENIED, seen(), True),
        (Kind.CONFLICT, Code.WORLD_CHANGED, seen(), True),
        (Kind.EXPIRED, Code.TOO_LATE, seen(a_fleet(targets(4, a_target(30)))), True),
        (Kind.EXPIRED, Code.TOO_LATE, seen(a_fleet(targets(8))), False),
        (Kind.FAILED, Code.UNCONFIRMED, seen(), False),
    ],
)
def test_what_took_no_effect_is_given_back(
    kind: Kind, code: Code, world: object, given_back: bool
) -> None:
    memory = under_way(OUT, Resize(BLUE, "blue-asg", 4, 5))
    ended = an_entry(kind=kind, reason=Reason(code, ""))
    outcomes = {p.entry: ended for p in memory.pending}
    assert in_vain(memory, outcomes, world) == ((at(-1),) if given_back else ())  # type: ignore[arg-type]
    assert in_vain(memory, {}, seen()) == (), "nobody knows yet"


# whom others have taken out


def whom(fleet: FleetSeen, memory: Memory | None = None) -> tuple[str, ...]:
    found = others_out(BLUE, a_situation(fleet, memory=memory))
    return tuple(instance[-1] for instance in found)


def members(lifecycle: Lifecycle) -> Group:
    return a_group(3, a_member(9, lifecycle=lifecycle))


ASIDE = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg")
OURS = remembered(ejected={ASIDE.target: an_ejection(ASIDE)})
DRAINS = a_target(9, state=TargetState.DRAINING)
PENDING = Pending(EntryId("T#000"), ASIDE, Code.EJECT_OUTLIER, at(-1), at(1))


@pytest.mark.parametrize(
    ("fleet", "memory", "expected"),
    [
        pytest.param(a_fleet(targets(4), a_group(4)), None, (), id="nobody"),
        pytest.param(a_fleet(targets(3), members(Lifecycle.STANDBY)), None, ("9",), id="standby"),
        pytest.param(a_fleet(targets(3), members(Lifecycle.STANDBY)), OURS, (), id="by us"),
        pytest.param(
            a_fleet(targets(3), members(Lifecycle.ENTERING_STANDBY)),
            Memory(pending=(PENDING,)), (), id="by us, a moment ago",
        ),
        pytest.param(
            a_fleet(targets(3, DRAINS), members(Lifecycle.IN_SERVICE)), None, ("9",),
            id="deregistered",
        ),
        pytest.param(
            a_fleet(targets(3, DRAINS), members(Lifecycle.LEAVING)), None, (),
            id="its group ends it",
        ),
        pytest.param(
            a_fleet(None, members(Lifecycle.STANDBY)), remembered(others=("i-7",)), ("7",),
            id="unseen: as before",
        ),
    ],
)  # fmt: skip
def test_whom_others_took_out_is_told_from_what_we_and_the_group_did(
    fleet: FleetSeen, memory: Memory | None, expected: tuple[str, ...]
) -> None:
    assert whom(fleet, memory) == expected


@pytest.mark.parametrize(
    ("before", "out", "expected"),
    [
        ({"others": ("i-0",), "seen_at": at(-1)}, (7, 8), 2),
        ({"others": (a_target(7).instance, a_target(8).instance), "seen_at": at(-1)}, (7,), 0),
        ({}, (7,), 0),
    ],
    ids=["two are new", "one is back", "the first look"],
)
def test_others_removals_are_counted_once_and_not_at_the_first_look(
    before: dict[str, Any], out: tuple[int, ...], expected: int
) -> None:
    aside = [a_member(n, lifecycle=Lifecycle.STANDBY) for n in out]
    fleet = a_fleet(targets(3), a_group(3, *aside))
    assert newly_out(a_situation(fleet, memory=remembered(**before))) == expected
