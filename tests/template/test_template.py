"""The transformed template is what the linters cannot see that it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.template import delivery, permissions, resources, tables, watching
from tests.template.stack import Stack, the_stack
from trimtab.settings import Settings
from trimtab.wiring import connect

Check = Callable[[Stack], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    *permissions.CHECKS,
    *tables.CHECKS,
    *resources.CHECKS,
    *delivery.CHECKS,
    *watching.CHECKS,
)

VALUES = {
    "AWS::AccountId": "123456789012",
    "Memory": "trimtab-Memory-1A2B",
    "Log": "trimtab-Log-1A2B",
    "Ticks": "trimtab-Ticks-1A2B",
    "AnchorBucket": "trimtab-anchorbucket-1a2b",
    "TickRetentionDays": "14",
    "LogKeepDays": "30",
    "MaxRemovals": "20",
    "WorkQueue": "https://sqs.eu-west-1.amazonaws.com/123456789012/trimtab-work.fifo",
    "Topic": "arn:aws:sns:eu-west-1:123456789012:trimtab-Topic-1A2B",
    "EventBusName": "default",
    "WebhookParameter": "/trimtab/webhook",
    "AccessLogsBucket": "trimtab-alb-logs",
}
"""What CloudFormation makes of the references in the functions' environments."""

PORTS = {
    "schedule": ("store", "queue"),
    "wake": ("store", "queue"),
    "reconcile": ("store", "ledger", "infrastructure"),
    "act": ("ledger", "store", "infrastructure", "hands"),
    "notify": ("store", "ledger", "topic", "bus", "webhook", "tellings", "teller"),
    "anchor": ("store", "ledger", "vault"),
    "warden": ("ledger", "store", "infrastructure", "hands"),
    "access": ("access_logs",),
}


def environment_of(function: str, stack: Stack) -> Settings:
    given = stack.functions[f"{function.capitalize()}Function"]["Environment"]["Variables"]
    ours = {
        name: VALUES[(value["Fn::If"][1] if "Fn::If" in value else value)["Ref"]]
        for name, value in given.items()
        if name.startswith("TRIMTAB_")
    }
    return Settings.from_env({"AWS_REGION": "eu-west-1", **ours})


@pytest.fixture(scope="module")
def stack() -> Stack:
    return the_stack()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.replace("_", "-"))
def test_the_stack_holds(check: Check, stack: Stack) -> None:
    assert list(check(stack)) == []


@pytest.mark.parametrize("function", PORTS)
def test_a_function_can_connect_with_the_environment_it_is_given(
    function: str, stack: Stack
) -> None:
    connections = connect(environment_of(function, stack))
    assert all(getattr(connections, port) for port in PORTS[function])


def test_wake_knows_its_own_account(stack: Stack) -> None:
    assert environment_of("wake", stack).account == "123456789012"
