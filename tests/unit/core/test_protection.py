"""What an operator protects is not taken; it is given back, grown and released as ever."""

from __future__ import annotations

from dataclasses import replace

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
    a_member,
    a_target,
    an_eject,
    at,
    targets,
    two_fleets,
)
from tests.unit.core.worlds import (
    ALLOWED,
    IN_STANDBY,
    a_reweight,
    a_situation,
    grow,
    judge,
    refused,
    ruled,
    world,
)
from trimtab.decide import hear
from trimtab.model.change import Change, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.heard import Heard
from trimtab.model.ids import EntryId, InstanceId, RouteId
from trimtab.model.memory import Hold, Memory
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import (
    MOST_PROTECTED,
    Asked,
    EjectTarget,
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Release,
    Request,
    protection_subject,
)
from trimtab.model.situation import Situation

I_1 = a_target(1).instance
REFUSED = refused(Code.PROTECTED_BY_REQUEST)
FIRST = ProtectTarget(BLUE, I_1, 8080, at(60))
STAND_BY = replace(IN_STANDBY, instance=I_1, port=9090)


def protecting(*asked: Protect) -> Memory:
    holds = {
        protection_subject(each): Hold(
            EntryId("01ASKED#000"), "ann", "she debugs it", at(-5), each.until, protects=each
        )
        for each in asked
    }
    return Memory(holds=holds)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(an_eject(1), REFUSED, id="its own ejection"),
        pytest.param(an_eject(2), ALLOWED, id="another one's"),
        pytest.param(replace(an_eject(1), port=9090), ALLOWED, id="another port of it"),
        pytest.param(STAND_BY, REFUSED, id="a standby that ends all its ports"),
        pytest.param(grow(6, 5), REFUSED, id="a smaller group: AWS picks who goes"),
        pytest.param(grow(6, 7), ALLOWED, id="a larger one"),
        pytest.param(inverse_of(an_eject(1)), ALLOWED, id="its return"),
    ],
)
def test_a_protected_target_is_not_taken(change: Change, expected: tuple[str, Code]) -> None:
    assert ruled(world(memory=protecting(FIRST)), change) == expected


def test_its_group_shrinks_where_aws_passes_over_it() -> None:
    spared = replace(a_member(1), protected=True)
    others = [a_member(number) for number in range(2, 7)]
    fleet = a_fleet(targets(6), replace(a_group(6), members=(spared, *others)), 3)
    assert ruled(world(fleet, memory=protecting(FIRST)), grow(6, 5)) == ALLOWED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(an_eject(3), REFUSED, id="ejecting any"),
        pytest.param(grow(6, 5), REFUSED, id="shrinking"),
        pytest.param(grow(6, 7), ALLOWED, id="growing"),
        pytest.param(inverse_of(an_eject(3)), ALLOWED, id="giving back"),
    ],
)
def test_a_protected_fleet_loses_nothing(change: Change, expected: tuple[str, Code]) -> None:
    assert ruled(world(memory=protecting(ProtectFleet(BLUE, at(60)))), change) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(ProtectRoute(MAIN, at(60)), REFUSED, id="the route"),
        pytest.param(ProtectFleet(BLUE, at(60)), ALLOWED, id="only its fleet"),
        pytest.param(ProtectRoute(RouteId("side"), at(60)), ALLOWED, id="another route"),
    ],
)
def test_the_weights_of_a_protected_route_stay(asked: Protect, expected: tuple[str, Code]) -> None:
    weights = {BLUE_ARN: 100, GREEN_ARN: 0}
    here = a_situation(
        a_fleet(targets(6), units=3),
        a_fleet(targets(6, first=11), units=0, fleet=GREEN),
        policy=two_fleets(),
        memory=protecting(asked),
        weights=weights,
    )
    assert ruled(here, a_reweight(weights, {BLUE_ARN: 90, GREEN_ARN: 10})) == expected


