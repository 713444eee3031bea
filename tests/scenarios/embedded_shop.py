"""A small shop on the embedded AWS, and short words for what its tests ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import ServiceId
from trimtab.model.policy import Lever, Mode, Policy
from trimtab_lab.embedded import Embedded
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget
from trimtab_lab.world.scenario import Demand, Scenario
from trimtab_lab.world.shop import shop_topology

SHOP = ServiceId("shop")
QUIET = 3600.0
"""Requests a minute that blue's four and green's three targets carry with ease."""
RISING = 6000.0
"""More than they are meant to carry: blue's share needs six."""
A_TARGET_DIES = Fault(FaultKind.DEAD, KthTarget("blue", 1), after_s=120)


def shop(*faults: Fault, load: float = QUIET, seed: int = 1) -> Scenario:
    return Scenario(shop_topology(), Demand.steady(load), faults, seed)


def scaled_only(policy: Policy) -> Policy:
    """The policy with only the scaling lever at work: one intent at a time to look at."""
    return replace(policy, modes={**dict.fromkeys(Lever, Mode.OBSERVE), Lever.SCALE: Mode.ENFORCE})


@contextmanager
def running(scenario: Scenario, mode: Mode = Mode.ENFORCE) -> Iterator[Embedded]:
    with Embedded(scenario) as aws:
        aws.put(policy_for(scenario, aws.connections.names, mode))
        yield aws


def of_kind(entries: Sequence[Entry], *kinds: Kind) -> list[Entry]:
    return [entry for entry in entries if entry.kind in kinds]


def run_until(aws: Embedded, kind: Kind, most: int = 30) -> Entry:
    """Run minute by minute until the log has an entry of a kind."""
    for _ in range(most):
        aws.run(1)
        found = of_kind(aws.result.entries, kind)
        if found:
            return found[0]
    raise AssertionError(f"no {kind} entry within {most} minutes: {aws.result.troubles}")


def outcomes_of(aws: Embedded, intent: Entry) -> list[Entry]:
    return [entry for entry in stored(aws) if entry.intent == intent.id]


def stored(aws: Embedded) -> list[Entry]:
    """All entries that the log's table holds now."""
    return list(aws.connections.ledger.of_day(f"{aws.world.now:%Y-%m-%d}"))


def delete_entry(aws: Embedded, service: str, name: str) -> None:
    key: dict[str, Any] = {"service": {"S": service}, "id": {"S": name}}
    aws.session.client("dynamodb").delete_item(TableName=aws.settings.log_table, Key=key)


def work(*bodies: str) -> dict[str, Any]:
    """A queue event of messages with these bodies."""
    return {
        "Records": [
            {"messageId": f"m{number}", "body": body, "eventSource": "aws:sqs"}
            for number, body in enumerate(bodies)
        ]
    }


def states(aws: Embedded, fleet: str) -> dict[str, str]:
    """State of each target of a fleet, as the load balancer tells it."""
    group = next(group for group in aws.world.target_groups() if group.fleet == fleet)
    return {t.id: t.state for t in aws.world.describe_target_health(group.arn)}


def weights(aws: Embedded) -> dict[str, int]:
    """The weight of each fleet in the one rule."""
    fleets = {group.arn: group.fleet for group in aws.world.target_groups()}
    (rule,) = aws.world.rules()
    return {fleets[arn]: weight for arn, weight in rule.weights}
