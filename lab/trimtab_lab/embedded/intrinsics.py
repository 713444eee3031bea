"""A template's values, with their intrinsic functions carried out from the outside in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

NOTHING = object()
"""``AWS::NoValue``: the property it is the value of is left out."""


def resolved(value: Any, carry_out: Callable[[str, Any], Any]) -> Any:
    """Return a value of a template; ``carry_out`` does one function, given its name and argument.

    Worked example: ``{"Name": {"Ref": "Log"}, "Tags": {"Ref": "AWS::NoValue"}}`` is ``{"Name": x}``
    where ``carry_out("Ref", "Log")`` is ``x`` and that of ``AWS::NoValue`` is ``NOTHING``.
    """
    if isinstance(value, list):
        return [v for v in (resolved(each, carry_out) for each in value) if v is not NOTHING]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name == "Ref" or name.startswith("Fn::"):
            return carry_out(name, inner)
    pairs = ((key, resolved(inner, carry_out)) for key, inner in value.items())
    return {key: inner for key, inner in pairs if inner is not NOTHING}
