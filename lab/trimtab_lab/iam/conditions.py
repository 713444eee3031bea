"""One test of a statement's Condition.

What IAM says of values that are missing or many: a test of a missing key fails, unless its operator
is a negated one or ends in ``IfExists``; several values need ``ForAllValues`` (which holds for none
at all) or ``ForAnyValue`` (which does not).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trimtab_lab.iam.asked import Asked
from trimtab_lab.iam.wildcards import is_arn_like, is_like

Test = Callable[[str, str], bool]


def _is(value: str, wanted: str) -> bool:
    return value == wanted


def _is_bool(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_TESTS: Mapping[str, Test] = {
    "StringEquals": _is,
    "StringLike": is_like,
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
    "Bool": _is_bool,
}
_NEGATED: Mapping[str, Test] = {
    "StringNotEquals": _is,
    "StringNotLike": is_like,
    "ArnNotEquals": is_arn_like,
    "ArnNotLike": is_arn_like,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """An operator, a key, and the values it is compared with: any one will do."""

    operator: str
    """As written, with its quantity and ``IfExists``."""
    key: str
    wanted: tuple[str, ...]

    def holds(self, asked: Asked) -> bool:
        """Whether the question passes."""
        values = asked.values(self.key)
        quantity, name, if_exists = _parts(self.operator)
        if name == "Null":
            return (not values) == (self.wanted[0].lower() == "true")
        if values is None and if_exists:
            return True
        passes = self._passes(name)
        if quantity == "ForAllValues":
            return all(map(passes, values or ()))
        if quantity == "ForAnyValue":
            return any(map(passes, values or ()))
        if values is None:
            return name in _NEGATED
        if len(values) != 1:
            raise ValueError(f"{self.operator} on {self.key} is not for {len(values)} values")
        return passes(values[0])

    def _passes(self, name: str) -> Callable[[str], bool]:
        if name in _NEGATED:
            same = _NEGATED[name]
            return lambda value: not any(same(value, wanted) for wanted in self.wanted)
        test = _TESTS[name]
        return lambda value: any(test(value, wanted) for wanted in self.wanted)


def read_condition(operator: str, key: str, wanted: tuple[str, ...]) -> Condition:
    """Read one test; raise ``ValueError`` if its operator is not understood."""
    quantity, name, _ = _parts(operator)
    known = name in _TESTS or name in _NEGATED or operator == "Null"
    if not known or quantity not in ("", "ForAllValues", "ForAnyValue"):
        raise ValueError(f"condition operator not understood here: {operator}")
    return Condition(operator, key, wanted)


def _parts(operator: str) -> tuple[str, str, bool]:
    """Quantity, bare operator, and whether a missing key will do."""
    quantity, _, rest = operator.rpartition(":")
    return quantity, rest.removesuffix("IfExists"), rest.endswith("IfExists")
