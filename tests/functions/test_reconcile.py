"""A batch of the work queue: each service its tick, and each message its fate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from functions.reconcile.handler import lambda_handler as reconcile
from tests.builders import NOON, SHOP, at
from tests.functions.deployment import Deployment, message, metrics_in, sample
from trimtab.errors import Conflict, EventRefused, Throttled

if TYPE_CHECKING:
    import time_machine

ALL_WELL: dict[str, list[object]] = {"batchItemFailures": []}


@pytest.fixture(autouse=True)
def _search_too(deployment: Deployment) -> None:
    deployment.serve("search", frozenset())


def ticks_of(deployment: Deployment, service: str) -> int:
    return len(list(deployment.ledger.ticks(service, at(-5), at(5), limit=9)))


def test_each_service_of_a_batch_gets_its_tick(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reconcile(sample("reconcile-two-services"), context) == ALL_WELL
    assert [ticks_of(deployment, service) for service in ("shop", "search")] == [1, 1]
    counted = metrics_in(capsys)
    assert (counted["TicksDone"], counted["Heartbeat"]) == ([1.0, 1.0], [1.0])
    assert counted["SeriesRead"] == [3.0, 3.0]


def test_poisoned_messages_are_given_back_and_the_rest_is_done(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = reconcile(sample("reconcile-poisoned"), context)
    assert answer == {"batchItemFailures": [message(number) for number in range(2, 8)]}
    assert ticks_of(deployment, SHOP) == 1
    assert metrics_in(capsys)["MessagesRefused"] == [1.0] * 6


def test_an_unknown_service_is_given_back_and_nothing_is_written(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    before = dict(deployment.state.tables._items)
    answer = reconcile(sample("reconcile-unknown-service"), context)
    assert answer == {"batchItemFailures": [message(1)]}
    assert deployment.state.tables._items == before
    counted = metrics_in(capsys)
    assert counted["TicksFailed"] == [1.0]
    assert "Heartbeat" not in counted


def test_a_stale_message_is_dropped(
    deployment: Deployment,
    context: object,
    clock: time_machine.Traveller,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock.move_to(at(16))
    assert reconcile(sample("reconcile-two-services"), context) == ALL_WELL
    assert ticks_of(deployment, SHOP) == 0
    assert metrics_in(capsys)["MessagesStale"] == [2.0]


@dataclass
class Failing:
    """A ledger that will not commit the ticks of one service."""

    real: Any
    error: Exception
    service: str = SHOP
    tried: list[str] = field(default_factory=list)

    def commit(self, tick: Any) -> None:
        self.tried.append(tick.service)
        if tick.service == self.service:
            raise self.error
        self.real.commit(tick)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def with_a_ledger_that_fails(
    deployment: Deployment, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.reconcile import handler
    from trimtab.loop import Loop

    failing = Failing(deployment.ledger, error)
    loop = Loop(deployment.store, failing, deployment.infrastructure)
    monkeypatch.setattr(handler, "loop", lambda: loop)


def test_a_service_that_fails_leaves_the_others_alone(
    deployment: Deployment, context: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_ledger_that_fails(deployment, Throttled("too many"), monkeypatch)
    answer = reconcile(sample("reconcile-two-services"), context)
    assert answer == ALL_WELL  # the next minute is the retry; a message given back would hold it up
    assert ticks_of(deployment, "search") == 1


def test_a_lost_race_is_no_failure(
    deployment: Deployment,
    context: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_a_ledger_that_fails(deployment, Conflict("somebody was first"), monkeypatch)
    assert reconcile(sample("reconcile-two-services"), context) == ALL_WELL
    assert metrics_in(capsys)["TicksLost"] == [1.0]


def test_a_policy_disabled_meanwhile_is_no_failure(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.serve(SHOP, enabled=False, when=NOON.replace(second=1))
    assert reconcile(sample("reconcile-two-services"), context) == ALL_WELL
    assert "TicksFailed" not in metrics_in(capsys)
    assert ticks_of(deployment, SHOP) == 0


@pytest.mark.parametrize("event", [{}, [], None, {"Records": "none"}, {"Records": ["x"]}])
def test_what_is_no_batch_is_refused(
    event: object, deployment: Deployment, context: object
) -> None:
    with pytest.raises(EventRefused, match="expected"):
        reconcile(event, context)
