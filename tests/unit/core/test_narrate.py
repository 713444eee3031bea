"""What a tick writes into the log, and what it need not write again."""

from __future__ import annotations

from dataclasses import replace

from tests.builders import (
    BLUE,
    NOON,
    REQUESTS,
    a_fleet,
    a_group,
    a_policy,
    a_target,
    an_eject,
    at,
    seen,
    targets,
)
from tests.unit.core.worlds import WISH, a_situation, judge
from trimtab.model.change import Resize, inverse_of
from trimtab.model.entry import Kind
from trimtab.model.memory import Memory, Standing
from trimtab.model.observation import Gap, TargetState
from trimtab.model.policy import Mode, Policy, ScalingPolicy
from trimtab.model.reason import Reason
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.situation import Situation
from trimtab.model.verdict import Check, Proposal, Ruling, Verdict
from trimtab.narrate import MOST_ENTRIES, Story, narrate

SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)), version=12)
OBSERVED = replace(SCALED, modes=dict.fromkeys(SCALED.modes, Mode.OBSERVE))
GROW = Resize(BLUE, "blue-asg", 4, 5)
DEAD = a_target(9, state=TargetState.UNHEALTHY)


def world(memory: Memory | None = None, policy: Policy = SCALED, units: float = 2) -> Situation:
    return a_situation(a_fleet(targets(4), a_group(4), units), policy=policy, memory=memory)


def told(at_: Situation, *changes: object) -> Story:
    return narrate(judge(at_, *changes), at_, "T", "schedule")  # type: ignore[arg-type]


def again(story: Story, policy: Policy = SCALED) -> Situation:
    return world(Memory(standing=story.standing), policy)


def test_an_intent_says_all_there_is_to_say() -> None:
    story = told(world(), GROW)
    (entry,) = story.entries
    assert (entry.kind, entry.id, entry.tick, entry.by) == (Kind.INTENDED, "T#000", "T", "schedule")
    assert (entry.change, entry.inverse, entry.wanted) == (GROW, inverse_of(GROW), WISH)
    assert (entry.deadline, entry.policy_version, entry.mode) == (at(2), 12, Mode.ENFORCE)
    assert (entry.subject, entry.lever) == ("group blue/blue-asg", "scale")
    assert entry.checks
    (pending,) = story.pending
    assert (pending.entry, pending.change, pending.reason) == (entry.id, GROW, WISH.code)


def test_an_intent_is_written_every_time() -> None:
    assert told(again(told(world(), GROW)), GROW).entries


def test_a_shadow_is_written_when_it_begins_or_changes() -> None:
    first = told(world(policy=OBSERVED), GROW)
    assert [e.kind for e in first.entries] == [Kind.SHADOWED]
    second = told(again(first, OBSERVED), GROW)
    assert not second.entries
    assert second.standing == first.standing
    other = told(again(second, OBSERVED), replace(GROW, after=6))
    assert [e.kind for e in other.entries] == [Kind.SHADOWED]
    assert not first.pending


def test_a_refusal_is_written_once_whatever_size_it_refuses() -> None:
    first = told(world(units=4), replace(GROW, after=3))
    assert [(e.kind, e.reason.code) for e in first.entries] == [(Kind.REFUSED, Code.HEADROOM_SHORT)]
    later = world(Memory(standing=first.standing), units=4)
    assert not told(later, replace(GROW, after=2)).entries


def test_what_only_waits_its_turn_is_not_written() -> None:
    story = told(world(), GROW, GROW)
    assert [e.kind for e in story.entries] == [Kind.INTENDED]


def test_what_is_wanted_twice_at_once_leaves_no_proposal_waiting_for_ever() -> None:
    approving = replace(SCALED, modes=dict.fromkeys(SCALED.modes, Mode.APPROVE))
    first = told(world(policy=approving), GROW)
    other = replace(GROW, after=6)
    second = told(again(first, approving), other, other)
    lapsed = [e.intent for e in second.entries if e.kind is Kind.LAPSED]
    assert lapsed == [first.entries[0].id]


def blind(memory: Memory | None = None) -> Situation:
    gap = Gap("target_health", BLUE, Reason(Code.THROTTLED, "slow down"))
    looked = replace(seen(a_fleet(None, a_group(4), 2)), gaps=(gap,))
    return a_situation(policy=SCALED, memory=memory, observed=looked)


def test_blindness_is_noted_when_it_begins_and_when_it_is_over() -> None:
    first = told(blind())
    assert [(e.kind, e.subject) for e in first.entries] == [
        (Kind.NOTED, "sight of target_health blue")
    ]
    assert not told(blind(Memory(standing=first.standing))).entries
    since = {k: replace(s, since=at(-3)) for k, s in first.standing.items()}
    over = told(world(Memory(standing=since)))
    assert [e.reason.text for e in over.entries] == ["ended after 3m"]
    assert not over.standing


def test_panic_and_a_fleet_that_is_down_and_an_unknown_load_are_noted() -> None:
    sick = tuple(replace(DEAD, port=n) for n in range(2))
    story = told(a_situation(a_fleet(sick, a_group(2)), policy=SCALED))
    assert {(e.subject, e.reason.code) for e in story.entries} == {
        ("load of blue", Code.NOT_SEEN),
        ("panic in blue", Code.PANIC),
        ("state of blue", Code.FLEET_DOWN),
    }


def test_a_note_whose_reason_changes_is_news() -> None:
    held = {"load of blue": Standing((Code.STALE, Code.STALE), "noted", at(-9))}
    dark = a_situation(a_fleet(targets(4), a_group(4)), policy=SCALED, memory=Memory(standing=held))
    (entry,) = told(dark).entries
    assert entry.reason.code is Code.NOT_SEEN


def test_without_rules_an_unknown_load_is_no_news() -> None:
    assert not told(a_situation(a_fleet(targets(4)), policy=a_policy())).entries


def verdicts(count: int, ruling: Ruling) -> list[Verdict]:
    reason = Reason(Code.FLEET_BUDGET, "too many")
    check = Check("fleet_budget", ruling is not Ruling.REFUSED, reason)
    return [
        Verdict(Proposal(an_eject(n), WISH), ruling, an_eject(n), reason, (check,))
        for n in range(count)
    ]


def test_surplus_refusals_are_folded_into_one_and_intents_never_are() -> None:
    many = [*verdicts(300, Ruling.REFUSED), *verdicts(60, Ruling.ALLOWED)]
    story = narrate(many, world(), "T", "schedule")
    assert len(story.entries) == MOST_ENTRIES
    assert len(story.pending) == 60
    assert len({e.id for e in story.entries}) == MOST_ENTRIES
    last = story.entries[-1]
    assert (last.reason.code, last.reason.facts) == (Code.MORE_REFUSED, {"count": 281})
    assert last.at == NOON


def test_as_many_as_fit_are_not_folded() -> None:
    story = narrate(verdicts(MOST_ENTRIES, Ruling.REFUSED), world(), "T", "schedule")
    assert {e.kind for e in story.entries} == {Kind.REFUSED}
