"""What the port ``Store`` promises, in memory and on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from tests.builders import BLUE, NOON, SHOP, a_pause, a_policy, a_request, a_tick, an_entry, at
from tests.contract.deployments import Deployment
from trimtab.adapters.records import memory_key, pause_key, requests_key
from trimtab.adapters.tables import Item, Key, Put, Table
from trimtab.errors import Conflict, Malformed
from trimtab.model.entry import Kind
from trimtab.model.halt import Halts, Protection
from trimtab.model.ids import ServiceId
from trimtab.model.memory import Hold, Memory
from trimtab.model.policy import Lever, Mode
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import ProtectFleet
from trimtab.model.tick import Remembered
from trimtab.ports import Listed


def apply(here: Deployment, service: str = SHOP, seed: str = "apply", **changes: Any) -> int:
    policy = a_policy(service, **changes)
    entry = an_entry(service, seed=seed, kind=Kind.POLICY)
    return here.store.apply_policy(policy, frozenset({"arn:one", "arn:two"}), entry)


def damage(here: Deployment, key: Key) -> None:
    item: Item = {"service": key.partition, "item": key.sort, "version": 1, "body": '{"no": 1}'}
    here.tables.write([Put(Table.MEMORY, item, "damage", None)])


def test_a_service_without_a_policy_is_not_found_and_hides_no_other(here: Deployment) -> None:
    apply(here)
    recalled = here.store.recall([SHOP, ServiceId("ghost")])
    assert isinstance(recalled[SHOP], Remembered)
    ghost = recalled[ServiceId("ghost")]
    assert isinstance(ghost, Reason)
    assert ghost.code is ReasonCode.NOT_FOUND


def test_recalling_nothing_asks_nothing(here: Deployment) -> None:
    assert here.store.recall([]) == {}


def test_an_applied_policy_is_recalled_whole_with_its_version_and_empty_memory(
    here: Deployment,
) -> None:
    assert apply(here) == 1
    assert here.store.recall([SHOP])[SHOP] == Remembered(a_policy(version=1), Memory())


def test_versions_count_up_and_every_one_stays_readable(here: Deployment) -> None:
    apply(here)
    second: dict[str, Any] = {"modes": {Lever.SCALE: Mode.OBSERVE}, "enabled": False}
    assert apply(here, seed="again", **second) == 2
    assert here.store.policy(SHOP) == a_policy(version=2, **second)
    assert here.store.policy(SHOP, 1) == a_policy(version=1)
    assert here.store.policy(SHOP, 3) is None
    assert here.store.policy(ServiceId("ghost")) is None


def test_the_directory_lists_services_in_name_order(here: Deployment) -> None:
    for service in ("web", "api", "shop"):
        apply(here, service)
    apply(here, "api", seed="again", enabled=False)
    resources = frozenset({"arn:one", "arn:two"})
    assert here.store.services() == (
        Listed(ServiceId("api"), False, 2, resources),
        Listed(ServiceId("shop"), True, 1, resources),
        Listed(ServiceId("web"), True, 1, resources),
    )


def test_a_directory_without_services_is_empty(here: Deployment) -> None:
    assert here.store.services() == ()


def test_the_log_entry_of_a_policy_tells_the_version_it_became(here: Deployment) -> None:
    apply(here)
    apply(here, seed="again")
    entry = here.ledger.entry(SHOP, an_entry(seed="again").id)
    assert entry is not None
    assert (entry.kind, entry.policy_version) == (Kind.POLICY, 2)


def test_of_two_policies_applied_at_once_one_is_stored(here: Deployment) -> None:
    apply(here)
    late = here.interrupted(lambda: apply(here, seed="first", enabled=False))
    with pytest.raises(Conflict, match="policy of shop"):
        apply(late, seed="second")
    assert here.store.policy(SHOP) == a_policy(version=2, enabled=False)
    assert here.ledger.entry(SHOP, an_entry(seed="second").id) is None


def test_a_policy_whose_log_entry_exists_already_is_not_stored(here: Deployment) -> None:
    apply(here)
    with pytest.raises(Conflict, match="log entry shop/"):
        apply(here, enabled=False)
    assert here.store.policy(SHOP) == a_policy(version=1)
    assert here.store.services()[0].enabled


def test_more_services_than_one_batch_holds_are_recalled(here: Deployment) -> None:
    names = [ServiceId(f"service-{n:02}") for n in range(40)]  # 161 keys, 100 a call
    for name in names:
        apply(here, name)
    recalled = here.store.recall([*names, names[0]])
    assert list(recalled) == names
    assert all(isinstance(held, Remembered) for held in recalled.values())


def test_what_was_read_cannot_change_what_is_stored(here: Deployment) -> None:
    apply(here)
    held = here.store.policy(SHOP)
    assert held is not None
    cast("dict[Lever, Mode]", held.modes).clear()
    assert here.store.policy(SHOP) == a_policy(version=1)


def test_a_damaged_item_blinds_its_own_service_only(here: Deployment) -> None:
    apply(here)
    apply(here, "web")
    damage(here, memory_key(SHOP))
    recalled = here.store.recall([SHOP, ServiceId("web")])
    damaged = recalled[SHOP]
    assert isinstance(damaged, Reason)
    assert damaged.code is ReasonCode.NOT_SEEN
    assert "shop/memory" in damaged.text
    assert isinstance(recalled[ServiceId("web")], Remembered)


def test_pauses_are_the_services_own_and_that_of_everything(here: Deployment) -> None:
    apply(here)
    own = a_pause(why="deploying", levers=frozenset({Lever.SCALE}), until=at(5))
    here.store.set_pause(SHOP, own, an_entry(seed="one", kind=Kind.PAUSE))
    here.store.set_pause(None, a_pause(why="storm"), an_entry("#all", kind=Kind.PAUSE))
    assert here.store.pauses(SHOP) == (own, a_pause(why="storm"))
    assert here.store.pauses(ServiceId("web")) == (a_pause(why="storm"),)
    recalled = here.store.recall([SHOP])[SHOP]
    assert isinstance(recalled, Remembered)
    assert recalled.pauses == (own, a_pause(why="storm"))


def test_halts_are_pauses_and_what_is_protected_heard_or_not(here: Deployment) -> None:
    apply(here)
    here.store.set_pause(SHOP, a_pause(), an_entry(seed="one", kind=Kind.PAUSE))
    asked = ProtectFleet(BLUE, at(60))
    request = a_request(asked)
    here.store.request([request])
    said = request.reason.text
    assert here.store.halts(SHOP) == Halts((a_pause(),), (Protection(asked, request.by, said),))
    hold = Hold(request.id, "ann", "because", NOON, at(60), protects=asked)
    memory = Memory(holds={"protection of fleet blue": hold})
    here.ledger.commit(a_tick(memory=memory))
    held = Protection(asked, "ann", "because", NOON)
    assert held in here.store.halts(SHOP).protections


@pytest.mark.parametrize("key", [memory_key, requests_key])
def test_damage_of_what_protects_stops_nobody_from_giving_back(
    here: Deployment, key: Callable[[ServiceId], Key]
) -> None:
    here.store.set_pause(SHOP, a_pause(), an_entry(seed="one", kind=Kind.PAUSE))
    damage(here, key(SHOP))
    assert here.store.halts(SHOP) == Halts((a_pause(),))


def test_a_pause_is_logged_with_it_and_cleared_with_it(here: Deployment) -> None:
    here.store.set_pause(SHOP, a_pause(), an_entry(seed="set", kind=Kind.PAUSE))
    here.store.set_pause(SHOP, None, an_entry(seed="clear", kind=Kind.PAUSE))
    here.store.set_pause(SHOP, None, an_entry(seed="clear again", kind=Kind.PAUSE))
    assert here.store.pauses(SHOP) == ()
    logged = {an_entry(seed=s).id for s in ("set", "clear", "clear again")}
    assert {e.id for e in here.ledger.of_service(SHOP, NOON, at(1))} == logged


def test_a_pause_that_cannot_be_logged_is_not_set(here: Deployment) -> None:
    here.ledger.append(an_entry())
    with pytest.raises(Conflict):
        here.store.set_pause(SHOP, a_pause(), an_entry())
    assert here.store.pauses(SHOP) == ()


def test_a_damaged_pause_raises_so_that_act_takes_it_for_paused(here: Deployment) -> None:
    damage(here, pause_key(None))
    with pytest.raises(Malformed, match="#all/pause"):
        here.store.pauses(SHOP)
    with pytest.raises(Malformed, match="#all/pause"):
        here.store.halts(SHOP)
