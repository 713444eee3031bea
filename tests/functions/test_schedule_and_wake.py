"""Who is asked for: by the minute, by an alarm, by a group; and who is not."""

from __future__ import annotations

from typing import Any

import pytest

from functions.schedule.handler import lambda_handler as schedule
from functions.wake.handler import lambda_handler as wake
from tests.functions.deployment import Deployment, metrics_in, sample
from trimtab.errors import EventRefused
from trimtab.model.ids import ServiceId
from trimtab.ports import Listed


def test_every_enabled_service_is_asked_for_once_a_minute(
    deployment: Deployment, context: object
) -> None:
    deployment.serve("search")
    answers = [schedule(sample("schedule-tick"), context) for _ in range(2)]
    assert answers == [{"asked": 2}, {"asked": 2}]
    assert deployment.asked() == [("search", "schedule"), ("shop", "schedule")]


def test_no_service_at_all_is_a_finished_duty(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setattr(type(deployment.store), "services", lambda _: ())
    assert schedule(sample("schedule-tick"), context) == {"asked": 0}
    assert metrics_in(capsys)["Heartbeat"] == [1.0]


def test_a_service_to_look_at_is_no_heartbeat_yet(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule(sample("schedule-tick"), context)
    assert "Heartbeat" not in metrics_in(capsys)


@pytest.mark.parametrize(
    "name",
    [
        "wake-alarm-raised",
        "wake-alarm-cleared",
        "wake-group-launched",
        "wake-group-terminated",
        "wake-spot-interruption",
        "wake-rebalance-recommended",
    ],
)
def test_an_event_about_our_resources_wakes_their_service(
    name: str, deployment: Deployment, context: object
) -> None:
    assert wake(sample(name), context) == {"woken": ["shop"]}
    assert [service for service, _ in deployment.asked()] == ["shop"]


def test_the_message_says_which_alarm_it_was(deployment: Deployment, context: object) -> None:
    wake(sample("wake-alarm-raised"), context)
    [(_, by)] = deployment.asked()
    assert by == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-blue-errors"


@pytest.mark.parametrize(
    "name", ["wake-alarm-unmanaged", "wake-alarm-composite", "wake-hostile-names"]
)
def test_an_event_about_nothing_of_ours_does_nothing(
    name: str, deployment: Deployment, context: object
) -> None:
    assert wake(sample(name), context) == {"woken": []}
    assert deployment.asked() == []


def test_hostile_names_are_not_logged(
    deployment: Deployment, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    wake(sample("wake-hostile-names"), context)
    assert deployment.asked() == []
    assert "onerror" not in capsys.readouterr().out


def test_a_disabled_service_sleeps_on(
    deployment: Deployment, context: object, monkeypatch: Any
) -> None:
    disabled = (Listed(ServiceId("shop"), False, 1, frozenset({"blue-asg"})),)
    monkeypatch.setattr(type(deployment.store), "services", lambda _: disabled)
    assert wake(sample("wake-group-launched"), context) == {"woken": []}


OVERSIZED = sample("wake-alarm-raised") | {"padding": "x" * 300_000}


@pytest.mark.parametrize(
    ("event", "why"),
    [
        pytest.param(sample("wake-hostile-nested"), "deeper", id="boxes-in-boxes"),
        pytest.param(OVERSIZED, "characters", id="oversized"),
        pytest.param(sample("wake-hostile-foreign"), "another account", id="foreign"),
        pytest.param(sample("wake-hostile-unknown"), "no wake-up is defined", id="unknown"),
        pytest.param({}, "another account", id="empty"),
        pytest.param([], "expected an EventBridge event", id="a-list"),
        pytest.param(None, "expected an EventBridge event", id="nothing"),
    ],
)
def test_what_we_do_not_read_is_refused_clearly_and_counted(
    event: object,
    why: str,
    deployment: Deployment,
    context: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(EventRefused, match=why):
        wake(event, context)
    assert deployment.asked() == []
    assert metrics_in(capsys)["EventsRefused"] == [1.0]
