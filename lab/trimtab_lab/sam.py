"""The stack as CloudFormation sees it: ``template.yaml`` after SAM's transform, in process.

Asks AWS nothing and writes nothing. Used by the tests that hold the template to what linters
cannot see, and by whoever wants to deploy it to the embedded AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform as translate
from samtranslator.yaml_helper import yaml_parse

Template = dict[str, Any]

LOCAL_FOLDERS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
BUCKET = "s3://what-was-built"
"""Deploying replaces local folders by a place in S3 before it transforms; this is ours."""


class NoManagedPolicies:
    """SAM asks for the ARNs of AWS's managed policies; our roles name none."""

    def load(self) -> Mapping[str, str]:
        """Return none."""
        return {}


def load(path: Path) -> Template:
    """Read a template with CloudFormation's short tags, every part a value of its own.

    YAML anchors make several places share one object; a copy through JSON parts them, so that
    changing one place never changes another.
    """
    return _copy(yaml_parse(path.read_text(encoding="utf-8")))


def transform(template: Template, parameters: Mapping[str, Any] | None = None) -> Template:
    """Return the CloudFormation a SAM template becomes; the template itself stays as it is.

    Parameters that are not given keep their defaults. Raises what the translator finds wrong.
    """
    given = _copy(template)
    for resource in given["Resources"].values():
        folder = LOCAL_FOLDERS.get(resource["Type"])
        if folder:
            place = resource["Properties"][folder].strip("/")
            resource["Properties"][folder] = f"{BUCKET}/{place}.zip"
    values = {
        name: parameter["Default"]
        for name, parameter in given.get("Parameters", {}).items()
        if "Default" in parameter
    }
    values.update(parameters or {})
    # The translator reads the Region, for ARNs it does not use here, from wherever boto3 does.
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-west-1"}):
        return _copy(translate(given, values, NoManagedPolicies()))


def _copy(template: Any) -> Template:
    copied: Template = json.loads(json.dumps(template))
    return copied
