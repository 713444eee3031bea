"""A small deployment in memory, and what a test reads of events and of what handlers printed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.builders import BLUE_ARN, NOON, a_policy, a_target, an_entry
from trimtab.model.change import Change
from trimtab.model.entry import Call, Kind
from trimtab.model.ids import Arn
from trimtab.model.observation import Group, RouteSeen, Series, Target, TargetState
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import MetricKey, Vault
from trimtab.settings import Settings
from trimtab_lab.simulator.stores import InMemory

if TYPE_CHECKING:
    import pytest

EVENTS = Path(__file__).parents[2] / "events"
RESOURCES = frozenset({"blue-asg", BLUE_ARN.rsplit(":", 1)[-1], "app/shop/0123456789abcdef"})


class Still:
    """A world in which nothing happens: four targets, healthy at first, no group, no metrics."""

    def __init__(self) -> None:
        self.state = TargetState.HEALTHY

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        return {
            arn: tuple(a_target(n, state=self.state) for n in range(1, 5)) for arn in target_groups
        }

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        return {name: Reason(ReasonCode.NOT_FOUND, f"no group {name}") for name in names}

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        return {rule: Reason(ReasonCode.NOT_FOUND, f"no rule {rule}") for rule in rules}

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        return dict.fromkeys(keys, Series())


@dataclass
class Recording:
    """Hands that write down what they were told to do."""

    done: list[Change] = field(default_factory=list)
    broken: Exception | None = None

    def apply(self, change: Change) -> tuple[Call, ...]:
        if self.broken:
            raise self.broken
        self.done.append(change)
        return (Call("elasticloadbalancing:DeregisterTargets", "request-1"),)


@dataclass
class Deployment:
    """What the handlers are connected to."""

    state: InMemory = field(default_factory=InMemory)
    infrastructure: Still = field(default_factory=Still)
    hands: Recording = field(default_factory=Recording)
    vault: Vault | None = None
    access_logs: Any = None
    settings: Settings = field(
        default_factory=lambda: Settings(access_logs_bucket="trimtab-alb-logs")
    )

    @property
    def store(self) -> Any:
        return self.state.store

    @property
    def ledger(self) -> Any:
        return self.state.ledger

    @property
    def owners(self) -> Any:
        return self

    def groups_of(self, instances: Sequence[str]) -> Mapping[str, str]:
        """Whose instances are: one is the blue group's."""
        return {name: "blue-asg" for name in instances if name == "i-00000000000000007"}

    @property
    def queue(self) -> Any:
        return self.state.queue

    @property
    def topic(self) -> Any:
        return self.state.topic

    @property
    def reports(self) -> Any:
        return self.state.reports

    @property
    def tellings(self) -> Any:
        return self.state.tellings

    @property
    def teller(self) -> Any:
        return self.state.teller

    def serve(
        self,
        service: str,
        resources: frozenset[str] = RESOURCES,
        enabled: bool = True,
        when: datetime = NOON,
    ) -> None:
        """Apply a policy."""
        applied = an_entry(
            service, when, kind=Kind.POLICY, change=None, inverse=None, deadline=None, seed="policy"
        )
        self.store.apply_policy(a_policy(service, enabled=enabled), resources, applied)

    def asked(self) -> list[tuple[str, str]]:
        """Take what waits in the work queue: (service, by)."""
        return [(ask.service, ask.by) for ask in self.queue.take()]


def sample(name: str) -> Any:
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def message(number: int) -> dict[str, str]:
    """How a batch item failure names a message of the sample batches."""
    return {"itemIdentifier": f"00000000-0000-4000-8000-{number:012}"}


def metrics_in(capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """The metrics a handler printed, by name."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found: dict[str, list[float]] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "Trimtab"
            found |= {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}
    return found
