"""A mistake in a document: where it is, what was found, what was expected."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from trimtab_cli.plain import plain

FOUND_LENGTH = 60


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake. ``line`` and ``column`` count from 1; ``path`` is the place in the document."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        """``shop.yaml:3:5: fleets.blue.target_group: what is wrong``."""
        place = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {place}{self.message}"


Faults = tuple[Fault, ...]
"""All mistakes of a document, in the order of its lines."""


def found(value: object) -> str:
    """Show what stood in the document, on one line, shortened and without control characters."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case dict():
            return "a mapping"
        case tuple() | list():
            return "a list"
        case _:
            text = plain(str(value))
            short = text if len(text) <= FOUND_LENGTH else text[:FOUND_LENGTH] + "…"
            return f'"{short}"'


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Name the known word that was probably meant; empty when none is near."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
