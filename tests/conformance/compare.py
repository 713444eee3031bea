"""Saying whether what we got is what was expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tests.conformance.fields import NotCoveredError


def differences(expected: Mapping[str, Any], got: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, as name to (expected, got); an expectation we cannot meet raises."""
    if "error_contains" in expected:
        said = got.get("error")
        wanted = expected["error_contains"]
        is_met = isinstance(said, str) and wanted in said
        return {} if is_met else {"error_contains": (wanted, said or dict(got))}
    if "error" in got:
        return {"error": (None, got["error"])}
    unknown = sorted(set(expected) - set(got))
    if unknown:
        raise NotCoveredError(f"expectation {unknown[0]!r}")
    return {k: (v, plain(got[k])) for k, v in expected.items() if not is_same(v, got[k])}


def is_same(expected: Any, got: Any) -> bool:
    got = plain(got)
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=1e-12)
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        return all(k in got and is_same(v, got[k]) for k, v in expected.items())
    if _is_list(expected) and _is_list(got):
        return len(expected) == len(got) and all(map(is_same, expected, got))
    return bool(expected == got)


def plain(value: Any) -> Any:
    """Return a fraction as the number JSON would hold."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
