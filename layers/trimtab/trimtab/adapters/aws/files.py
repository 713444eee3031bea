"""S3: the access logs in a load balancer's bucket, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults

PIECE = 64 * 1024
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class S3Files:
    """Port ``LogFiles`` on the bucket that the user's load balancers write to."""

    clients: Clients
    bucket: str

    def open(self, key: str) -> Iterator[bytes]:
        """Read an object to its end or to where the reader stops; the connection is given back."""
        with faults("s3:GetObject", f"{self.bucket}/{key}"):
            body = self.clients.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
            try:
                yield from body.iter_chunks(PIECE)
            finally:
                body.close()
