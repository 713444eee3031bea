"""How a hash chain can be broken, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.link import Link


class Break(StrEnum):
    """How a chain is broken."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    RELINKED = "relinked"  # its hash was made anew after an edit, so that the next does not follow
    FORK = "fork"
    HEAD = "head"
    ANCHOR = "anchor"


@dataclass(frozen=True, slots=True)
class Fault:
    """A bad link: where in the chain, which entry (if there is one), and what is wrong."""

    kind: Break
    n: int
    entry: str
    text: str


def fault_at(kind: Break, link: Link, text: str) -> Fault:
    """Find fault with an entry that is there."""
    return Fault(kind, max(link.n, 0), str(link.id), text)
