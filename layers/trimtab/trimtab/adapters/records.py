"""How our values lie in the tables: keys, canonical JSON, and the compressed tick."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from trimtab import codec
from trimtab.adapters.tables import Add, Item, Key, Table, Value
from trimtab.errors import Malformed, Refused
from trimtab.model.blast import Spend
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Told
from trimtab.model.lease import Leases
from trimtab.model.link import Checked
from trimtab.model.memory import Memory
from trimtab.model.observation import FleetSeen, Gap, Observation
from trimtab.model.policy import Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report
from trimtab.model.request import Requests
from trimtab.model.tick import SCHEDULE, Ask, Pause, Tick
from trimtab.ports import Listed

T = TypeVar("T")

SERVICES = "#services"
"""Partition of the directory: one row per service."""
ALL = "#all"
"""Partition of the pause of everything."""
LEASES = "#leases"
"""Partition of the leases: one row per service, so that one query reads them all."""

BLAST = "#blast"
"""Partition of what all services have lost: one count for each window of ten minutes."""
BLAST_KEPT = timedelta(days=2)

MOST_TICK_BYTES = 380 * 1024
"""Compressed. Leaves room in an item for its keys."""
COLUMNS = ("kind", "lever", "tick", "day", "at_id", "deadline", "expires")
"""What lies beside the body of a log entry: all of it follows from the body."""
WRITE_UNIT = 1024
"""What DynamoDB bills as one write: a memory larger than this is worth compressing."""
REPORT_KEPT = timedelta(hours=2)
"""How long a report is kept: far longer than any tick looks back."""
A_STORM = 15
"""Seconds in which alarms and events ask for a service once: metrics of a minute tell no more."""
MOST_TICK_TEXT = 64 * 1024 * 1024
"""Uncompressed. What would unpack to more was not written by us."""


def stamp(at: datetime) -> str:
    """Write a time so that texts sort as times do: UTC, always with microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def at_id(entry: Entry) -> str:
    """Return an entry's key in the order of time across services: what ``of_day`` goes on after."""
    return f"{stamp(entry.at)}#{entry.id}"


def day_of(at: datetime) -> str:
    """Return the day, in UTC, under which an entry is found."""
    return stamp(at)[:10]


def current_key(service: ServiceId) -> Key:
    """Where the policy in force lies."""
    return Key(Table.MEMORY, service, "policy#current")


def version_key(service: ServiceId, version: int) -> Key:
    """Where one version of a policy lies for good."""
    return Key(Table.MEMORY, service, f"policy#v{version:06}")


def memory_key(service: ServiceId) -> Key:
    """Where a service's memory lies."""
    return Key(Table.MEMORY, service, "memory")


def pause_key(service: ServiceId | None) -> Key:
    """Where the pause of a service, or of everything, lies."""
    return Key(Table.MEMORY, ALL if service is None else service, "pause")


def told_key(service: ServiceId) -> Key:
    """Where it lies what people were told: a partition of its own, for IAM to tell it apart."""
    return Key(Table.MEMORY, f"told#{service}", "told")


def told_item(service: ServiceId, told: Told) -> Item:
    """Return what people were told as an item, compressed where that saves writes."""
    text = codec.dumps(told)
    body = text if len(text) <= WRITE_UNIT else zlib.compress(text.encode())
    return _item(told_key(service), version=told.version, body=body)


def requests_key(service: ServiceId) -> Key:
    """Where a service's open requests lie."""
    return Key(Table.MEMORY, service, "requests")


def checked_key(service: ServiceId) -> Key:
    """Where it lies how far a chain was walked: apart, so that a role can write no more."""
    return Key(Table.MEMORY, f"checked#{service}", "chain")


def checked_item(service: ServiceId, checked: Checked) -> Item:
    """Return how far a chain was walked as an item."""
    return _item(checked_key(service), body=codec.dumps(checked))


def requests_item(service: ServiceId, requests: Requests) -> Item:
    """Return open requests as an item."""
    body = codec.dumps(requests)
    return _item(requests_key(service), version=requests.version, body=body)


def leases_key(service: ServiceId) -> Key:
    """Where a service's leases lie."""
    return Key(Table.MEMORY, LEASES, service)


def leases_item(service: ServiceId, leases: Leases) -> Item:
    """Return leases as an item. They are always smaller than the memory they are drawn from."""
    text = codec.dumps(leases)
    body = text if len(text) <= WRITE_UNIT else zlib.compress(text.encode())
    return _item(leases_key(service), version=leases.version, body=body)


def reports_of(service: ServiceId) -> str:
    """Name the partition of a service's reports: apart, so that who reports can write no more."""
    return f"report#{service}"


def report_item(report: Report) -> Item:
    """Return a report as an item: by its minute first, so that the newest are read together."""
    named = (stamp(report.minute), report.source, report.fleet, report.zone, report.part)
    key = Key(Table.MEMORY, reports_of(report.service), "#".join(named))
    text = codec.dumps(report)
    body = text if len(text) <= WRITE_UNIT else zlib.compress(text.encode())
    return _item(key, body=body, expires=int((report.minute + REPORT_KEPT).timestamp()))


def blast_key(window: datetime) -> Key:
    """Where it is counted what all services lost in a window of time."""
    return Key(Table.MEMORY, BLAST, stamp(window))


def spend_add(spend: Spend) -> Add:
    """Return the addition to a window's count; the item goes by itself in two days."""
    values: dict[str, Value] = {"expires": int((spend.window + BLAST_KEPT).timestamp())}
    what = f"what all services have lost since {spend.window:%H:%M}, of {spend.most} at most"
    return Add(blast_key(spend.window), what, spend.by, spend.most, values)


