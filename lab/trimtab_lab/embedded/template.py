"""``template.yaml`` as it would be deployed: parameters at their defaults, names resolved.

Only as much of CloudFormation as the template's tables, queues, topic, functions and events use.
What is not understood raises: a template that moved on must be noticed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from trimtab_lab.embedded.intrinsics import NOTHING, resolved

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
STACK = "trimtab"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise ValueError(f"{TEMPLATE}: !{suffix} of a mapping is not understood here")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


class Template:
    """The template for one account and Region."""

    def __init__(
        self,
        account: str,
        region: str,
        parameters: Mapping[str, str] | None = None,
        path: Path = TEMPLATE,
    ) -> None:
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is missing; the embedded AWS builds its tables and queues from it, "
                "so it runs from a clone of the project"
            )
        self._raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
        self.account = account
        self.region = region
        self._known: dict[str, Any] = {
            "AWS::StackName": STACK,
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": NOTHING,
        }
        for name, parameter in self._raw.get("Parameters", {}).items():
            self._known[name] = parameter.get("Default", "")
        self._known.update(parameters or {})

    def resources(self, kind: str) -> Mapping[str, Any]:
        """Properties of the resources of one type, resolved, by logical id."""
        return {
            name: self.resolve(resource.get("Properties", {}))
            for name, resource in self._raw["Resources"].items()
            if resource["Type"] == kind and self._is_made(resource)
        }

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs, resolved."""
        return {
            name: str(self.resolve(output["Value"]))
            for name, output in self._raw.get("Outputs", {}).items()
        }

    def globals(self, kind: str) -> Mapping[str, Any]:
        """SAM's global properties of one kind of resource, resolved."""
        found: Mapping[str, Any] = self.resolve(self._raw.get("Globals", {}).get(kind, {}))
        return found

    def resolve(self, value: Any) -> Any:
        """Return a value of the template with every intrinsic function carried out."""
        return resolved(value, self._carry_out)

    def _carry_out(self, name: str, inner: Any) -> Any:
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Equals": lambda pair: self.resolve(pair[0]) == self.resolve(pair[1]),
            "Fn::Join": lambda given: given[0].join(map(str, self.resolve(given[1]))),
            "Fn::And": lambda all_of: all(self.resolve(one) for one in all_of),
            "Fn::Not": lambda one: not self.resolve(one[0]),
        }
        if name not in functions:
            raise ValueError(f"{TEMPLATE}: {name} is not understood here")
        return functions[name](inner)

    def _if(self, branches: list[Any]) -> Any:
        condition, then, otherwise = branches
        return self.resolve(then if self._holds(condition) else otherwise)

    def _holds(self, condition: str) -> bool:
        return bool(self.resolve(self._raw["Conditions"][condition]))

    def _is_made(self, resource: Mapping[str, Any]) -> bool:
        return "Condition" not in resource or self._holds(resource["Condition"])

    def _ref(self, name: str) -> Any:
        if name in self._known:
            return self._known[name]
        resource = self._raw["Resources"][name]
        physical = self._name_of(name, resource)
        match resource["Type"]:
            case "AWS::SQS::Queue":
                return f"https://sqs.{self.region}.amazonaws.com/{self.account}/{physical}"
            case "AWS::SNS::Topic":
                return f"arn:aws:sns:{self.region}:{self.account}:{physical}"
            case _:
                return physical

    def _attribute(self, path: list[str]) -> str:
        name, attribute = path
        resource = self._raw["Resources"][name]
        physical = self._name_of(name, resource)
        if resource["Type"] == "AWS::S3::Bucket":
            return {"Arn": f"arn:aws:s3:::{physical}"}[attribute]
        services = {
            "AWS::DynamoDB::Table": ("dynamodb", "table/"),
            "AWS::SQS::Queue": ("sqs", ""),
            "AWS::Serverless::Function": ("lambda", "function:"),
            "AWS::IAM::Role": ("iam", "role/"),
            "AWS::KMS::Key": ("kms", "key/"),
        }
        service, prefix = services[resource["Type"]]
        arn = f"arn:aws:{service}:{self.region}:{self.account}:{prefix}{physical}"
        return {"Arn": arn, "StreamArn": f"{arn}/stream/embedded", "QueueName": physical}[attribute]

    def _sub(self, given: str) -> str:
        def replaced(found: re.Match[str]) -> str:
            name = found[1]
            value = self._attribute(name.split(".", 1)) if "." in name else self._ref(name)
            return str(value)

        return re.sub(r"\$\{([A-Za-z0-9:.]+)\}", replaced, given)

    def _name_of(self, name: str, resource: Mapping[str, Any]) -> str:
        """Name a resource as it says, or as CloudFormation would if it does not say."""
        properties = resource.get("Properties", {})
        for key in ("TableName", "QueueName", "TopicName", "FunctionName"):
            if key in properties:
                return str(self.resolve(properties[key]))
        made = f"{STACK}-{name}"
        return made.lower() if resource["Type"] == "AWS::S3::Bucket" else made
