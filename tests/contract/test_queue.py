"""What the port ``Queue`` promises, in memory and on SQS."""

from __future__ import annotations

from tests.builders import SHOP, at
from tests.contract.deployments import Deployment
from trimtab.model.ids import ServiceId
from trimtab.model.tick import Ask


def test_every_service_asked_for_is_asked_for_once(here: Deployment) -> None:
    asks = [Ask(ServiceId(f"service-{n:02}"), "schedule", at(0)) for n in range(25)]
    here.queue.ask(asks)
    assert sorted(here.taken(), key=lambda a: a.service) == asks


def test_the_same_cause_in_the_same_minute_is_one_ask(here: Deployment) -> None:
    here.queue.ask([Ask(SHOP, "schedule", at(0)), Ask(SHOP, "schedule", at(0.5))])
    here.queue.ask([Ask(SHOP, "schedule", at(0.9))])
    assert here.taken() == (Ask(SHOP, "schedule", at(0)),)


def test_another_cause_or_another_minute_is_another_ask(here: Deployment) -> None:
    asks = [Ask(SHOP, "schedule", at(0)), Ask(SHOP, "alarm", at(0)), Ask(SHOP, "schedule", at(1))]
    here.queue.ask(asks)
    assert here.taken() == tuple(asks)


def test_asking_nothing_sends_nothing(here: Deployment) -> None:
    here.queue.ask([])
    assert here.taken() == ()


def test_one_cause_that_asks_about_two_things_in_a_minute_asks_twice(here: Deployment) -> None:
    here.queue.ask(
        [Ask(SHOP, "ann", at(0), about="an approval"), Ask(SHOP, "ann", at(0), "an undo")]
    )
    assert len(here.taken()) == 2
