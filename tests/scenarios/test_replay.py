"""Recorded ticks, run again on what they saw and remembered, rule as they did then."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.scenarios.embedded_shop import A_TARGET_DIES, RISING, shop
from trimtab.codec import loads
from trimtab.loop import think
from trimtab.model.ids import ServiceId
from trimtab.model.observation import Gap
from trimtab.model.policy import Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Tick
from trimtab_cli.replaying import again, under
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.simulate import Simulator

SHOP = ServiceId("shop")
BEFORE_EFFECTS = Path(__file__).parent / "data" / "ticks-before-effects.txt"
SLOW = (pytest.mark.slow, pytest.mark.timeout(600))


@cache
def recorded(minutes: int, *, rising: bool, mode: Mode = Mode.ENFORCE) -> tuple[Tick, ...]:
    """So many minutes of a simulated day in which a target dies, and the load may rise."""
    scenario = shop(A_TARGET_DIES, load=RISING) if rising else shop(A_TARGET_DIES)
    simulator = Simulator(scenario)
    began = simulator.world.now
    simulator.put(policy_for(scenario, simulator.names, mode))
    simulator.run(minutes)
    return tuple(simulator.state.ledger.ticks(SHOP, began, simulator.world.now, minutes + 1))


@pytest.mark.parametrize(
    ("minutes", "rising"),
    [
        (100, True),
        (100, False),
        pytest.param(1500, True, marks=SLOW),
        pytest.param(1500, False, marks=SLOW),
    ],
)
def test_every_tick_of_a_day_comes_out_as_it_was_recorded(minutes: int, rising: bool) -> None:
    ticks = recorded(minutes, rising=rising)
    assert len(ticks) >= minutes - 1
    assert any(tick.entries for tick in ticks)
    assert [result for result in map(again, ticks) if result.differs or result.skipped] == []


def test_ticks_that_an_earlier_version_recorded_are_read_and_run_again() -> None:
    """Rulings may differ by version; what each tick saw and wanted is understood."""
    text = zlib.decompress(base64.b64decode(BEFORE_EFFECTS.read_text())).decode()
    ticks = [loads(Tick, line) for line in text.splitlines()]
    assert sum(len(tick.entries) for tick in ticks) > 10
    for tick in ticks:
        other = think(tick.inputs, tick.by)
        assert [v.proposal.change for v in tick.verdicts] == [
            v.proposal.change for v in other.verdicts
        ]
        assert again(tick).skipped == ""


def a_deciding_tick() -> Tick:
    return next(tick for tick in recorded(100, rising=True) if tick.verdicts and tick.entries)


def test_a_record_whose_verdict_was_edited_does_not_come_out_the_same() -> None:
    tick = a_deciding_tick()
    forged = replace(tick.verdicts[0], reason=Reason(ReasonCode.WITHIN_LIMITS, "forged"))
    result = again(replace(tick, verdicts=(forged, *tick.verdicts[1:])))
    assert result.differs
    assert "forged" in result.then[0]
    assert "forged" not in result.now[0]


def test_a_record_whose_entries_were_edited_does_not_come_out_the_same() -> None:
    tick = a_deciding_tick()
    assert again(replace(tick, entries=())).differs


def test_the_same_policy_would_have_ruled_the_same() -> None:
    tick = a_deciding_tick()
    assert not under(tick, tick.inputs.policy).differs


def test_a_policy_that_only_observes_would_have_ruled_differently() -> None:
    tick = a_deciding_tick()
    observing = dict.fromkeys(tick.inputs.policy.modes, Mode.OBSERVE)
    result = under(tick, replace(tick.inputs.policy, modes=observing))
    assert result.differs
    assert any(line.startswith("shadowed") for line in result.now)


def test_a_record_without_its_targets_is_not_compared() -> None:
    tick = a_deciding_tick()
    gap = Gap("tick_record", SHOP, Reason(ReasonCode.PARTIAL_DATA, "left out"))
    seen = replace(tick.inputs.seen, gaps=(gap,))
    cut = replace(tick, inputs=replace(tick.inputs, seen=seen))
    assert again(cut).skipped
    assert under(cut, tick.inputs.policy).skipped
