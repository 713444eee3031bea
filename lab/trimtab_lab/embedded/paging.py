"""Pages of an answer, as AWS cuts them: the token is where the next page begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from trimtab_lab.world.errors import WorldError

T = TypeVar("T")


def page_of(
    items: Sequence[T], token: str | None, size: int, invalid: str = "ValidationError"
) -> tuple[Sequence[T], str | None]:
    """Return one page and the token of the next, ``None`` after the last."""
    if token is not None and not token.isdecimal():
        raise WorldError(invalid, f"The token {token!r} is not one that was given out")
    first = int(token or 0)
    last = first + size
    return items[first:last], str(last) if last < len(items) else None
