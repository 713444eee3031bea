"""The faults that are on: who they strike, and what that means for instances, metrics, launches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.faults import (
    ApiCall,
    Everywhere,
    Fault,
    FaultKind,
    InNamespace,
    InZone,
    KthTarget,
    OneInstance,
    WholeFleet,
    describe,
)
from trimtab_lab.world.instances import Health
from trimtab_lab.world.journal import EventKind
from trimtab_lab.world.machines import NOTICE_S
from trimtab_lab.world.metrics import Which

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trimtab_lab.world.instances import Instance
    from trimtab_lab.world.journal import Journal
    from trimtab_lab.world.metrics import Metrics
    from trimtab_lab.world.scaling_groups import ScalingGroup
    from trimtab_lab.world.targets import TargetGroup

_ON_INSTANCES = (
    FaultKind.DEAD,
    FaultKind.SLOW,
    FaultKind.ERRORS,
    FaultKind.DEEP,
    FaultKind.FLEET_DOWN,
    FaultKind.ZONE_OUTAGE,
    FaultKind.IMPAIRED,
    FaultKind.SPOT_NOTICE,
    FaultKind.RETIREMENT,
)
_WITHHOLD = (FaultKind.METRICS_DARK, FaultKind.METRICS_LATE)
_SPOIL = (FaultKind.METRICS_ABSURD, FaultKind.METRICS_TWICE)


@dataclass(slots=True)
class _On:
    fault: Fault
    chosen: str | None
    """The instance a `KthTarget` turned out to be."""
    until: int | None
    began: int
    taken: bool = False
    """A spot instance whose time was up."""


class Faults:
    """Switches faults on and off, by the scenario's plan or by hand."""

    def __init__(
        self,
        planned: Iterable[Fault],
        starts_at: int,
        groups: dict[str, TargetGroup],
        instances: dict[str, Instance],
        journal: Journal,
    ) -> None:
        self._planned = sorted(
            ((starts_at + fault.after_s, number, fault) for number, fault in enumerate(planned)),
            reverse=True,
        )
        self._groups = groups
        self._instances = instances
        self._journal = journal
        self._on: list[_On] = []
        self._strikes = False
        """Whether any was on when instances were last looked at."""
        self.metrics: Metrics | None = None

    def active(self) -> tuple[Fault, ...]:
        """Faults that are on now."""
        return tuple(on.fault for on in self._on)

    def throttles(self) -> dict[tuple[str, str], float]:
        """Share of calls to refuse, by (service, operation); operation `*` means any."""
        return {
            (on.fault.where.service, on.fault.where.operation): on.fault.amount
            for on in self._on
            if isinstance(on.fault.where, ApiCall)
        }

    def run(self, at: int) -> None:
        """Switch on and off what is due."""
        while self._planned and self._planned[-1][0] <= at:
            self.switch_on(self._planned.pop()[2], at)
        for on in [on for on in self._on if on.until is not None and on.until <= at]:
            self._end(on, at)
        for on in self._on:
            is_spot = on.fault.kind is FaultKind.SPOT_NOTICE and not on.taken
            if is_spot and at >= on.began + NOTICE_S:
                on.taken = True
                self._journal.note(EventKind.FAULT, on.fault.kind, f"{describe(on.fault)}: taken")
                self.refresh()

    def switch_on(self, fault: Fault, at: int) -> None:
        """Start a fault now, whatever its `after_s` says."""
        chosen = self._choose(fault.where) if isinstance(fault.where, KthTarget) else None
        until = None if fault.lasts_s is None else at + fault.lasts_s
        self._on.append(_On(fault, chosen, until, at))
        if self.metrics is not None:
            _on_metrics(fault, self.metrics, at)
        self._journal.note(EventKind.FAULT, chosen or fault.kind, f"{describe(fault)} begins")
        self.refresh()

    def switch_off(self, fault: Fault, at: int) -> None:
        """End a fault now; one that is not on is silently fine."""
        for on in [on for on in self._on if on.fault == fault]:
            self._end(on, at)

    def refresh(self) -> None:
        """Put every active fault on the instances it strikes, and no other."""
        if not (self._on or self._strikes):
            return
        self._strikes = bool(self._on)
        for instance in self._instances.values():
            instance.clear_faults()
            for on in self._on:
                if on.fault.kind in _ON_INSTANCES and _strikes(on, instance):
                    _inflict(on, instance)

    def no_capacity(self, group: ScalingGroup, zone: str) -> bool:
        """Launches of this group in this zone fail for lack of capacity."""
        return any(
            on.fault.kind is FaultKind.NO_CAPACITY and _covers(on.fault, group.fleet, zone)
            for on in self._on
        )

    def blinds_probe(self, zone: str) -> bool:
        """Our probe in this zone reaches nobody."""
        return any(
            on.fault.kind is FaultKind.PROBE_BLIND and _covers(on.fault, "", zone)
            for on in self._on
        )

    def launch_factor(self, group: ScalingGroup) -> float:
        """How much longer than usual launches of this group take."""
        factor = 1.0
        for on in self._on:
            if on.fault.kind is FaultKind.SLOW_LAUNCHES and _covers(on.fault, group.fleet, ""):
                factor *= on.fault.amount
        return factor

    def _choose(self, where: KthTarget) -> str | None:
        fleet = [g for g in self._groups.values() if g.spec.fleet == where.fleet]
        if not fleet:
            known = ", ".join(sorted(g.spec.fleet for g in self._groups.values()))
            raise WorldError("ValidationError", f"No fleet {where.fleet!r}; there are {known}")
        sound = [
            r.instance
            for group in fleet
            for r in group.registrations
            if r.state is Health.HEALTHY and not (r.instance.dead or r.instance.slow > 1)
        ]
        ordered = sorted({i.id: i for i in sound}.values(), key=lambda i: (i.launched_at, i.id))
        return ordered[where.k % len(ordered)].id if ordered else None

    def _end(self, on: _On, at: int) -> None:
        self._on.remove(on)
        if self.metrics is not None:
            self.metrics.release(on.fault, at)
        self._journal.note(
            EventKind.FAULT, on.chosen or on.fault.kind, f"{describe(on.fault)} ends"
        )
        self.refresh()