def test_a_refusal_names_who_and_why_and_until_when() -> None:
    (verdict,) = judge(world(memory=protecting(FIRST)), an_eject(1))
    assert verdict.reason.text == (
        f"ann protects target blue/{I_1}:8080 until 2026-03-02 13:00: she debugs it"
    )
    assert verdict.reason.facts["request"] == "01ASKED#000"


# what is asked


def heard(here: Situation, *asked: Asked) -> Heard:
    requests = [
        Request(EntryId(f"01ASK#{n:03d}"), "ann", at(-1), "because", what)
        for n, what in enumerate(asked)
    ]
    return hear(requests, {}, here)


def answers(found: Heard) -> list[tuple[Kind, Code]]:
    return [(a.kind, a.reason.code) for a in found.answers]


@pytest.mark.parametrize("asked", [FIRST, ProtectFleet(BLUE, at(60))])
def test_what_is_protected_is_held_and_said(asked: Protect) -> None:
    found = heard(world(), asked)
    assert answers(found) == [(Kind.NOTED, Code.HOLD_SET)]
    (hold,) = found.holds.values()
    assert (hold.protects, hold.until, hold.by, hold.why) == (asked, at(60), "ann", "because")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        pytest.param(
            replace(FIRST, instance=InstanceId("i-99")),
            (Kind.REFUSED, Code.NOT_POSSIBLE),
            id="a target that is not there",
        ),
        pytest.param(
            ProtectFleet(GREEN, at(60)), (Kind.REFUSED, Code.NOT_POSSIBLE), id="a strange fleet"
        ),
        pytest.param(
            ProtectRoute(MAIN, at(60)), (Kind.REFUSED, Code.NOT_POSSIBLE), id="a strange route"
        ),
        pytest.param(
            ProtectFleet(BLUE, NOON), (Kind.LAPSED, Code.NO_LONGER_STANDS), id="until now"
        ),
    ],
)
def test_what_cannot_be_protected_is_answered(asked: Protect, answer: tuple[Kind, Code]) -> None:
    found = heard(world(), asked)
    assert (answers(found), found.holds) == ([answer], {})


def test_a_target_is_protected_unseen_while_its_fleet_is() -> None:
    found = heard(world(a_fleet(None, a_group(6), 3)), FIRST)
    assert answers(found) == [(Kind.NOTED, Code.HOLD_SET)]


def test_more_targets_than_can_be_kept_in_mind_are_a_fleet() -> None:
    many = [replace(FIRST, instance=InstanceId(f"i-{n}")) for n in range(100, 100 + MOST_PROTECTED)]
    found = heard(world(memory=protecting(*many)), FIRST)
    assert answers(found) == [(Kind.REFUSED, Code.NOT_POSSIBLE)]
    assert "protect fleet blue" in found.answers[0].reason.text


@pytest.mark.parametrize(
    "over",
    [
        pytest.param(ProtectFleet(BLUE, NOON), id="its time has come"),
        pytest.param(ProtectFleet(GREEN, at(60)), id="the policy names it no more"),
    ],
)
def test_a_protection_ends_by_itself_and_says_so(over: Protect) -> None:
    found = heard(world(memory=protecting(over)))
    assert (answers(found), found.holds) == ([(Kind.NOTED, Code.HOLD_ENDED)], {})


def test_a_protection_can_be_released_by_its_subject() -> None:
    found = heard(world(memory=protecting(FIRST)), Release(protection_subject(FIRST)))
    assert (answers(found), found.holds) == ([(Kind.NOTED, Code.HOLD_ENDED)], {})


def test_it_binds_the_requests_of_operators_too() -> None:
    here = world(memory=protecting(FIRST))
    found = heard(here, EjectTarget(BLUE, I_1, 8080, at(30)))
    (proposal,) = found.proposals
    assert ruled(replace(here, memory=Memory(holds=found.holds)), proposal.change) == REFUSED
