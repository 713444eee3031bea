"""A few seeds of the campaign, and that it would notice. All of it: `make chaos`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import NOON
from trimtab.adapters import records
from trimtab.adapters.aws.permissions import READS, WRITES
from trimtab.adapters.records import reports_of
from trimtab.adapters.tables import Put, Range, Table
from trimtab.errors import Malformed
from trimtab.guard import GUARDS
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.memory import Memory, Standing
from trimtab.model.reason import ReasonCode
from trimtab_lab.chaos.campaign import Campaign, run
from trimtab_lab.chaos.catalogue import BEYOND, ELSEWHERE, PLAYED, SCENARIOS
from trimtab_lab.chaos.mutants import MUTANTS, Mutant, hunt
from trimtab_lab.chaos.needed import NEEDED
from trimtab_lab.chaos.plan import Extra, Plan, Trouble
from trimtab_lab.chaos.scenarios import play
from trimtab_lab.chaos.versions import TablesBefore
from trimtab_lab.simulator.stores import DictTables

PAGE = (Path(__file__).parents[2] / "docs/chaos.md").read_text()
SHORT = replace(Plan.of_seed(2), troubles=frozenset(Trouble), minutes=10, calm=1)


@pytest.mark.parametrize("seed", [1])
def test_every_law_holds_whatever_goes_wrong(seed: int) -> None:
    assert run(Plan.of_seed(seed)).broken == ()


def test_every_law_holds_with_all_that_a_service_may_have() -> None:
    campaign = Campaign(replace(Plan.of_seed(41009), minutes=12, extras=frozenset(Extra)))
    assert campaign.run().broken == ()
    assert [*campaign.tables.query(Range(Table.MEMORY, reports_of(campaign.policy.service)))]
    assert campaign.ears.days


def test_a_seed_always_tells_the_same_story() -> None:
    assert run(SHORT) == run(SHORT)


QUICKLY_FOUND = (
    "act: look before the write",
    "act: only its own intents",
    "leases: version",
    "policy: version checked",
    "warden: given back once",
)


@pytest.mark.parametrize("name", QUICKLY_FOUND)
def test_the_story_that_needs_a_condition_breaks_without_it(name: str) -> None:
    _is_found(next(m for m in MUTANTS if m.name == name))


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name)
def test_every_guard_and_condition_is_needed_by_its_story(mutant: Mutant) -> None:
    _is_found(mutant)


def _is_found(mutant: Mutant) -> None:
    tried, found = hunt(mutant, range(0))
    assert tried == 0
    assert found is not None, f"{mutant.needed_by.name} holds without it"


@pytest.mark.parametrize("number", [12, 17])
def test_a_scenario_of_the_catalogue(number: int) -> None:
    named = next(s for s in SCENARIOS if s.number == number)
    assert play(named).broken == ()


def test_scenarios_have_one_number_each() -> None:
    assert len({s.number for s in PLAYED}) == len(PLAYED)


def test_every_number_of_the_catalogue_is_played_or_looked_after_elsewhere() -> None:
    played = {s.number for s in SCENARIOS}
    assert played.isdisjoint(ELSEWHERE)
    assert played | ELSEWHERE.keys() == set(range(1, 65))


def test_the_page_lists_every_scenario_by_its_name() -> None:
    rows = {s.number: (s.name, "`make chaos`, by this name") for s in SCENARIOS} | ELSEWHERE
    for number, (name, where) in rows.items():
        assert f"| {number} | {name} | {where} |" in PAGE
    assert all(s.name in PAGE for s in (*BEYOND, *NEEDED))


def test_the_page_says_which_calls_of_aws_a_port_makes() -> None:
    ports = dict(READS)
    ports |= {f"Hands.apply {kind.__name__}": ops for kind, ops in WRITES.items()}
    for name, operations in ports.items():
        [row] = (line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
        assert all(operation.partition(":")[2] in row for operation in operations)


def test_every_guard_has_a_mutant() -> None:
    named = {m.name for m in MUTANTS}
    assert {guard.__name__ for guard in GUARDS} <= named


def test_the_page_says_which_story_needs_what() -> None:
    for named in NEEDED:
        needs = ", ".join(f"`{m.name}`" for m in MUTANTS if m.story == named.number)
        assert f"| {named.number} | {named.name} | {needs} |" in PAGE


def test_the_version_before_refuses_what_it_does_not_know_and_writes_without_it() -> None:
    tables = DictTables()
    service = ServiceId("shop")
    standing = Standing((ReasonCode.PANIC, ReasonCode.PANIC), "awaiting 5", NOON, EntryId("01"))
    item = records.memory_item(service, Memory(version=1, standing={"x": standing}))
    TablesBefore(tables).write([Put(Table.MEMORY, item, "memory", 0)])
    kept = records.read(Memory, tables.get(records.memory_key(service)) or {})
    assert kept == Memory(version=1, standing={"x": replace(standing, entry=None)})

    tables.write([Put(Table.MEMORY, item, "memory", None)])
    with pytest.raises(Malformed):
        records.read(Memory, TablesBefore(tables).get(records.memory_key(service)) or {})
