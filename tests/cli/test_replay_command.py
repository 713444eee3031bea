"""trimtab log replay: recorded ticks run again, and under another document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import SHOP, at
from tests.cli.operating import Terminal
from tests.scenarios.test_replay import a_deciding_tick
from trimtab.model.ids import FleetId
from trimtab.model.lease import Leases
from trimtab.model.policy import Mode
from trimtab.model.tick import Tick
from trimtab_cli.policy.draft import Draft, parse_document
from trimtab_cli.replaying import policy_for
from trimtab_cli.stop import Stop
from trimtab_lab.simulator.stores import InMemory

DOCUMENT = """\
service: shop
fleets:
  blue: {target_group: some-name, scaling_group: some-group}
mode: {eject: observe, scale: observe, route: observe}
"""


def recorded(terminal: Terminal, tick: Tick) -> Terminal:
    """A deployment whose one recorded tick is this, committed when ``tick`` was taken."""
    state = InMemory()
    entry = replace(tick.entries[0], id="policy", change=None)  # type: ignore[arg-type]
    state.store.apply_policy(tick.inputs.policy, frozenset(), entry)
    memory = replace(tick.inputs.memory, version=0)
    policy = replace(tick.inputs.policy, version=1)
    inputs = replace(tick.inputs, memory=memory, policy=policy, leases=Leases())
    state.ledger.commit(replace(tick, inputs=inputs, leases=replace(tick.leases, version=1)))
    terminal.state = state
    terminal.now = tick.now
    return terminal


def alike(tick: Tick) -> Tick:
    """The same tick, thought by a first version of memory and policy."""
    from trimtab.loop import think

    memory = replace(tick.inputs.memory, version=0)
    policy = replace(tick.inputs.policy, version=1)
    first = replace(tick.inputs, memory=memory, policy=policy, leases=Leases())
    return think(first, tick.by)


def test_a_tick_that_comes_out_the_same_is_said_to(terminal: Terminal) -> None:
    recorded(terminal, alike(a_deciding_tick()))
    assert terminal.lines("log", "replay", "--service", "shop", "--at", "0m") == [
        "1 ticks run again, 0 came out differently"
    ]


def test_a_difference_is_shown_and_the_exit_code_says_so(terminal: Terminal) -> None:
    recorded(terminal, replace(alike(a_deciding_tick()), verdicts=()))
    result = terminal.run("log", "replay", "--service", "shop", "--since", "1h")
    assert result.exit_code == 1
    assert "  + verdict" in result.stdout
    told = terminal.run("log", "replay", "--service", "shop", "--since", "1h", "--json")
    assert json.loads(told.stdout)["now"][0].startswith("verdict {")


def a_draft(text: str) -> Draft:
    draft = parse_document(text, "shop.yaml")
    assert isinstance(draft, Draft), draft
    return draft


def test_another_policy_is_resolved_by_the_recorded_ones_names(
    terminal: Terminal, tmp_path: Path
) -> None:
    tick = alike(a_deciding_tick())
    file = tmp_path / "shop.yaml"
    names = list(tick.inputs.policy.fleets)
    fleets = "".join(f"  {name}: {{target_group: {name}-tg}}\n" for name in names)
    file.write_text(f"service: shop\nfleets:\n{fleets}")
    recorded(terminal, tick)
    result = terminal.run("log", "replay", "--service", "shop", "--at", "0m", "--policy", file)
    assert result.exit_code == 0, result.output
    assert "would have been ruled differently" in result.stdout


def test_a_fleet_that_the_recorded_policy_does_not_have_cannot_be_compared() -> None:
    policy = a_deciding_tick().inputs.policy
    strange = DOCUMENT.replace("blue", "purple")
    with pytest.raises(Stop, match="cannot be compared") as stopped:
        policy_for(a_draft(strange), policy)
    assert "some-name" in " ".join(stopped.value.more)


def test_arns_are_those_of_the_recorded_fleet_of_that_name() -> None:
    held = a_deciding_tick().inputs.policy
    policy = policy_for(a_draft(DOCUMENT), held)
    assert policy.fleets[FleetId("blue")] == held.fleets[FleetId("blue")]
    assert set(policy.modes.values()) == {Mode.OBSERVE}


@pytest.mark.parametrize("words", [(), ("--at", "1h", "--since", "2h")])
def test_one_moment_or_one_span_is_asked_for(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert terminal.run("log", "replay", "--service", "shop", *words).exit_code == 2


def test_an_unknown_service_and_a_time_without_ticks_are_said(terminal: Terminal) -> None:
    assert terminal.run("log", "replay", "--service", SHOP, "--at", "0m").exit_code == 1
    recorded(terminal, alike(a_deciding_tick()))
    terminal.now = at(-100_000)
    assert terminal.run("log", "replay", "--service", SHOP, "--at", "0m").exit_code == 1
