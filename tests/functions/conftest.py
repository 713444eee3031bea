"""The real handlers on a deployment in memory, five seconds past noon."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import time_machine

from functions.access import handler as access
from functions.act import handler as act
from functions.anchor import handler as anchor
from functions.notify import handler as notify
from functions.reconcile import handler as reconcile
from functions.schedule import handler as schedule
from functions.wake import handler as wake
from functions.warden import handler as warden
from tests.builders import NOON, SHOP
from tests.functions.deployment import Deployment
from trimtab.act import Actor
from trimtab.loop import Loop
from trimtab.settings import Settings
from trimtab.warden import Warden


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployment:
    made = Deployment()
    made.serve(SHOP)
    settings = Settings(region="eu-west-1", account="123456789012")
    for module in (schedule, wake, notify, anchor, access):
        monkeypatch.setattr(module, "connections", lambda: made)
    for module in (wake, reconcile):
        monkeypatch.setattr(module, "settings", lambda: settings)
    loop = Loop(made.store, made.ledger, made.infrastructure, made.reports)
    monkeypatch.setattr(reconcile, "loop", lambda: loop)
    actor = Actor(made.ledger, made.store, made.infrastructure, made.hands)
    monkeypatch.setattr(act, "actor", lambda: actor)
    watching = Warden(made.store, made.ledger, made.infrastructure, made.hands)
    monkeypatch.setattr(warden, "warden", lambda: watching)
    return made


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Five seconds past noon, when the sample events are fresh."""
    with time_machine.travel(NOON.replace(second=5), tick=False) as travelled:
        yield travelled


@pytest.fixture
def context() -> SimpleNamespace:
    """What Lambda says of an invocation."""
    return SimpleNamespace(
        function_name="trimtab-under-test",
        memory_limit_in_mb=512,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:trimtab-under-test",
        aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
        get_remaining_time_in_millis=lambda: 300_000,
    )
