"""The load balancer's access log: what each of its nodes wrote down, in files every five minutes.

As documented for Application Load Balancers: one file per node and five minutes, named after the
end of its interval, delivered some minutes later; late, twice or damaged if the world is told so.
Each node sees its share of every target's requests.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from trimtab_lab.world.load import FAST_BUCKET, quantile
from trimtab_lab.world.views import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trimtab_lab.world.instances import Registration

EVERY_S = 300
LAG_S = (60, 240)
"""Seconds from the end of an interval to its file's being there."""
LATE_S = 300
"""So much more if files are late."""
NODES = 3


class Manner(StrEnum):
    """How files come."""

    USUAL = "usual"
    LATE = "late"
    TWICE = "twice"
    """Each is told of again, ten minutes later too."""
    DAMAGED = "damaged"
    """Every third ends too early, and the others hold lines that are none."""


@dataclass(frozen=True, slots=True)
class Row:
    """One target in one minute, as one node saw it."""

    at: int
    target_group: str
    target: str
    requests: int
    errors: int
    refused: int
    """Connections that the target did not take: 502, and no status of the target."""
    seconds: float | None


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file in the bucket; ``damaged`` ones end too early, ``littered`` ones hold garbage."""

    key: str
    arrives: int
    rows: tuple[Row, ...]
    damaged: bool = False
    littered: bool = False


def address_of(instance: str) -> str:
    """Return an instance's private address; 24 bits of its id are as good as unique."""
    digits = int(instance[-6:], 16)
    return f"10.{digits >> 16}.{digits >> 8 & 255}.{digits & 255}"


@dataclass(slots=True)
class AccessLog:
    """Gathers what was answered; nothing while there is no ``manner``: it is off by default."""

    account: str
    region: str
    load_balancer: str
    seed: int
    manner: Manner | None = None
    _rows: list[Row] = field(default_factory=list)
    _files: list[WrittenFile] = field(default_factory=list)

    def write(self, at: int, target_group: str, of: Registration) -> None:
        """Note what a target answered in the minute that began at ``at``."""
        if self.manner is None:
            return
        good = dict(of.mix)
        good[FAST_BUCKET] = good.get(FAST_BUCKET, 0) - of.target_5xx  # errors, answered at once
        good = {bucket: count for bucket, count in good.items() if count > 0}
        self._rows.append(
            Row(
                at,
                target_group,
                f"{address_of(of.instance.id)}:{of.port}",
                of.requests,
                of.target_5xx,
                of.connection_errors,
                quantile(good, 0.5) if good else None,
            )
        )

    def close(self, now: int) -> None:
        """Write the files of an interval that is over."""
        if self.manner is None or now % EVERY_S:
            return
        rows, self._rows = self._rows, []
        self._files += [self._file(node, now, rows) for node in range(NODES)]

    def arrived(self, now: int) -> list[WrittenFile]:
        """Take the files that have come by now, in the order in which they came."""
        here = sorted((f for f in self._files if f.arrives <= now), key=lambda f: f.arrives)
        self._files = [f for f in self._files if f.arrives > now]
        if self.manner is Manner.TWICE:
            again = [f for f in here if f.arrives % 2 == 0]
            self._files += [_later(f) for f in again]
            here = [f for f in here for _ in range(2)]
        return here

    def _file(self, node: int, ends: int, rows: Sequence[Row]) -> WrittenFile:
        dice = random.Random(f"{self.seed}:{ends}:{node}:access log")
        lag = dice.randint(*LAG_S) + (LATE_S if self.manner is Manner.LATE else 0)
        spoiled = self.manner is Manner.DAMAGED
        return WrittenFile(
            self.key(node, ends),
            ends + lag,
            tuple(_share_of(rows, node)),
            damaged=spoiled and (ends // EVERY_S + node) % NODES == 0,
            littered=spoiled,
        )

    def key(self, node: int, ends: int) -> str:
        """Name the file of one node and interval."""
        at = moment(ends)
        app, name, digits = self.load_balancer.split("/")
        digest = hashlib.sha256(f"{self.seed}{node}{ends}".encode()).hexdigest()[:8]
        place = f"AWSLogs/{self.account}/elasticloadbalancing/{self.region}/{at:%Y/%m/%d}"
        return (
            f"{place}/{self.account}_elasticloadbalancing_{self.region}_{app}.{name}.{digits}_"
            f"{at:%Y%m%dT%H%M}Z_192.0.2.{node + 1}_{digest}.log.gz"
        )


def _later(file: WrittenFile) -> WrittenFile:
    """Return the same file, told of once more ten minutes and a second later."""
    return WrittenFile(file.key, file.arrives + 601 - file.arrives % 2, file.rows)


def _share_of(rows: Sequence[Row], node: int) -> Iterator[Row]:
    for row in rows:
        counts = [_part(count, node) for count in (row.requests, row.errors, row.refused)]
        if counts[0]:
            requests, errors, refused = counts[0], min(counts[1], counts[0]), counts[2]
            refused = min(refused, requests - errors)
            yield Row(row.at, row.target_group, row.target, requests, errors, refused, row.seconds)


def _part(count: int, node: int) -> int:
    return count // NODES + (node < count % NODES)
