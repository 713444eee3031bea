"""What running Trimtab costs a month, from counted work and list prices.

Prices are us-east-1 list, in USD; ``docs/performance.md`` says where each comes from and which were
not checked. Free tiers are left out: they belong to the account, not to us.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUTES = 43_800
"""Minutes in a month (365 days / 12)."""
SWEEP_MINUTES = 5


@dataclass(frozen=True, slots=True)
class Prices:
    """List prices in USD."""

    metric_read: float = 0.01 / 1_000
    write_unit: float = 0.625 / 1e6
    read_unit: float = 0.125 / 1e6
    lambda_gb_second: float = 0.0000133334
    lambda_request: float = 0.20 / 1e6
    queue_request: float = 0.50 / 1e6
    schedule: float = 1.00 / 1e6
    alarm: float = 0.10
    custom_metric: float = 0.30
    dashboard: float = 3.00
    key: float = 1.00
    log_gb: float = 0.50


@dataclass(frozen=True, slots=True)
class Usage:
    """Work per service and minute, as counted. Units are as billed: transactions doubled."""

    metrics_read: float
    write_units: float
    read_units: float
    entries: float


@dataclass(frozen=True, slots=True)
class Stack:
    """What the stack has once, whatever the number of services."""

    alarms: int
    custom_metrics: int
    dashboards: int
    keys: int = 0
    memory_gb: float = 0.5
    batch: int = 10
    reconcile_s: float = 0.45
    """Billed seconds of one reconcile invocation: an assumption, to be replaced by one's own."""
    other_s: float = 0.12
    log_kb_per_invocation: float = 1.5


@dataclass(frozen=True, slots=True)
class Bill:
    """A month in USD, by where it goes."""

    services: int
    cloudwatch_reads: float
    dynamodb: float
    functions: float
    queue_and_schedule: float
    logs: float
    watching_itself: float

    @property
    def total(self) -> float:
        """All of it."""
        return (
            self.cloudwatch_reads
            + self.dynamodb
            + self.functions
            + self.queue_and_schedule
            + self.logs
            + self.watching_itself
        )

    @property
    def per_service(self) -> float:
        """Its share for one service."""
        return self.total / self.services


def monthly(services: int, usage: Usage, stack: Stack, prices: Prices | None = None) -> Bill:
    """Work out a month's bill for a number of equal services.

    Worked example: 3 metrics a minute are 131,400 a month, 1.31 USD.
    """
    price = prices or Prices()
    reconciles = math.ceil(services / stack.batch)
    # schedule; notify's sweep every five minutes; act and notify per entry at most
    others = 1 + 1 / SWEEP_MINUTES + 2 * usage.entries * services
    invocations = MINUTES * (reconciles + others)
    seconds = MINUTES * (reconciles * stack.reconcile_s + others * stack.other_s)
    requests = MINUTES * (math.ceil(services / stack.batch) + 2 * reconciles)
    return Bill(
        services=services,
        cloudwatch_reads=MINUTES * services * usage.metrics_read * price.metric_read,
        dynamodb=MINUTES
        * services
        * (usage.write_units * price.write_unit + usage.read_units * price.read_unit),
        functions=invocations * price.lambda_request
        + seconds * stack.memory_gb * price.lambda_gb_second,
        queue_and_schedule=requests * price.queue_request + MINUTES * price.schedule,
        logs=invocations * stack.log_kb_per_invocation / 1e6 * price.log_gb,
        watching_itself=stack.alarms * price.alarm
        + stack.custom_metrics * price.custom_metric
        + stack.dashboards * price.dashboard
        + stack.keys * price.key,
    )
