"""In which order many actions are taken back, so that no step leaves less than the next needs."""

from __future__ import annotations

from collections.abc import Iterable

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight, subject_of
from trimtab.model.entry import Entry

GIVES, SHIFTS, TAKES = range(3)


def in_safe_order(done: Iterable[Entry]) -> list[Entry]:
    """Order intents for undoing: what gives back first, then weights, what takes away last.

    What was done to one thing goes back newest first, for each undo stands on the state its action
    left. Everything that changes the size of one group counts as one thing.
    """
    chains: dict[tuple[str, str], list[Entry]] = {}
    for entry in sorted(done, key=lambda e: (e.at, e.id)):
        if entry.change is not None:
            chains.setdefault((entry.service, _thing(entry.change)), []).append(entry)
    found: list[Entry] = []
    while chains:
        key = min(chains, key=lambda k: _rank(chains[k][-1]))
        found.append(chains[key].pop())
        if not chains[key]:
            del chains[key]
    return found


def _thing(change: Change) -> str:
    group = None if isinstance(change, Reweight) else change.group
    return f"group {group}" if group else subject_of(change)


def _kind_of_undo(entry: Entry) -> int:
    """Tell what undoing does: gives capacity, shifts traffic, or takes capacity."""
    match entry.change:
        case Eject():
            return GIVES
        case Resize() if entry.change.after < entry.change.before:
            return GIVES
        case Reweight():
            return SHIFTS
        case Resize() | Restore() | Retire() | None:
            return TAKES


def _rank(entry: Entry) -> tuple[int, float, str]:
    return _kind_of_undo(entry), -entry.at.timestamp(), entry.id
