"""Newcomers tried in a panic, over many ticks, however many of them die too: their number is bound.

A fleet is down and its group launches what it is asked for; some of the newcomers fail as the
others did, some serve. Nobody is ended, so every launch stays.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import REQUESTS, a_fleet, a_group, a_policy, a_target, at, remembered
from tests.unit.core.worlds import a_situation
from trimtab.decide.scaling import TRIAL, propose_growth
from trimtab.model.change import Resize
from trimtab.model.memory import Finding
from trimtab.model.observation import Target, TargetState
from trimtab.model.policy import ScalingPolicy
from trimtab.model.reason import ReasonCode

TICKS = 60
SCALED = a_policy(scaling=ScalingPolicy(rules=(REQUESTS,)))


def _asked(targets: tuple[Target, ...], units: float) -> int:
    """The size that is asked for when these are registered, and all of them members."""
    dead = [t for t in targets if t.state is TargetState.UNHEALTHY]
    memory = remembered(findings={t.id: (Finding(ReasonCode.LB_UNHEALTHY, at(-5)),) for t in dead})
    fleet = a_fleet(targets, a_group(len(targets)), units)
    grown = propose_growth(a_situation(fleet, policy=SCALED, memory=memory))
    sizes = [p.change.after for p in grown if isinstance(p.change, Resize)]
    return max([len(targets), *sizes])


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(2, 12),
    units=st.floats(0.5, 8.0),
    serves=st.lists(st.booleans(), min_size=TICKS * 4, max_size=TICKS * 4),
    share=st.integers(0, 20),
)
def test_trials_in_a_panic_are_few_at_a_time_and_bound_in_all(
    size: int, units: float, serves: list[bool], share: int
) -> None:
    targets = tuple(replace(a_target(n), state=TargetState.UNHEALTHY) for n in range(size))
    luck = iter(serves)
    for _ in range(TICKS):
        asked = _asked(targets, units)
        need = -(-units // 1)
        most = max(len(targets), 2 * need, need + 2)
        assert asked <= most
        if all(t.state is TargetState.UNHEALTHY for t in targets) and len(targets) >= need:
            assert asked - len(targets) <= max(1, len(targets) // TRIAL)
        for number in range(len(targets), asked):
            well = share > 15 and next(luck)
            state = TargetState.HEALTHY if well else TargetState.UNHEALTHY
            targets = (*targets, replace(a_target(number), state=state))
    assert len(targets) <= max(size, 2 * need, need + 2)
