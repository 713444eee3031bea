"""Values to plain JSON and back, in one place, exact in both directions.

The shape follows the types: a record is an object of its fields (left out only where both the
value and its default are empty, so that a stored document never changes with our defaults), a
union of dataclasses is tagged with ``"is"``, times are ISO 8601 in UTC, durations
are seconds. Text is canonical (sorted keys, no spaces), so equal values give equal text, fit to
be hashed. Reading refuses what is not exactly the type asked for and says where.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import json
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeVar, Union

from trimtab.errors import Malformed

T = TypeVar("T")
Encoder = Callable[[Any], Any]
Decoder = Callable[[Any], Any]

_TAG = "is"
_NONE = dataclasses.MISSING
_EMPTY = (type(None), str, bool, tuple, dict, frozenset)
EXACT_INTEGERS = 2**53
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_TIME = 10


class _Misfit(Exception):
    """Data that is not what was asked for; its path is put together only on the way out."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text, self.path = text, ""

    def inside(self, step: str) -> _Misfit:
        """Add the step that led to it."""
        self.path = step + self.path
        return self


def dumps(value: object) -> str:
    """Return the canonical JSON text of a value of ours."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def loads(kind: type[T], text: str) -> T:
    """Read a value of type ``kind``; raise ``Malformed`` with the path of what is wrong."""
    try:
        data = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}; expected a stored {kind.__name__}") from error
    return decode(kind, data)


def encode(value: object) -> Any:
    """Return ``value`` as plain JSON data."""
    return _encoder(type(value))(value)


def decode(kind: type[T], data: object) -> T:
    """Read plain JSON data as ``kind``; raise ``Malformed`` if it is not that."""
    try:
        value: T = _decoder(kind)(data)
    except _Misfit as misfit:
        raise Malformed(f"{kind.__name__}{misfit.path}: {misfit.text}") from misfit.__cause__
    return value


def iso(at: datetime) -> str:
    """Write an aware time as ISO 8601 UTC; microseconds only if there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def ulid(at: datetime, seed: str) -> str:
    """Return a 26-character ULID: time from ``at`` (ms), the rest from SHA-256 of ``seed``.

    Deterministic, so that doing the same work twice names it the same.
    """
    bits = (int(at.timestamp() * 1000) << 80) | int.from_bytes(
        hashlib.sha256(seed.encode()).digest()[:10], "big"
    )
    return "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(125, -1, -5))


def time_of_ulid(name: str) -> datetime | None:
    """Return the time in a ULID, or what begins with one; ``None`` if it is none."""
    head = name[:_ULID_TIME]
    if len(head) < _ULID_TIME or not set(head) <= set(_CROCKFORD) or head[0] > "7":
        return None
    milliseconds = 0
    for letter in head:
        milliseconds = milliseconds * 32 + _CROCKFORD.index(letter)
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _build_encoder(kind: Any) -> Encoder:
    """Build the encoder of one type."""
    if _is_record(kind):
        return _record_encoder(kind)
    for known, encoder in _ENCODERS:
        if issubclass(kind, known):
            return encoder
    raise TypeError(f"the codec knows no {kind!r}: model values hold plain types only")


def _is_record(kind: Any) -> bool:
    """Tell whether a type has fields: a dataclass, or a named tuple."""
    return dataclasses.is_dataclass(kind) or hasattr(kind, "_field_defaults")


def _stored(kind: Any) -> dict[str, Any]:
    """Return a record's fields with their defaults, but those that follow from the others."""
    if not dataclasses.is_dataclass(kind):
        return {name: kind._field_defaults.get(name, _NONE) for name in kind._fields}
    return {
        f.name: f.default if f.default_factory is _NONE else f.default_factory()
        for f in dataclasses.fields(kind)
        if f.init
    }


