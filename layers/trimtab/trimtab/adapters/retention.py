"""Retention: until when an entry is kept, and what of a chain must still be there. Pure.

An entry may be deleted once its time is up, in no order; what the chain then lacks, something that
is still there must vouch for. So every entry says of all before it until when they are kept, in as
few words as that takes: only of those that are kept longer than every later one, with their hashes.
Between two of them nothing is kept longer than the second. So whatever is missing was due, or the
next entry that is there says which one is not; and whatever is not due yet is named with its hash,
or is followed by one that is. In steady retention that is one entry, the one before; where entries
are kept for ever from before retention was asked for, the last of them too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trimtab.model.kept import Due, Kept
from trimtab.model.link import Head

MOST_DUES = 8
"""Named by one entry. Who lowers retention more often than that in its own time waits for it."""
ONE_SECOND = timedelta(seconds=1)


def kept_after(head: Head, at: datetime, keep: timedelta | None) -> Kept | None:
    """Say how long an entry of ``at`` behind ``head`` is kept; ``None``: all for ever.

    ``keep`` is the retention in force, ``None`` for ever.
    """
    until = None if keep is None else _until(head, at, keep)
    return Kept(until, head.dues) if until is not None or head.dues else None


def dues_after(head: Head, entry: Head, kept: Kept | None) -> tuple[Due, ...]:
    """Name what is kept longest up to ``entry``, which follows ``head``."""
    if kept is None or kept.until is None:
        return ()
    return (*_longer(head, kept.until), Due(entry.n, entry.hash, kept.until))


def is_due(until: datetime | None, now: datetime | None) -> bool:
    """Tell whether what is kept until then may be gone by now; without a ``now``, nothing may."""
    return until is not None and now is not None and until < now


def longest_from(dues: Sequence[Due], n: int) -> Due | None:
    """Return the one of all entries from ``n`` on that is kept longest, as ``dues`` say."""
    return next((due for due in dues if due.n >= n), None)


def _until(head: Head, at: datetime, keep: timedelta) -> datetime:
    """Count from when it was written, in whole seconds: those of the attribute DynamoDB goes by."""
    until = (at + keep + ONE_SECOND).replace(microsecond=0)
    longer = _longer(head, until)
    if len(longer) < MOST_DUES:
        return until
    return longer[MOST_DUES - 1].until or until


def _longer(head: Head, until: datetime) -> tuple[Due, ...]:
    """Those up to ``head`` that are kept longer than ``until``."""
    before = head.dues or ((Due(head.n, head.hash),) if head.n else ())
    return tuple(due for due in before if due.until is None or due.until > until)
