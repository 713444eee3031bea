"""What people were told, one item per service, moved by condition only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trimtab.adapters import records
from trimtab.adapters.tables import Item, Put, Table, Tables
from trimtab.errors import Malformed, Throttled
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Told


@dataclass(frozen=True, slots=True)
class TableTellings:
    """Port ``Tellings`` on the Memory table."""

    tables: Tables

    def recall(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Told]:
        """What is remembered of each service, in one batch."""
        keys = {service: records.told_key(service) for service in services}
        if not keys:
            return {}
        found = self.tables.get_many(list(keys.values()))
        if found.unread:
            raise Throttled(f"what was told of {len(found.unread)} services could not be read")
        return {service: _told(found.items.get(key)) for service, key in keys.items()}

    def keep(self, service: ServiceId, told: Told) -> Told:
        """Store it one version on, if the version given is the stored one."""
        stored = replace(told, version=told.version + 1)
        item = records.told_item(service, stored)
        what = f"what was told of {service}"
        self.tables.write([Put(Table.MEMORY, item, what, told.version)])
        return stored


def _told(item: Item | None) -> Told:
    """Read an item; what another version of ours wrote and we cannot read is begun anew."""
    if item is None:
        return Told()
    try:
        return records.read(Told, item)
    except Malformed:
        return Told(version=int(item["version"]))
