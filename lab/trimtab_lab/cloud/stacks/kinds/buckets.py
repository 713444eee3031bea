"""S3 buckets: the one that `sam deploy` makes for itself, and the one for anchors."""

from __future__ import annotations

import json
from typing import Any

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, as_bool, changed


class Bucket:
    """AWS::S3::Bucket. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the bucket."""
        name = given.get("BucketName") or aws.name(logical_id, 63).lower()
        region = {"LocationConstraint": aws.region}
        elsewhere = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": region}
        locked = {"ObjectLockEnabledForBucket": True} if given.get("ObjectLockEnabled") else {}
        aws.client("s3").create_bucket(Bucket=name, **elsewhere, **locked)
        self._put(aws, name, given)
        return Made(name, name, {"Arn": f"arn:aws:s3:::{name}"})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change what is kept about it; a name is for life."""
        if "BucketName" in changed(given, before):
            return None
        self._put(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the bucket; AWS refuses if something is in it."""
        aws.client("s3").delete_bucket(Bucket=made.ref)

    def _put(self, aws: Aws, name: str, given: Given) -> None:
        s3 = aws.client("s3")
        if "VersioningConfiguration" in given:
            s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration=given["VersioningConfiguration"]
            )
        if "PublicAccessBlockConfiguration" in given:
            block = given["PublicAccessBlockConfiguration"]
            s3.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration={key: as_bool(v) for key, v in block.items()},
            )
        if "BucketEncryption" in given:
            rules = [
                {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
                for rule in given["BucketEncryption"]["ServerSideEncryptionConfiguration"]
            ]
            s3.put_bucket_encryption(
                Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
            )
        if "OwnershipControls" in given:
            s3.put_bucket_ownership_controls(
                Bucket=name, OwnershipControls=given["OwnershipControls"]
            )
        if "ObjectLockConfiguration" in given:
            s3.put_object_lock_configuration(
                Bucket=name, ObjectLockConfiguration=_lock(given["ObjectLockConfiguration"])
            )


def _lock(given: Given) -> dict[str, Any]:
    """Read how long objects are locked; a parameter gives the number as text."""
    rule = given.get("Rule")
    if not rule:
        return dict(given)
    retention = rule["DefaultRetention"]
    numbers = {name: int(retention[name]) for name in ("Days", "Years") if name in retention}
    return {**given, "Rule": {"DefaultRetention": {**retention, **numbers}}}


class BucketPolicy:
    """AWS::S3::BucketPolicy."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the policy on its bucket."""
        policy = json.dumps(given["PolicyDocument"])
        aws.client("s3").put_bucket_policy(Bucket=given["Bucket"], Policy=policy)
        return Made(given["Bucket"], given["Bucket"])

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew."""
        return self.create(aws, "", given)

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Take it off."""
        aws.client("s3").delete_bucket_policy(Bucket=given["Bucket"])
