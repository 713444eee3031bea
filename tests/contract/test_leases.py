"""What the ports promise of leases, in memory and on DynamoDB: one row, one version, two hands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import SHOP, a_policy, a_tick, an_eject, an_entry, at
from tests.contract.deployments import Deployment
from tests.contract.test_store import apply, damage
from trimtab.adapters.records import leases_key
from trimtab.errors import Conflict
from trimtab.model.change import inverse_of, subject_of
from trimtab.model.entry import Entry
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.lease import WARDEN, Attempt, Lease, Leases, Load
from trimtab.model.memory import Memory, Pending
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Remembered, Tick

OUT = an_eject(1)
LEASE = Lease(subject_of(OUT), inverse_of(OUT), at(15), "taken out", load=Load(4.5, at(0), 1.2))
MANY = tuple(replace(LEASE, subject=f"target blue/i-{n}:80") for n in range(40))
"""More than fits uncompressed into one write unit."""


def a_tick_that_leaves(held: tuple[Lease, ...], before: Leases | None = None, **rest: Any) -> Tick:
    tick = a_tick(a_policy(version=1), **rest)
    before = before or Leases()
    left = Leases(before.version + 1, held)
    return replace(tick, inputs=replace(tick.inputs, leases=before), leases=left)


def a_later_tick(before: Leases, **rest: Any) -> Tick:
    return a_tick_that_leaves((LEASE,), before, memory=Memory(version=1), when=at(1), **rest)


def recalled(here: Deployment) -> Remembered:
    found = here.store.recall([SHOP])[SHOP]
    assert isinstance(found, Remembered)
    return found


def the_wardens() -> tuple[Leases, Entry]:
    entry = an_entry(seed="warden", by=WARDEN, change=inverse_of(OUT), inverse=OUT)
    pending = Pending(entry.id, inverse_of(OUT), ReasonCode.LEASE_EXPIRED, entry.at, at(2))
    said = {"route main": ReasonCode.RECEIVER_SHORT}
    return Leases(2, (LEASE,), {LEASE.subject: Attempt(pending, 2)}, said), entry


@pytest.mark.parametrize("held", [(LEASE,), MANY], ids=["one", "many"])
def test_leases_are_committed_with_the_tick_and_read_by_both(
    held: tuple[Lease, ...], here: Deployment
) -> None:
    apply(here)
    assert here.store.leases() == {}
    here.ledger.commit(a_tick_that_leaves(held, entries=(an_entry(),)))
    assert here.store.leases() == {SHOP: Leases(1, held)}
    assert recalled(here).leases == Leases(1, held)


def test_a_tick_without_leases_writes_none(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick(a_policy(version=1)))
    assert here.store.leases() == {}


def test_the_warden_writes_leases_and_intents_together(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    left, entry = the_wardens()
    here.ledger.give_back(SHOP, left, [entry])
    assert recalled(here).leases == left
    assert here.ledger.entry(SHOP, entry.id) == entry


def test_a_warden_is_too_late_once_the_controller_ticked(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    again = a_later_tick(Leases(1, (LEASE,)))
    left, entry = the_wardens()
    with pytest.raises(Conflict, match="leases of shop"):
        here.interrupted(lambda: here.ledger.commit(again)).ledger.give_back(SHOP, left, [entry])
    assert here.ledger.entry(SHOP, entry.id) is None
    assert here.store.leases() == {SHOP: Leases(2, (LEASE,))}


def test_a_tick_is_lost_once_the_warden_was_at_work(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    left, entry = the_wardens()
    late = a_later_tick(Leases(1, (LEASE,)), entries=(an_entry(seq=7),))
    with pytest.raises(Conflict, match="leases of shop"):
        here.interrupted(lambda: here.ledger.give_back(SHOP, left, [entry])).ledger.commit(late)
    assert recalled(here).leases == left
    assert recalled(here).memory.version == 1
    assert here.ledger.entry(SHOP, late.entries[0].id) is None


def test_of_two_wardens_one_writes(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    left, entry = the_wardens()
    other = replace(entry, id=EntryId("01OTHER#000"))
    with pytest.raises(Conflict):
        here.interrupted(lambda: here.ledger.give_back(SHOP, left, [entry])).ledger.give_back(
            SHOP, left, [other]
        )
    assert here.ledger.entry(SHOP, other.id) is None


def test_what_is_back_goes_without_an_entry(here: Deployment) -> None:
    apply(here)
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    here.ledger.give_back(SHOP, Leases(2), [])
    assert here.store.leases() == {SHOP: Leases(2)}


def test_damaged_leases_are_one_services_trouble_and_the_next_tick_writes_them_anew(
    here: Deployment,
) -> None:
    apply(here)
    apply(here, "web")
    here.ledger.commit(a_tick_that_leaves((LEASE,)))
    damage(here, leases_key(SHOP))
    damage(here, leases_key(ServiceId("web")))
    found = here.store.leases()
    assert {type(row) for row in found.values()} == {Reason}
    assert recalled(here).leases == Leases(1)
    here.ledger.commit(a_later_tick(Leases(1)))
    assert here.store.leases()[SHOP] == Leases(2, (LEASE,))