def _record_encoder(kind: Any) -> Encoder:
    hints, fields = typing.get_type_hints(kind), tuple(_stored(kind).items())
    tagged = {name for name, _ in fields if _has_union(hints[name])}

    def out(value: Any) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for name, default in fields:
            held = getattr(value, name)
            if not held and type(held) in _EMPTY and held == default:
                continue
            plain = _encoder(type(held))(held)
            if name in tagged and isinstance(plain, dict):
                plain[_TAG] = type(held).__name__
            data[name] = plain
        return data

    return out


def _same(value: Any) -> Any:
    return value


def _finite(value: float) -> float | int:
    """Write 1.0 as 1: they are equal, and a field of floats may hold either."""
    if not math.isfinite(value):
        raise Malformed(f"{value} cannot be stored: not a finite number")
    return int(value) if value.is_integer() and abs(value) < EXACT_INTEGERS else value


def _seconds(value: timedelta) -> float | int:
    return _finite(value.total_seconds())


def _enum_value(value: Enum) -> Any:
    return value.value


def _mapping_out(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        (k.value if isinstance(k, Enum) else str(k)): _encoder(type(v))(v) for k, v in value.items()
    }


def _set_out(value: frozenset[Any]) -> list[Any]:
    return sorted(_encoder(type(v))(v) for v in value)


def _tuple_out(value: tuple[Any, ...]) -> list[Any]:
    return [_encoder(type(v))(v) for v in value]


_ENCODERS: tuple[tuple[type, Encoder], ...] = (
    (Enum, _enum_value),  # before str: our enumerations are strings too
    (bool, _same),
    (int, _same),
    (str, _same),
    (type(None), _same),
    (float, _finite),
    (datetime, iso),
    (timedelta, _seconds),
    (Mapping, _mapping_out),
    (frozenset, _set_out),
    (tuple, _tuple_out),
)


def _union_members(hint: Any) -> tuple[Any, ...]:
    if typing.get_origin(hint) in (Union, types.UnionType):
        return tuple(a for a in typing.get_args(hint) if a is not type(None))
    return ()


def _has_union(hint: Any) -> bool:
    """Tell whether a field may hold one of several dataclasses, so that a tag is needed."""
    members = _union_members(hint)
    return len(members) > 1 and all(dataclasses.is_dataclass(m) for m in members)


def _build_decoder(hint: Any) -> Decoder:
    """Build the decoder of one type hint."""
    if isinstance(hint, typing.NewType):
        return _decoder(hint.__supertype__)
    members = _union_members(hint)
    if members:
        return _union_decoder(hint, members)
    origin = typing.get_origin(hint)
    if origin is tuple:
        return _tuple_decoder(typing.get_args(hint))
    if origin is frozenset:
        return _set_decoder(typing.get_args(hint)[0])
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_decoder(typing.get_args(hint))
    if _is_record(hint):
        return _record_decoder(hint)
    return _plain_decoder(hint)


def _union_decoder(hint: Any, members: tuple[Any, ...]) -> Decoder:
    optional = type(None) in typing.get_args(hint)
    if _has_union(hint):
        pick = _tagged_decoder(members)
    elif all(not dataclasses.is_dataclass(m) for m in members) and len(members) > 1:
        pick = _scalar_union_decoder(members)
    else:
        pick = _decoder(members[0])

    return lambda data: None if data is None and optional else pick(data)


def _tagged_decoder(members: tuple[Any, ...]) -> Decoder:
    by_name = {m.__name__: m for m in members}

    def read(data: Any) -> Any:
        tag = data.get(_TAG) if isinstance(data, dict) else None
        if tag not in by_name:
            raise _Misfit(f"expected one of {', '.join(by_name)}, found {tag!r}")
        rest = {k: v for k, v in data.items() if k != _TAG}
        try:
            return _decoder(by_name[tag])(rest)
        except _Misfit as misfit:
            raise misfit.inside(f"({tag})") from misfit.__cause__

    return read


def _scalar_union_decoder(members: tuple[Any, ...]) -> Decoder:
    names = ", ".join(m.__name__ for m in members)

    def read(data: Any) -> Any:
        if type(data) in members:
            return data
        raise _Misfit(f"expected one of {names}, found {type(data).__name__}")

    return read