def policy_item(key: Key, policy: Policy) -> Item:
    """Return a policy as an item."""
    return _item(key, version=policy.version, body=codec.dumps(policy))


def listed_item(listed: Listed) -> Item:
    """Return a directory row as an item."""
    key = Key(Table.MEMORY, SERVICES, listed.service)
    return _item(key, version=listed.version, body=codec.dumps(listed))


def memory_item(service: ServiceId, memory: Memory) -> Item:
    """Return a memory as an item."""
    text = codec.dumps(memory)
    body = text if len(text) <= WRITE_UNIT else zlib.compress(text.encode())
    return _item(memory_key(service), version=memory.version, body=body)


def pause_item(service: ServiceId | None, pause: Pause) -> Item:
    """Return a pause as an item."""
    return _item(pause_key(service), body=codec.dumps(pause))


def entry_item(entry: Entry) -> Item:
    """Return a log entry as an item; what streams and indexes go by lies beside the body."""
    optional: dict[str, Value] = {}
    if entry.lever is not None:
        optional["lever"] = entry.lever.value
    if entry.deadline is not None:
        optional["deadline"] = stamp(entry.deadline)
    if entry.kept is not None and entry.kept.until is not None:
        optional["expires"] = int(entry.kept.until.timestamp())  # what DynamoDB deletes by
    return _item(
        Key(Table.LOG, entry.service, entry.id),
        kind=entry.kind.value,
        tick=entry.tick,
        day=day_of(entry.at),
        at_id=at_id(entry),
        body=codec.dumps(entry),
        **optional,
    )


def tick_item(tick: Tick, keep: timedelta) -> Item:
    """Return a tick as an item. One too big for an item goes without its targets, and says so."""
    body = _packed(tick)
    whole = len(body) <= MOST_TICK_BYTES
    if not whole:
        body = _packed(_without_targets(tick, len(body)))
    if len(body) > MOST_TICK_BYTES:
        raise Refused(
            f"tick {tick.id} of {tick.service}: {len(body):,} bytes even without its targets, "
            f"a record holds {MOST_TICK_BYTES:,}"
        )
    return _item(
        Key(Table.TICKS, tick.service, f"{stamp(tick.now)}#{tick.id}"),
        whole=whole,
        body=body,
        expires=int((tick.now + keep).timestamp()),
    )


def version_of(item: Item) -> int:
    """Return the version an item is at; ``Malformed`` names the item."""
    version = item.get("version")
    if type(version) is not int or version < 1:
        raise Malformed(f"{_name(item)}: expected a version from 1 on, found {version!r:.40}")
    return version


def read(kind: type[T], item: Item) -> T:
    """Read what an item holds, compressed or not; ``Malformed`` names the item."""
    body = item.get("body", "")
    try:
        return codec.loads(kind, _unpacked(body) if isinstance(body, bytes) else str(body))
    except Malformed as error:
        raise Malformed(f"{_name(item)}: {error}") from error


def read_tick(item: Item) -> Tick:
    """Read a tick record; ``Malformed`` names the item."""
    body = item.get("body")
    try:
        return codec.loads(Tick, _unpacked(body if isinstance(body, bytes) else b""))
    except Malformed as error:
        raise Malformed(f"{_name(item)}: not a tick record: {error}") from error


def _unpacked(body: bytes) -> str:
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(body, MOST_TICK_TEXT)
        if not unpacker.eof:
            raise Malformed("cut short, or far too long")
        return text.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise Malformed(f"not compressed text: {error}") from error


def deduplication_of(ask: Ask) -> str:
    """Name the asks that one look answers.

    Those of the schedule's minute, those of a person about one thing, and those of all alarms and
    events together within ``A_STORM`` seconds, however many they are.
    """
    seconds = int(ask.asked_at.timestamp())
    if ask.by == SCHEDULE or ask.about:
        named = f"{ask.service}\n{ask.by}\n{ask.about}\n{seconds // 60}"
    else:
        named = f"{ask.service}\nevent\n\n{seconds // A_STORM}"
    return hashlib.sha256(named.encode(errors="surrogatepass")).hexdigest()


def _item(key: Key, **values: Value) -> Item:
    partition, sort = key.table.value
    return {partition: key.partition, sort: key.sort, **values}


def _name(item: Item) -> str:
    sort = item.get("item") or item.get("id") or item.get("at") or "?"
    return f"stored {item.get('service', '?')!s}/{sort!s}"


def _packed(tick: Tick) -> bytes:
    return zlib.compress(codec.dumps(tick).encode())


def _without_targets(tick: Tick, size: int) -> Tick:
    """Leave out what grows with the fleet. The gap keeps anyone from reading it as blindness."""
    gap = Gap(
        "tick_record",
        tick.service,
        Reason(
            ReasonCode.PARTIAL_DATA,
            f"targets were seen, but left out of this record: {size:,} bytes with them",
            {"bytes": size},
        ),
    )
    seen = tick.inputs.seen
    fleets = {name: _fleet_without_targets(fleet) for name, fleet in seen.fleets.items()}
    slim: Observation = replace(seen, fleets=fleets, gaps=(*seen.gaps, gap))
    beliefs = {name: replace(b, targets=None) for name, b in tick.belief.fleets.items()}
    return replace(
        tick,
        inputs=replace(tick.inputs, seen=slim),
        belief=replace(tick.belief, fleets=beliefs),
    )


def _fleet_without_targets(fleet: FleetSeen) -> FleetSeen:
    group = fleet.group and replace(fleet.group, members=())
    return replace(fleet, targets=None, metrics=None, group=group, reports=())
