"""Counted work: what a tick reads and writes, from an hour of a service in the simulator.

Counted at the ports, where the adapters make of each question the fewest calls there are: one for
each target group, one for a hundred groups, one for five hundred series.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab.act import Actor
from trimtab.adapters.ledger import TableLedger
from trimtab.adapters.reports import TableReports
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Found, Item, Key, Put, Table, Write, size_of
from trimtab.loop import Loop
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.observation import Group, RouteSeen, Series, Target
from trimtab.model.reason import Reason
from trimtab.model.signs import Machine, Marks, Notice
from trimtab.ports import Infrastructure, MetricKey, Signs
from trimtab_lab.bench.cost import Usage
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.simulator.simulate import Simulator
from trimtab_lab.simulator.stores import DictTables
from trimtab_lab.world.faults import Fault, FaultKind, KthTarget
from trimtab_lab.world.scenario import Demand, Scenario
from trimtab_lab.world.shop import shop_topology

WRITE_UNIT, READ_UNIT = 1024, 4096
IN_TRANSACTION = 2
"""DynamoDB bills a transactional write twice."""
WARM_UP_MINUTES, COUNTED_MINUTES = 15, 60
COMFORTABLE = 900.0


class CountingInfrastructure:
    """Port ``Infrastructure`` that counts what is asked of it."""

    def __init__(self, inner: Infrastructure) -> None:
        self._inner = inner
        self.asked: Counter[str] = Counter()
        self.repeated = 0
        self._series_this_tick: set[MetricKey] = set()

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        """Count target groups; a new tick begins."""
        self._series_this_tick = set()
        self.asked["DescribeTargetHealth"] += len(target_groups)
        self.repeated += len(target_groups) - len(set(target_groups))
        return self._inner.targets(target_groups)

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        """Count calls of up to a hundred groups."""
        self.asked["DescribeAutoScalingGroups"] += math.ceil(len(names) / 100)
        return self._inner.groups(names)

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        """Count calls of up to twenty rules."""
        self.asked["DescribeRules"] += math.ceil(len(rules) / 20)
        return self._inner.routes(rules)

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        """Count calls of up to five hundred series, and the series, which are what is billed."""
        self.asked["GetMetricData"] += math.ceil(len(keys) / 500)
        self.asked["metrics read"] += len(keys)
        self.repeated += len(set(keys) & self._series_this_tick)
        self._series_this_tick |= set(keys)
        return self._inner.series(keys, start, end)


class CountingSigns:
    """Port ``Signs`` that counts the calls that its questions are."""

    def __init__(self, inner: Signs, asked: Counter[str]) -> None:
        self._inner, self._asked = inner, asked

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        """Count calls of up to twenty target groups."""
        self._asked["DescribeTags (ELB)"] += math.ceil(len(target_groups) / 20)
        return self._inner.marks(target_groups)

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        """Count one query."""
        self._asked["DescribeTags (EC2)"] += 1
        return self._inner.untouchable()

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        """Count one query."""
        self._asked["DescribeSpotInstanceRequests"] += 1
        return self._inner.notices()

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        """Count calls of up to a hundred instances."""
        self._asked["DescribeInstanceStatus"] += math.ceil(len(instances) / 100)
        return self._inner.machines(instances)

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        """Count a call for each group."""
        self._asked["DescribeInstanceRefreshes"] += len(groups)
        return self._inner.refreshes(groups)


@dataclass(slots=True)
class Units:
    """DynamoDB's units so far."""

    write: int = 0
    read: int = 0
    entries: int = 0


class CountingTables(DictTables):
    """Tables that count what DynamoDB would bill."""

    def __init__(self) -> None:
        super().__init__()
        self.units = Units()

    def write(self, writes: Sequence[Write]) -> None:
        """Count a transaction's units; a check costs what a write costs, the index once more."""
        super().write(writes)
        for one in writes:
            size = size_of(one.item) if isinstance(one, Put) else 1
            units = math.ceil(size / WRITE_UNIT)
            self.units.write += IN_TRANSACTION * units
            if isinstance(one, Put) and one.table is Table.LOG:
                self.units.entries += 1
                self.units.write += units

    def get(self, key: Key) -> Item | None:
        """Count a consistent read, as of the head of a chain."""
        item = super().get(key)
        self.units.read += math.ceil((size_of(item) if item else 1) / READ_UNIT)
        return item

    def get_many(self, keys: Sequence[Key]) -> Found:
        """Count consistent reads; an absent item costs one unit too."""
        found = super().get_many(keys)
        for key in keys:
            size = size_of(found.items[key]) if key in found.items else 1
            self.units.read += math.ceil(size / READ_UNIT)
        return found


@dataclass(frozen=True, slots=True)
class Counted:
    """A while of one service, per minute."""

    targets: int
    fleets: int
    quiet: bool
    calls: Mapping[str, float]
    repeated: int
    usage: Usage


def count(
    targets: int, fleets: int, *, quiet: bool = True, minutes: int = COUNTED_MINUTES
) -> Counted:
    """Run a service of so many targets for a while and count; ``quiet``: nothing is wrong.

    Otherwise one target is slow from the start, so that per-target series are read each minute.
    """
    simulator, tables, infrastructure = _counted(_scenario(targets, fleets, quiet=quiet))
    simulator.run(WARM_UP_MINUTES)
    infrastructure.asked.clear()
    tables.units = Units()
    simulator.run(minutes)
    asked, units = infrastructure.asked, tables.units
    return Counted(
        targets=targets,
        fleets=fleets,
        quiet=quiet,
        calls={name: n / minutes for name, n in asked.items() if name != "metrics read"},
        repeated=infrastructure.repeated,
        usage=Usage(
            metrics_read=asked["metrics read"] / minutes,
            write_units=units.write / minutes,
            read_units=units.read / minutes,
            entries=units.entries / minutes,
        ),
    )


def _counted(scenario: Scenario) -> tuple[Simulator, CountingTables, CountingInfrastructure]:
    simulator, tables = Simulator(scenario), CountingTables()
    infrastructure = CountingInfrastructure(simulator.infrastructure)
    store, ledger = TableStore(tables), TableLedger(tables, timedelta(days=14))
    simulator.state.tables = tables
    simulator.state.store, simulator.state.ledger = store, ledger
    signs = CountingSigns(simulator.signs, infrastructure.asked)
    simulator.loop = Loop(store, ledger, infrastructure, TableReports(tables), signs)
    simulator.actor = Actor(ledger, store, simulator.infrastructure, simulator.hands)
    simulator.put(policy_for(scenario, simulator.names))
    return simulator, tables, infrastructure


def _scenario(targets: int, fleets: int, *, quiet: bool) -> Scenario:
    """Return a service at 90 % of its target load, the same every minute."""
    shop = shop_topology(COMFORTABLE)
    size = targets // fleets
    groups = tuple(
        replace(g, min_size=size, max_size=2 * size, desired=size) for g in shop.groups[:fleets]
    )
    rule = replace(shop.rules[0], weights=tuple((g.target_groups[0], 1) for g in groups))
    topology = replace(
        shop, target_groups=shop.target_groups[:fleets], groups=groups, rules=(rule,)
    )
    slow = Fault(FaultKind.SLOW, KthTarget(shop.target_groups[0].fleet, 0), 600, None, 4.0)
    demand = Demand.steady(0.9 * COMFORTABLE * size * fleets)
    return Scenario(topology, demand, () if quiet else (slow,))
