"""Our own probes on the world, in memory: the survey is the real one, the answers the world's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab.model.errand import Addressed, Answered, Brought, Errand, Run
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.reason import Reason
from trimtab.model.report import Tally
from trimtab_lab.world.world import World

A_WHILE_S = 0.01
"""What a good answer takes, near enough: no detector compares it."""


class WorldAddresses:
    """Port ``Addresses`` over a world: an instance is asked by its id."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str] | Reason:
        """Those that are there."""
        known = {instance.id for instance in self._world.instances()}
        return {instance: str(instance) for instance in instances if instance in known}


class WorldProbes:
    """Port ``Probes`` over a world: one probe in each of its zones."""

    def __init__(self, world: World) -> None:
        self._world = world

    def ask(self, runs: Sequence[Run]) -> Mapping[Zone, Sequence[Brought | Reason]]:
        """Ask everybody from everywhere."""
        zones = [Zone(zone) for zone in self._world.scenario.topology.zones]
        return {zone: [brought(self._world, zone, run) for run in runs] for zone in zones}


def brought(world: World, zone: str, run: Run) -> Brought:
    """Return what a probe in a zone of the world brings back now."""
    return Brought(tuple(_answered(world, zone, errand) for errand in run.errands))


def _answered(world: World, zone: str, errand: Errand) -> Answered:
    tallies = {one.target: _tally(world, zone, errand, one) for one in errand.targets}
    return Answered(errand.service, errand.fleet, tallies)


def _tally(world: World, zone: str, errand: Errand, one: Addressed) -> Tally:
    told = world.ask(one.address, zone, errand.probe.timeout.total_seconds())
    return Tally(1, 1, None, told) if told else Tally(1, 0, A_WHILE_S)
