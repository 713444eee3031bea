"""Prints a SAM template as the CloudFormation it becomes, so that linters and tests see that too.

    python tools/transform_template.py template.yaml

Deploying replaces local folders by their place in S3 before it transforms; so do we, with an
invented bucket. Parameters keep their defaults. Reads nothing but the file; asks AWS nothing.
"""

import json
import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

LOCAL_FOLDERS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
}
BUCKET = "s3://what-was-built"
AWS_MANAGED = "arn:aws:iam::aws:policy"


class ManagedPolicies:
    """The managed policies a template may name, as the translator asks for them."""

    def load(self) -> Mapping[str, str]:
        """Name to ARN, for those Lambda's execution roles use."""
        service_roles = (
            "AWSLambdaBasicExecutionRole",
            "AWSLambdaDynamoDBExecutionRole",
            "AWSLambdaSQSQueueExecutionRole",
        )
        return {name: f"{AWS_MANAGED}/service-role/{name}" for name in service_roles}


def transformed(path: Path) -> dict[str, Any]:
    """The CloudFormation of the SAM template at `path`; raises what the translator finds wrong."""
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    template = yaml_parse(path.read_text(encoding="utf-8"))
    for resource in template.get("Resources", {}).values():
        _place_in_bucket(resource)
    defaults = {
        name: parameter["Default"]
        for name, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }
    return dict(transform(template, defaults, ManagedPolicies()))


def _place_in_bucket(resource: MutableMapping[str, Any]) -> None:
    field = LOCAL_FOLDERS.get(resource["Type"])
    if field and isinstance(resource["Properties"].get(field), str):
        resource["Properties"][field] = f"{BUCKET}/{resource['Properties'][field].strip('/')}.zip"


if __name__ == "__main__":
    [name] = sys.argv[1:]
    try:
        print(json.dumps(transformed(Path(name)), indent=2))
    except InvalidDocumentException as invalid:
        raise SystemExit(
            "\n".join(f"{name}: {cause.message}" for cause in invalid.causes)
        ) from None
