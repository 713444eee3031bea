"""What may stand at one place of a document: a check, a sentence for people, a schema for editors.

Every quantity carries its unit. A bare number where a unit is needed is a mistake, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trimtab_cli.policy.fault import did_you_mean
from trimtab_cli.policy.units import (
    Latency,
    duration_of,
    duration_text,
    latency_of,
    number_text,
    rate_of,
    share_of,
    share_text,
)

Q = TypeVar("Q", int, float, timedelta)

MISTAKE = "trimtab"
"""Type of the Pydantic errors raised here; their context holds ``expected`` and ``hint``."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One kind of value. ``check`` returns it, or raises ``ValueError`` with a hint (or none)."""

    what: str
    check: Callable[[object], object]
    schema: Mapping[str, Any] = field(hash=False)

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """Replace Pydantic's own idea of the type by this check."""
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> Any:
        """Describe the document's form (``5m``), not the value it becomes."""
        return dict(self.schema)

    def read(self, value: object) -> object:
        """Check ``value`` and say what was expected if it is wrong."""
        try:
            return self.check(value)
        except ValueError as hint:
            context = {"expected": self.what, "hint": str(hint)}
            raise PydanticCustomError(MISTAKE, "wrong value", context) from None


def duration(least: str, most: str) -> Expected:
    """Durations from ``least`` to ``most``: ``30s``, ``5m``, ``1h30m``."""
    low, high = duration_of(least), duration_of(most)

    def check(value: object) -> timedelta:
        _needs_unit(value, "s", "m")
        got = duration_of(value)
        return _bounded(got, low, high)

    return Expected(
        f"a duration from {duration_text(low)} to {duration_text(high)}, such as 30s, 5m or 1h30m",
        check,
        {
            "type": "string",
            "pattern": r"^(?=[0-9])([0-9]{1,4}d)?([0-9]{1,4}h)?([0-9]{1,5}m)?([0-9]{1,6}s)?$",
        },
    )


def share(least: str, most: str) -> Expected:
    """Shares of a whole, as percent; ratios in the value."""
    low, high = share_of(least), share_of(most)
    example = min(max(0.2, low), high)

    def check(value: object) -> float:
        _needs_unit(value, "%")
        return _bounded(share_of(value), low, high)

    return Expected(
        f"a share from {share_text(low)} to {share_text(high)}, such as {share_text(example)}",
        check,
        {"type": "string", "pattern": r"^[0-9]{1,4}(\.[0-9]{1,3})?%$"},
    )


def percent(least: str, most: str) -> Expected:
    """A percentage that stays one: 0..100 in the value, as CloudWatch reports CPU."""
    inner = share(least, most)

    def check(value: object) -> float:
        _needs_unit(value, "%")
        return round(_bounded(share_of(value), share_of(least), share_of(most)) * 100, 9)

    return Expected(
        inner.what.replace("a share", "a percentage").replace("20%", "60%"), check, inner.schema
    )


def rate() -> Expected:
    """Events over time; per minute in the value."""

    def check(value: object) -> float:
        _needs_unit(value, "/min", "/s")
        got = rate_of(value)
        if got <= 0:
            raise ValueError("must be above zero")
        return got

    return Expected(
        "a rate above zero per s, min or h, such as 900/min or 15/s",
        check,
        {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?/(s|min|h)$"},
    )


def latency_floor() -> Expected:
    """A latency (``250ms``), or a bare number for a metric without unit."""

    def check(value: object) -> float | Latency:
        match value:
            case bool():
                raise ValueError("")
            case int() | float() if value >= 0:
                return float(value)
            case _:
                return latency_of(value)

    return Expected(
        "a latency such as 250ms or 1.5s, or a plain number from 0 for a metric that is no time",
        check,
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s)$"},
                {"type": "number", "minimum": 0},
            ]
        },
    )


def latency() -> Expected:
    """A latency with its unit (``250ms``)."""
    return Expected(
        "a latency such as 250ms or 1.5s",
        latency_of,
        {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,6})?(ms|s)$"},
    )


def whole(least: int, most: int) -> Expected:
    """Whole numbers from ``least`` to ``most``."""

    def check(value: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError("")
        return _bounded(value, least, most)

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Expected(f"a whole number from {least} to {most}", check, schema)


def number(least: float, most: float) -> Expected:
    """Numbers without unit from ``least`` to ``most``."""

    def check(value: object) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ValueError("")
        return _bounded(float(value), least, most)

    schema = {"type": "number", "minimum": least, "maximum": most}
    what = f"a number from {number_text(least)} to {number_text(most)}"
    return Expected(what, check, schema)


def flag() -> Expected:
    """``true`` or ``false``."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError("")
        return value

    return Expected("true or false", check, {"type": "boolean"})


def text(what: str, pattern: str) -> Expected:
    """Text that matches ``pattern`` as a whole."""
    whole_pattern = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str) or not whole_pattern.fullmatch(value):
            raise ValueError("")
        return value

    return Expected(what, check, {"type": "string", "pattern": f"^(?:{pattern})$"})


def word(kind: type[StrEnum]) -> Expected:
    """One of an enumeration's words."""
    words = [str(member) for member in kind]

    def check(value: object) -> StrEnum:
        if isinstance(value, str) and value in words:
            return kind(value)
        raise ValueError(did_you_mean(value, words) if isinstance(value, str) else "")

    return Expected(f"one of {', '.join(words)}", check, {"type": "string", "enum": words})


def _needs_unit(value: object, *units: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    shown = " or ".join(f"{number_text(value)}{unit}" for unit in units)
    raise ValueError(f"a bare number has no unit; write {shown}")


def _bounded(value: Q, least: Q, most: Q) -> Q:
    if not least <= value <= most:
        raise ValueError("too small" if value < least else "too large")
    return value
