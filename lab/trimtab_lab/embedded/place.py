"""What IAM must know of the account to name what a call is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trimtab_lab.embedded.template import Template
from trimtab_lab.world.world import World


class WorldPlace:
    """What functions may change: the world's groups and their tags."""

    def __init__(self, account: str, region: str, world: World) -> None:
        self.account = account
        self.region = region
        self._world = world

    def group_arn(self, name: str) -> str:
        """Name an Auto Scaling group in full; one that is not there by what it would be."""
        found = self._world.describe_groups((name,))
        if found:
            return found[0].arn
        place = f"{self.region}:{self.account}"
        return f"arn:aws:autoscaling:{place}:autoScalingGroup:none:autoScalingGroupName/{name}"

    def group_of(self, instance: str) -> str:
        """Name the Auto Scaling group of an instance in full."""
        names = [g.name for g in self._world.describe_groups()
                 if any(member.id == instance for member in g.instances)]  # fmt: skip
        return self.group_arn(names[0] if names else "none")

    def tags(self, _: str) -> Mapping[str, str]:
        """The scenario's tags, which every resource of it carries."""
        return dict(self._world.scenario.topology.tags)


class AccountPlace(WorldPlace):
    """The template's stack beside a world. A ``Place`` of ``trimtab_lab.iam``."""

    def __init__(self, template: Template, world: World) -> None:
        super().__init__(template.account, template.region, world)
        self._partitions = dict(_partitions(template))
        self._keys = dict(_keys(template))

    def partition_key(self, table: str, index: str | None) -> str:
        """Name the partition key of a table or of its index."""
        return self._partitions[table, index]

    def key_of(self, arn: str) -> str:
        """The customer's key that encrypts a queue, topic, table or bucket; empty if none."""
        return self._keys.get(arn, "")


def _partitions(template: Template) -> list[tuple[tuple[str, str | None], str]]:
    found: list[tuple[tuple[str, str | None], str]] = []
    for name, table in template.resources("AWS::DynamoDB::Table").items():
        physical = str(template.resolve({"Ref": name}))
        found.append(((physical, None), _partition(table)))
        found += [
            ((physical, index["IndexName"]), _partition(index))
            for index in table.get("GlobalSecondaryIndexes", [])
        ]
    return found


def _partition(keyed: Mapping[str, Any]) -> str:
    return next(str(k["AttributeName"]) for k in keyed["KeySchema"] if k["KeyType"] == "HASH")


def _keys(template: Template) -> list[tuple[str, str]]:
    found = []
    for kind in ("AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::SNS::Topic"):
        for name, given in template.resources(kind).items():
            encryption = given.get("SSESpecification", {})
            key = given.get("KmsMasterKeyId") or encryption.get("KMSMasterKeyId")
            if key:
                reference = (
                    {"Ref": name} if kind == "AWS::SNS::Topic" else {"Fn::GetAtt": [name, "Arn"]}
                )
                found.append((str(template.resolve(reference)), str(key)))
    for name, given in template.resources("AWS::S3::Bucket").items():
        for rule in given.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", ()):
            key = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
            if key:
                found.append((f"arn:aws:s3:::{template.resolve({'Ref': name})}", str(key)))
    return found
