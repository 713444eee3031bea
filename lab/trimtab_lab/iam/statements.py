"""A policy document, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trimtab_lab.iam.asked import Asked
from trimtab_lab.iam.conditions import Condition, read_condition
from trimtab_lab.iam.wildcards import is_arn_like, is_like

_KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a role's policy."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()

    def meets(self, asked: Asked) -> bool:
        """Whether it says something of the question."""
        return (
            any(is_like(asked.action.lower(), action.lower()) for action in self.actions)
            and any(_is_resource(asked.resource, resource) for resource in self.resources)
            and all(condition.holds(asked) for condition in self.conditions)
        )


def read_statements(document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """Read the statements of an identity's policy document; raise ``ValueError`` at the unknown."""
    if document.get("Version") != "2012-10-17":
        raise ValueError(f"expected Version 2012-10-17, found {document.get('Version')}")
    return tuple(_statement(given) for given in _listed(document["Statement"]))


def _is_resource(arn: str, pattern: str) -> bool:
    return pattern == "*" or is_arn_like(arn, pattern)


def _statement(given: Mapping[str, Any]) -> Statement:
    unknown = sorted(given.keys() - _KNOWN)
    if unknown or given["Effect"] not in ("Allow", "Deny"):
        raise ValueError(f"not understood here: {unknown or given['Effect']} in {given}")
    return Statement(
        sid=str(given.get("Sid", "")),
        allows=given["Effect"] == "Allow",
        actions=tuple(_listed(given["Action"])),
        resources=tuple(_listed(given["Resource"])),
        conditions=tuple(
            read_condition(operator, key, tuple(str(value) for value in _listed(wanted)))
            for operator, tests in given.get("Condition", {}).items()
            for key, wanted in tests.items()
        ),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
