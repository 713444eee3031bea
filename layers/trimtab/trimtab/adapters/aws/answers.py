"""Reading what AWS answered, strictly: what is not as documented is ``Malformed``, never a guess.

botocore parses what comes, but promises neither that a member is there nor what it holds. A missing
size is not 0, a text is not a number, and NaN is not a measurement. What these functions raise is
turned into "could not be seen" by whoever asked; nothing is decided on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from trimtab.errors import Malformed

LARGEST = 2**31 - 1
"""No size, weight, port or count of AWS's is larger."""
LONGEST = 4096
"""Characters. No name, ARN or reason of AWS's is longer; longer texts are cut."""

Answer = Mapping[str, Any]


def part(held: object, name: str) -> Answer:
    """Return the structure under a name; an absent one is empty."""
    value = _of(held).get(name)
    if value is None:
        return {}
    return _of(value, name)


def each(held: object, name: str) -> list[Answer]:
    """Return the structures of a list that must be there."""
    return [_of(one, name) for one in _list(_of(held).get(name), name)]


def each_if_any(held: object, name: str) -> list[Answer]:
    """Return the structures of a list; an absent one is empty."""
    return [] if _of(held).get(name) is None else each(held, name)


def values(held: object, name: str) -> list[Any]:
    """Return a list as it is; an absent one is empty."""
    value = _of(held).get(name)
    return [] if value is None else _list(value, name)


def text(held: object, name: str) -> str:
    """Return a text that must be there."""
    value = _of(held).get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name}: expected a text, found {value!r:.80}")
    return _plain(value)


def text_if_any(held: object, name: str) -> str:
    """Return a text; an absent one is empty."""
    value = _of(held).get(name)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{name}: expected a text, found {value!r:.80}")
    return _plain(value or "")


def whole(held: object, name: str, absent: int | None = None) -> int:
    """Return a whole number from 0 on; one that is not there is ``absent``, if that is given."""
    value = _of(held).get(name)
    if value is None and absent is not None:
        return absent
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise Malformed(f"{name}: expected a whole number from 0 on, found {value!r:.80}")
    return value


def flag(held: object, name: str) -> bool:
    """Return true or false, one of which must be there."""
    value = _of(held).get(name)
    if not isinstance(value, bool):
        raise Malformed(f"{name}: expected true or false, found {value!r:.80}")
    return value


def time_if_any(held: object, name: str) -> datetime | None:
    """Return a time with its zone; an absent one is ``None``."""
    value = _of(held).get(name)
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Malformed(f"{name}: expected a time with its zone, found {value!r:.80}")
    return value


def measured(held: object) -> list[tuple[datetime, float]]:
    """Return a series of CloudWatch's: times and values that belong together."""
    times, numbers = values(held, "Timestamps"), values(held, "Values")
    if len(times) != len(numbers):
        raise Malformed(f"{len(times)} Timestamps, {len(numbers)} Values: expected as many")
    for at in times:
        if not isinstance(at, datetime) or at.tzinfo is None:
            raise Malformed(f"Timestamps: expected a time with its zone, found {at!r:.80}")
    for number in numbers:
        if type(number) not in (int, float):
            raise Malformed(f"Values: expected a number, found {number!r:.80}")
    return [(at.astimezone(UTC), float(n)) for at, n in zip(times, numbers, strict=True)]


def request_id(answer: object) -> str:
    """Return AWS's name of a call, empty if it gave none: what was done is done all the same."""
    meta = answer.get("ResponseMetadata") if isinstance(answer, Mapping) else None
    name = meta.get("RequestId") if isinstance(meta, Mapping) else None
    return _plain(name) if isinstance(name, str) else ""


def pages_of(pages: Iterable[Answer], token: str) -> Iterator[Answer]:
    """Go through pages; a token that comes a second time would go round for ever."""
    seen: set[str] = set()
    for page in pages:
        yield page
        after = repr(page.get(token)) if page.get(token) else ""
        if after and after in seen:
            raise Malformed(f"{token}: {after:.80} came twice, so the pages have no end")
        seen.add(after)


def _of(held: object, name: str = "the answer") -> Answer:
    if not isinstance(held, Mapping):
        raise Malformed(f"{name}: expected an object, found {held!r:.80}")
    return held


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed(f"{name}: expected a list, found {value!r:.80}")
    return value


def _plain(value: str) -> str:
    """Bound a text, and take out what no UTF-8 can hold."""
    return value[:LONGEST].encode(errors="replace").decode()
