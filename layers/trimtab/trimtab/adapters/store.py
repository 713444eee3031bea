"""The store: policies in versions, the directory of services, memory to recall, pauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from trimtab.adapters import records
from trimtab.adapters.chain import head_key, head_of, write_linked
from trimtab.adapters.tables import Found, Item, Key, Put, Range, Remove, Table, Tables, Write
from trimtab.errors import Malformed, Refused, Throttled
from trimtab.model.blast import UNLIMITED, WINDOW, Blast, window_of
from trimtab.model.entry import Entry
from trimtab.model.halt import Halts, protections_asked, protections_held
from trimtab.model.ids import ServiceId
from trimtab.model.lease import Leases
from trimtab.model.link import Checked, Head
from trimtab.model.memory import Memory
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Source
from trimtab.model.request import MOST_OPEN, Request, Requests
from trimtab.model.tick import Pause, Remembered
from trimtab.ports import Listed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TableStore:
    """Port ``Store`` on tables.

    What concerns one service only (no policy, a damaged item, a key left unread) is that service's
    reason. A table that is missing, denied or throttled concerns all, and raises. What it appends
    to the log is kept for ``keep_log``, ``None`` for ever. ``most_removals`` is how many targets
    all services may lose within ten minutes; ``None``: it is not counted.
    """

    tables: Tables
    keep_log: timedelta | None = None
    most_removals: int | None = None

    def services(self) -> tuple[Listed, ...]:
        """Every service that has a policy, in name order."""
        rows = self.tables.query(Range(Table.MEMORY, records.SERVICES))
        return tuple(_listed(row) for row in rows)

    def recall(
        self, services: Sequence[ServiceId], now: datetime | None = None
    ) -> Mapping[ServiceId, Remembered | Reason]:
        """What is stored of each service, in one batch."""
        wanted = tuple(dict.fromkeys(services))
        if not wanted:
            return {}
        keys = [records.pause_key(None)]
        for service in wanted:
            keys += _keys_of(service)
        window = None if now is None or self.most_removals is None else window_of(now)
        if window is not None:
            keys += [records.blast_key(window), records.blast_key(window - WINDOW)]
        found = self.tables.get_many(keys)
        blast = UNLIMITED if window is None else self._blast(window, found)
        return {service: _remembered(service, found, blast) for service in wanted}

    def _blast(self, window: datetime, found: Found) -> Blast:
        taken, before = (_count(records.blast_key(w), found) for w in (window, window - WINDOW))
        return Blast(window, taken, before, self.most_removals)

    def policy(self, service: ServiceId, version: int | None = None) -> Policy | None:
        """One version of a policy, the current one by default."""
        if version is None:
            key = records.current_key(service)
        else:
            key = records.version_key(service, version)
        item = self.tables.get(key)
        return None if item is None else records.read(Policy, item)

    def apply_policy(self, policy: Policy, resources: frozenset[str], entry: Entry) -> int:
        """Store the next version; the log entry is stored with that version in it."""
        service = policy.service
        current = self.tables.get(records.current_key(service))
        held = 0 if current is None else records.version_of(current)
        stored = replace(policy, version=held + 1)
        probed = Source.PROBE in stored.health.sources
        listed = Listed(service, stored.enabled, stored.version, resources, probed)
        write_linked(
            self.tables,
            service,
            [replace(entry, policy_version=stored.version)],
            [
                _put_policy(records.current_key(service), stored, f"policy of {service}", held),
                _put_policy(
                    records.version_key(service, stored.version),
                    stored,
                    f"version {stored.version} of the policy of {service}",
                    0,
                ),
                Put(Table.MEMORY, records.listed_item(listed), f"directory row of {service}", None),
            ],
            self.keep_log,
        )
        return stored.version

    def set_pause(self, service: ServiceId | None, pause: Pause | None, entry: Entry) -> None:
        """Set or clear the pause of a service (``None``: of everything), logged with it."""
        what = f"pause of {service or 'everything'}"
        change: Write = (
            Remove(records.pause_key(service), what)
            if pause is None
            else Put(Table.MEMORY, records.pause_item(service, pause), what, None)
        )
        write_linked(self.tables, entry.service, [entry], [change], self.keep_log)

    def request(self, entries: Sequence[Entry]) -> None:
        """Add requests to those that a service's next tick hears, each with its log entry."""
        service = entries[0].service
        held = _requests(self.tables.get(records.requests_key(service)))
        new = [Request(e.id, e.by, e.at, e.reason.text, e.asked) for e in entries if e.asked]
        open_now = (*held.open, *new)
        if len(open_now) > MOST_OPEN:
            text = f"{len(held.open)} requests of {service} wait already; {MOST_OPEN} may"
            raise Refused(f"{text}: is it looked at every minute (`trimtab status`)?")
        stored = Requests(held.version + 1, open_now)
        item = records.requests_item(service, stored)
        change = Put(Table.MEMORY, item, f"requests of {service}", held.version)
        write_linked(self.tables, service, entries, [change], self.keep_log)

    def heads(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Head]:
        """Where the chains of those services end that have one, read consistently."""
        if not services:
            return {}
        found = self.tables.get_many([head_key(service) for service in services])
        if found.unread:
            raise Throttled(f"{len(found.unread)} heads of chains could not be read")
        return {
            service: head_of(found.items[head_key(service)])
            for service in services
            if head_key(service) in found.items
        }

    def checked(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Checked]:
        """How far the chains of those services were walked that were."""
        keys = {records.checked_key(service): service for service in services}
        if not keys:
            return {}
        found = self.tables.get_many(list(keys))
        if found.unread:
            raise Throttled(f"{len(found.unread)} marks of chains could not be read")
        return {keys[k]: records.read(Checked, item) for k, item in found.items.items()}

    def keep_checked(self, service: ServiceId, checked: Checked) -> None:
        """Keep how far a chain was walked."""
        item = records.checked_item(service, checked)
        self.tables.write([Put(Table.MEMORY, item, f"mark of the chain of {service}", None)])

    def pauses(self, service: ServiceId) -> tuple[Pause, ...]:
        """The service's own pause and that of everything. Raises when that cannot be told."""
        keys = [records.pause_key(service), records.pause_key(None)]
        found = self.tables.get_many(keys)
        if found.unread:
            raise Throttled(f"the pauses of {service} could not be read: take it for paused")
        return _pauses(keys, found)

    def halts(self, service: ServiceId) -> Halts:
        """The pauses, and what is protected: asked for and not yet heard, and what memory holds.

        What cannot be understood is passed over there: no tick decides by it, and what has expired
        must come back all the same. A pause that cannot be understood raises.
        """
        pauses = [records.pause_key(service), records.pause_key(None)]
        asked, memory = records.requests_key(service), records.memory_key(service)
        found = self.tables.get_many([*pauses, asked, memory])
        if found.unread:
            raise Throttled(f"the pauses of {service} could not be read: take it for paused")
        new = protections_asked(_or_nothing(Requests, found.items.get(asked)).open)
        held = protections_held(_or_nothing(Memory, found.items.get(memory)))
        return Halts(_pauses(pauses, found), (*new, *held))

    def leases(self) -> Mapping[ServiceId, Leases | Reason]:
        """The leases of every service that ever held one; a damaged row is its service's reason."""
        rows = self.tables.query(Range(Table.MEMORY, records.LEASES))
        return {ServiceId(str(row["item"])): _leases_or_reason(row) for row in rows}


