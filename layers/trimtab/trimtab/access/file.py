"""Which file of a bucket is an access log, of which load balancer, and of which minutes. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimtab.access.count import Span
from trimtab.errors import EventRefused

LONGEST_KEY = 1024
"""Bytes of a key; S3 allows no more."""
LASTS = timedelta(minutes=5)
"""What one file is about, up to the time in its name."""
SPARE = timedelta(minutes=5)
"""Lines may be this much older: one is written when its answer is over. And a minute younger."""
_NAME = re.compile(
    r"(?:[A-Za-z0-9!_.()/=-]{1,500}/)?AWSLogs/(?P<account>\d{12})/elasticloadbalancing/(?P<region>[a-z0-9-]{4,32})/"
    r"\d{4}/\d\d/\d\d/(?P=account)_elasticloadbalancing_(?P=region)_"
    r"app\.(?P<name>[A-Za-z0-9-]{1,32})\.(?P<id>[0-9a-f]{16})_"
    r"(?P<ended>\d{8}T\d{4})Z_[0-9A-Fa-f.:]{1,45}_[A-Za-z0-9]{1,32}\.log\.gz"
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """An object that S3 says was written to a bucket."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class LogFile:
    """An access log: ``load_balancer`` as CloudWatch and policies name it, ``app/name/id``."""

    key: str
    load_balancer: str
    ended: datetime

    @property
    def span(self) -> Span:
        """The minutes its lines may be of."""
        return Span(self.ended - LASTS - SPARE, self.ended)

    @property
    def part(self) -> str:
        """A short name of this file among all that tell of the same minutes.

        It is made of the key alone: the same file, told twice or read twice, is the same part.
        """
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]


def delivered(event: object) -> Delivered:
    """Read what EventBridge says of a new object; raise ``EventRefused`` if it is not that.

    Anybody may forge one: it names an object, and no more of it is believed.
    """
    if not isinstance(event, Mapping):
        raise EventRefused("expected an event of EventBridge")
    if event.get("source") != "aws.s3" or event.get("detail-type") != "Object Created":
        raise EventRefused("expected Object Created from aws.s3")
    detail = event.get("detail")
    bucket = _of(_of(detail).get("bucket")).get("name")
    key = _of(_of(detail).get("object")).get("key")
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise EventRefused("expected the names of a bucket and of an object")
    if len(key) > LONGEST_KEY:
        raise EventRefused(f"expected a key of at most {LONGEST_KEY} characters")
    return Delivered(bucket, key)


def _of(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def log_file(key: str) -> LogFile | None:
    """Return what a key says of an access log; ``None`` if it is none of an ALB.

    Connection logs, health-check logs, logs of Network Load Balancers and the file that tests the
    bucket's policy lie in the same place under other names.
    """
    found = _NAME.fullmatch(key)
    if found is None:
        return None
    try:
        ended = datetime.strptime(found["ended"], "%Y%m%dT%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
    return LogFile(key, f"app/{found['name']}/{found['id']}", ended)
