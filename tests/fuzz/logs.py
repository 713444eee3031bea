"""Targets: access logs, which anybody who sends a request writes a part of."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple

from tests.builders import BLUE_ARN, NOON
from tests.fuzz.dice import Dice
from tests.unit.access.lines import USUAL, a_line
from trimtab.access.count import Counter, Span
from trimtab.access.line import read as read_line
from trimtab.access.stream import Damaged, Unpacked
from trimtab.model.ids import InstanceId
from trimtab.ports import Interface

SPAN = Span(NOON.replace(hour=11, minute=45), NOON)
FROM_OUTSIDE = ("request", "user_agent", "trace_id", "domain_name")


class Everywhere:
    """Every instance lives where the sample lines say."""

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface]:
        return {i: Interface(("10.0.0.1",), SPAN.first) for i in instances}


class Lines:
    """A file of sound and broken lines, as the bytes choose."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def open(self, _: str) -> Iterator[bytes]:
        yield packed(Dice(self._data))


def packed(dice: Dice) -> bytes:
    """A compressed file; one in four is damaged."""
    lines = [one(dice) for _ in range(dice.below(6))]
    file = gzip.compress(b"\n".join(lines), compresslevel=1, mtime=0)
    return dice.spoiled(file) if dice.below(4) == 3 else file


def one(dice: Dice) -> bytes:
    """One line: sound, or with fields that are not, or with bytes that are not."""
    names = [name.strip('"').replace(":", "_") for name in USUAL]
    told: dict[str, str] = {"time": "2026-03-02T11:52:00Z", "target_group_arn": BLUE_ARN}
    for _ in range(dice.below(3)):
        told[dice.one_of(names)] = str(dice.junk())
    line = a_line(34 - dice.below(18), **told)
    return dice.spoiled(line) if dice.below(3) == 2 else line


def read(data: bytes) -> None:
    """Any file is counted, each line once, or damaged; no tally says what cannot be."""
    dice = Dice(data)
    counter = Counter(frozenset({BLUE_ARN.encode()}), SPAN)
    file = dice.rest() if dice.below(8) == 7 else packed(dice)
    with suppress(Damaged):
        counter.take(Unpacked([file]))
    count = counter.read
    assert sum(astuple(count)[1:]) == count.lines
    for (group, _, minute), tally in counter.tallies().items():
        assert group == BLUE_ARN
        assert SPAN.first <= minute <= SPAN.last
        assert 0 <= tally.failed <= tally.asked <= count.lines
        assert tally.seconds is None or 0 < tally.seconds < 1e5
    accuse_nobody_else(dice)


def accuse_nobody_else(dice: Dice) -> None:
    """What a client sends cannot make a line speak of another target group or target."""
    text = dice.rest().decode("latin-1").replace("\n", " ")
    escaped = text.replace("\\", "\\x5C").replace('"', "\\x22")
    sent = dice.one_of(FROM_OUTSIDE)
    line = read_line(a_line(33, **{sent: escaped}))
    assert line is not None
    assert line == read_line(a_line())
