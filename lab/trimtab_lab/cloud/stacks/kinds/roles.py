"""IAM roles and their inline policies; KMS keys."""

from __future__ import annotations

import json

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, changed


class Role:
    """AWS::IAM::Role. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the role and its inline policies."""
        name = given.get("RoleName") or aws.name(logical_id, 64)
        boundary = given.get("PermissionsBoundary")
        role = aws.client("iam").create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(given["AssumeRolePolicyDocument"]),
            Description=given.get("Description", ""),
            Tags=[{"Key": key, "Value": value} for key, value in aws.tags],
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )["Role"]
        self._put(aws, name, given)
        return Made(name, name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Write its policies anew, and drop those that are gone."""
        iam = aws.client("iam")
        if "RoleName" in changed(given, before):
            return None
        iam.update_assume_role_policy(
            RoleName=made.ref, PolicyDocument=json.dumps(given["AssumeRolePolicyDocument"])
        )
        iam.update_role_description(RoleName=made.ref, Description=given.get("Description", ""))
        if "PermissionsBoundary" in given:
            iam.put_role_permissions_boundary(
                RoleName=made.ref, PermissionsBoundary=given["PermissionsBoundary"]
            )
        elif "PermissionsBoundary" in before:
            iam.delete_role_permissions_boundary(RoleName=made.ref)
        kept = {policy["PolicyName"] for policy in given.get("Policies", [])}
        for policy in before.get("Policies", []):
            if policy["PolicyName"] not in kept:
                iam.delete_role_policy(RoleName=made.ref, PolicyName=policy["PolicyName"])
        self._put(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete its policies, then itself; AWS refuses if somebody else's are left."""
        for policy in given.get("Policies", []):
            aws.client("iam").delete_role_policy(RoleName=made.ref, PolicyName=policy["PolicyName"])
        aws.client("iam").delete_role(RoleName=made.ref)

    def _put(self, aws: Aws, name: str, given: Given) -> None:
        for policy in given.get("Policies", []):
            aws.client("iam").put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )


class Policy:
    """AWS::IAM::Policy: one inline policy on several roles."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put it on its roles."""
        for role in given["Roles"]:
            aws.client("iam").put_role_policy(
                RoleName=role,
                PolicyName=given["PolicyName"],
                PolicyDocument=json.dumps(given["PolicyDocument"]),
            )
        name = aws.name(logical_id)
        return Made(name, name)

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Take it off and put it on anew."""
        self.delete(aws, made, before)
        self.create(aws, made.physical_id, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Take it off its roles."""
        for role in given["Roles"]:
            aws.client("iam").delete_role_policy(RoleName=role, PolicyName=given["PolicyName"])


class Key:
    """AWS::KMS::Key. Deleting it only schedules its end, as in AWS."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the key."""
        tags = [{"TagKey": key, "TagValue": value} for key, value in aws.tags]
        key = aws.client("kms").create_key(
            Policy=json.dumps(given["KeyPolicy"]),
            Description=given.get("Description", ""),
            Tags=tags,
        )["KeyMetadata"]
        if given.get("EnableKeyRotation"):
            aws.client("kms").enable_key_rotation(KeyId=key["KeyId"])
        return Made(key["KeyId"], key["KeyId"], {"Arn": key["Arn"], "KeyId": key["KeyId"]})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Write its policy and description anew."""
        kms = aws.client("kms")
        kms.put_key_policy(
            KeyId=made.ref, PolicyName="default", Policy=json.dumps(given["KeyPolicy"])
        )
        kms.update_key_description(KeyId=made.ref, Description=given.get("Description", ""))
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Schedule its deletion."""
        aws.client("kms").schedule_key_deletion(
            KeyId=made.ref, PendingWindowInDays=int(given.get("PendingWindowInDays", 30))
        )
