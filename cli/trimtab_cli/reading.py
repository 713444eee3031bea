"""What a tick read of CloudWatch, out of its record: for whoever asks what an answer cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from trimtab.errors import TrimtabError
from trimtab.model.entry import Entry
from trimtab.model.reading import Reading
from trimtab.ports import Ledger

MOST_TICKS = 5
"""Of one moment: the one in question, and such as were asked for at the same time."""


def reading_of(entry: Entry, ledger: Ledger) -> Reading | None:
    """Return what the entry's tick read; ``None`` if its record is not kept or cannot be read."""
    try:
        found = ledger.ticks(
            entry.service, entry.at, entry.at + timedelta(microseconds=1), MOST_TICKS
        )
        return next((t.inputs.seen.reading for t in found if t.id == entry.tick), None)
    except TrimtabError:  # recorded by another version
        return None


def as_told(reading: Reading | None) -> Mapping[str, Any] | None:
    """The same as numbers."""
    if reading is None:
        return None
    return {"first": reading.first, "close": reading.close, "usd": round(reading.usd, 8)}


def in_a_line(reading: Reading) -> str:
    """Say it in one line."""
    read = f"{reading.first} series of fleets and {reading.close} of targets"
    return f"its tick read {read}: {reading.usd:.6f} USD"
