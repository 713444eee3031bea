"""Targets: the handlers, given events that somebody forged or damaged."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import time_machine

from functions.access import handler as access
from functions.act import handler as act
from functions.notify import handler as notify
from functions.reconcile import handler as reconcile
from functions.schedule import handler as schedule
from functions.wake import handler as wake
from tests.builders import NOON, SHOP, a_policy, an_entry
from tests.functions.deployment import Deployment, sample
from tests.functions.samples import INTENT
from tests.fuzz import logs
from tests.fuzz.dice import Dice
from trimtab import telemetry
from trimtab.access_logs import Outside
from trimtab.act import Actor
from trimtab.adapters.records import reports_of
from trimtab.errors import TrimtabError
from trimtab.loop import Loop
from trimtab.model.access_logs import AccessLogs
from trimtab.model.entry import Kind
from trimtab.model.policy import HealthPolicy
from trimtab.settings import Settings

SETTINGS = Settings(region="eu-west-1", account="123456789012")
CONTEXT = SimpleNamespace(
    function_name="fuzzed",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:fuzzed",
    aws_request_id="52fdfc07-2182-454f-963f-5f0f9a621d72",
)
Answer = Any


@contextmanager
def served() -> Iterator[Deployment]:
    """The handlers connected to a shop in memory, whose log holds one intent; quiet."""
    made = Deployment()
    made.serve(SHOP, when=NOON - timedelta(minutes=1))
    made.ledger.append(INTENT)
    loop = Loop(made.store, made.ledger, made.infrastructure, made.reports)
    actor = Actor(made.ledger, made.store, made.infrastructure, made.hands)
    output = telemetry.logger.registered_handler
    stream = output.stream  # type: ignore[attr-defined]  # Powertools registers a StreamHandler
    with ExitStack() as stack:
        for module in (schedule, wake, notify, access):
            stack.enter_context(patch.object(module, "connections", lambda: made))
        for module in (wake, reconcile):
            stack.enter_context(patch.object(module, "settings", lambda: SETTINGS))
        stack.enter_context(patch.object(reconcile, "loop", lambda: loop))
        stack.enter_context(patch.object(act, "actor", lambda: actor))
        stack.enter_context(redirect_stdout(io.StringIO()))
        stack.enter_context(time_machine.travel(NOON + timedelta(seconds=5), tick=False))
        output.setStream(io.StringIO())  # type: ignore[attr-defined]
        try:
            yield made
        finally:
            output.setStream(stream)  # type: ignore[attr-defined]


def stored(made: Deployment) -> dict[Any, Any]:
    """All that lies in the tables."""
    return dict(made.state.tables._items)


def answered(handler: Callable[[Any, Any], Answer], event: Any) -> Answer | None:
    """What a handler answers; ``None`` if it refused the event with an error of ours."""
    try:
        return handler(event, CONTEXT)
    except TrimtabError:
        return None


def failures(answer: Mapping[str, Any] | None) -> None:
    """An answer to a batch is Lambda's partial response, or the event was refused whole."""
    if answer is not None:
        assert answer.keys() == {"batchItemFailures"}
        assert all(isinstance(f["itemIdentifier"], str) for f in answer["batchItemFailures"])
        json.dumps(answer)


def woken(data: bytes) -> None:
    """Wake asks for services that exist, or refuses; it writes nothing."""
    dice = Dice(data)
    event = dice.broken(sample(dice.one_of(events("wake"))))
    with served() as made:
        before = stored(made)
        answered(wake.lambda_handler, event)
        assert {service for service, _ in made.asked()} <= {SHOP}
        assert stored(made) == before
        assert made.hands.done == []


def logged(data: bytes) -> None:
    """Access writes reports of services that exist and nothing else, or refuses."""
    dice = Dice(data)
    event = dice.broken(sample(dice.one_of(events("access"))))
    with served() as made:
        policy = a_policy(health=HealthPolicy(access_logs=AccessLogs()))
        made.store.apply_policy(policy, frozenset(), an_entry(kind=Kind.POLICY, seed="logs"))
        files, interfaces = logs.Lines(dice.rest()), logs.Everywhere()
        made.access_logs = Outside(files, made.store, made.infrastructure, interfaces, made.reports)
        before = stored(made)
        answered(access.lambda_handler, event)
        changed = {key.partition for key, item in stored(made).items() if before.get(key) != item}
        assert changed <= {reports_of(SHOP)}
        assert made.hands.done == []


def scheduled(data: bytes) -> None:
    """Schedule asks for every enabled service whatever it is handed."""
    dice = Dice(data)
    event = dice.broken({"time": "2026-03-02T12:00:00Z"})
    with served() as made:
        before = stored(made)
        assert answered(schedule.lambda_handler, event) == {"asked": 1}
        assert made.asked() == [(SHOP, "schedule")]
        assert stored(made) == before


def reconciled(data: bytes) -> None:
    """Reconcile ticks services that exist, whose chain then still holds, and nothing else."""
    dice = Dice(data)
    event = sample(dice.one_of(events("reconcile")))
    if dice.below(2):
        for record in event["Records"]:
            record["body"] = _text_of(dice, record["body"])
    else:
        event = dice.broken(event)
    with served() as made:
        before = stored(made)
        failures(answered(reconcile.lambda_handler, event))
        changed = {key.partition for key, item in stored(made).items() if before.get(key) != item}
        assert changed <= {SHOP, f"chain#{SHOP}"}
        assert before.keys() <= stored(made).keys()
        assert made.hands.done == []


def acted(data: bytes) -> None:
    """Act does what the log holds, at most once, whatever a record of the stream says."""
    dice = Dice(data)
    event = dice.broken(sample(dice.one_of(events("stream"))))
    with served() as made:
        before = stored(made)
        failures(answered(act.lambda_handler, event))
        assert made.hands.done in ([], [INTENT.change])
        added = stored(made).keys() - before.keys()
        assert {key.sort for key in added} <= {f"{INTENT.id}#outcome", "head"}


def told(data: bytes) -> None:
    """Notify changes nothing but its memory of what it told."""
    dice = Dice(data)
    event = sample(dice.one_of(events("stream")))
    if dice.below(2):
        for record in event["Records"]:
            image = record["dynamodb"].get("NewImage", {})
            if "body" in image:
                image["body"]["S"] = _text_of(dice, image["body"]["S"])
    else:
        event = dice.broken(event)
    with served() as made:
        before = stored(made)
        failures(answered(notify.lambda_handler, event))
        after = stored(made)
        changed = {key.partition for key, item in after.items() if before.get(key) != item}
        assert all(partition.startswith("told#") for partition in changed)
        assert before.keys() <= after.keys()
        assert made.hands.done == []


def _text_of(dice: Dice, body: str) -> str:
    """A JSON text whose document is broken, or whose bytes are."""
    try:
        document = json.loads(body) if dice.below(2) else None
    except ValueError:  # some samples hold bodies that are no JSON
        document = None
    if document is not None:
        return json.dumps(dice.broken(document))
    return dice.spoiled(body.encode()).decode("utf-8", "surrogateescape")


def events(function: str) -> list[str]:
    from tests.functions.deployment import EVENTS

    return sorted(file.stem for file in EVENTS.glob(f"{function}-*.json"))
