"""What an action should change, what it did, what is taken back and what is held."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import (
    BLUE,
    BLUE_ARN,
    GREEN,
    GREEN_ARN,
    NOON,
    a_fleet,
    a_group,
    a_series,
    an_eject,
    an_ejection,
    at,
    targets,
)
from tests.unit.core.effects import (
    BACK,
    BLIND,
    GROW,
    HOME,
    INTENT,
    SHIFTED,
    SHRINK,
    SICK,
    STANDBY,
    WELL,
    both,
    done,
    effect,
    fleet,
    proof,
    world,
)
from tests.unit.core.worlds import (
    SCALED,
    a_reweight,
    a_situation,
    refused,
    ruled,
)
from tests.unit.core.worlds import (
    judge as ruling_of,
)
from trimtab.decide import decide
from trimtab.effects import expectation_of, harm_of, is_watched, judge, learn
from trimtab.model.change import Change, Eject, Resize, Restore, Reweight
from trimtab.model.effect import Caution, Proof, Vitals, held_for
from trimtab.model.ids import EntryId, FleetId, RouteId
from trimtab.model.memory import FleetMemory, Memory, Pending
from trimtab.model.observation import FleetSeen, LoadSignal
from trimtab.model.reason import ReasonCode as Code


@pytest.mark.parametrize(
    ("change", "seen", "expected"),
    [
        pytest.param(STANDBY, fleet(), Proof.VERIFIED, id="out, and the others carry it"),
        pytest.param(STANDBY, fleet(6), Proof.INEFFECTIVE, id="somebody brought it back"),
        pytest.param(STANDBY, fleet(errors=0.05), Proof.INEFFECTIVE, id="errors went on"),
        pytest.param(BACK, fleet(6), Proof.VERIFIED, id="back and healthy"),
        pytest.param(BACK, fleet(5), Proof.INEFFECTIVE, id="not registered"),
        pytest.param(BACK, fleet(targets=targets(5, SICK)), Proof.INEFFECTIVE, id="back and ill"),
        pytest.param(SHRINK, fleet(), Proof.VERIFIED, id="five carry it"),
        pytest.param(
            SHRINK, fleet(6, group=a_group(6, desired=5)), Proof.INEFFECTIVE, id="nobody left"
        ),
        pytest.param(SHRINK, fleet(7, group=a_group(7)), Proof.UNKNOWN, id="somebody grew it"),
    ],
)
def test_an_effect_is_what_the_world_shows_at_its_time(
    change: Change, seen: FleetSeen, expected: Proof
) -> None:
    assert proof(done(change), seen) is expected


@pytest.mark.parametrize("change", [STANDBY, BACK, GROW, SHRINK])
def test_blind_means_wait_and_in_the_end_not_known(change: Change) -> None:
    assert proof(done(change, 5), BLIND) is None
    last = effect(done(change, 16), BLIND)
    assert last is not None
    assert (last.proof, last.reason.code) == (Proof.UNKNOWN, Code.EFFECT_UNKNOWN)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(fleet(units=None), id="the load"),
        pytest.param(fleet(errors=None), id="the errors"),
    ],
)
def test_what_was_known_before_must_be_known_after(seen: FleetSeen) -> None:
    assert proof(done(STANDBY), seen) is None
    assert proof(done(STANDBY, before=None), fleet(units=None)) is Proof.VERIFIED


def test_an_effect_is_not_told_before_its_time_unless_nothing_more_can_happen() -> None:
    assert proof(done(STANDBY, 2)) is None
    assert proof(done(SHRINK, 2)) is None
    assert proof(done(BACK, 1), fleet(6)) is Proof.VERIFIED
    assert proof(done(BACK, 1), fleet(5)) is None


def test_nothing_is_judged_at_the_moment_it_is_done_nor_while_it_is_taken_back() -> None:
    assert proof(done(BACK, 0), fleet(6)) is None
    undo = Pending(EntryId("T#009"), STANDBY, Code.UNDOING, NOON, at(2), undoes=(INTENT,))
    assert proof(done(BACK), fleet(6), pending=(undo,)) is None


GROWN = done(GROW, 10, reason=Code.LOAD_ABOVE_TARGET)


def test_growth_is_verified_once_what_was_asked_for_serves() -> None:
    assert proof(GROWN, fleet(8, group=a_group(8))) is Proof.VERIFIED
    lost_two = replace(WELL, serving=4)
    held = done(GROW, 1, lost_two)
    assert proof(held, fleet(6, group=a_group(6, desired=8))) is Proof.VERIFIED


def test_growth_whose_instances_never_come_is_ineffective_and_says_why() -> None:
    stuck = a_group(6, desired=8, launch_failure="no capacity in eu-west-1a")
    held = replace(GROWN, expects=replace(GROWN.expects, by=NOON))
    found = effect(held, fleet(6, group=stuck))
    assert found is not None
    assert (found.proof, found.worse, found.holds) == (Proof.INEFFECTIVE, False, ())
    assert "8 members were asked for, 6 serve" in found.reason.text
    assert "no capacity" in found.reason.text


def test_growth_is_measured_less_what_went_to_standby_since() -> None:
    out = {STANDBY.target: an_ejection(STANDBY, since=GROWN.at)}
    seven = fleet(7, group=a_group(7))
    assert proof(GROWN, seven) is Proof.UNKNOWN, "somebody made it smaller"
    assert proof(GROWN, seven, fleets={BLUE: FleetMemory(ejected=out)}) is Proof.VERIFIED


OVER = fleet(units=6.5)
"""1.3 of target load on five targets, where 1.2 may be."""


def test_an_ejection_is_regretted_where_those_that_stay_cannot_carry_it() -> None:
    found = effect(done(STANDBY, 2), OVER)
    assert found is not None
    assert (found.proof, found.worse) == (Proof.INEFFECTIVE, True)
    assert found.reason.code is Code.MADE_WORSE
    assert found.holds == (f"ejecting {STANDBY.target} of blue",)


def test_an_ejection_is_not_regretted_for_trouble_that_load_does_not_explain() -> None:
    found = effect(done(STANDBY), fleet(errors=0.3))
    assert found is not None
    assert (found.proof, found.worse, found.holds) == (Proof.INEFFECTIVE, False, ())


def test_taking_out_what_served_nothing_did_no_harm() -> None:
    held = done(STANDBY)
    held = replace(held, expects=replace(held.expects, carried=False))
    assert harm_of(held, world(seen=OVER)) is None
    assert proof(held, OVER) is Proof.VERIFIED


@pytest.mark.parametrize(
    ("errors", "is_harm"),
    [
        pytest.param((0, 0, 0, 0.05, 0.05), True, id="two bad minutes"),
        pytest.param((0, 0, 0, 0.0, 0.05), False, id="one bad minute is noise"),
        pytest.param((0, 0, 0, 0.005, 0.005), False, id="less than anybody minds"),
        pytest.param((0.05, 0.05, 0.05, 0.05, 0.05), True, id="before it was less"),
    ],
)
def test_errors_are_harm_where_two_full_minutes_say_so(
    errors: tuple[float, ...], is_harm: bool
) -> None:
    signals = {
        LoadSignal.REQUESTS: a_series(*[3600] * 5),
        LoadSignal.ERRORS: a_series(*[3600 * e for e in errors]),
    }
    at_noon = world(seen=a_fleet(targets(5), a_group(5), signals=signals))
    assert (harm_of(done(SHRINK, 3), at_noon) is not None) is is_harm


def test_errors_that_are_late_are_not_a_better_minute() -> None:
    late = {
        LoadSignal.REQUESTS: a_series(*[3600] * 6),
        LoadSignal.ERRORS: a_series(*[3600 * 0.05] * 3, ago=2),
    }
    seen = a_fleet(targets(5), a_group(5), signals=late)
    assert harm_of(done(SHRINK, 4), world(seen=seen)) is not None


def test_where_nobody_looked_before_the_minutes_before_tell_what_was() -> None:
    unseen = replace(WELL, errors=None)
    signals = {
        LoadSignal.REQUESTS: a_series(*[3600] * 6),
        LoadSignal.ERRORS: a_series(*[3600 * e for e in (0.04, 0.04, 0.04, 0.05, 0.05, 0.05)]),
    }
    seen = a_fleet(targets(5), a_group(5), signals=signals)
    assert harm_of(done(SHRINK, 3, unseen), world(seen=seen)) is None
    assert harm_of(done(SHRINK, 3, WELL), world(seen=seen)) is not None


def test_what_is_regretted_is_taken_back_while_it_does_harm_and_once() -> None:
    held = done(STANDBY, 2)
    ejected = {STANDBY.target: an_ejection(STANDBY, since=held.at, until=at(8))}
    memory = Memory(regretted=(held,), fleets={BLUE: FleetMemory(ejected=ejected)})
    overloaded = a_situation(OVER, policy=SCALED, memory=memory)

    (revert,) = [p for p in decide(overloaded) if p.reason.code is Code.REVERTING]
    assert (revert.change, revert.undoes) == (BACK, (INTENT,))

    for other in (
        replace(overloaded, memory=replace(memory, undone={INTENT: NOON})),
        a_situation(fleet(), policy=SCALED, memory=memory),
        a_situation(BLIND, policy=SCALED, memory=memory),
    ):
        assert not [p for p in decide(other) if p.reason.code is Code.REVERTING]


def test_a_smaller_group_that_hurts_grows_again() -> None:
    memory = Memory(regretted=(done(SHRINK, 3),))
    seen = fleet(errors=0.1)
    changes = [p.change for p in decide(a_situation(seen, policy=SCALED, memory=memory))]
    assert Resize(BLUE, "blue-asg", 5, 6) in changes


SHIFT = Reweight(*(a_reweight(HOME, SHIFTED).route, a_reweight(HOME, SHIFTED).rule), HOME, SHIFTED)


def test_a_shift_that_hurts_goes_back_if_the_others_serve_better() -> None:
    held = done(SHIFT, 4)
    assert harm_of(held, both()) is None
    assert harm_of(held, both(green=0.1)) is not None
    assert harm_of(held, both(blue=0.2, green=0.1)) is None, "it would be worse there"
    assert harm_of(held, both(blue=1.0, green=0.1)) is None, "blue is down"

    (revert,) = [p for p in decide(both(green=0.1, held=held)) if p.undoes]
    assert isinstance(revert.change, Reweight)
    assert revert.change.after == HOME


def test_nobodys_word_is_taken_back_on_its_own() -> None:
    found = effect(done(STANDBY, 2, reason=Code.REQUESTED), OVER)
    assert found is not None
    assert (found.proof, found.worse, found.holds) == (Proof.INEFFECTIVE, False, ())


def test_a_size_that_the_load_takes_back_holds_shrinking() -> None:
    held = done(SHRINK, 3)
    again = replace(done(Resize(BLUE, "blue-asg", 5, 6), 1, reason=Code.LOAD_ABOVE_TARGET))
    found = judge(world(held, replace(again, entry=EntryId("T#001")), seen=fleet(6)))
    assert [(e.proof, e.holds) for e in found if e.about is held] == [
        (Proof.INEFFECTIVE, ("shrinking blue",))
    ]


def cautious(*keys: str, until: datetime | None = None) -> Memory:
    held = Caution(INTENT, Code.MADE_WORSE, at(-5), until or at(10))
    return Memory(cautions=dict.fromkeys(keys, held))


def test_what_did_not_help_is_held_back_and_an_operators_word_is_not() -> None:
    memory = cautious(f"ejecting {an_eject(1).target} of blue", "shrinking blue")
    here = a_situation(fleet(6), policy=SCALED, memory=memory)
    out = an_eject(1)
    assert ruled(here, out) == refused(Code.HELD_BACK)
    assert ruled(here, Resize(BLUE, "blue-asg", 6, 5)) == refused(Code.HELD_BACK)
    assert ruled(here, an_eject(2))[1] is not Code.HELD_BACK
    assert ruled(here, GROW)[1] is not Code.HELD_BACK

    (verdict,) = ruling_of(here, out)
    later = replace(here, memory=cautious(*memory.cautions, until=NOON))
    assert "before 12:10" in verdict.reason.text
    assert ruled(later, out)[1] is not Code.HELD_BACK


def test_what_serves_nothing_is_never_held_back() -> None:
    key = f"ejecting {SICK.id} of blue"
    here = a_situation(fleet(targets=targets(5, SICK)), policy=SCALED, memory=cautious(key))
    assert ruled(here, an_eject(6))[1] is not Code.HELD_BACK


def test_the_way_out_of_a_fleet_that_is_down_is_never_held_back() -> None:
    key = f"more of main to {GREEN_ARN.rsplit(':', 1)[-1]}"
    more = a_reweight(SHIFTED, {BLUE_ARN: 50, GREEN_ARN: 50})
    assert ruled(replace(both(), memory=cautious(key)), more) == refused(Code.HELD_BACK)
    down = replace(both(blue=1.0), memory=cautious(key))
    assert ruled(down, more)[1] is not Code.HELD_BACK


def test_holds_double_and_are_forgotten() -> None:
    assert [held_for(n).total_seconds() / 60 for n in (1, 2, 3, 4, 5, 6, 99)] == [
        15, 30, 60, 120, 240, 240, 240,
    ]  # fmt: skip
    key = "shrinking blue"
    found = judge(world(done(SHRINK, 3), seen=fleet(errors=0.1), cautions=cautious(key).cautions))
    memory = learn(cautious(key), found, NOON)
    assert (memory.cautions[key].times, memory.cautions[key].until) == (2, at(30))
    assert [u.entry for u in memory.regretted] == [INTENT]
    assert learn(memory, (), at(30 + 6 * 60)).cautions == {}
    assert learn(memory, (), at(20)).regretted == ()


def test_what_was_done_before_a_hold_began_is_of_the_same_attempt() -> None:
    """Two steps of one shift are found to do harm, in one tick or one after the other: once."""
    key = "shrinking blue"
    steps = (done(SHRINK, 6), replace(done(SHRINK, 7), entry=EntryId("T#001")))
    found = [judge(world(step, seen=fleet(errors=0.1)))[0] for step in steps]
    at_once = learn(Memory(), found, NOON).cautions[key]
    assert (at_once.times, at_once.until) == (1, at(15))
    one = learn(Memory(), found[:1], at(-1))
    assert learn(one, found[1:], NOON).cautions == one.cautions
    (late,) = judge(world(steps[1], seen=fleet(errors=0.1), cautions=one.cautions))
    assert f"not again before {one.cautions[key].until:%H:%M}" in late.reason.text


def test_harm_that_is_found_when_a_hold_is_over_is_held_anew() -> None:
    key = "shrinking blue"
    (found,) = judge(world(done(SHRINK, 30), seen=fleet(errors=0.1)))
    over = {key: Caution(INTENT, Code.MADE_WORSE, at(-20), at(-5))}
    assert learn(Memory(cautions=over), (found,), NOON).cautions[key].until > NOON


def test_an_effect_is_told_once() -> None:
    held = done(BACK)
    found = judge(world(held, seen=fleet(6)))
    assert learn(Memory(unverified=(held,)), found, NOON).unverified == ()


def test_an_expectation_says_what_by_when_and_how_it_was() -> None:
    here = a_situation(fleet(6, units=4.5, errors=0.02), policy=SCALED)
    shrink = expectation_of(SHRINK, here)
    assert shrink.by == at(5)
    assert "5 members of blue carry its load" in shrink.text
    assert shrink.before[BLUE] == Vitals(6, 6, 0, False, 4.5, 0.02, None)
    assert expectation_of(GROW, here).by == at(10)
    assert expectation_of(an_eject(1), here).carried
    ill = a_situation(fleet(targets=targets(5, SICK)), policy=SCALED)
    assert not expectation_of(an_eject(6), ill).carried


def test_steps_of_one_shift_are_measured_from_before_the_first() -> None:
    first = done(SHIFT, 2)
    here = replace(both(green=0.5), memory=Memory(unverified=(first,)))
    second = expectation_of(a_reweight(SHIFTED, {BLUE_ARN: 40, GREEN_ARN: 60}), here)
    assert second.before == first.expects.before
    away = expectation_of(a_reweight(SHIFTED, HOME), here)
    assert away.before[GREEN].errors == 0.5


def test_a_fleet_is_watched_while_an_effect_on_it_is_unknown() -> None:
    assert is_watched(Memory(unverified=(done(SHRINK),)), BLUE)
    assert not is_watched(Memory(unverified=(GROWN,)), BLUE)
    assert not is_watched(Memory(), BLUE)


def test_what_nobody_told_of_for_an_hour_is_let_go() -> None:
    held = done(STANDBY, 61)
    assert proof(held) is None
    assert learn(Memory(unverified=(held,)), (), NOON).unverified == ()


def test_the_kinds_of_change_are_what_they_are_called() -> None:
    assert isinstance(STANDBY, Eject)
    assert isinstance(BACK, Restore)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(replace(STANDBY, fleet=FleetId("gone")), id="an ejection"),
        pytest.param(replace(GROW, fleet=FleetId("gone")), id="a larger group"),
        pytest.param(replace(SHRINK, fleet=FleetId("gone")), id="a smaller group"),
        pytest.param(
            replace(a_reweight({BLUE_ARN: 1}, {BLUE_ARN: 2}), route=RouteId("gone")), id="weights"
        ),
    ],
)
def test_what_the_policy_names_no_longer_is_not_judged_and_stops_nothing(change: Change) -> None:
    held = done(change)
    told = effect(held)
    assert told is not None
    assert (told.proof, told.worse) == (Proof.UNKNOWN, False)
    assert harm_of(held, world()) is None
    assert not [p for p in decide(world(regretted=(held,))) if p.undoes]
