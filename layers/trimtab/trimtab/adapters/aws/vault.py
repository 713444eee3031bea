"""Where anchors are kept out of reach: an S3 bucket with Object Lock."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults

_TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


@dataclass(frozen=True, slots=True)
class S3Vault:
    """Port ``Vault`` on S3. The bucket's default retention locks every object as it arrives."""

    clients: Clients
    bucket: str

    def keep(self, name: str, text: str) -> bool:
        """Put an object unless there is one; S3 refuses what was damaged on the way."""
        with faults("s3:PutObject", f"{self.bucket}/{name}"):
            try:
                self.clients.s3.put_object(
                    Bucket=self.bucket,
                    Key=name,
                    Body=text.encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                    ChecksumAlgorithm="SHA256",
                )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _TAKEN:
                    return False
                raise
        return True