def _on_metrics(fault: Fault, metrics: Metrics, at: int) -> None:
    """Withhold or spoil the metrics of a namespace, of an instance, or all there are."""
    match fault.where:
        case InNamespace(namespace):
            which = Which(namespace=namespace)
        case OneInstance(instance_id):
            which = Which(dimension=instance_id)
        case _:
            which = Which()
    if fault.kind in _WITHHOLD:
        extra = fault.amount if fault.kind is FaultKind.METRICS_LATE else None
        metrics.withhold(fault, which, at, extra)
    elif fault.kind in _SPOIL:
        value = fault.amount if fault.kind is FaultKind.METRICS_ABSURD else None
        metrics.spoil(fault, which, at, value)


def _strikes(on: _On, instance: Instance) -> bool:
    match on.fault.where:
        case KthTarget():
            return instance.id == on.chosen
        case OneInstance(instance_id):
            return instance.id == instance_id
        case WholeFleet(fleet):
            return instance.fleet == fleet or any(
                r.in_group.spec.fleet == fleet for r in instance.registrations
            )
        case InZone(zone):
            return instance.zone == zone
        case Everywhere():
            return True
        case _:
            return False


def _covers(fault: Fault, fleet: str, zone: str) -> bool:
    match fault.where:
        case WholeFleet(name):
            return name == fleet
        case InZone(name):
            return name == zone
        case _:
            return isinstance(fault.where, Everywhere)


def _inflict(on: _On, instance: Instance) -> None:
    fault = on.fault
    match fault.kind:
        case FaultKind.IMPAIRED | FaultKind.RETIREMENT | FaultKind.SPOT_NOTICE:
            _announce(on, instance)
        case FaultKind.DEAD:
            instance.dead = True
            instance.drop_all()
        case FaultKind.SLOW:
            instance.slow *= fault.amount
        case FaultKind.ERRORS:
            instance.error_share = max(instance.error_share, fault.amount)
        case FaultKind.DEEP:
            instance.error_share = max(instance.error_share, fault.amount)
            instance.deep_broken = True
        case FaultKind.FLEET_DOWN:
            instance.error_share = 1.0
            instance.failing = True
        case FaultKind.ZONE_OUTAGE:
            instance.unreachable = True
            instance.drop_all()
        case _:
            pass


def _announce(on: _On, instance: Instance) -> None:
    """Let EC2 say something of a machine; only the end of a notice changes it."""
    match on.fault.kind:
        case FaultKind.IMPAIRED:
            instance.impaired_since = on.began
        case FaultKind.RETIREMENT:
            instance.retires_at = on.began + round(on.fault.amount)
        case FaultKind.SPOT_NOTICE if on.taken:
            instance.dead = True
            instance.health_status = "Unhealthy"
            instance.drop_all()
        case _:
            instance.noticed_at = on.began
