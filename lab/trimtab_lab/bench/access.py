"""How fast an access log is read and counted, and in how much memory, whatever its size."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trimtab.access.count import Counter, Span
from trimtab.access.stream import Unpacked

MEGABYTE = 1024 * 1024
LARGE, SMALL = 100, 10
"""Megabytes of lines, unpacked: one to time, one to hold its memory against."""
TARGETS = 200
BEGINS = datetime(2026, 3, 2, 12, tzinfo=UTC)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/73e2d6bc24d8a067"


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a file of ``megabytes`` took; the peak is of all memory it allocated."""

    megabytes: int
    lines: int
    lines_a_second: float
    peak_mb: float
    peak_of_a_tenth_mb: float


def time_reading() -> Reading:
    """Read and count a large file, and one of a tenth of it."""
    packed = _file(LARGE)
    began = time.perf_counter()
    lines = _count(packed)
    seconds = time.perf_counter() - began
    return Reading(LARGE, lines, lines / seconds, _peak(packed), _peak(_file(SMALL)))


def _peak(packed: bytes) -> float:
    tracemalloc.start()
    try:
        _count(packed)
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


def _count(packed: bytes) -> int:
    span = Span(BEGINS, BEGINS + timedelta(minutes=5))
    counter = Counter(frozenset({GROUP.encode()}), span)
    counter.take(Unpacked(packed[at : at + 65536] for at in range(0, len(packed), 65536)))
    return counter.read.counted


def _file(megabytes: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    block = b"".join(_lines())
    times = megabytes * MEGABYTE // len(block)
    return b"".join([*(packer.compress(block) for _ in range(times)), packer.flush()])


def _lines() -> Iterator[bytes]:
    for number in range(5 * TARGETS):
        at = f"{BEGINS + timedelta(seconds=300 * number / (5 * TARGETS)):%Y-%m-%dT%H:%M:%S.%fZ}"
        codes = "502 -" if number % 50 == 0 else "200 200"
        target = f"10.0.0.{number % TARGETS}:8080"
        yield (
            f"https {at} app/shop/50dc6c495c0c9188 198.51.100.7:2817 {target} 0.001 "
            f'0.{number % 300:03} 0.000 {codes} 34 366 "GET https://shop.example:443/item?id={number}'
            f' HTTP/1.1" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" '
            f'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {GROUP} "Root=1-58337262-36d228ad5d99923122" '
            f'"shop.example" "-" 0 {at} "forward" "-" "-" "{target}" "-" "-" "-" '
            'TID_1234abcd5678ef90 "-" "-" "-"\n'
        ).encode()
