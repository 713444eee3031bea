"""Reading a case so that nothing in it is overlooked.

A field nobody asked for may be the very thing the case is about, so a case with one left over is
not covered rather than passed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Said of a case, not to it.
_ABOUT_THE_CASE = frozenset(
    {
        "name",
        "kind",
        "metric_kind",
        "expected",
        "expected_limit",
        "documented",
        "source",
        "note",
        "notes",
        "comment",
        "upstream_skips_this_row",
    }
)
_REQUIRED = object()


class NotCoveredError(Exception):
    """We have no rule for this case, and say so instead of guessing."""


class Fields:
    """A JSON object that remembers which of its fields were read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._read: set[str] = set()
        self._inner: list[Fields] = []

    def take(self, name: str, default: Any = _REQUIRED) -> Any:
        self._read.add(name)
        if name in self._values:
            return self._values[name]
        if default is _REQUIRED:
            raise NotCoveredError(f"field {name!r} is missing")
        return default

    def take_any(self, names: Sequence[str], default: Any) -> Any:
        present = [name for name in names if name in self._values]
        return self.take(present[0]) if present else default

    def inner(self, name: str) -> Fields:
        value = self.take(name)
        if not isinstance(value, Mapping):
            raise NotCoveredError(f"field {name!r} is not an object")
        return self.adopt(value)

    def adopt(self, values: Mapping[str, Any]) -> Fields:
        fields = Fields(values)
        self._inner.append(fields)
        return fields

    def unread(self) -> list[str]:
        mine = set(self._values) - self._read - _ABOUT_THE_CASE
        return sorted(mine) + [name for inner in self._inner for name in inner.unread()]
