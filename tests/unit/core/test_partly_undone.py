"""What is taken back in part only: what is left stays known, and goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.builders import BLUE, BLUE_ARN, GREEN_ARN, a_group, an_entry, at, two_fleets
from tests.unit.core.effects import INTENT, both, done, fleet
from tests.unit.core.worlds import SCALED, a_reweight, a_situation
from trimtab.decide import decide
from trimtab.decide.takeback import TakeBack, take_back
from trimtab.guard import guard
from trimtab.model.change import Resize, Reweight, left_of
from trimtab.model.entry import Kind, outcome_id
from trimtab.model.heard import Approval, Heard
from trimtab.model.ids import EntryId
from trimtab.model.memory import Memory, Pending, Remainder
from trimtab.model.observation import RouteSeen
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.request import Approve, Request
from trimtab.model.situation import Situation
from trimtab.narrate import narrate
from trimtab.remember import remember, settle

SHRUNK = Resize(BLUE, "blue-asg", 12, 6)
SLOW = replace(SCALED, scaling=replace(SCALED.scaling, max_step_up=0.5))


def shrunk(size: int, memory: Memory) -> Situation:
    """Twelve became six, and it hurts."""
    group = a_group(size, max_size=20)
    return a_situation(fleet(size, errors=0.1, group=group), policy=SLOW, memory=memory)


def after(at_: Situation, entry: str) -> Memory:
    """The memory once this tick's revert was carried out."""
    verdicts = guard([p for p in decide(at_) if p.reason.code is Code.REVERTING], at_)
    (pending,) = narrate(verdicts, at_, entry, "schedule").pending
    kept = remember(at_, {}, (pending,), {})
    applied = {pending.entry: an_entry(kind=Kind.APPLIED, reason=Reason(Code.APPLIED, ""))}
    return settle(kept, applied, at_.seen, at_.policy)


def test_a_revert_that_a_guard_clamped_goes_on_where_it_stopped() -> None:
    first = after(shrunk(6, Memory(regretted=(done(SHRUNK, 3),))), "A")
    assert not first.undone, "three of six are back: that is not all of it"
    assert first.remains[INTENT].change == Resize(BLUE, "blue-asg", 12, 9)
    second = after(shrunk(9, first), "B")
    assert (set(second.undone), dict(second.remains)) == ({INTENT}, {})


def test_a_shift_goes_back_step_by_step_until_it_is_back() -> None:
    home, away = {BLUE_ARN: 100, GREEN_ARN: 0}, {BLUE_ARN: 60, GREEN_ARN: 40}
    hurts = both(green=0.1, held=done(a_reweight(home, away), 4))
    (route,) = hurts.seen.routes
    seen = replace(hurts.seen, routes={route: RouteSeen(hurts.seen.routes[route].rule, away)})
    first = after(replace(hurts, seen=seen), "A")
    assert not first.undone
    assert first.remains[INTENT].change == a_reweight(home, {BLUE_ARN: 80, GREEN_ARN: 20})
    halfway = RouteSeen(seen.routes[route].rule, {BLUE_ARN: 80, GREEN_ARN: 20})
    later = replace(seen, now=at(3), routes={route: halfway})
    (revert,) = [p for p in decide(replace(hurts, seen=later, memory=first)) if p.undoes]
    assert isinstance(revert.change, Reweight)
    assert revert.change.after == home


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(9, TakeBack("size of blue", size=12), id="the rest of it"),
        pytest.param(6, Code.WORLD_CHANGED, id="somebody set it back since"),
        pytest.param(12, Code.ALREADY_UNDONE, id="it got there otherwise"),
    ],
)
def test_an_operator_may_ask_for_the_rest(size: int, expected: object) -> None:
    """A hold of half an hour ended before the size was back."""
    memory = Memory(remains={INTENT: Remainder(Resize(BLUE, "blue-asg", 12, 9), at(-9))})
    intent = an_entry(kind=Kind.INTENDED, change=SHRUNK)
    cited = {INTENT: intent, outcome_id(INTENT): replace(intent, kind=Kind.APPLIED)}
    found = take_back(INTENT, cited, shrunk(size, memory), Heard())
    assert (found.code if isinstance(found, Reason) else found) == expected


@pytest.mark.parametrize(
    ("goal", "reached", "left"),
    [
        (Resize(BLUE, "g", 4, 8), Resize(BLUE, "g", 4, 6), Resize(BLUE, "g", 8, 6)),
        (Resize(BLUE, "g", 4, 8), Resize(BLUE, "g", 4, 8), None),
        (
            a_reweight({BLUE_ARN: 0, GREEN_ARN: 100}, {BLUE_ARN: 70, GREEN_ARN: 30}),
            a_reweight({BLUE_ARN: 0, GREEN_ARN: 100}, {BLUE_ARN: 7, GREEN_ARN: 3}),
            None,
        ),
    ],
)
def test_what_is_left_is_the_way_from_the_goal_to_where_it_got(
    goal: Resize | Reweight, reached: Resize | Reweight, left: Resize | None
) -> None:
    assert left_of(goal, reached) == left


def test_what_is_left_is_forgotten_like_what_was_undone() -> None:
    left = Remainder(SHRUNK, at(0) - timedelta(days=7))
    here = a_situation(policy=two_fleets(), memory=Memory(remains={INTENT: left}))
    assert remember(here, {}, (), {}).remains == {}


def test_a_pending_undo_of_an_older_version_counts_as_whole() -> None:
    pending = Pending(outcome_id(INTENT), SHRUNK, Code.UNDOING, at(-1), at(1), undoes=(INTENT,))
    here = a_situation(policy=two_fleets(), memory=Memory(pending=(pending,)))
    applied = {pending.entry: an_entry(kind=Kind.APPLIED, reason=Reason(Code.APPLIED, ""))}
    assert set(settle(here.memory, applied, here.seen, here.policy).undone) == {INTENT}


def test_an_approved_revert_says_which_proposal_it_carries_out_and_what_it_undoes() -> None:
    """The proposal awaits approval under an entry of its own; the action must know all the same."""
    here = shrunk(6, Memory(regretted=(done(SHRUNK, 3),)))
    wanted = [p for p in decide(here) if p.reason.code is Code.REVERTING]
    asked = an_entry(kind=Kind.AWAITING, change=Resize(BLUE, "blue-asg", 6, 9), deadline=None)
    said = Request(EntryId("R#000"), "ann", at(0), "yes", Approve(asked.id))
    heard = Heard(requests=(said,), approvals=(Approval(said, asked),))
    approving = replace(here, policy=replace(here.policy, modes={Lever.SCALE: Mode.APPROVE}))
    story = narrate(guard(wanted, approving, (), heard), approving, "A", "schedule", heard)
    (intent,) = [e for e in story.entries if e.kind is Kind.INTENDED]
    assert (intent.intent, intent.undoes) == (asked.id, (INTENT,))
