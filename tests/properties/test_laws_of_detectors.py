"""What shadowing a detector, or switching it off, may and may never change."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.properties.profile import EXAMPLES
from tests.properties.worlds import inputs
from trimtab.loop import think
from trimtab.model.change import Eject
from trimtab.model.detectors import DETECTOR_OF, Detector, Use
from trimtab.model.ids import TargetId
from trimtab.model.memory import Memory
from trimtab.model.reason import ReasonCode
from trimtab.model.tick import Inputs, Tick

some_detectors = st.sets(st.sampled_from(Detector))
ALL_ON = dict.fromkeys(Detector, Use.ON)


def using(given_inputs: Inputs, **uses: Use) -> Inputs:
    """The same situation with every detector on but these."""
    health = given_inputs.policy.health
    detectors = ALL_ON | {Detector(name): use for name, use in uses.items()}
    policy = replace(given_inputs.policy, health=replace(health, detectors=detectors))
    return replace(given_inputs, policy=policy)


def ejected(tick: Tick) -> set[TargetId]:
    """Whom the detectors want out; what people ask for is another matter."""
    return {
        v.proposal.change.target
        for v in tick.verdicts
        if isinstance(v.proposal.change, Eject) and v.proposal.request is None
    }


def but_for_what_is_told(memory: Memory) -> Memory:
    standing = {k: s for k, s in memory.standing.items() if s.codes[0] is not ReasonCode.SHADOWED}
    fleets = {name: replace(fleet, shadowed={}) for name, fleet in memory.fleets.items()}
    return replace(memory, standing=standing, fleets=fleets)


@settings(max_examples=EXAMPLES)
@given(inputs(), some_detectors)
def test_in_shadow_is_as_good_as_off_for_all_but_the_telling(
    given_inputs: Inputs, chosen: set[Detector]
) -> None:
    shadowed = think(using(given_inputs, **dict.fromkeys(chosen, Use.SHADOW)), "schedule")
    off = think(using(given_inputs, **dict.fromkeys(chosen, Use.OFF)), "schedule")

    assert shadowed.verdicts == off.verdicts
    assert but_for_what_is_told(shadowed.memory) == but_for_what_is_told(off.memory)
    quiet = [e.reason for e in shadowed.entries if e.reason.code is not ReasonCode.SHADOWED]
    assert quiet == [e.reason for e in off.entries]


@settings(max_examples=EXAMPLES)
@given(inputs(), some_detectors, st.sampled_from((Use.SHADOW, Use.OFF)))
def test_nobody_leaves_whom_the_detectors_in_use_would_not_take_out(
    given_inputs: Inputs, chosen: set[Detector], use: Use
) -> None:
    less = think(using(given_inputs, **dict.fromkeys(chosen, use)), "schedule")

    assert ejected(less) <= ejected(think(using(given_inputs), "schedule"))
    for verdict in less.verdicts:
        if isinstance(verdict.change, Eject):
            assert not {DETECTOR_OF[e.detector] for e in verdict.proposal.evidence} & chosen


@settings(max_examples=EXAMPLES)
@given(inputs())
def test_without_detectors_nobody_leaves(given_inputs: Inputs) -> None:
    blind = think(using(given_inputs, **dict.fromkeys(Detector, Use.SHADOW)), "schedule")

    assert not ejected(blind)
