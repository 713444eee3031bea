"""Whatever appends to the log keeps it as long as it was told to, in one chain that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.builders import NOON, SHOP, a_policy, a_tick, an_entry, at
from tests.contract.deployments import Deployment
from trimtab.adapters.descent import kept_of
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Key, Range, Remove, Table
from trimtab.adapters.verify import Heads, Verified, verify
from trimtab.model.entry import Kind, outcome_id
from trimtab.model.kept import Kept
from trimtab.model.lease import Leases
from trimtab.model.link import Link
from trimtab.model.policy import Lever
from trimtab.model.request import Protect, ProtectFleet
from trimtab.model.tick import Pause

MONTH = timedelta(days=30)


def keeping(here: Deployment, keep: timedelta | None = MONTH) -> tuple[TableStore, TableLedger]:
    return TableStore(here.tables, keep), TableLedger(here.tables, keep_log=keep)


def links(here: Deployment) -> list[Link]:
    return sorted(here.ledger.links(SHOP), key=lambda link: link.n)


def walked(here: Deployment, days: float) -> Verified:
    head = here.store.heads([SHOP])[SHOP]
    return verify(links(here), Heads(head, head), NOON + timedelta(days=days))


def test_whatever_appends_says_how_long_it_is_kept(here: Deployment) -> None:
    store, ledger = keeping(here)
    store.apply_policy(a_policy(), frozenset(), an_entry(when=at(-60), kind=Kind.POLICY))
    ledger.append(an_entry(seed="alone"))
    ledger.commit(a_tick(entries=(an_entry(seq=0), an_entry(seq=1))))
    pause = Pause(frozenset(Lever), "ann", "deploying", NOON)
    store.set_pause(SHOP, pause, an_entry(seed="pause", kind=Kind.PAUSE))
    asked: Protect = ProtectFleet(next(iter(a_policy().fleets)), at(60))
    store.request([replace(an_entry(seed="asked", kind=Kind.REQUESTED), asked=asked)])
    ledger.give_back(SHOP, Leases(1), [an_entry(seed="warden")])
    items = list(here.tables.query(Range(Table.LOG, SHOP)))
    assert len(items) == 7
    for item in items:
        assert isinstance(item.get("expires"), int), item["id"]
    assert walked(here, 0) == Verified(7, 0, here.store.heads([SHOP])[SHOP])


def test_an_outcome_is_kept_from_when_it_was_written(here: Deployment) -> None:
    _, ledger = keeping(here)
    ledger.append(an_entry())
    intent = ledger.entry(SHOP, an_entry().id)
    assert intent is not None
    done = replace(intent, id=outcome_id(intent.id), kind=Kind.APPLIED, at=at(2), intent=intent.id)
    ledger.append(done)
    [first, second] = [kept_of(link) for link in links(here)]
    assert first == intent.kept == Kept(NOON + MONTH + timedelta(seconds=1))
    assert second is not None
    assert second.until == at(2) + MONTH + timedelta(seconds=1)


def test_what_expires_may_go_and_nothing_else(here: Deployment) -> None:
    _, for_ever = keeping(here, None)
    _, for_a_month = keeping(here)
    for number in range(6):
        ledger = for_ever if number < 2 else for_a_month
        ledger.append(an_entry(when=at(number), seed=str(number)))
    gone = [link for link in links(here) if link.n in (3, 5)]
    here.tables.write([Remove(Key(Table.LOG, SHOP, link.id), "expired") for link in gone])
    found = walked(here, 31)
    assert (found.fault, found.expired, found.checked, found.overdue) == (None, 2, 3, 1)
    early = walked(here, 29).fault
    assert early is not None
    assert early.n == 3


def test_a_deployment_may_stop_and_start_to_keep(here: Deployment) -> None:
    for number, keep in enumerate((MONTH, None, MONTH, 12 * MONTH, MONTH)):
        _, ledger = keeping(here, keep)
        assert ledger.append(an_entry(when=at(number), seed=str(number)))
    assert walked(here, 0).fault is None
    assert [due.n for due in here.store.heads([SHOP])[SHOP].dues] == [2, 4, 5]
