"""Lines out of a compressed file as it comes, in bounded memory whatever it holds. Pure.

No more is unpacked at once than ``PIECE``, no line is gathered beyond ``LONGEST`` and no file is
read beyond ``MOST``: neither a small file that unpacks to terabytes nor one without a line's end
can take more than that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

PIECE = 128 * 1024
"""Bytes unpacked at once: shorter than the longest line, so that none is too long within one."""
LONGEST = 160 * 1024
"""Bytes of a line: a URI of 16 kB and a user agent of 8, each byte written as four, and more."""
MOST = 1024**3
"""Bytes unpacked of one file, some two million requests."""
_GZIP = zlib.MAX_WBITS | 16


class Damaged(Exception):
    """The file is not whole: what was read of it may be anything."""


@dataclass(slots=True)
class Unpacked:
    """The lines of one gzip file, as an iterator; how much it was is known once it is over.

    Raises ``Damaged`` where it is not gzip, ends too early or has the wrong checksum: what had come
    until then should not be used. ``cut`` tells that there was more than ``most``: what came is
    sound. ``too_long`` counts lines that were left out for their length.
    """

    pieces: Iterable[bytes]
    most: int = MOST
    unpacked: int = 0
    too_long: int = 0
    cut: bool = False
    _rest: bytes = field(default=b"", init=False)
    _skipping: bool = field(default=False, init=False)

    def __iter__(self) -> Iterator[bytes]:
        """Yield each line without its newline; empty ones are left out."""
        for plain in self._plain():
            self.unpacked += len(plain)
            yield from self._lines_of(plain)
            if self.unpacked >= self.most:
                self.cut = True
                return
        if self._rest:
            yield self._rest

    def _plain(self) -> Iterator[bytes]:
        """Unpack piece by piece; gzip files may be several, one after the other."""
        unpacking: zlib._Decompress | None = None
        for packed in self.pieces:
            left = packed
            while left:
                if unpacking is None or unpacking.eof:
                    unpacking = zlib.decompressobj(_GZIP)
                yield _unpack(unpacking, left)
                left = unpacking.unconsumed_tail or unpacking.unused_data
        while unpacking is not None and not unpacking.eof:
            if not (plain := _unpack(unpacking, b"")):
                raise Damaged("not a whole gzip file: it ends too early")
            yield plain

    def _lines_of(self, plain: bytes) -> Iterator[bytes]:
        first, *others = plain.split(b"\n")
        self._gather(first)
        if not others:
            return
        if self._rest:
            yield self._rest
        self._rest, self._skipping = b"", False
        yield from filter(None, others[:-1])
        self._gather(others[-1])

    def _gather(self, part: bytes) -> None:
        """Add to a line whose end has not come, or give it up."""
        if self._skipping:
            return
        self._rest += part
        if len(self._rest) > LONGEST:
            self._rest, self._skipping = b"", True
            self.too_long += 1


def _unpack(unpacking: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return unpacking.decompress(packed, PIECE)
    except zlib.error as error:
        raise Damaged(f"not a whole gzip file: {error}") from error
