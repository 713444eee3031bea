"""The functions that report to the next tick, as they run in a campaign: survey, access.

None of them may write to the log, and whatever becomes of them, a tick is never wrong for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from trimtab.access.file import log_file
from trimtab.access_logs import Outside, readers_of, tell
from trimtab.adapters.reports import TableReports
from trimtab.adapters.store import TableStore
from trimtab.adapters.tables import Tables
from trimtab.errors import Denied, NotFound, Throttled, Unclear
from trimtab.model.errand import Brought, Run
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.reason import Reason, ReasonCode
from trimtab.survey import Surveyor
from trimtab_lab.chaos.gates import Gate, GatedTables
from trimtab_lab.chaos.plan import Trouble
from trimtab_lab.chaos.sights import GatedInfrastructure
from trimtab_lab.simulator.access import NoFiles, WorldInterfaces, tallies_of
from trimtab_lab.simulator.probes import WorldAddresses, brought
from trimtab_lab.world.access_log import WrittenFile
from trimtab_lab.world.world import World

Event = dict[str, Any]


class GatedAddresses:
    """Ports ``Addresses`` and ``Interfaces`` of the world, behind a gate."""

    def __init__(self, inner: WorldAddresses | WorldInterfaces, gate: Gate) -> None:
        self._inner, self._gate = inner, gate

    def of(self, instances: Sequence[InstanceId]) -> Any:
        """Where each instance is to be found, or why that is not known."""
        try:
            return self._gate.call("read addresses", lambda: self._inner.of(instances))
        except (Throttled, Denied, Unclear) as error:
            return Reason(ReasonCode.NOT_SEEN, str(error))


class GatedProbes:
    """Port ``Probes`` over the world: each place may be throttled, denied, killed or silent."""

    def __init__(self, world: World, gate: Gate) -> None:
        self._world, self._gate = world, gate

    def ask(self, runs: Sequence[Run]) -> Mapping[Zone, Sequence[Brought | Reason]]:
        """Ask everybody from everywhere; others go on between one place and the next."""
        zones = [Zone(zone) for zone in self._world.scenario.topology.zones]
        return {zone: [self._sent(zone, run) for run in runs] for zone in zones}

    def _sent(self, zone: Zone, run: Run) -> Brought | Reason:
        what = f"probe from {zone}"
        if self._gate.dice.strikes(Trouble.BLIND, what):
            self._gate.say(f"{what}: brings nothing back")
            return Reason(ReasonCode.NOT_SEEN, f"{what}: no answer")
        try:
            return self._gate.call(what, partial(brought, self._world, zone, run))
        except (Throttled, Denied, Unclear) as error:
            return Reason(ReasonCode.NOT_SEEN, str(error))


class Reporters:
    """What each of them does with its event."""

    def __init__(self, world: World, tables: Tables) -> None:
        self._world, self._tables = world, tables
        self._files: dict[str, WrittenFile] = {}

    def survey(self, gate: Gate, _event: Event) -> None:
        """Have every target asked, and keep what comes back."""
        tables = GatedTables(self._tables, gate)
        surveyor = Surveyor(
            TableStore(tables),
            GatedInfrastructure(self._world, gate),
            GatedAddresses(WorldAddresses(self._world), gate),
            GatedProbes(self._world, gate),
            TableReports(tables),
        )
        for trouble in surveyor.survey(gate.now).troubles:
            gate.say(trouble)

    def written(self) -> list[Event]:
        """Say of each access log that has come by now that it has."""
        files = self._world.access_log.arrived(int(self._world.now.timestamp()))
        self._files |= {file.key: file for file in files}
        return [{"key": file.key} for file in files]

    def access(self, gate: Gate, event: Event) -> None:
        """Take one access log, as often as it is told of. Raises: the event is delivered again.

        Its lines are counted without the text between; damage is for tests with real files.
        """
        written = self._files[event["key"]]
        file = log_file(written.key)
        if file is None:
            raise NotFound(f"{written.key} is no access log, and the world wrote it")
        tables = GatedTables(self._tables, gate)
        outside = Outside(
            NoFiles(),
            TableStore(tables),
            GatedInfrastructure(self._world, gate),
            GatedAddresses(WorldInterfaces(self._world), gate),
            TableReports(tables),
        )
        whose = readers_of(file, outside.store)
        if whose:
            tallies = gate.call("get the file", lambda: dict(tallies_of(written)))
            tell(file, tallies, whose, outside)


__all__ = ["Reporters"]
