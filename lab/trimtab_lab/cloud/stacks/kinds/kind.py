"""What CloudFormation does with one type of resource: make it, change it, delete it."""

from __future__ import annotations

import functools
import json
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config

from trimtab_lab.cloud.stacks.intrinsics import Made

Given = Mapping[str, Any]
"""A resource's properties, resolved."""
_SUFFIX = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Aws:
    """The AWS that CloudFormation makes resources in, for one stack."""

    session: boto3.Session
    endpoint: str
    account: str
    region: str
    stack: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @functools.cache  # noqa: B019 (as long-lived as the server)
    def client(self, service: str) -> Any:
        """Return a client of a service."""
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        session: Any = self.session
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def name(self, logical_id: str, most: int = 128) -> str:
        """Make up a physical name, as CloudFormation does where a template gives none."""
        suffix = "".join(secrets.choice(_SUFFIX) for _ in range(12))
        return f"{f'{self.stack}-{logical_id}'[: most - 13]}-{suffix}"


class Kind(Protocol):
    """One type of resource."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the resource."""
        ...

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change it in place; None says that it has to be replaced."""
        ...

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete it."""
        ...


def changed(given: Given, before: Given) -> set[str]:
    """Names of the properties that differ."""
    return {key for key in {*given, *before} if given.get(key) != before.get(key)}


def as_bool(value: Any) -> bool:
    """Read a boolean, which a parameter gives as text."""
    return value if isinstance(value, bool) else str(value).lower() == "true"


def as_text(value: Any) -> str:
    """Write a value as an attribute that is text on the wire."""
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def picked(given: Given, *names: str) -> dict[str, Any]:
    """Those of the named properties that are given."""
    return {name: given[name] for name in names if name in given}
