"""A few seeds of the campaign, and that it would notice. All of it: `make chaos`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trimtab_lab.chaos.campaign import run
from trimtab_lab.chaos.mutants import MUTANTS, hunt
from trimtab_lab.chaos.plan import Plan, Trouble
from trimtab_lab.chaos.scenarios import SCENARIOS, play

SHORT = replace(Plan.of_seed(2), troubles=frozenset(Trouble), minutes=10, calm=1)


@pytest.mark.parametrize("seed", [1])
def test_every_law_holds_whatever_goes_wrong(seed: int) -> None:
    assert run(Plan.of_seed(seed)).broken == ()


def test_a_seed_always_tells_the_same_story() -> None:
    assert run(SHORT) == run(SHORT)


def test_a_write_without_a_look_is_noticed() -> None:
    blind = next(m for m in MUTANTS if m.name == "act: look before the write")
    _, found = hunt(blind, range(1, 9))
    assert found is not None
    assert "done unseen" in found.broken[0]


@pytest.mark.parametrize("number", [12, 17])
def test_a_scenario_of_the_catalogue(number: int) -> None:
    named = next(s for s in SCENARIOS if s.number == number)
    assert play(named).broken == ()


def test_scenarios_have_one_number_each() -> None:
    assert len({s.number for s in SCENARIOS}) == len(SCENARIOS)
