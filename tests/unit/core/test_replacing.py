"""The last rung: who is set aside for good, when he is ended, and when nobody is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    a_fleet,
    a_group,
    a_member,
    a_target,
    an_eject,
    an_ejection,
    at,
    remembered,
    targets,
)
from tests.unit.core.worlds import ALLOWED, SCALED, a_situation, refused, ruled, wanted
from trimtab.decide.health import eject_of
from trimtab.decide.replacing import back_at
from trimtab.model.change import Eject, Retire, inverse_of
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.ladder import Ladder, ReplacePolicy
from trimtab.model.memory import Hold, Memory, Strikes
from trimtab.model.observation import Group, Lifecycle, Member, TargetState
from trimtab.model.policy import EjectMethod, HealthPolicy, Policy
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import ProtectTarget
from trimtab.model.signs import Closer, Machine, Scheduled
from trimtab.model.situation import Situation

RULES = ReplacePolicy()
ILL = a_target(9)
SET_ASIDE = an_eject(9, method=EjectMethod.STANDBY, group="blue-asg", replace=True)
END = Retire(BLUE, BLUE_ARN, ILL.instance, 8080, Zone("eu-west-1a"), "blue-asg")
OUT = an_ejection(SET_ASIDE, strikes=3, until=at(30))
ALONE = replace(OUT, eject=replace(SET_ASIDE, replace=False))
IN_STANDBY = a_member(9, lifecycle=Lifecycle.STANDBY)
CAME = InstanceId(a_target(6).instance)


def policy(**changes: Any) -> Policy:
    return replace(SCALED, health=HealthPolicy(replace=replace(RULES, **changes)))


def memory(ladder: Ladder | None = None, held: Any = OUT, **changes: Any) -> Memory:
    kept = remembered(ejected={ILL.id: held}, ladder=ladder or Ladder(), seen_at=at(-1))
    return replace(kept, **changes)


def there(
    known: Memory | None = None,
    *,
    rules: Policy | None = None,
    group: Group | None = None,
    member: Member = IN_STANDBY,
    here: Any = None,
) -> Situation:
    """Six that serve and one in standby."""
    fleet = a_fleet(here or targets(6), group or a_group(6, member), 3)
    return a_situation(fleet, policy=rules or policy(), memory=known or memory())


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        (there(), ALLOWED),
        (there(member=replace(IN_STANDBY, lifecycle=Lifecycle.ENTERING_STANDBY)),
         refused(Code.IN_FLIGHT)),
        (there(member=a_member(9)), refused(Code.STILL_IN_USE)),
        (there(group=a_group(6)), refused(Code.STILL_IN_USE)),
        (there(replace(memory(), fleets={})), refused(Code.STILL_IN_USE)),
        (there(here=targets(6, ILL)), refused(Code.STILL_IN_USE)),
        (there(memory(Ladder(replaced={ILL.instance: at(-3)}))), refused(Code.IN_FLIGHT)),
    ],
    ids=["in standby", "draining", "in service", "no member", "not by us",
         "it serves", "it is being ended"],
)  # fmt: skip
def test_only_what_is_in_standby_by_our_doing_is_ended(
    situation: Situation, expected: tuple[str, Code]
) -> None:
    assert ruled(situation, END) == expected


@pytest.mark.parametrize(
    "situation",
    [
        there(group=a_group(6, IN_STANDBY, desired=7)),
        there(group=a_group(6, IN_STANDBY, a_member(7, lifecycle=Lifecycle.PENDING), desired=6)),
        there(here=targets(5, a_target(6, state=TargetState.INITIAL))),
        there(memory(Ladder(newcomers={CAME: at(-5)})),
              here=targets(5, a_target(6, state=TargetState.UNHEALTHY))),
        there(memory(held=ALONE), group=a_group(6, IN_STANDBY, desired=6)),
    ],
    ids=["one is missing", "one launches", "one is in its first checks", "it fails itself",
         "the group shrank by it"],
)  # fmt: skip
def test_nobody_is_ended_before_another_serves_in_his_place(situation: Situation) -> None:
    assert ruled(situation, END) == refused(Code.NO_SUBSTITUTE)


@pytest.mark.parametrize(
    ("situation", "code"),
    [
        (there(rules=SCALED), Code.REPLACE_LIMIT),
        (there(memory(Ladder({InstanceId("a"): at(-60), InstanceId("b"): at(-1439)}))),
         Code.REPLACE_LIMIT),
        (there(memory(Ladder(vain={InstanceId("a"): at(-60), InstanceId("b"): at(-359)}))),
         Code.REPLACING_IN_VAIN),
    ],
    ids=["the policy says nothing of it", "two a day", "newcomers fail too"],
)  # fmt: skip
def test_no_more_are_ended_than_the_policy_allows(situation: Situation, code: Code) -> None:
    assert ruled(situation, END) == refused(code)


def test_what_was_long_ago_counts_no_more() -> None:
    two = {InstanceId("a"): at(-60), InstanceId("b"): at(-1440)}
    late = {InstanceId("c"): at(-60), InstanceId("d"): at(-360)}
    assert ruled(there(memory(Ladder(two, vain=late))), END) == ALLOWED


@pytest.mark.parametrize(
    ("group", "code"),
    [
        (a_group(6, replace(IN_STANDBY, protected=True)), Code.PROTECTED),
        (a_group(6, IN_STANDBY, suspended=frozenset({"Terminate"})), Code.GROUP_BUSY),
    ],
    ids=["protected from scale-in", "Terminate is suspended"],
)
def test_what_its_owner_forbids_is_left_alone(group: Group, code: Code) -> None:
    assert ruled(there(group=group), END)[1] is code


def test_who_is_protected_by_request_is_not_ended() -> None:
    asked = ProtectTarget(BLUE, ILL.instance, 8080, at(60))
    hold = Hold(OUT.eject.target, "ann", "mine", at(-1), at(60), protects=asked)  # type: ignore[arg-type]
    known = memory(holds={"protection": hold})
    assert ruled(there(known), END) == refused(Code.PROTECTED_BY_REQUEST)


def test_in_a_panic_nobody_is_ended() -> None:
    dead = [a_target(n, state=TargetState.UNHEALTHY, state_reason="x") for n in (4, 5, 6)]
    assert ruled(there(here=targets(3, *dead)), END) == refused(Code.PANIC)


@pytest.mark.parametrize(
    ("known", "rules", "proposed"),
    [
        (memory(), policy(), True),
        (memory(held=replace(OUT, strikes=2)), policy(), False),
        (memory(held=replace(OUT, reason=Code.REQUESTED)), policy(), False),
        (memory(held=replace(OUT, eject=an_eject(9))), policy(), False),
        (memory(held=ALONE), policy(), False),
        (memory(), SCALED, False),
        (memory(held=replace(OUT, until=at(0))), policy(), False),
        (memory(), policy(keep=timedelta(minutes=11)), False),
        (memory(), policy(keep=timedelta(minutes=10)), True),
    ],
    ids=["third strike", "second", "somebody's word", "deregistered",
         "set aside when replacing was off, or in vain", "off", "its time is over",
         "still kept", "kept long enough"],
)  # fmt: skip
def test_who_has_failed_too_often_is_to_be_ended(
    known: Memory, rules: Policy, proposed: bool
) -> None:
    found = wanted(there(known, rules=rules))
    assert (found.get(f"Retire blue/{ILL.id}") == (END, Code.REPLACE_REPEATED)) is proposed


@pytest.mark.parametrize(
    ("keep", "vain", "minutes"),
    [(0, 0, 30), (10, 0, 60), (120, 0, 170), (120, 2, 30)],
    ids=["not kept", "an hour to end it", "kept longer than out", "not in vain"],
)
def test_a_kept_one_stays_for_as_long_as_it_is_kept(keep: int, vain: int, minutes: int) -> None:
    failed = {InstanceId(str(n)): at(-1) for n in range(vain)}
    known = memory(Ladder(vain=failed))
    rules = policy(keep=timedelta(minutes=keep))
    assert back_at(OUT, there(known, rules=rules)) == at(minutes)
    assert back_at(ALONE, there(known, rules=rules)) == at(30)


def test_who_leaves_by_somebodys_word_or_for_aws_is_neither_replaced_nor_kept() -> None:
    """It will never be ended: launching another would leave one too many when it is back."""
    rules = policy(keep=timedelta(hours=4))
    dead = a_target(6, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
    struck = remembered(strikes={dead.id: Strikes(2, at(-2))}, seen_at=at(-1))
    here = a_situation(a_fleet(targets(5, dead), a_group(6), 3), policy=rules, memory=struck)
    asked = eject_of(BLUE, here.belief.targets_of(BLUE)[dead.id], here)
    assert asked is not None
    assert (asked.replace, asked.keep) == (False, None)

    going = Closer(machines={dead.instance: Machine(scheduled=(Scheduled("x", at(5)),))})
    uses = {**DEFAULT_USE, Detector.MACHINE: Use.ON}
    rules = replace(rules, health=replace(rules.health, detectors=uses))
    fleet = a_fleet(targets(6), a_group(6), 3, closer=going)
    ((change, why),) = wanted(a_situation(fleet, policy=rules, memory=struck)).values()
    assert why is Code.EJECT_DEPARTING
    assert isinstance(change, Eject)
    assert change.keep is None


@pytest.mark.parametrize(
    ("count", "rules", "kept"),
    [
        (2, policy(keep=timedelta(hours=4)), timedelta(hours=4)),
        (1, policy(keep=timedelta(hours=4)), None),
        (2, policy(), None),
    ],
    ids=["third strike", "second", "ended at once"],
)
def test_an_ejection_says_for_how_long_its_target_is_kept(
    count: int, rules: Policy, kept: timedelta | None
) -> None:
    dead = a_target(6, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
    known = remembered(strikes={dead.id: Strikes(count, at(-2))}, seen_at=at(-1))
    fleet = a_fleet(targets(5, dead), a_group(6), 3)
    found = wanted(a_situation(fleet, policy=rules, memory=known))
    (change,) = [c for c, _ in found.values() if isinstance(c, Eject)]
    assert change.keep == kept
    assert inverse_of(change).keep == kept


@pytest.mark.parametrize(
    ("count", "ladder", "rules", "launches"),
    [
        (2, Ladder(), policy(), True),
        (1, Ladder(), policy(), False),
        (2, Ladder(), SCALED, False),
        (2, Ladder(vain={InstanceId("a"): at(-1), InstanceId("b"): at(-1)}), policy(), False),
    ],
    ids=["third strike", "second", "off", "in vain"],
)
def test_another_is_launched_for_who_is_set_aside_for_good(
    count: int, ladder: Ladder, rules: Policy, launches: bool
) -> None:
    dead = a_target(6, state=TargetState.UNHEALTHY, state_reason="Target.Timeout")
    struck = {dead.id: Strikes(count, at(-2))}
    known = remembered(strikes=struck, ladder=ladder, seen_at=at(-1))
    fleet = a_fleet(targets(5, dead), a_group(6), 3)
    ((change, _),) = [
        c for c in wanted(a_situation(fleet, policy=rules, memory=known)).values()
        if isinstance(c[0], Eject)
    ]  # fmt: skip
    assert isinstance(change, Eject)
    assert change.replace is launches
