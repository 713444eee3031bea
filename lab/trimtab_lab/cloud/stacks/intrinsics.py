"""Intrinsic functions: ``Ref``, ``Fn::Sub`` and the rest, carried out against what was made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trimtab_lab.cloud.stacks.errors import TemplateError
from trimtab_lab.embedded.intrinsics import NOTHING, resolved

_VARIABLE = re.compile(r"\$\{(!?)([A-Za-z0-9:.]+)\}")


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists: its id, what ``Ref`` gives, what ``Fn::GetAtt`` gives."""

    physical_id: str
    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Scope:
    """What names mean: parameters and pseudo parameters, conditions, and resources made so far."""

    values: Mapping[str, Any]
    conditions: Mapping[str, Any]
    made: dict[str, Made]
    later: bool = False
    """Whether what is not made yet stands for itself, to compare; else it is an error."""

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        if condition not in self.conditions:
            raise TemplateError(f"Template error: unresolved condition dependency {condition}")
        return bool(self._truth(self.conditions[condition]))

    def resolve(self, value: Any) -> Any:
        """Return a value with every intrinsic function carried out."""
        return resolved(value, self._carry_out)

    def _carry_out(self, name: str, inner: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::If": lambda it: self.resolve(it[1] if self.holds(it[0]) else it[2]),
            "Fn::Join": lambda it: it[0].join(str(v) for v in self.resolve(it[1])),
            "Fn::Select": lambda it: self.resolve(it[1])[int(it[0])],
            "Fn::Split": lambda it: self.resolve(it[1]).split(it[0]),
            "Fn::ToJsonString": lambda it: json.dumps(self.resolve(it)),
        }
        if name not in functions:
            raise TemplateError(f"Template error: {name} is not understood by the local cloud")
        return functions[name](inner)

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.values:
            return self.values[name]
        made = self._made(name)
        return made.ref if made else f"<{name}>"

    def _attribute(self, path: Any) -> str:
        name, attribute = path.split(".", 1) if isinstance(path, str) else path
        made = self._made(name)
        if made is None:
            return f"<{name}.{attribute}>"
        if attribute not in made.attributes:
            raise TemplateError(
                f"Template error: {name} has no attribute {attribute} in the local cloud"
            )
        return made.attributes[attribute]

    def _made(self, name: str) -> Made | None:
        if name not in self.made and not self.later:
            raise TemplateError(f"Template error: unresolved resource dependency [{name}]")
        return self.made.get(name)

    def _sub(self, given: Any) -> str:
        text, own = (given, {}) if isinstance(given, str) else (given[0], self.resolve(given[1]))

        def replaced(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in own:
                return str(own[name])
            return str(self._attribute(name) if "." in name else self._ref(name))

        return _VARIABLE.sub(replaced, text)

    def _truth(self, condition: Any) -> bool:
        name, inner = next(iter(condition.items()))
        match name:
            case "Condition":
                return self.holds(inner)
            case "Fn::Equals":
                return str(self.resolve(inner[0])) == str(self.resolve(inner[1]))
            case "Fn::Not":
                return not self._truth(inner[0])
            case "Fn::And":
                return all(self._truth(each) for each in inner)
            case "Fn::Or":
                return any(self._truth(each) for each in inner)
            case _:
                raise TemplateError(f"Template error: {name} in a condition is not understood")


def names_in(value: Any) -> Iterator[str]:
    """Every parameter or resource a value refers to."""
    if isinstance(value, list):
        for each in value:
            yield from names_in(each)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            match key:
                case "Ref":
                    yield str(inner)
                case "Fn::GetAtt":
                    yield inner.split(".", 1)[0] if isinstance(inner, str) else str(inner[0])
                case "Fn::Sub":
                    yield from _names_in_text(inner)
                case _:
                    yield from names_in(inner)


def _names_in_text(given: Any) -> Iterator[str]:
    text, own = (given, {}) if isinstance(given, str) else (given[0], given[1])
    for literal, name in _VARIABLE.findall(text):
        if not literal and name not in own:
            yield name.split(".", 1)[0]
    yield from names_in(own)