def _tuple_decoder(args: tuple[Any, ...]) -> Decoder:
    if args[-1] is Ellipsis:
        item = _decoder(args[0])
        return lambda data: tuple(_each(data, itertools.repeat(item)))
    items = tuple(_decoder(a) for a in args)

    def fixed(data: Any) -> Any:
        if isinstance(data, list) and len(data) != len(items):
            raise _Misfit(f"expected {len(items)} values, found {len(data)}")
        return tuple(_each(data, items))

    return fixed


def _set_decoder(arg: Any) -> Decoder:
    item = _decoder(arg)
    return lambda data: frozenset(_each(data, itertools.repeat(item)))


def _each(data: Any, readers: Iterable[Decoder]) -> list[Any]:
    if not isinstance(data, list):
        raise _Misfit(f"expected a list, found {type(data).__name__}")
    found: list[Any] = []
    try:
        for held, read in zip(data, readers):  # noqa: B905 - lengths are checked, or endless
            found.append(read(held))
    except _Misfit as misfit:
        raise misfit.inside(f"[{len(found)}]") from misfit.__cause__
    return found


def _mapping_decoder(args: tuple[Any, ...]) -> Decoder:
    key, value = _decoder(args[0]), _decoder(args[1])

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit(f"expected an object, found {type(data).__name__}")
        found, name = {}, ""
        try:
            for name, held in data.items():
                read_name = key(name)
                found[read_name] = value(held)
        except _Misfit as misfit:
            raise misfit.inside(f".{name}") from misfit.__cause__
        return found

    return read


def _record_decoder(kind: Any) -> Decoder:
    hints, fields = typing.get_type_hints(kind), _stored(kind)
    readers = {name: _decoder(hints[name]) for name in fields}
    needed = {name for name, default in fields.items() if default is _NONE}
    renewed = getattr(kind, "renewed", None)  # for a record that was once stored in another shape

    def read(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Misfit(f"expected {kind.__name__}, found {type(data).__name__}")
        data = data if renewed is None else renewed(data)
        if not needed <= data.keys() <= readers.keys():
            unknown, missing = data.keys() - readers.keys(), needed - data.keys()
            words = [f"unknown {k!r}" for k in sorted(unknown)]
            words += [f"missing {k!r}" for k in sorted(missing)]
            raise _Misfit(f"{', '.join(words)} in a stored {kind.__name__}")
        found, name = {}, ""
        try:
            for name, held in data.items():
                found[name] = readers[name](held)
        except _Misfit as misfit:
            raise misfit.inside(f".{name}") from misfit.__cause__
        try:
            return kind(**found)
        except ValueError as error:  # fields that do not go together
            raise _Misfit(f"expected {kind.__name__}, found {error}") from error

    return read


def _plain_decoder(kind: Any) -> Decoder:
    if kind in (str, int, bool, type(None)):
        return _exact_decoder(kind)
    readers: dict[Any, Callable[[Any], Any]] = {
        float: _number,
        datetime: _time,
        timedelta: _duration,
    }
    convert = readers.get(kind) or kind  # what is left are enumerations

    def read(data: Any) -> Any:
        try:
            return convert(data)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise _Misfit(f"expected {kind.__name__}, found {data!r:.80}") from error

    return read


def _exact_decoder(kind: type) -> Decoder:
    def read(data: Any) -> Any:
        if type(data) is kind:
            return data
        raise _Misfit(f"expected {kind.__name__}, found {data!r:.80}")

    return read


def _number(data: Any) -> float:
    if type(data) not in (int, float) or not math.isfinite(data):
        raise TypeError("a finite number")
    return float(data)


def _time(data: Any) -> datetime:
    at = datetime.fromisoformat(data)
    if at.tzinfo is None:
        raise ValueError("a time with its zone")
    return at.astimezone(UTC)


def _duration(data: Any) -> timedelta:
    return timedelta(seconds=_number(data))


_encoder: Callable[[Any], Encoder] = functools.cache(_build_encoder)
_decoder: Callable[[Any], Decoder] = functools.cache(_build_decoder)
