"""The ledger: the log that is only ever added to, and the flight recorder beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from trimtab import codec
from trimtab.adapters import records
from trimtab.adapters.chain import link_of, write_linked
from trimtab.adapters.tables import (
    Add,
    Check,
    Item,
    Key,
    LostRace,
    Put,
    Range,
    Table,
    Tables,
    Write,
)
from trimtab.errors import Refused, Throttled
from trimtab.model.entry import Entry
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.lease import Leases
from trimtab.model.link import Link
from trimtab.model.tick import Tick
from trimtab.ports import MOST_ENTRIES

MOST_DAYS = 3660
ONE_DAY = timedelta(days=1)
TRIES = 3
"""Of a transaction that met others at the count of what all services have lost."""
ULID_TIME = 10
"""Characters at the beginning of an id that are its time."""


@dataclass(frozen=True, slots=True)
class TableLedger:
    """Port ``Ledger`` on tables. Ticks expire after ``keep``, entries after ``keep_log``.

    ``keep=None`` records no ticks, for simulations of many days that nobody will replay;
    ``keep_log=None`` keeps the log for ever.
    """

    tables: Tables
    keep: timedelta | None = timedelta(days=14)
    keep_log: timedelta | None = None

    def commit(self, tick: Tick) -> None:
        """Write memory, tick record and entries in one transaction, or nothing.

        Entries that others append meanwhile do not matter: ours are linked behind them. Memory is
        stored at one more than the version that was read, whatever version it carries.
        """
        if len(tick.entries) > MOST_ENTRIES:
            raise Refused(
                f"tick {tick.id} of {tick.service} has {len(tick.entries)} log entries, at most "
                f"{MOST_ENTRIES} fit into its transaction; fold some into one"
            )
        service, inputs = tick.service, tick.inputs
        memory = replace(tick.memory, version=inputs.memory.version + 1)
        writes: list[Write] = [
            Put(
                Table.MEMORY,
                records.memory_item(service, memory),
                f"memory of {service}",
                inputs.memory.version,
            ),
            Check(records.current_key(service), f"policy of {service}", inputs.policy.version),
        ]
        if inputs.requests.heard:
            left = records.requests_item(service, inputs.requests.left)
            version = inputs.requests.version
            writes.append(Put(Table.MEMORY, left, f"requests of {service}", version))
        if tick.leases != inputs.leases:
            writes.append(_leases(service, tick.leases))
        writes += [records.spend_add(spend) for spend in tick.spends]
        if self.keep is not None:
            record = records.tick_item(tick, self.keep)
            writes.append(Put(Table.TICKS, record, f"record of tick {tick.id} of {service}"))
        self._write(service, tick.entries, writes)

    def _write(self, service: ServiceId, entries: Sequence[Entry], writes: Sequence[Write]) -> None:
        """Write, once more where we only met others at a count: it takes all of us in turn."""
        counts = frozenset(n for n, write in enumerate(writes) if isinstance(write, Add))
        for left in range(TRIES - 1, -1, -1):
            try:
                write_linked(self.tables, service, entries, writes, self.keep_log)
            except LostRace as lost:
                if lost.taken or not lost.contended <= counts or not left:
                    raise
            else:
                return

    def give_back(self, service: ServiceId, left: Leases, entries: Sequence[Entry]) -> None:
        """Write what is left of a service's leases, and the warden's entries, or nothing."""
        write_linked(self.tables, service, entries, [_leases(service, left)], self.keep_log)

    def append(self, entry: Entry) -> bool:
        """Append one entry unless its key exists; tells whether it was appended.

        ``False`` may also mean that this very call appended it and the SDK had to ask twice.
        """
        try:
            write_linked(self.tables, entry.service, [entry], keep=self.keep_log)
        except LostRace as lost:
            if 0 in lost.taken:
                return False
            raise
        return True

    def entry(self, service: ServiceId, entry: EntryId) -> Entry | None:
        """One entry by its key, read consistently."""
        item = self.tables.get(Key(Table.LOG, service, entry))
        return None if item is None else records.read(Entry, item)

    def entries(self, service: ServiceId, ids: Sequence[EntryId]) -> Mapping[EntryId, Entry]:
        """Those of the named entries that exist, in one batch read."""
        if not ids:
            return {}
        keys = [Key(Table.LOG, service, entry) for entry in dict.fromkeys(ids)]
        found = self.tables.get_many(keys)
        if found.unread:
            raise Throttled(f"{len(found.unread)} log entries of {service} could not be read")
        return {
            EntryId(key.sort): records.read(Entry, found.items[key])
            for key in keys
            if key in found.items
        }

    def of_service(
        self, service: ServiceId, since: datetime, until: datetime, newest_first: bool = False
    ) -> Iterator[Entry]:
        """A service's entries with ``since <= at < until``, by time.

        Read from the index by day: an outcome lies beside its intent in the log itself, however
        late it came. The index follows the log within about a second.
        """
        for item in self._items_of(service, since, until, newest_first):
            yield records.read(Entry, item)

    def links(self, service: ServiceId, since: datetime | None = None) -> Iterator[Link]:
        """A service's entries as they lie in the log, by key, read consistently."""
        low = "" if since is None else codec.ulid(since, "")[:ULID_TIME]
        return (link_of(item) for item in self.tables.query(Range(Table.LOG, service, low=low)))

    def _items_of(
        self, service: ServiceId, since: datetime, until: datetime, newest_first: bool
    ) -> Iterator[Item]:
        first = next(self.tables.query(Range(Table.LOG, service, limit=1)), None)
        if first is None:
            return
        # ids begin with their time to the millisecond: nothing is older than this
        since = max(since, records.read(Entry, first).at - timedelta(seconds=1))
        for day in _days(since, until, newest_first):
            wanted = Range(
                Table.LOG,
                day,
                low=records.stamp(since),
                high=records.stamp(until),
                newest_first=newest_first,
                by_day=True,
                service=service,
            )
            yield from self.tables.query(wanted)

    def of_day(self, day: str, after: str = "") -> Iterator[Entry]:
        """All services' entries of a day, by time, after the key that ``records.at_id`` gives."""
        low = f"{after}!" if after else ""  # the next key there can be: ids go on with "#"
        for item in self.tables.query(Range(Table.LOG, day, low=low, by_day=True)):
            yield records.read(Entry, item)

    def ticks(
        self, service: ServiceId, since: datetime, until: datetime, limit: int
    ) -> Iterator[Tick]:
        """Recorded ticks, newest first, at most ``limit``."""
        wanted = Range(
            Table.TICKS,
            service,
            low=records.stamp(since),
            high=records.stamp(until),
            newest_first=True,
            limit=limit,
        )
        for item in self.tables.query(wanted):
            yield records.read_tick(item)


def _leases(service: ServiceId, leases: Leases) -> Put:
    item = records.leases_item(service, leases)
    return Put(Table.MEMORY, item, f"leases of {service}", leases.version - 1)


def _days(since: datetime, until: datetime, newest_first: bool) -> Iterator[str]:
    if since >= until:
        return
    first, last = _day_start(since), _day_start(until)
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise Refused(f"{count} days of log asked for; ask for at most {MOST_DAYS}")
    days = [records.day_of(first + i * ONE_DAY) for i in range(count)]
    yield from reversed(days) if newest_first else days


def _day_start(at: datetime) -> datetime:
    return datetime.fromisoformat(f"{records.day_of(at)}T00:00:00+00:00")
