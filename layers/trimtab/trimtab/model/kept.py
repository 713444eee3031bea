"""How long entries of the log are kept, as their chain itself says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

SHORTEST = timedelta(days=30)
"""What is younger lies in the log, however short it is kept: intents, answers, leases are."""


@dataclass(frozen=True, slots=True)
class Due:
    """An entry that is kept longer than every later one: its number, its hash, until when.

    ``until`` is ``None`` for what is kept for ever.
    """

    n: int
    hash: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """How long an entry is kept, and what of everything before it is kept until when.

    ``until`` is ``None`` for what is kept for ever. Each entry in ``before`` is kept longer than
    all between it and the next; nothing in ``before`` means that all before is kept for ever.
    """

    until: datetime | None = None
    before: tuple[Due, ...] = ()

    def has_expired(self, now: datetime) -> bool:
        """Tell whether it may be gone by now, and what was said of it with it: no ground to act."""
        return self.until is not None and self.until < now
