"""The environment read once, every fault named at once; ports built only when used."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import SHOP, at
from trimtab.adapters.aws.clients import Clients, Session
from trimtab.errors import SettingsInvalid
from trimtab.settings import Settings
from trimtab.wiring import connect

WHOLE = {
    "AWS_REGION": "eu-west-1",
    "TRIMTAB_ACCOUNT": "123456789012",
    "TRIMTAB_MEMORY_TABLE": "stack-Memory-1",
    "TRIMTAB_LOG_TABLE": "stack-Log-1",
    "TRIMTAB_TICKS_TABLE": "stack-Ticks-1",
    "TRIMTAB_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/work.fifo",
    "TRIMTAB_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:people",
    "TRIMTAB_TICKS_DAYS": "30",
    "TRIMTAB_LOG_DAYS": "90",
    "TRIMTAB_MAX_REMOVALS": "0",
}


def test_a_whole_environment_is_read() -> None:
    assert Settings.from_env(WHOLE) == Settings(
        region="eu-west-1",
        account="123456789012",
        memory_table="stack-Memory-1",
        log_table="stack-Log-1",
        ticks_table="stack-Ticks-1",
        queue_url=WHOLE["TRIMTAB_QUEUE_URL"],
        topic_arn=WHOLE["TRIMTAB_TOPIC_ARN"],
        ticks_days=30,
        log_days=90,
        most_removals=0,
    )


def test_an_empty_environment_is_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"AWS_DEFAULT_REGION": "eu-west-1"}).region == "eu-west-1"


def test_every_fault_of_the_environment_is_named_at_once() -> None:
    wrong = {
        "TRIMTAB_MEMORY_TABLE": "no spaces please",
        "TRIMTAB_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/123456789012/standard",
        "TRIMTAB_TOPIC_ARN": "people",
        "TRIMTAB_TICKS_DAYS": "0",
        "TRIMTAB_LOG_DAYS": "29",
        "TRIMTAB_ACCOUNT": "me",
        "TRIMTAB_MAX_REMOVALS": "-1",
    }
    with pytest.raises(SettingsInvalid) as raised:
        Settings.from_env(wrong)
    assert all(
        name in str(raised.value) and value in str(raised.value) for name, value in wrong.items()
    )


@pytest.mark.parametrize("days", ["1", "-1", "10000", "1.5", "ever"])
def test_a_log_that_would_be_kept_for_less_than_a_month_is_refused(days: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"0 \(for ever\), or 30 to 9999 days"):
        Settings.from_env({"TRIMTAB_LOG_DAYS": days})


def test_the_log_is_kept_for_ever_unless_asked() -> None:
    assert Settings.from_env({}).keep_log is None
    assert Settings.from_env({"TRIMTAB_LOG_DAYS": "0"}).keep_log is None
    assert Settings.from_env({"TRIMTAB_LOG_DAYS": "30"}).keep_log == timedelta(days=30)


def test_what_a_function_needs_and_lacks_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid, match="TRIMTAB_LOG_TABLE, TRIMTAB_QUEUE_URL"):
        Settings(memory_table="memory").require("memory_table", "log_table", "queue_url")


def test_a_port_asks_only_for_its_own_settings() -> None:
    told = connect(Settings(region="eu-west-1", topic_arn=WHOLE["TRIMTAB_TOPIC_ARN"]))
    assert told.topic is told.topic
    for port, name in (("store", "MEMORY"), ("ledger", "LOG"), ("queue", "QUEUE")):
        with pytest.raises(SettingsInvalid, match=f"TRIMTAB_{name}"):
            getattr(told, port)
    assert all((told.infrastructure, told.hands, told.names))


def test_wiring_builds_no_client_until_one_is_used() -> None:
    connected = connect(Settings.from_env(WHOLE))
    ports = ("store", "ledger", "infrastructure", "hands", "queue", "topic", "names")
    assert all(getattr(connected, port) for port in ports)
    assert "elb" not in vars(connected.clients)
    assert "dynamodb" not in vars(connected.clients)


def test_an_operators_session_is_the_one_that_is_used() -> None:
    session = Session(region_name="us-east-2")
    assert connect(Settings(), session).clients.dynamodb.meta.region_name == "us-east-2"
    elsewhere = connect(Settings(region="eu-west-1"), session)
    assert elsewhere.clients.dynamodb.meta.region_name == "eu-west-1"


def test_a_client_has_little_patience_and_says_who_it_is() -> None:
    config = Clients(region="eu-west-1").sns.meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 3)  # type: ignore[attr-defined]
    assert config.retries["mode"] == "standard"  # type: ignore[attr-defined]
    assert config.user_agent_extra.startswith("trimtab/")  # type: ignore[attr-defined]


def test_a_missing_table_name_is_told_when_the_table_is_needed() -> None:
    connected = connect(Settings(region="eu-west-1", log_table="log"))
    with pytest.raises(SettingsInvalid, match="TICKS table"):
        list(connected.ledger.ticks(SHOP, at(0), at(1), limit=1))