def _listed(row: Item) -> Listed:
    """Read a directory row; a damaged one is listed by its key: its tick says what is wrong."""
    try:
        return records.read(Listed, row)
    except Malformed:
        return Listed(ServiceId(str(row["item"])), True, 0, frozenset())


def _keys_of(service: ServiceId) -> list[Key]:
    return [
        records.current_key(service),
        records.memory_key(service),
        records.requests_key(service),
        records.pause_key(service),
        records.leases_key(service),
    ]


def _count(key: Key, found: Found) -> int | None:
    """Read a count; what was left unread or is damaged is not known, and not zero."""
    n = found.items[key].get("n") if key in found.items else 0
    return None if key in found.unread or type(n) is not int else max(n, 0)


def _remembered(service: ServiceId, found: Found, blast: Blast) -> Remembered | Reason:
    keys = [*_keys_of(service), records.pause_key(None)]
    current, memory, requests, own_pause, leases, pause_of_all = keys
    pauses = (own_pause, pause_of_all)
    if any(key in found.unread for key in keys):
        return Reason(ReasonCode.THROTTLED, f"DynamoDB did not give all of {service} this time")
    if current not in found.items:
        return Reason(
            ReasonCode.NOT_FOUND, f"{service} has no policy; apply one with `trimtab policy apply`"
        )
    try:
        held = found.items.get(memory)
        return Remembered(
            policy=records.read(Policy, found.items[current]),
            memory=Memory() if held is None else records.read(Memory, held),
            pauses=_pauses(pauses, found),
            requests=_requests(found.items.get(requests)),
            leases=_leases(found.items.get(leases)),
            blast=blast,
        )
    except Malformed as error:
        return Reason(ReasonCode.NOT_SEEN, str(error))


def _or_nothing(kind: type[T], item: Item | None) -> T:
    try:
        return kind() if item is None else records.read(kind, item)
    except Malformed:
        return kind()


def _requests(item: Item | None) -> Requests:
    return Requests() if item is None else records.read(Requests, item)


def _leases(item: Item | None) -> Leases:
    """Read leases; in place of damaged ones the next tick writes new ones, from memory."""
    if item is None:
        return Leases()
    found = _leases_or_reason(item)
    return found if isinstance(found, Leases) else Leases(int(item.get("version", 0)))


def _leases_or_reason(row: Item) -> Leases | Reason:
    try:
        return records.read(Leases, row)
    except Malformed as error:
        return Reason(ReasonCode.NOT_SEEN, str(error))


def _pauses(keys: Sequence[Key], found: Found) -> tuple[Pause, ...]:
    return tuple(records.read(Pause, found.items[key]) for key in keys if key in found.items)


def _put_policy(key: Key, policy: Policy, what: str, expected: int) -> Put:
    return Put(Table.MEMORY, records.policy_item(key, policy), what, expected)
