"""A template as CloudFormation takes it: text in, SAM's transform done, parameters checked."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform as translate
from samtranslator.yaml_helper import yaml_parse

from trimtab_lab.cloud.stacks.errors import TemplateError
from trimtab_lab.cloud.stacks.intrinsics import Scope, names_in
from trimtab_lab.sam import NoManagedPolicies

SAM = "AWS::Serverless-2016-10-31"


@dataclass(frozen=True, slots=True)
class Template:
    """A template with its parameters' values."""

    text: str
    """As it was given."""
    body: Mapping[str, Any]
    """After the transform."""
    parameters: Mapping[str, str]

    @property
    def resources(self) -> Mapping[str, Any]:
        """Resources by logical id, conditional ones too."""
        found: Mapping[str, Any] = self.body.get("Resources", {})
        return found

    def scope(self, pseudo: Mapping[str, str]) -> Scope:
        """What its names mean, before anything is made."""
        return Scope({**self.parameters, **pseudo}, self.body.get("Conditions", {}), {})

    def in_order(self, scope: Scope) -> list[str]:
        """Resources that are to exist, each after those it needs."""
        active = {
            name: resource
            for name, resource in self.resources.items()
            if "Condition" not in resource or scope.holds(resource["Condition"])
        }
        ordered: dict[str, None] = {}

        def visit(name: str, above: tuple[str, ...]) -> None:
            if name in ordered:
                return
            if name in above:
                raise TemplateError(f"Circular dependency between resources: [{', '.join(above)}]")
            for other in sorted(needed_by(active[name]) & active.keys()):
                visit(other, (*above, name))
            ordered[name] = None

        for name in active:
            visit(name, ())
        return list(ordered)


def needed_by(resource: Mapping[str, Any]) -> set[str]:
    """Names a resource refers to or depends on."""
    explicit = resource.get("DependsOn", [])
    names = {explicit} if isinstance(explicit, str) else set(explicit)
    return names | set(names_in(resource.get("Properties", {})))


def read_template(text: str, given: Mapping[str, str], region: str) -> Template:
    """Read a template and its parameters; raise ``TemplateError`` on what AWS would refuse."""
    body = _plain(yaml_parse(text))
    parameters = _parameters(body.get("Parameters", {}), given)
    transforms = body.get("Transform", [])
    if SAM in ([transforms] if isinstance(transforms, str) else transforms):
        body = _transformed(body, parameters, region)
    unknown = {n for r in body.get("Resources", {}).values() for n in needed_by(r)}
    unknown -= {*body["Resources"], *body.get("Parameters", {})}
    unknown = {name for name in unknown if not name.startswith("AWS::")}
    if unknown:
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies {sorted(unknown)}"
        )
    return Template(text, body, parameters)


def _transformed(body: dict[str, Any], parameters: Mapping[str, str], region: str) -> Any:
    try:
        with patch.dict(os.environ, {"AWS_DEFAULT_REGION": region}):
            return _plain(translate(body, dict(parameters), NoManagedPolicies()))
    except InvalidDocumentException as error:
        causes = "; ".join(str(cause.message) for cause in error.causes)
        raise TemplateError(f"Transform {SAM} failed with: {causes}") from error


def _parameters(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    strange = sorted(given.keys() - declared.keys())
    if strange:
        raise TemplateError(f"Parameters: {strange} do not exist in the template")
    values = {name: given.get(name, spec.get("Default")) for name, spec in declared.items()}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise TemplateError(f"Parameters: {missing} must have values")
    for name, value in values.items():
        _check(name, str(value), declared[name])
    return {name: str(value) for name, value in values.items()}


def _check(name: str, value: str, spec: Mapping[str, Any]) -> None:
    allowed = [str(v) for v in spec.get("AllowedValues", [])]
    if allowed and value not in allowed:
        raise TemplateError(f"Parameter '{name}' must be one of AllowedValues: {allowed}")
    pattern = spec.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise TemplateError(f"Parameter '{name}' must match pattern {pattern}")
    if spec["Type"] == "Number":
        low, high = spec.get("MinValue", float("-inf")), spec.get("MaxValue", float("inf"))
        if not float(low) <= float(value) <= float(high):
            raise TemplateError(f"Parameter '{name}' must be a number from {low} to {high}")


def _plain(body: Any) -> Any:
    return json.loads(json.dumps(body, default=str))
