"""Mode, pause, sight, protection and panic: may it be done at all?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    NOON,
    a_fleet,
    a_group,
    a_member,
    a_pause,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    DEAD,
    IN_STANDBY,
    grow,
    refused,
    ruled,
    under_way,
    world,
)
from trimtab.model.change import Change, inverse_of
from trimtab.model.observation import FleetSeen
from trimtab.model.policy import (
    EjectMethod,
    Lever,
    Mode,
)
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.tick import Pause


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(Mode.ENFORCE, ALLOWED, id="enforce does"),
        pytest.param(Mode.OBSERVE, ("shadowed", Code.OBSERVING), id="observe says"),
        pytest.param(Mode.APPROVE, ("awaiting", Code.AWAITING_APPROVAL), id="approve waits"),
    ],
)
def test_the_mode_has_the_last_word(mode: Mode, expected: tuple[str, Code]) -> None:
    assert ruled(world(modes={Lever.SCALE: mode}), grow(6, 7)) == expected
    assert ruled(world(modes={}), grow(6, 7)) == ("shadowed", Code.OBSERVING)


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        pytest.param(a_pause(), refused(Code.PAUSED), id="until resumed"),
        pytest.param(a_pause(until=at(1)), refused(Code.PAUSED), id="for a minute yet"),
        pytest.param(a_pause(until=NOON), ALLOWED, id="until now"),
        pytest.param(a_pause(levers=frozenset({Lever.EJECT})), ALLOWED, id="another lever"),
    ],
)
def test_a_pause_refuses_what_it_holds(pause: Pause, expected: tuple[str, Code]) -> None:
    assert ruled(world(), grow(6, 7), pauses=[pause]) == expected


def test_nothing_is_changed_twice_at_once() -> None:
    assert ruled(world(memory=under_way(grow(6, 7))), grow(6, 8)) == refused(Code.IN_FLIGHT)
    assert ruled(world(), grow(6, 7), grow(6, 8)) == refused(Code.IN_FLIGHT)
    assert ruled(world(), an_eject(1), an_eject(1)) == refused(Code.IN_FLIGHT)


@pytest.mark.parametrize("first", [EjectMethod.STANDBY, EjectMethod.DEREGISTER])
@pytest.mark.parametrize("then", [EjectMethod.STANDBY, EjectMethod.DEREGISTER])
def test_an_instance_on_two_ports_is_set_aside_once(first: EjectMethod, then: EjectMethod) -> None:
    """It is one removal; two registrations that are deregistered are two."""
    here = world(a_fleet((*targets(12), a_target(1, port=9090)), a_group(12), 3))
    whole = EjectMethod.STANDBY in (first, then)
    one, other = (
        an_eject(1, port=port, method=way, group="blue-asg" if way is EjectMethod.STANDBY else None)
        for port, way in ((8080, first), (9090, then))
    )
    expected = refused(Code.IN_FLIGHT) if whole else ALLOWED
    assert ruled(here, one, other) == expected
    assert ruled(replace(here, memory=under_way(one)), other) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(IN_STANDBY, refused(Code.IN_FLIGHT), id="a standby that shrinks the group"),
        pytest.param(inverse_of(IN_STANDBY), refused(Code.IN_FLIGHT), id="a return that grows it"),
        pytest.param(replace(IN_STANDBY, replace=True), ALLOWED, id="a standby replaced"),
        pytest.param(an_eject(9), ALLOWED, id="a deregistration"),
    ],
)
def test_a_group_is_not_resized_while_a_standby_move_resizes_it(
    other: Change, expected: tuple[str, Code]
) -> None:
    assert ruled(world(memory=under_way(other)), grow(6, 7)) == expected


BLIND = a_fleet(None, a_group(6), 3)
DARK = a_fleet(targets(6), a_group(6))


@pytest.mark.parametrize(
    ("fleet", "change", "expected"),
    [
        pytest.param(BLIND, an_eject(1), refused(Code.BLIND), id="no ejection when blind"),
        pytest.param(BLIND, grow(6, 5), refused(Code.BLIND), id="no shrinking when blind"),
        pytest.param(DARK, grow(6, 5), refused(Code.STALE), id="no shrinking in the dark"),
        pytest.param(DARK, an_eject(1), refused(Code.DEMAND_UNKNOWN), id="nor ejecting who serves"),
        pytest.param(BLIND, grow(6, 7), ALLOWED, id="growing needs no sight"),
        pytest.param(BLIND, inverse_of(an_eject(1)), ALLOWED, id="nor does giving back"),
        pytest.param(
            a_fleet(targets(5, DEAD)), an_eject(9), ALLOWED, id="nor a load, for the dead"
        ),
    ],
)
def test_missing_data_removes_nothing(
    fleet: FleetSeen, change: Change, expected: tuple[str, Code]
) -> None:
    assert ruled(world(fleet), change) == expected


def test_a_protected_member_stays() -> None:
    fleet = a_fleet(targets(6), a_group(5, a_member(6, protected=True)), 3)
    assert ruled(world(fleet), an_eject(6)) == refused(Code.PROTECTED)
    assert ruled(world(fleet), an_eject(5)) == ALLOWED


@pytest.mark.parametrize(
    ("process", "change"),
    [
        pytest.param("Launch", grow(6, 7), id="no growing without launches"),
        pytest.param("Launch", replace(IN_STANDBY, instance=a_target(1).instance, replace=True),
                     id="no replacement either"),
        pytest.param("Terminate", grow(6, 5), id="no shrinking without terminations"),
        pytest.param("AddToLoadBalancer", inverse_of(an_eject(9)), id="no return unregistered"),
    ],
)  # fmt: skip
def test_a_suspended_process_refuses_what_needs_it(process: str, change: Change) -> None:
    busy = a_fleet(targets(6), a_group(6, suspended=frozenset({process})), 3)
    other = a_fleet(targets(6), a_group(6, suspended=frozenset({"AZRebalance"})), 3)
    assert ruled(world(busy), change) == refused(Code.GROUP_BUSY)
    assert ruled(world(other), change) == ALLOWED


def test_a_group_whose_launches_fail_is_not_asked_for_more() -> None:
    failing = a_fleet(targets(6), a_group(6, launch_failure="no capacity"), 3)
    assert ruled(world(failing), grow(6, 7)) == refused(Code.GROUP_BUSY)
    assert ruled(world(failing), grow(6, 5)) == ALLOWED


def test_in_a_panic_nothing_is_removed_and_everything_may_return() -> None:
    sick = tuple(replace(DEAD, port=n) for n in range(3))
    panic = world(a_fleet(targets(3, *sick), a_group(6), 1))
    assert ruled(panic, an_eject(9, port=1)) == refused(Code.PANIC)
    assert ruled(panic, grow(6, 5)) == refused(Code.PANIC)
    assert ruled(panic, grow(6, 7)) == ALLOWED
    assert ruled(panic, inverse_of(an_eject(7))) == ALLOWED


def test_what_we_hold_out_is_taken_out_no_second_time() -> None:
    held = an_ejection(an_eject(1))
    again = replace(an_eject(1), method=EjectMethod.STANDBY, group="blue-asg")
    out = world(memory=remembered(ejected={held.eject.target: held}))
    assert ruled(out, again) == refused(Code.IN_FLIGHT)
