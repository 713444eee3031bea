"""Lines out of a compressed file, in bounded memory."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.stream import LONGEST, PIECE, Damaged, Unpacked

MEGABYTE = 1024 * 1024


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@given(
    st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=20),
    st.integers(1, 50),
    st.booleans(),
)
def test_lines_come_out_as_they_went_in(lines: list[bytes], size: int, ended: bool) -> None:
    data = gzip.compress(b"\n".join(lines) + (b"\n" if ended else b""))
    assert list(Unpacked(in_pieces(data, size))) == [line for line in lines if line]


def test_two_files_one_after_the_other_are_one() -> None:
    data = gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n")
    assert list(Unpacked([data])) == [b"a", b"bc", b"d"]


def test_nothing_is_no_lines() -> None:
    assert list(Unpacked([])) == []
    assert list(Unpacked([gzip.compress(b"")])) == []


SOUND = gzip.compress(b"one line\n" * 1000)


@pytest.mark.parametrize(
    "data",
    [
        b"plain text\n",
        SOUND[:-1],
        SOUND[: len(SOUND) // 2],
        SOUND[:-8] + b"\x00" * 8,
        SOUND[:20] + b"\xff" + SOUND[21:],
        SOUND + b"and more",
        zlib.compress(b"no gzip\n"),
    ],
    ids=["plain", "a byte short", "half", "wrong checksum", "a byte wrong", "trailing", "zlib"],
)
def test_a_damaged_file_is_not_taken_for_a_whole_one(data: bytes) -> None:
    with pytest.raises(Damaged):
        list(Unpacked([data]))


@pytest.mark.parametrize("length", [LONGEST - 1, LONGEST, LONGEST + 1, 3 * PIECE])
@pytest.mark.parametrize("before", [0, 1, PIECE - 5])
def test_a_line_longer_than_lines_are_is_left_out(length: int, before: int) -> None:
    first = b"f" * before
    unpacked = Unpacked([gzip.compress(first + b"\n" + b"x" * length + b"\nlast\n")])
    found = list(unpacked)
    kept = [b"x" * length] if length <= LONGEST else []
    assert found == [*([first] if before else []), *kept, b"last"]
    assert unpacked.too_long == (length > LONGEST)


@pytest.mark.parametrize("fill", [b"\x00", b"\n", b"http \n"], ids=["no end", "empty", "short"])
def test_a_bomb_takes_no_more_room_than_a_file(fill: bytes) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = fill * (MEGABYTE // len(fill))
    packed = b"".join([*(packer.compress(block) for _ in range(12)), packer.flush()])
    tracemalloc.start()
    unpacked = Unpacked(in_pieces(packed, 64 * 1024), most=8 * MEGABYTE)
    for _ in unpacked:
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert unpacked.cut
    assert unpacked.unpacked <= 8 * MEGABYTE + PIECE
    assert peak < 4 * MEGABYTE


def test_what_fits_is_not_cut() -> None:
    unpacked = Unpacked([SOUND], most=9001)
    assert len(list(unpacked)) == 1000
    assert not unpacked.cut
