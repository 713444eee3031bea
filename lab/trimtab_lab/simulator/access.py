"""Access logs in the simulator: what the world wrote, counted without the text between.

Parsing a day's lines would take most of its time; what comes after it is the function's own code.
The embedded AWS reads real files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from trimtab.access.count import Named
from trimtab.access.file import log_file
from trimtab.access_logs import Outside, readers_of, tell
from trimtab.model.ids import InstanceId
from trimtab.model.report import Tally
from trimtab.ports import Infrastructure, Interface, Reports, Store
from trimtab_lab.world.access_log import WrittenFile, address_of
from trimtab_lab.world.views import moment
from trimtab_lab.world.world import World


class WorldInterfaces:
    """Port ``Interfaces`` over a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface]:
        """Addresses of each instance there is."""
        wanted = set(instances)
        return {
            InstanceId(view.id): Interface((address_of(view.id),), view.launched_at)
            for view in self._world.instances()
            if view.id in wanted
        }


class NoFiles:
    """Port ``LogFiles`` of somebody who does not read them."""

    def open(self, key: str) -> NoReturn:
        """Nobody asks."""
        raise NotImplementedError(f"{key}: the simulator reads no text")


class AccessLogReader:
    """Takes each file as the function ``access`` does, when the world says it has come."""

    def __init__(
        self, world: World, store: Store, infrastructure: Infrastructure, reports: Reports
    ) -> None:
        self._world = world
        self._outside = Outside(NoFiles(), store, infrastructure, WorldInterfaces(world), reports)

    def read(self, now: datetime) -> None:
        """Take what has come by now; of a damaged file nothing is kept."""
        for written in self._world.access_log.arrived(int(now.timestamp())):
            file = log_file(written.key)
            if file is None:
                raise ValueError(f"the world wrote a file that is no access log: {written.key}")
            whose = {} if written.damaged else readers_of(file, self._outside.store)
            if whose:
                tell(file, dict(tallies_of(written)), whose, self._outside)


def tallies_of(written: WrittenFile) -> Iterator[tuple[Named, Tally]]:
    """Count a file's rows as its lines would be counted."""
    for row in written.rows:
        failed = row.errors + row.refused
        tally = Tally(row.requests, failed, row.seconds, "HTTP 500" if failed else "")
        yield (row.target_group, row.target, moment(row.at)), tally
