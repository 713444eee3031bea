"""Every way to append moves the chain: alone, in a tick, with a policy, with a pause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import NOON, SHOP, a_policy, a_tick, an_entry, at
from tests.contract.deployments import Deployment
from trimtab.adapters.chain import START, TRIES, hash_of, write_linked
from trimtab.adapters.tables import LostRace
from trimtab.errors import Conflict
from trimtab.model.entry import Kind
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head, Link
from trimtab.model.policy import Lever
from trimtab.model.tick import Pause

ALL = ServiceId("#all")


def chain(here: Deployment, service: ServiceId = SHOP) -> list[Link]:
    return sorted(here.ledger.links(service), key=lambda link: link.n)


def head(here: Deployment, service: ServiceId = SHOP) -> Head:
    return here.store.heads([service]).get(service, START)


def holds(here: Deployment, service: ServiceId = SHOP) -> bool:
    """Whether each entry follows the one before it, up to the head."""
    last = START
    for link in chain(here, service):
        if (link.n, link.prev) != (last.n + 1, last.hash):
            return False
        last = Head(link.n, hash_of(link.n, link.prev, link.body))
        if link.hash != last.hash:
            return False
    return head(here, service) == last


def append(here: Deployment, seed: str) -> None:
    assert here.ledger.append(an_entry(seed=seed))


def with_policy(here: Deployment) -> Deployment:
    entry = an_entry(SHOP, at(-60), kind=Kind.POLICY)
    here.store.apply_policy(a_policy(), frozenset(), entry)
    return here


def test_whatever_appends_is_a_link_of_one_chain(here: Deployment) -> None:
    with_policy(here)
    here.ledger.append(an_entry(seed="alone"))
    here.ledger.commit(a_tick(entries=(an_entry(seq=0), an_entry(seq=1))))
    pause = Pause(frozenset(Lever), "ann", "deploying", NOON)
    here.store.set_pause(SHOP, pause, an_entry(seed="pause", kind=Kind.PAUSE))
    assert holds(here)
    assert [link.n for link in chain(here)] == [1, 2, 3, 4, 5]


def test_services_and_everything_have_chains_of_their_own(here: Deployment) -> None:
    here.store.set_pause(None, None, an_entry(ALL, kind=Kind.PAUSE))
    here.ledger.append(an_entry())
    assert holds(here)
    assert holds(here, ALL)
    assert (head(here).n, head(here, ALL).n) == (1, 1)


def test_a_tick_without_entries_does_not_touch_the_chain(here: Deployment) -> None:
    with_policy(here)
    before = head(here)
    here.ledger.commit(a_tick())
    assert head(here) == before


def test_a_tick_goes_behind_an_entry_that_was_appended_meanwhile(here: Deployment) -> None:
    with_policy(here)
    late = here.interrupted(lambda: append(here, "meanwhile"))
    late.ledger.commit(a_tick(entries=(an_entry(seq=0),)))
    assert holds(here)
    assert [link.n for link in chain(here)] == [1, 2, 3]


def test_an_entry_goes_behind_one_that_was_appended_meanwhile(here: Deployment) -> None:
    late = here.interrupted(lambda: append(here, "meanwhile"))
    assert late.ledger.append(an_entry())
    assert holds(here)
    assert head(here).n == 2


def test_an_entry_that_exists_moves_no_chain(here: Deployment) -> None:
    late = here.interrupted(lambda: append(here, "same"))
    assert not late.ledger.append(an_entry(seed="same"))
    assert head(here).n == 1
    assert holds(here)


def test_a_policy_goes_behind_an_entry_that_was_appended_meanwhile(here: Deployment) -> None:
    late = here.interrupted(lambda: append(here, "meanwhile"))
    with_policy(late)
    assert holds(here)
    assert head(here).n == 2


def test_who_always_loses_the_head_gives_up_in_the_end(here: Deployment) -> None:
    tries = 0

    class Busy:
        """Tables on which somebody appends before each of our writes."""

        def __getattr__(self, name: str) -> object:
            return getattr(here.tables, name)

        def write(self, writes: object) -> None:
            nonlocal tries
            tries += 1
            append(here, f"other {tries}")
            here.tables.write(writes)  # type: ignore[arg-type]

    with pytest.raises(Conflict, match="head of the chain of shop"):
        write_linked(Busy(), SHOP, [an_entry()])  # type: ignore[arg-type]
    assert tries == TRIES
    assert holds(here)


def test_a_moved_memory_is_a_conflict_even_when_the_chain_moved_too(here: Deployment) -> None:
    with_policy(here)
    winner = a_tick(entries=(an_entry(seed="winner"),))
    late = here.interrupted(lambda: here.ledger.commit(winner))
    with pytest.raises(LostRace, match="memory of shop"):
        late.ledger.commit(replace(a_tick(entries=(an_entry(seed="loser"),)), id="LOSER"))
    assert holds(here)
    assert head(here).n == 2
