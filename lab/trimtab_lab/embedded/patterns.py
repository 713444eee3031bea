"""Event patterns: which events an EventBridge rule or a Lambda filter lets through.

Only the operators the template uses; another one raises: a new pattern is never passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Pattern = Callable[[Any], bool]
"""Tells whether an event matches."""


def read_pattern(pattern: Mapping[str, Any]) -> Pattern:
    """Return the test a pattern stands for: every field of it must match."""
    fields = {name: _field(inner) for name, inner in pattern.items()}

    def matches(event: Any) -> bool:
        return isinstance(event, Mapping) and all(
            test(event.get(name)) for name, test in fields.items()
        )

    return matches


def _field(inner: Any) -> Pattern:
    if isinstance(inner, Mapping):
        return read_pattern(inner)
    tests = [_one(wanted) for wanted in inner]

    def matches(value: Any) -> bool:
        values = value if isinstance(value, list) else [value]
        return any(test(each) for test in tests for each in values)

    return matches


def _one(wanted: Any) -> Pattern:
    if not isinstance(wanted, Mapping):
        return lambda value: bool(value == wanted)
    ((operator, operand),) = wanted.items()
    match operator:
        case "prefix":
            return lambda value: isinstance(value, str) and value.startswith(operand)
        case "exists":
            return lambda value: (value is not None) == operand
        case "anything-but":
            return _anything_but(operand)
        case _:
            raise ValueError(f"event pattern operator {operator!r} is not understood here")


def _anything_but(operand: Any) -> Pattern:
    if isinstance(operand, Mapping):
        test = _one(operand)
        return lambda value: value is not None and not test(value)
    unwanted = operand if isinstance(operand, list) else [operand]
    return lambda value: value is not None and value not in unwanted
