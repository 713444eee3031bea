"""What the warden owes: it gives back what has run out, once, and not again and again.

Judged by the row of leases as it lay in the table when the warden's intent was written over it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from trimtab.adapters import records
from trimtab.adapters.tables import Item, Put, Write
from trimtab.model.change import Reweight
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.lease import WARDEN, Leases
from trimtab_lab.chaos.gates import key_of, log_puts

WAIT = timedelta(minutes=4)
LONGEST_WAIT = timedelta(hours=6)
DONE = (Kind.APPLIED, Kind.UNNEEDED)


def out_of_turn(
    writes: Sequence[Write], before: Sequence[Item | None], ended: Mapping[EntryId, Entry]
) -> Iterator[str]:
    """Say which of the warden's intents of one transaction was not due."""
    for put in log_puts(writes):
        entry = records.read(Entry, put.item)
        if entry.by == WARDEN and entry.kind is Kind.INTENDED:
            yield from _of_one(entry, _row(entry.service, writes, before), ended)


def _row(service: ServiceId, writes: Sequence[Write], before: Sequence[Item | None]) -> Leases:
    """The leases that this very transaction writes over."""
    key = records.leases_key(service)
    for write, was in zip(writes, before, strict=True):
        if isinstance(write, Put) and key_of(write) == key and was is not None:
            return records.read(Leases, was)
    return Leases()


def _of_one(entry: Entry, row: Leases, ended: Mapping[EntryId, Entry]) -> Iterator[str]:
    held = next((lease for lease in row.held if lease.subject == entry.subject), None)
    if held is None:
        yield f"{entry.id} gives back {entry.subject}, which nobody holds"
        return
    if held.expires > entry.at:
        yield f"{entry.id} gives back {entry.subject}, which is held until {held.expires:%H:%M:%S}"
    earlier = row.attempts.get(entry.subject)
    if earlier is None:
        return
    outcome = ended.get(earlier.pending.entry)
    if outcome is None:
        yield f"{entry.id} tries {entry.subject} again beside {earlier.pending.entry}"
        return
    if outcome.kind in DONE and not isinstance(earlier.pending.change, Reweight):
        yield f"{entry.id} gives back {entry.subject} a second time"
    times = 0 if outcome.kind in DONE else min(earlier.failures, 10)
    waited = entry.at - earlier.pending.at
    if waited < min(WAIT * 2**times, LONGEST_WAIT):
        yield f"{entry.id} tries {entry.subject} again after {waited.total_seconds():.0f} s"


__all__ = ["out_of_turn"]
