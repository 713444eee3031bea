"""Survey: every minute, sends the probes to every target, and keeps what they bring back.

Asked are the registered targets, those still in their first checks too, and those that we hold
out: whether one of these has recovered is what the way back waits for. A target is asked at the
address of its instance, or at its own if it is an address; never at anything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from trimtab.errors import TrimtabError
from trimtab.model.errand import MOST_ASKED, Addressed, Brought, Errand, Run
from trimtab.model.ids import (
    FleetId,
    InstanceId,
    ServiceId,
    TargetId,
    Zone,
    is_address,
    target_id,
)
from trimtab.model.memory import Memory
from trimtab.model.observation import Target, TargetState
from trimtab.model.policy import FleetPolicy
from trimtab.model.probe import ProbePolicy
from trimtab.model.reason import Reason
from trimtab.model.report import Report, Source, Tally
from trimtab.model.tick import Remembered
from trimtab.ports import Addresses, Infrastructure, Probes, Reports, Store

LEAVING = frozenset({TargetState.DRAINING, TargetState.UNHEALTHY_DRAINING})

Whom = Mapping[TargetId, tuple[InstanceId, int]]
Fleet = tuple[ServiceId, FleetId]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What a survey did: targets it asked for, reports it kept, and what went wrong."""

    targets: int = 0
    reports: int = 0
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Surveyor:
    """Plans errands, sends them to each place, and keeps one report per fleet and place."""

    store: Store
    infrastructure: Infrastructure
    addresses: Addresses
    probes: Probes
    reports: Reports

    def survey(self, now: datetime) -> Surveyed:
        """Ask every target once from every place. One that cannot be asked is left out.

        A place that brings nothing back reports nothing: that is no failure of any target.
        """
        minute = now.replace(second=0, microsecond=0)
        named = [s.service for s in self.store.services() if s.enabled and s.probed]
        if not named:
            return Surveyed()
        troubles: list[str] = []
        errands = tuple(self._errands(named, troubles))
        brought = self.probes.ask(runs_of(errands)) if errands else {}
        kept = self._keep(brought, minute, troubles)
        return Surveyed(sum(len(e.targets) for e in errands), kept, tuple(troubles))

    def _errands(self, named: Sequence[ServiceId], troubles: list[str]) -> Iterator[Errand]:
        held = self._recalled(named, troubles)
        fleets = [
            (one, probe, fleet)
            for one in held
            if (probe := one.policy.health.probe) is not None
            for fleet in one.policy.fleets.values()
        ]
        seen = self.infrastructure.targets(
            list(dict.fromkeys(fleet.target_group for _, _, fleet in fleets))
        )
        asked: list[tuple[ServiceId, FleetId, ProbePolicy, Whom]] = []
        for one, probe, fleet in fleets:
            registered = seen.get(fleet.target_group, ())
            if isinstance(registered, Reason):
                troubles.append(f"{one.policy.service}: {fleet.name}: {registered.text}")
                registered = ()
            whom = _whom(registered, fleet, one.memory)
            asked.append((one.policy.service, fleet.name, probe, whom))
        known = self._addresses_of([whom for _, _, _, whom in asked], troubles)
        for service, name, probe, whom in asked:
            if targets := tuple(_addressed(whom, probe, known)):
                yield Errand(service, name, probe, targets)

    def _recalled(self, named: Sequence[ServiceId], troubles: list[str]) -> list[Remembered]:
        held = []
        for name, found in self.store.recall(named).items():
            if isinstance(found, Reason):
                troubles.append(f"{name}: {found.text}")
            elif Source.PROBE in found.policy.health.sources:
                held.append(found)
        return held

    def _addresses_of(self, asked: Sequence[Whom], troubles: list[str]) -> Mapping[InstanceId, str]:
        """Find the address of every instance; a target that is an address has its own."""
        instances = list(dict.fromkeys(i for whom in asked for i, _ in whom.values()))
        own = {i: str(i) for i in instances if is_address(i)}
        others = [i for i in instances if i not in own]
        found = self.addresses.of(others) if others else {}
        if isinstance(found, Reason):
            troubles.append(f"addresses: {found.text}")
            return own
        return {**found, **own}

    def _keep(
        self, brought: Mapping[Zone, Sequence[Brought | Reason]], minute: datetime,
        troubles: list[str],
    ) -> int:  # fmt: skip
        kept = 0
        for place, runs in brought.items():
            for report in _reports_of(place, runs, minute, troubles):
                try:
                    self.reports.keep(report)
                    kept += 1
                except TrimtabError as error:
                    troubles.append(f"{report.service}: {type(error).__name__}: {error}")
        return kept


def _whom(registered: Sequence[Target], fleet: FleetPolicy, memory: Memory) -> Whom:
    """Name those of a fleet to be asked: all but who is leaving, and those whom we hold out."""
    whom = {
        target.id: (target.instance, target.port)
        for target in registered
        if target.state not in LEAVING and target.port
    }
    for ejection in memory.fleet(fleet.name).ejected.values():
        eject = ejection.eject
        whom[target_id(eject.instance, eject.port)] = (eject.instance, eject.port)
    return dict(sorted(whom.items()))


def _addressed(
    whom: Whom, probe: ProbePolicy, known: Mapping[InstanceId, str]
) -> Iterator[Addressed]:
    for target, (instance, port) in whom.items():
        if instance in known:
            yield Addressed(target, known[instance], probe.port or port)


def runs_of(errands: Sequence[Errand], most: int = MOST_ASKED) -> tuple[Run, ...]:
    """Cut errands into as few runs as can be, each with a part of every fleet.

    So a run that comes to nothing, or ends before all were asked, is nobody's alone.
    """
    total = sum(len(errand.targets) for errand in errands)
    count = max(1, -(-total // most))
    parts: list[list[Errand]] = [[] for _ in range(count)]
    dealt = 0
    for errand in errands:
        for number, part in enumerate(parts):
            if mine := errand.targets[(number - dealt) % count :: count]:
                part.append(replace(errand, targets=mine))
        dealt += len(errand.targets)
    return tuple(Run(tuple(part)) for part in parts if part)


def _reports_of(
    place: Zone, runs: Sequence[Brought | Reason], minute: datetime, troubles: list[str]
) -> Iterator[Report]:
    tallies: dict[Fleet, dict[TargetId, Tally]] = defaultdict(dict)
    for run in runs:
        if isinstance(run, Reason):
            troubles.append(f"the probe in {place}: {run.text}")
            continue
        for answer in run.answers:
            tallies[answer.service, answer.fleet].update(answer.tallies)
    for (service, fleet), found in tallies.items():
        if found:
            yield Report(Source.PROBE, service, fleet, place, minute, found)
