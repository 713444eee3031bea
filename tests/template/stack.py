"""The transformed template, with the questions the checks ask of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from trimtab_lab.sam import Template, load, transform

ROOT = Path(__file__).parents[2]
FUNCTIONS = (
    "schedule",
    "wake",
    "reconcile",
    "act",
    "notify",
    "anchor",
    "warden",
    "access",
    "survey",
    "probe",
    "probe2",
    "probe3",
)


@dataclass(frozen=True)
class Statement:
    """One statement of a role's permissions, with the condition its policy exists under."""

    allow: bool
    actions: tuple[str, ...]
    resource: Any
    condition: dict[str, Any]
    only_if: str | None

    @property
    def is_on_everything(self) -> bool:
        return "*" in as_list(self.resource)


@dataclass(frozen=True)
class Stack:
    """A template after the transform."""

    template: Template

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.template["Resources"]
        return found

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical name to properties."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        return self.of_type("AWS::Lambda::Function")

    def role_of(self, function: str) -> str:
        """Logical name of the role a function runs under."""
        role = self.functions[f"{function.capitalize()}Function"]["Role"]
        return str(role["Fn::GetAtt"][0])

    def statements(self, role: str) -> Iterator[Statement]:
        """All a role may do and must not, of its own policies and those attached to it."""
        documents = [(policy, None) for policy in self.resources[role]["Properties"]["Policies"]]
        documents += [
            (resource["Properties"], resource.get("Condition"))
            for resource in self.resources.values()
            if resource["Type"] == "AWS::IAM::Policy"
            and references(resource["Properties"]["Roles"], role)
        ]
        for document, only_if in documents:
            for statement in document["PolicyDocument"]["Statement"]:
                yield Statement(
                    allow=statement["Effect"] == "Allow",
                    actions=tuple(as_list(statement["Action"])),
                    resource=statement["Resource"],
                    condition=statement.get("Condition", {}),
                    only_if=only_if,
                )

    def allowed(self, role: str) -> Iterator[Statement]:
        return (statement for statement in self.statements(role) if statement.allow)

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.of_type("AWS::IAM::Role"))


@cache
def _as_written() -> str:
    return json.dumps(load(ROOT / "template.yaml"))


def the_template() -> Template:
    """The template as written, to change at will."""
    template: Template = json.loads(_as_written())
    return template


def the_stack(template: Template | None = None) -> Stack:
    return Stack(transform(template or the_template()))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def references(value: Any, name: str) -> bool:
    """Whether a value mentions a resource, by Ref, GetAtt or Sub."""
    text = json.dumps(value)
    return any(
        mark in text
        for mark in (f'"Ref": "{name}"', f'"Fn::GetAtt": ["{name}"', f"${{{name}}}", f"${{{name}.")
    )
