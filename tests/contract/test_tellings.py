"""What people were told is remembered alike in memory and on DynamoDB."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.contract.deployments import Deployment
from tests.unit.core.stories import an_action
from trimtab.adapters import records
from trimtab.adapters.tables import Put, Table
from trimtab.adapters.tellings import TableTellings
from trimtab.errors import Conflict
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Told
from trimtab.told.fold import fold


@pytest.fixture
def service() -> ServiceId:
    return ServiceId(f"shop-{uuid4()}")


def test_nothing_was_told_at_first(here: Deployment, service: ServiceId) -> None:
    tellings = TableTellings(here.tables)
    assert tellings.recall([service]) == {service: Told()}
    assert tellings.recall([]) == {}


def test_what_is_kept_is_recalled(here: Deployment, service: ServiceId) -> None:
    tellings = TableTellings(here.tables)
    kept = tellings.keep(service, fold(Told(), [an_action(n, number=n) for n in range(1, 9)]))
    assert kept.version == 1
    other = ServiceId(f"{service}-other")
    assert tellings.recall([service, other]) == {service: kept, other: Told()}
    assert tellings.keep(service, replace(kept, quiet=())).version == 2


def test_who_did_not_see_the_newest_keeps_nothing(here: Deployment, service: ServiceId) -> None:
    tellings = TableTellings(here.tables)
    kept = tellings.keep(service, Told())
    for stale in (Told(), replace(kept, version=7)):
        with pytest.raises(Conflict):
            tellings.keep(service, stale)
    assert tellings.recall([service])[service] == kept


def test_what_cannot_be_read_is_begun_anew_and_can_be_replaced(
    here: Deployment, service: ServiceId
) -> None:
    item = {**records.told_item(service, Told()), "body": '{"from": "tomorrow"}', "version": 5}
    here.tables.write([Put(Table.MEMORY, item, "something newer")])
    tellings = TableTellings(here.tables)
    assert tellings.recall([service])[service] == Told(version=5)
    assert tellings.keep(service, Told(version=5)).version == 6
