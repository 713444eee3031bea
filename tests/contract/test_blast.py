"""What all services lose is counted in one place, in the transaction that takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.builders import NOON, SHOP, a_policy, a_tick, an_entry, at
from tests.contract.deployments import Deployment
from trimtab.adapters.records import blast_key
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Item, Put, Table
from trimtab.errors import Conflict
from trimtab.model.blast import UNLIMITED, WINDOW, Blast, Spend
from trimtab.model.entry import Kind
from trimtab.model.ids import ServiceId
from trimtab.model.memory import Memory
from trimtab.model.tick import Remembered

WEB = ServiceId("web")


def apply(here: Deployment) -> None:
    for service in (SHOP, WEB):
        entry = an_entry(service, seed="apply", kind=Kind.POLICY)
        here.store.apply_policy(a_policy(service), frozenset(), entry)


def blast(here: Deployment, now: datetime | None = NOON, service: ServiceId = SHOP) -> Blast:
    held = TableStore(here.tables, most_removals=3).recall([service], now)[service]
    assert isinstance(held, Remembered)
    return held.blast


def commit(here: Deployment, *spends: Spend, service: ServiceId = SHOP) -> None:
    here.ledger.commit(a_tick(a_policy(service, version=1), spends=spends))


def test_nothing_is_counted_at_first_and_nothing_where_nobody_asks(here: Deployment) -> None:
    apply(here)
    assert blast(here) == Blast(NOON, 0, 0, 3)
    assert blast(here, None) == UNLIMITED
    unlimited = here.store.recall([SHOP], NOON)[SHOP]
    assert isinstance(unlimited, Remembered)
    assert unlimited.blast == UNLIMITED


def test_every_service_sees_what_another_has_spent(here: Deployment) -> None:
    apply(here)
    commit(here, Spend(NOON, 2, 3))
    assert blast(here, service=WEB) == Blast(NOON, 2, 0, 3)
    assert blast(here, at(9.9), WEB).taken == 2
    assert blast(here, at(10), WEB) == Blast(at(10), 0, 2, 3)
    assert blast(here, at(20), WEB).total == 0


def test_of_two_services_that_race_one_commits_and_the_other_is_told(here: Deployment) -> None:
    """Both have read that two more may go, and both want two."""
    apply(here)
    commit(here, Spend(NOON, 1, 3))
    commit(here, Spend(NOON, 2, 3), service=WEB)
    lost = a_tick(a_policy(version=1), Memory(version=1), at(1), spends=(Spend(NOON, 2, 3),))
    entry = an_entry(seed="intent")
    with pytest.raises(Conflict, match="what all services have lost since 12:00, of 3 at most"):
        here.ledger.commit(replace(lost, entries=(entry,)))
    assert blast(here).taken == 3
    assert here.ledger.entry(SHOP, entry.id) is None, "nothing of it was written"
    here.ledger.commit(replace(lost, spends=(), entries=(entry,)))


def test_one_that_asks_for_too_much_from_the_start_is_refused(here: Deployment) -> None:
    apply(here)
    with pytest.raises(Conflict):
        commit(here, Spend(NOON, 4, 3))
    assert blast(here).taken == 0


def test_a_window_that_grew_after_it_was_read_lets_nothing_pass(here: Deployment) -> None:
    """A tick that began before ten past ended after it: the other one has not counted that."""
    apply(here)
    commit(here, Spend(NOON, 1, 3))
    with pytest.raises(Conflict):
        commit(here, Spend(at(10), 3, 3), Spend(NOON, 0, 0), service=WEB)
    commit(here, Spend(at(10), 2, 2), Spend(NOON, 0, 1), service=WEB)
    assert blast(here, at(10)).total == 3


def test_what_others_did_and_what_came_to_nothing_meets_no_limit(here: Deployment) -> None:
    apply(here)
    commit(here, Spend(NOON, 5), Spend(NOON - WINDOW, -1))
    assert blast(here) == Blast(NOON, 5, 0, 3), "below nothing counts as nothing"
    commit(here, Spend(NOON, -2), service=WEB)
    assert blast(here).taken == 3


def test_a_count_goes_by_itself(here: Deployment) -> None:
    apply(here)
    commit(here, Spend(NOON, 1, 3))
    item = here.tables.get(blast_key(NOON))
    assert item is not None
    assert item["expires"] == int(at(2 * 24 * 60).timestamp())


def test_a_damaged_count_is_not_known_and_hides_no_service(here: Deployment) -> None:
    apply(here)
    key = blast_key(NOON)
    item: Item = {"service": key.partition, "item": key.sort, "n": "many"}
    here.tables.write([Put(Table.MEMORY, item, "damage", None)])
    assert blast(here) == Blast(NOON, None, 0, 3)
    assert blast(here).total is None
