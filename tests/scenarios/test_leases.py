"""The controller dies in every way there is; what is temporary expires all the same.

On the embedded AWS, with the real handlers: reconcile, act or both do not run any more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.builders import an_entry
from tests.scenarios.embedded_shop import (
    A_TARGET_DIES,
    SHOP,
    of_kind,
    outcomes_of,
    run_until,
    running,
    shop,
    states,
    stored,
    weights,
    work,
)
from trimtab.adapters.verify import Heads, verify
from trimtab.events import ask_to_body
from trimtab.model.change import Eject, Restore
from trimtab.model.entry import Entry, Kind
from trimtab.model.lease import WARDEN, Leases
from trimtab.model.memory import Memory
from trimtab.model.policy import Lever
from trimtab.model.reason import ReasonCode as Code
from trimtab.model.tick import Ask, Pause, Remembered
from trimtab_lab.embedded import Embedded
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget

SHORT_ILLNESS = replace(A_TARGET_DIES, lasts_s=600)


def kill_all(aws: Embedded) -> None:
    aws.functions.stopped |= {"schedule", "wake", "reconcile", "act"}


def kill_act(aws: Embedded) -> None:
    aws.functions.stopped |= {"act"}


def kill_reconcile(aws: Embedded) -> None:
    aws.functions.stopped |= {"reconcile"}


def damage(aws: Embedded, item: str) -> None:
    key: dict[str, Any] = {"service": {"S": SHOP}, "item": {"S": item}}
    aws.session.client("dynamodb").update_item(
        TableName=aws.settings.memory_table,
        Key=key,
        UpdateExpression="SET body = :b",
        ExpressionAttributeValues={":b": {"S": '{"no": 1}'}},
    )


def remove(aws: Embedded, item: str) -> None:
    key: dict[str, Any] = {"service": {"S": SHOP}, "item": {"S": item}}
    aws.session.client("dynamodb").delete_item(TableName=aws.settings.memory_table, Key=key)


def out_of(aws: Embedded) -> Entry:
    """Run until a target was taken out."""
    intent = run_until(aws, Kind.APPLIED)
    assert isinstance(intent.change, Eject)
    return intent


def wardens(aws: Embedded) -> list[Entry]:
    return [entry for entry in stored(aws) if entry.by == WARDEN]


def leases(aws: Embedded) -> Leases:
    row = aws.connections.store.leases()[SHOP]
    assert isinstance(row, Leases)
    return row


def memory_of(aws: Embedded) -> Memory:
    held = aws.connections.store.recall([SHOP])[SHOP]
    assert isinstance(held, Remembered)
    return held.memory


def chain_holds(aws: Embedded) -> bool:
    head = aws.connections.store.heads([SHOP])[SHOP]
    return verify(aws.connections.ledger.links(SHOP), Heads(head, head)).fault is None


DEATHS: dict[str, Callable[[Embedded], None]] = {
    "all functions but the warden are dead": kill_all,
    "act is dead, reconcile lives": kill_act,
    "reconcile is dead": kill_reconcile,
    "the policy is deleted": lambda aws: remove(aws, "policy#current"),
    "the policy is damaged": lambda aws: damage(aws, "policy#current"),
    "memory is damaged": lambda aws: damage(aws, "memory"),
    "memory is lost": lambda aws: remove(aws, "memory"),
}


@pytest.mark.parametrize("die", DEATHS.values(), ids=DEATHS)
def test_whatever_dies_the_target_returns_once_and_the_log_says_who(
    die: Callable[[Embedded], None],
) -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        ejected = out_of(aws)
        die(aws)
        aws.run(45)
        assert set(states(aws, "blue").values()) == {"healthy"}
        (intent,) = of_kind(wardens(aws), Kind.INTENDED)
        assert isinstance(intent.change, Restore)
        assert intent.change.instance == ejected.change.instance  # type: ignore[union-attr]
        assert intent.wanted is not None
        assert intent.wanted.code is Code.LEASE_EXPIRED
        outcome, *effect = outcomes_of(aws, intent)  # a living controller tells its effect, too
        assert [e.kind for e in effect] in ([], [Kind.VERIFIED])
        assert (outcome.kind, outcome.by) == (Kind.APPLIED, WARDEN)
        assert len(wardens(aws)) == 2, "nothing is said every five minutes"
        (call,) = [call for call in aws.calls.writes() if call.function == WARDEN]
        assert call.operation in ("ExitStandby", "RegisterTargets")
        assert chain_holds(aws)


AWAITS = [
    (operation, moment)
    for operation in (
        "Query", "BatchGetItem", "DescribeAutoScalingGroups", "GetItem", "TransactWriteItems",
        "ExitStandby",
    )
    for moment in ("before", "after")
]  # fmt: skip


@pytest.mark.parametrize(("operation", "moment"), AWAITS)
def test_the_warden_killed_anywhere_does_it_once_and_leaves_no_intent_open(
    operation: str, moment: Any
) -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        aws.run(15)
        assert wardens(aws) == []
        aws.kill(WARDEN, operation, moment)
        aws.run(25)
        assert set(states(aws, "blue").values()) == {"healthy"}
        for intent in of_kind(wardens(aws), Kind.INTENDED):
            assert len(outcomes_of(aws, intent)) == 1
        assert len(aws.calls.of(WARDEN, operation="ExitStandby")) == 1
        assert chain_holds(aws)


def test_a_pause_stops_the_warden_too_and_it_says_so() -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        pause = Pause(frozenset(Lever), "ann", "hands off", aws.now)
        aws.connections.store.set_pause(SHOP, pause, an_entry(kind=Kind.PAUSE, when=aws.now))
        aws.run(30)
        assert wardens(aws) == []
        assert aws.calls.of(WARDEN, operation="ExitStandby") == []
        assert any("warden.left" in line for line in aws.functions.output.lines)
        remove(aws, "pause")
        aws.run(6)
        assert of_kind(wardens(aws), Kind.APPLIED)


@pytest.mark.parametrize("operation", ["DescribeAutoScalingGroups", "BatchGetItem", "Query"])
def test_what_cannot_be_read_is_left_as_it_is(operation: str) -> None:
    service = "autoscaling" if operation.startswith("Describe") else "dynamodb"
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        aws.deny(service, operation)
        aws.run(40)
        assert aws.calls.of(WARDEN, operation="ExitStandby") == []
        aws.allow(service, operation)
        assert len(wardens(aws)) <= 1, "one note at most, not one every run"
        aws.run(6)
        assert of_kind(wardens(aws), Kind.APPLIED)


def test_what_aws_refuses_is_tried_again_at_the_next_run_and_then_less_and_less_often() -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        aws.deny("autoscaling", "ExitStandby")
        aws.run(80)
        tries = of_kind(wardens(aws), Kind.INTENDED)
        waits = [(b.at - a.at).total_seconds() / 60 for a, b in pairwise(tries)]
        assert waits[:3] == [5, 10, 20]
        assert len(of_kind(wardens(aws), Kind.FAILED)) == len(tries)


def test_two_wardens_at_once_do_it_once() -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        aws.run(19)
        aws.when("TransactWriteItems", lambda: aws.invoke(WARDEN, {}), WARDEN)
        aws.run(6)
        assert len(of_kind(wardens(aws), Kind.INTENDED)) == 1
        assert len(aws.calls.of(WARDEN, operation="ExitStandby")) == 1


def test_a_controller_that_lives_again_just_then_makes_the_warden_stand_back() -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        out_of(aws)
        kill_all(aws)
        aws.run(19)

        def live() -> None:
            aws.functions.stopped.clear()
            body = ask_to_body(Ask(SHOP, "schedule", aws.now))
            aws.invoke("reconcile", work(body))

        aws.when("TransactWriteItems", live, WARDEN)
        aws.run(10)
        assert wardens(aws) == []
        assert set(states(aws, "blue").values()) == {"healthy"}
        restores = [e for e in of_kind(stored(aws), Kind.INTENDED) if isinstance(e.change, Restore)]
        assert len(restores) == 1


def test_a_controller_that_comes_back_takes_over_what_the_warden_did() -> None:
    with running(shop(SHORT_ILLNESS)) as aws:
        ejected = out_of(aws)
        kill_all(aws)
        aws.run(25)
        assert of_kind(wardens(aws), Kind.APPLIED)
        aws.functions.stopped.clear()
        aws.run(2)
        memory = memory_of(aws)
        assert isinstance(ejected.change, Eject)
        blue = memory.fleet(ejected.change.fleet)
        assert (blue.ejected, memory.pending) == ({}, ())
        assert blue.strikes[ejected.change.target].count == 1
        assert [a.removal for a in memory.actions if a.fleet == ejected.change.fleet] == [
            True, False,
        ]  # fmt: skip
        assert leases(aws).is_empty
        before = len(stored(aws))
        aws.run(10)
        assert not [e for e in stored(aws)[before:] if e.kind is Kind.INTENDED]


def test_a_target_that_the_warden_brought_back_is_not_held_against_the_ejection() -> None:
    """The controller died before the ejection's effect was known."""
    with running(shop(SHORT_ILLNESS)) as aws:
        ejected = out_of(aws)
        kill_all(aws)
        aws.run(25)
        (returned,) = of_kind(wardens(aws), Kind.INTENDED)
        aws.functions.stopped.clear()
        aws.run(3)
        effects = {e.intent: e for e in stored(aws) if e.id.endswith("#effect")}
        assert effects[returned.id].kind is Kind.VERIFIED
        assert effects[ejected.intent].kind is Kind.NOTED
        assert "was brought back before" in effects[ejected.intent].reason.text
        assert memory_of(aws).cautions == {}


def test_a_living_controller_is_never_overtaken() -> None:
    with running(shop(replace(A_TARGET_DIES, lasts_s=5400))) as aws:
        out_of(aws)
        aws.run(90)
        assert wardens(aws) == []


def test_traffic_comes_home_step_by_step_and_only_to_healthy_targets() -> None:
    """All of blue dies for a while, and traffic goes to green. Then the controller dies."""
    dead = [
        Fault(FaultKind.DEAD, KthTarget("blue", n), after_s=120, lasts_s=1800) for n in range(4)
    ]
    with running(shop(*dead)) as aws:
        home = weights(aws)
        for _ in range(20):
            aws.run(1)
            if weights(aws)["blue"] == 0:
                break
        assert weights(aws)["blue"] == 0
        kill_all(aws)
        seen = [weights(aws)["blue"]]
        for _ in range(70):
            aws.run(1)
            healthy = list(states(aws, "blue").values()).count("healthy")
            if weights(aws)["blue"] != seen[-1]:
                assert healthy > 0
                seen.append(weights(aws)["blue"])
        assert weights(aws) == home
        assert max(b - a for a, b in pairwise(seen)) <= 20
        assert all(e.kind is Kind.INTENDED or e.by == WARDEN for e in wardens(aws))
