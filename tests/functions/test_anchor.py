"""Anchor writes down where every chain ends, and what it writes verifies the log."""

from __future__ import annotations

import json

import pytest

from functions.anchor.handler import lambda_handler as anchor
from tests.builders import SHOP, an_entry
from tests.functions.deployment import Deployment, sample
from trimtab import telemetry
from trimtab.model.entry import Kind
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab_cli.anchors import anchors_in

ALL = ServiceId("#all")


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The log lines as Lambda gets them."""
    formatter = telemetry.logger.registered_formatter
    return [formatter.format(r) for r in caplog.records if r.message == "anchor.heads"]


@pytest.fixture(autouse=True)
def level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


def test_every_head_is_in_one_line_that_verify_reads(
    deployment: Deployment, context: object, caplog: pytest.LogCaptureFixture
) -> None:
    deployment.serve("search")
    deployment.ledger.append(an_entry(seed="another"))
    deployment.store.set_pause(None, None, an_entry(ALL, kind=Kind.PAUSE))
    assert anchor(sample("anchor-daily"), context) == {"anchored": 3}
    [line] = lines(caplog)
    heads = deployment.store.heads([SHOP, ServiceId("search"), ALL])
    assert {name: head.n for name, head in heads.items()} == {SHOP: 2, "search": 1, ALL: 1}
    assert anchors_in(line) == {name: {head.n: head.hash} for name, head in heads.items()}


def test_more_heads_than_fit_into_a_line_go_into_several(
    deployment: Deployment,
    context: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = {ServiceId(f"s{n}"): Head(n, "a" * 64) for n in range(1, 2502)}
    monkeypatch.setattr("functions.anchor.handler.heads_of_all", lambda _: many)
    assert anchor(sample("anchor-daily"), context) == {"anchored": 2501}
    written = lines(caplog)
    assert len(written) == 3
    assert max(map(len, written)) < 200_000
    assert len(anchors_in("\n".join(written))) == 2501


def test_a_deployment_without_services_says_so(
    deployment: Deployment,
    context: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("functions.anchor.handler.heads_of_all", lambda _: {})
    assert anchor(sample("anchor-daily"), context) == {"anchored": 0}
    [line] = lines(caplog)
    assert json.loads(line)["heads"] == []
