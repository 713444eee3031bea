"""DynamoDB tables."""

from __future__ import annotations

from typing import Any

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, as_bool, changed, picked

_FIXED = {"TableName", "KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes"}


class Table:
    """AWS::DynamoDB::Table."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the table, then what CreateTable cannot set."""
        name = given.get("TableName") or aws.name(logical_id)
        stream = given.get("StreamSpecification")
        aws.client("dynamodb").create_table(
            TableName=name,
            **picked(
                given, "AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes"
            ),
            **({"StreamSpecification": {"StreamEnabled": True, **stream}} if stream else {}),
            DeletionProtectionEnabled=as_bool(given.get("DeletionProtectionEnabled", False)),
            SSESpecification=_encryption(given),
            Tags=[{"Key": key, "Value": value} for key, value in aws.tags],
        )
        _keep(aws, name, given)
        return _made(aws, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change protection, encryption, expiry and recovery; keys need another table."""
        different = changed(given, before)
        if different & _FIXED:
            return None
        if different & {"DeletionProtectionEnabled", "SSESpecification"}:
            aws.client("dynamodb").update_table(
                TableName=made.physical_id,
                DeletionProtectionEnabled=as_bool(given.get("DeletionProtectionEnabled", False)),
                SSESpecification=_encryption(given),
            )
        _keep(aws, made.physical_id, given)
        return _made(aws, made.physical_id)

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the table; AWS refuses if it is protected."""
        aws.client("dynamodb").delete_table(TableName=made.physical_id)


def _encryption(given: Given) -> dict[str, Any]:
    wanted = given.get("SSESpecification", {})
    enabled = as_bool(wanted.get("SSEEnabled", False))
    return {"Enabled": enabled, **picked(wanted, "SSEType", "KMSMasterKeyId")}


def _keep(aws: Aws, name: str, given: Given) -> None:
    dynamodb = aws.client("dynamodb")
    expiry = given.get("TimeToLiveSpecification")
    if expiry:
        wanted = {**expiry, "Enabled": as_bool(expiry["Enabled"])}
        found = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if (found["TimeToLiveStatus"] == "ENABLED") != wanted["Enabled"]:
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=wanted)
    recovery = given.get("PointInTimeRecoverySpecification")
    if recovery:
        wanted = {"PointInTimeRecoveryEnabled": as_bool(recovery["PointInTimeRecoveryEnabled"])}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=wanted)


def _made(aws: Aws, name: str) -> Made:
    table = aws.client("dynamodb").describe_table(TableName=name)["Table"]
    attributes = {"Arn": table["TableArn"]}
    if "LatestStreamArn" in table:
        attributes["StreamArn"] = table["LatestStreamArn"]
    return Made(name, name, attributes)
