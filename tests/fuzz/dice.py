"""Bytes as choices: what a fuzzer hands over decides what is made, and what is broken in it.

Bytes that run out are zeros, and a zero is always the plainest choice, so that short inputs are
simple ones: Hypothesis shrinks them so, and coverage-guided fuzzers grow them from there.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

DEEP: Any = []
for _ in range(200):
    DEEP = [DEEP]

JUNK: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    True,
    [],
    {},
    [None],
    {"": None},
    1.5,
    1e300,
    float("nan"),
    float("-inf"),
    2**31,
    2**63,
    10**60,
    "NaN",
    "1e999",
    "-1",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "2026-03-02T12:00:00",
    "\x00",
    "\ud800",  # half a surrogate pair, as JSON can carry it
    "\u202eevitca\u202c",  # turned around for whoever reads it
    "sh\u043ep",  # a Cyrillic o
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\x1b[0m",
    "x" * 5_000,
    DEEP,
    {"S": 1},
    [[], [{}]],
)


class Dice:
    """Takes choices off a byte string."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = 0

    def below(self, sides: int) -> int:
        """A number from 0 to ``sides - 1``; 0 when nothing is left."""
        value = 0
        for _ in range(1 if sides <= 256 else 2):
            value = value * 256 + (self._data[self._next] if self._next < len(self._data) else 0)
            self._next += 1
        return value % sides

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def rest(self) -> bytes:
        return self._data[self._next :]

    def junk(self) -> Any:
        """A value that is not what was expected, most likely."""
        if self.below(8) == 7:
            return self.rest()[:40].decode("latin-1")
        return copy.deepcopy(self.one_of(JUNK))

    def broken(self, document: T, wounds: int = 4) -> T:
        """The document with 1 to ``wounds`` of its values replaced, removed, moved or doubled."""
        holder = {"": copy.deepcopy(document)}
        for _ in range(1 + self.below(wounds)):
            self._wound(holder)
        result: T = holder[""]
        return result

    def _wound(self, holder: dict[str, Any]) -> None:
        inside: Any = holder
        key: Any = ""
        while self.below(6) and isinstance(inside[key], dict | list) and inside[key]:
            inside = inside[key]
            keys = list(inside) if isinstance(inside, dict) else range(len(inside))
            key = self.one_of(list(keys))
        match self.below(6):
            case 0 | 1:
                inside[key] = self.junk()
            case 2 if inside is not holder:
                del inside[key]
            case 3:
                inside[key] = [inside[key], copy.deepcopy(inside[key])]
            case 4 if isinstance(inside, dict) and inside is not holder:
                inside[str(self.junk())[:50]] = inside.pop(key)
            case 5 if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[key]))
            case _:
                inside[key] = {"value": inside[key]}

    def spoiled(self, data: bytes) -> bytes:
        """The bytes with a few changed, cut out or put in."""
        changed = bytearray(data)
        for _ in range(1 + self.below(4)):
            at = self.below(max(len(changed), 1))
            match self.below(4):
                case 0 if changed:
                    changed[at] = self.below(256)
                case 1:
                    del changed[at:]
                case 2:
                    del changed[at : at + 1 + self.below(16)]
                case _:
                    changed[at:at] = self.rest()[:8]
        return bytes(changed)


def strings_in(value: Any) -> list[str]:
    """Every text in a request, for an answer to be about the same things."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for held in value.values() for text in strings_in(held)]
    if isinstance(value, list | tuple):
        return [text for held in value for text in strings_in(held)]
    return []
