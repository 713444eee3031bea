"""The warden's handler: what it looks after, what it counts, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.warden.handler import lambda_handler as warden
from tests.builders import SHOP, a_pause, an_eject, an_entry, at
from tests.functions.deployment import Deployment, metrics_in, sample
from trimtab.adapters.records import leases_item
from trimtab.adapters.tables import Put, Table
from trimtab.errors import Throttled
from trimtab.model.change import Resize, inverse_of, subject_of
from trimtab.model.entry import Kind
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.lease import Lease, Leases

OUT = an_eject(9)
EXPIRED = Lease(subject_of(OUT), inverse_of(OUT), at(-1), "taken out")


def hold(deployment: Deployment, *held: Lease, service: str = SHOP) -> None:
    item = leases_item(ServiceId(service), Leases(1, held))
    deployment.state.tables.write([Put(Table.MEMORY, item, "leases")])


def test_nothing_to_look_after_is_a_heartbeat(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert warden(sample("warden-run"), context) == {"held": 0}
    assert metrics_in(capsys) == {"WardenHeartbeat": [1.0]}


def test_what_has_expired_is_given_back_and_counted(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(deployment, EXPIRED, replace(EXPIRED, subject="later", expires=at(9)))
    assert warden(sample("warden-run"), context) == {"held": 2}
    assert deployment.hands.done == [EXPIRED.inverse]
    assert metrics_in(capsys) == {
        "LeasesExpired": [1.0],
        "ActionsApplied": [1.0],
        "WardenHeartbeat": [1.0],
    }


def test_one_damaged_row_hides_no_other(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(deployment, EXPIRED)
    damaged = {**leases_item(ServiceId("api"), Leases(1)), "body": "{"}
    deployment.state.tables.write([Put(Table.MEMORY, damaged, "leases")])
    warden(sample("warden-run"), context)
    assert deployment.hands.done == [EXPIRED.inverse]
    assert metrics_in(capsys)["LeasesFailed"] == [1.0]


def test_what_is_due_and_could_not_be_given_back_is_counted_at_every_run(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    held_small = Resize(FleetId("blue"), "blue-asg", before=2, after=5)  # and nobody sees the group
    hold(deployment, replace(EXPIRED, inverse=held_small))
    for _ in range(2):
        warden(sample("warden-run"), context)
        assert metrics_in(capsys)["LeasesFailed"] == [1.0]
    assert deployment.hands.done == []


def test_a_pause_is_no_failure(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    hold(deployment, EXPIRED)
    deployment.store.set_pause(None, a_pause(), an_entry("#all", kind=Kind.PAUSE))
    warden(sample("warden-run"), context)
    assert deployment.hands.done == []
    assert "LeasesFailed" not in metrics_in(capsys)


def test_leases_that_cannot_be_read_at_all_are_no_heartbeat(
    deployment: Deployment, context: object, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def refuse(_: object) -> None:
        raise Throttled("not now")

    monkeypatch.setattr(type(deployment.store), "leases", refuse)
    with pytest.raises(Throttled):
        warden(sample("warden-run"), context)
    assert metrics_in(capsys) == {}
