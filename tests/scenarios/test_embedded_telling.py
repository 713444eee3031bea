"""People and programs on the embedded AWS: one story of a bad hour, over every channel."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.builders import NOON
from tests.scenarios.embedded_shop import A_TARGET_DIES, of_kind, shop, stored
from tests.unit.core.test_events_sent import fits
from trimtab.adapters.webhook import HttpWebhook
from trimtab.model.entry import Kind
from trimtab.model.message import Event, EventType
from trimtab.model.policy import Mode
from trimtab_lab.embedded import Embedded
from trimtab_lab.embedded.driver import MAY_ACT
from trimtab_lab.embedded.heard import Listener
from trimtab_lab.simulator.policies import policy_for

SWEEP, DIGEST = {"source": "trimtab.sweep"}, {"source": "trimtab.digest"}
EVERY_CHANNEL = {
    **MAY_ACT, "EventBusName": "default", "WebhookParameter": "/trimtab/webhook",
}  # fmt: skip
URL = "https://hooks.invalid/secret"


@contextmanager
def telling(mode: Mode = Mode.ENFORCE) -> Iterator[Embedded]:
    scenario = shop(A_TARGET_DIES)
    with Embedded(scenario, parameters=EVERY_CHANNEL) as aws:
        aws.session.client("ssm").put_parameter(
            Name="/trimtab/webhook", Value=URL, Type="SecureString"
        )
        aws.put(policy_for(scenario, aws.connections.names, mode))
        yield aws


@pytest.fixture
def posted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the webhook was given, with the URL that it would have gone to."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(HttpWebhook, "post", lambda hook, body: found.append((hook.url(), body)))
    return found


def test_a_bad_hour_is_one_story_in_every_channel(posted: list[tuple[str, str]]) -> None:
    with telling() as aws:
        listener = Listener(aws.session)
        aws.run(10)
        done = of_kind(stored(aws), Kind.APPLIED)
        assert done
        assert len(aws.calls.of("notify", "dynamodb", "Query")) == 2, "a sweep in five minutes"
        told = aws.told
        events = listener.events()

        assert len({message.subject for message in told}) == 1
        assert len(told) <= 4
        assert any(done[0].change and "take back" in message.text for message in told)
        assert [json.loads(body)["text"].split(" ")[2] for _, body in posted] == [
            message.subject.split(" ")[2] for message in told
        ]
        assert {url for url, _ in posted} == {URL}
        _are_what_the_schemas_say(events)
        named = {e["detail"]["entry"] for e in events if e["detail-type"] == EventType.ACTION}
        assert {entry.id for entry in done} <= named
        assert not aws.result.troubles


def _are_what_the_schemas_say(events: list[dict[str, object]]) -> None:
    assert events
    for event in events:
        assert event["source"] == "trimtab"
        detail = event["detail"]
        assert isinstance(detail, dict)
        kind = EventType(str(event["detail-type"]))
        fits(Event(NOON, kind, detail))


def test_who_only_observes_gets_one_digest_the_day_after(posted: list[tuple[str, str]]) -> None:
    with telling(Mode.OBSERVE) as aws:
        aws.run(8)
        assert of_kind(stored(aws), Kind.SHADOWED)
        before = len(aws.told)
        assert before <= 1, "the policy that was applied, and no more"
        aws.account.clock.to(aws.now + timedelta(days=1))
        for _ in range(2):
            aws.invoke("notify", DIGEST)
        [digest] = aws.told[before:]
        assert digest.subject.startswith("[Trimtab shop digest]")
        assert "It would have" in digest.text


def test_a_bus_that_refuses_stops_nobody_and_is_told_later(posted: list[tuple[str, str]]) -> None:
    with telling() as aws:
        listener = Listener(aws.session)
        aws.deny("events", "PutEvents")
        aws.run(6)
        assert aws.told
        assert posted
        before = len(aws.told)
        aws.allow("events", "PutEvents")
        aws.account.clock.to(aws.now + timedelta(minutes=40))
        aws.invoke("notify", SWEEP)
        assert listener.events()
        assert len(aws.told) <= before + 1
