"""Anchors in S3: kept once, checked, locked. Moto enforces the lock's headers and its retention."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.vault import S3Vault
from trimtab.errors import NotFound, TrimtabError

BUCKET, NAME = "anchors-of-trimtab", "anchors/2026/03/02.json"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0123-4567"


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        session = boto3.Session(
            region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )
        s3 = session.client("s3")
        s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
        s3.put_object_lock_configuration(
            Bucket=BUCKET,
            ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule},
        )
        yield session


def test_the_first_of_a_name_is_kept_and_stays(session: boto3.Session) -> None:
    vault = S3Vault(Clients(session, "us-east-1"), BUCKET)
    assert vault.keep(NAME, '{"heads":[]}') is True
    assert vault.keep(NAME, "another") is False
    found = session.client("s3").get_object(Bucket=BUCKET, Key=NAME)
    assert found["Body"].read() == b'{"heads":[]}'
    assert (found["ObjectLockMode"], found["VersionId"] != "null") == ("COMPLIANCE", True)
    with pytest.raises(ClientError, match="AccessDenied"):
        session.client("s3").delete_object(Bucket=BUCKET, Key=NAME, VersionId=found["VersionId"])


def test_what_is_kept_is_encrypted_with_the_key_of_the_bucket(session: boto3.Session) -> None:
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    session.client("s3").put_bucket_encryption(
        Bucket=BUCKET,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": default}]
        },
    )
    assert S3Vault(Clients(session, "us-east-1"), BUCKET).keep(NAME, '{"heads":[]}')
    found = session.client("s3").get_object(Bucket=BUCKET, Key=NAME)
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY)
    assert found["ObjectLockMode"] == "COMPLIANCE"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDenied", "not authorized to perform: kms:GenerateDataKey"),
        ("KMS.DisabledException", "is disabled"),
        ("KMS.KMSInvalidStateException", "is pending deletion"),
        ("KMS.NotFoundException", "does not exist"),
    ],
)
def test_a_key_that_cannot_be_used_is_one_of_our_errors_and_says_so(code: str, says: str) -> None:
    session = boto3.Session(
        region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    clients = Clients(session, "us-east-1")
    with Stubber(clients.s3) as s3:
        s3.add_client_error("put_object", code, f"the key {KEY} {says}", 403)
        with pytest.raises(TrimtabError, match=says):
            S3Vault(clients, BUCKET).keep(NAME, "{}")


def test_a_bucket_that_is_not_there_is_one_of_our_errors(session: boto3.Session) -> None:
    with pytest.raises(TrimtabError) as raised:
        S3Vault(Clients(session, "us-east-1"), "no-such-bucket").keep(NAME, "{}")
    assert isinstance(raised.value, NotFound) or "NoSuchBucket" in str(raised.value)
