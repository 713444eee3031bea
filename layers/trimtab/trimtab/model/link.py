"""How an entry hangs in its service's hash chain, and where the chain ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.kept import Due


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a service's chain: its number and its hash.

    ``dues`` says of all entries up to it until when they are kept, as ``Kept.before`` does.
    """

    n: int
    hash: str
    dues: tuple[Due, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """How far a service's chain was walked, and when; ``fault`` says where it is broken.

    After a fault the next walk begins where the last sound one ended.
    """

    head: Head
    at: datetime
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One item of the log as it lies in the table.

    ``n`` is 0 for an entry written before the chain existed. ``body`` is the entry's canonical
    JSON; ``columns`` are the attributes beside it that streams and indexes go by.
    """

    service: ServiceId
    id: EntryId
    n: int
    prev: str
    hash: str
    body: str
    columns: Mapping[str, str] = field(default_factory=dict)
