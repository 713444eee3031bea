"""Access logs as a load balancer writes them: files in a bucket, and S3's event of each."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.config import Config

from trimtab_lab.embedded.eventbridge import Event, event
from trimtab_lab.world.access_log import Row, WrittenFile
from trimtab_lab.world.views import moment
from trimtab_lab.world.world import World

if TYPE_CHECKING:
    import boto3

GARBAGE = (
    b"\x00\xff\xfe not a line",
    b'https 2026-03-02T09:00:00Z app/shop/0 1.2.3.4:5 10.0.0.1:8080 "',
    b"",
    b"http " * 9_000,
)


class Bucket:
    """The bucket of the user's load balancer; the stack knows only its name."""

    def __init__(self, session: boto3.Session, name: str) -> None:
        self.name = name
        # moto takes a checksum that follows the body for a part of it
        plain = Config(request_checksum_calculation="when_required")
        self._s3 = session.client("s3", config=plain)
        self._s3.create_bucket(Bucket=name)

    def put(self, world: World, file: WrittenFile) -> Event:
        """Write a file, and say what S3 tells EventBridge of it."""
        body = file_of(world, file)
        answer = self._s3.put_object(Bucket=self.name, Key=file.key, Body=body)
        detail: Event = {
            "version": "0",
            "bucket": {"name": self.name},
            "object": {"key": file.key, "size": len(body), "etag": answer["ETag"].strip('"')},
            "reason": "PutObject",
        }
        resources = [f"arn:aws:s3:::{self.name}"]
        return event(world, "aws.s3", "Object Created", resources, detail, world.now)


def file_of(world: World, file: WrittenFile) -> bytes:
    """Return a file as it lies in the bucket."""
    lines = [line for row in file.rows for line in lines_of(world.access_log.load_balancer, row)]
    if file.littered:
        lines[len(lines) // 2 : len(lines) // 2] = GARBAGE
    packed = gzip.compress(b"".join(line + b"\n" for line in lines), compresslevel=1, mtime=0)
    return packed[: len(packed) // 2] if file.damaged else packed


def lines_of(load_balancer: str, row: Row) -> Iterator[bytes]:
    """Yield a line for each request: failures first, and all spread over the minute."""
    for number in range(row.requests):
        at = moment(row.at) + timedelta(seconds=59.9 * number / row.requests)
        if number < row.errors:
            yield _line(load_balancer, row, f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "500 500", "0.005")
        elif number < row.errors + row.refused:
            yield _line(load_balancer, row, f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "502 -", "-1")
        else:
            seconds = f"{row.seconds or 0.0:.3f}"
            yield _line(load_balancer, row, f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", "200 200", seconds)


def _line(load_balancer: str, row: Row, at: str, codes: str, took: str) -> bytes:
    return (
        f"https {at} {load_balancer} 198.51.100.7:2817 {row.target} 0.000 {took} 0.000 {codes} "
        f'34 366 "GET https://shop.example:443/ HTTP/1.1" "curl/8.0" ECDHE-RSA-AES128-GCM-SHA256 '
        f'TLSv1.2 {row.target_group} "Root=1-58337262-36d228ad5d99923122bbe354" "shop.example" '
        f'"-" 0 {at} "forward" "-" "-" "{row.target}" "{codes.split()[1]}" "-" "-" '
        'TID_1234abcd5678ef90 "-" "-" "-"'
    ).encode()
