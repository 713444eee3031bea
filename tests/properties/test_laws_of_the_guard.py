"""Laws 1 to 6 over whole ticks, and over the guard alone whatever somebody wants of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.profile import EXAMPLES
from tests.properties.protection import nothing_protected_is_taken
from tests.properties.worlds import changes_of, inputs
from trimtab.assess import assess
from trimtab.guard import guard
from trimtab.loop import think
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.tick import Inputs
from trimtab.model.verdict import Proposal
from trimtab_lab.laws import Judged, hold

A_WISH = Reason(ReasonCode.LOAD_ABOVE_TARGET, "somebody wants it")


@settings(max_examples=EXAMPLES * 3)
@given(inputs())
def test_every_tick_keeps_laws_1_to_6(given_inputs: Inputs) -> None:
    tick = think(given_inputs, "schedule")
    judged = Judged(given_inputs, tick.belief, tick.verdicts)
    hold(judged)
    nothing_protected_is_taken(tick.memory.holds, judged.new, given_inputs.seen)


@settings(max_examples=EXAMPLES * 3)
@given(inputs(), st.data())
def test_the_guard_alone_keeps_laws_1_to_6_whatever_is_wanted(
    given_inputs: Inputs, data: st.DataObject
) -> None:
    seen, policy, memory = given_inputs.seen, given_inputs.policy, given_inputs.memory
    wishes = data.draw(st.lists(changes_of(seen, policy, memory), min_size=1, max_size=6))
    at = Situation(seen, assess(seen, policy, memory), policy, memory)
    wanted = [Proposal(change, A_WISH) for change in wishes]
    verdicts = guard(wanted, at, given_inputs.pauses, blast=given_inputs.blast)
    judged = Judged(given_inputs, at.belief, verdicts)
    hold(judged)
    nothing_protected_is_taken(memory.holds, judged.new, seen)
