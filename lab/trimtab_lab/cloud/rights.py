"""Roles as they were deployed: each call of a function is judged by the policies they have now."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from trimtab_lab.embedded.guardrail import refusal_by, told_of
from trimtab_lab.embedded.place import WorldPlace
from trimtab_lab.iam import Statement, asked_by, read_statements
from trimtab_lab.world.world import World


class DeployedRoles:
    """Holds functions to their roles. What stands in for AWS, as pollers do, is held to none."""

    def __init__(self, world: World) -> None:
        topology = world.scenario.topology
        self._place = DeployedPlace(topology.account, topology.region, world)

    def refusal(self, function: str, service: str, operation: str, params: Any) -> str:
        """Say why a call of a function's code is refused; nothing if it is allowed."""
        place = self._place
        deployed = lambda_backends[place.account][place.region].get_function(function)
        role = deployed.role.rsplit("/", 1)[-1]
        told = told_of(deployed.function_arn)
        needed = (asked.given(told) for asked in asked_by(service, operation, params, place))
        return refusal_by(self._statements(role), needed, f"{place.account}:assumed-role/{role}")

    def _statements(self, role: str) -> tuple[Statement, ...]:
        held = iam_backends[self._place.account]["aws"].get_role(role).policies
        return tuple(s for document in held.values() for s in _read(document))


class DeployedPlace(WorldPlace):
    """The tables, queues and topics that were made, beside a world."""

    def partition_key(self, table: str, index: str | None) -> str:
        """Name the partition key of a table or of its index."""
        found = dynamodb_backends[self.account][self.region].get_table(table)
        if index is None:
            return str(found.hash_key_attr)
        schema = next(one.schema for one in found.global_indexes if one.name == index)
        return next(str(k["AttributeName"]) for k in schema if k["KeyType"] == "HASH")

    def key_of(self, arn: str) -> str:
        """The customer's key that encrypts a queue, topic or bucket; empty if there is none."""
        service, name = arn.split(":")[2], arn.rsplit(":", 1)[-1]
        key = None
        if service == "sns":
            key = sns_backends[self.account][self.region].topics[arn].kms_master_key_id
        elif service == "sqs":
            queue = sqs_backends[self.account][self.region].get_queue(name)
            key = getattr(queue, "kms_master_key_id", None)
        elif service == "s3":
            key = _key_of_bucket(s3_backends[self.account]["aws"].get_bucket(name).encryption)
        return str(key) if key and str(key).startswith("arn:") else ""


def _key_of_bucket(encryption: Any) -> str | None:
    if not encryption:
        return None
    default = encryption["Rule"]["ApplyServerSideEncryptionByDefault"]
    key: str | None = default.get("KMSMasterKeyID")
    return key


@cache
def _read(document: str) -> tuple[Statement, ...]:
    return read_statements(json.loads(document))
