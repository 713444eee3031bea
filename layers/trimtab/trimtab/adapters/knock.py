"""Asks many targets at once, over HTTP, HTTPS or TCP, in a time that no target can stretch.

A target may answer slowly, without end, with garbage or not at all: it costs its own time-out and
64 KiB at the most. Nothing it says is believed but its status, and a text that was looked for;
redirects are not followed, certificates are not verified, and what is told of a failure is in
words of ours.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from trimtab.model.errand import Addressed, Answered, Brought, Run
from trimtab.model.ids import TargetId
from trimtab.model.probe import ProbePolicy, Scheme
from trimtab.model.report import Tally

MOST_AT_ONCE = 256
"""Connections open at once: a function of Lambda's may hold 1,024 files."""
MOST_BODY = 64 * 1024
MOST_LINE = 8 * 1024
MOST_HEADERS = 100
A_READ = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r?\n")
NEARBY = IPv6Network("fd00:ec2::/32")
"""Where AWS keeps its own on an instance's network, by IPv6: metadata, credentials, time."""
INFORMATIONAL = range(100, 200)
MOST_INFORMATIONAL = 5


class Bad(Exception):
    """A target did not answer as it should; the text says how, in words of ours."""


def may_be_asked(address: str) -> bool:
    """Tell whether a target can be there: not this function itself, nor what AWS keeps nearby.

    ``127.0.0.1`` and ``169.254.169.254`` are what a probe must never be talked into asking.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return not (
        found.is_loopback
        or found.is_link_local
        or found.is_multicast
        or found.is_unspecified
        or (isinstance(found, IPv4Address) and found.is_reserved)
        or found in NEARBY
    )


def ask_all(run: Run, seconds: float, allowed: Callable[[str], bool] = may_be_asked) -> Brought:
    """Ask every target of a run; end after ``seconds`` with what is known by then."""
    return asyncio.run(_ask_all(run, seconds, allowed))


async def _ask_all(run: Run, seconds: float, allowed: Callable[[str], bool]) -> Brought:
    gate = asyncio.Semaphore(MOST_AT_ONCE)
    tallies: list[dict[TargetId, Tally]] = [{} for _ in run.errands]
    tasks = [
        asyncio.ensure_future(_tally(one, run.errands[number].probe, gate, tallies[number]))
        for number, one in _in_turn(run)
        if allowed(one.address)
    ]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the transports let go
    return Brought(
        tuple(
            Answered(errand.service, errand.fleet, found)
            for errand, found in zip(run.errands, tallies, strict=True)
        )
    )


def _in_turn(run: Run) -> Iterator[tuple[int, Addressed]]:
    """Take the first of each fleet, then the second of each: no fleet keeps another waiting."""
    longest = max((len(errand.targets) for errand in run.errands), default=0)
    for place in range(longest):
        for number, errand in enumerate(run.errands):
            if place < len(errand.targets):
                yield number, errand.targets[place]


async def _tally(
    target: Addressed,
    probe: ProbePolicy,
    gate: asyncio.Semaphore,
    tallies: dict[TargetId, Tally],
) -> None:
    """Ask one target, when it is its turn, and write down what came of it."""
    async with gate:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await _ask(target, probe)
        except Bad as bad:
            tallies[target.target] = Tally(1, 1, None, str(bad))
        else:
            tallies[target.target] = Tally(1, 0, round(clock() - began, 4))


async def _ask(target: Addressed, probe: ProbePolicy) -> None:
    """Ask one target; raise ``Bad`` unless it answers well in time."""
    limit = probe.timeout.total_seconds()
    call = _Call(target, probe)
    try:
        async with asyncio.timeout(limit):
            await call.make()
    except TimeoutError:
        raise Bad(f"timed out after {limit:g} s {call.doing}") from None
    except ssl.SSLError as error:
        raise Bad(f"TLS failed: {error.reason or 'no reason'}") from None
    except ConnectionRefusedError:
        raise Bad("connection refused") from None
    except ConnectionError:
        raise Bad(f"connection reset {call.doing}") from None
    except (OSError, EOFError):
        raise Bad("not reachable") from None
    finally:
        call.end()


@dataclass(slots=True)
class _Call:
    """One connection to one target."""

    target: Addressed
    probe: ProbePolicy
    doing: str = "connecting"
    writer: asyncio.StreamWriter | None = field(default=None, repr=False)

    async def make(self) -> None:
        """Connect, ask, and read as much of the answer as is needed."""
        secure: dict[str, Any] = {}
        if self.probe.scheme is Scheme.HTTPS:
            secure = {"ssl": _unverified(), "server_hostname": self.probe.host or ""}
        reader, self.writer = await asyncio.open_connection(
            self.target.address, self.target.port, limit=MOST_LINE, **secure
        )
        if self.probe.scheme is Scheme.TCP:
            return
        self.doing = "waiting for the answer"
        self.writer.write(self._request())
        try:
            await self._judge(reader)
        except (ValueError, asyncio.IncompleteReadError):  # a line without end, an answer cut short
            raise Bad("its answer is not HTTP") from None

    def _request(self) -> bytes:
        address = self.target.address
        where = f"[{address}]" if ":" in address else address
        host = self.probe.host or f"{where}:{self.target.port}"
        lines = (
            f"GET {self.probe.path} HTTP/1.1",
            f"Host: {host}",
            "User-Agent: trimtab-probe",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def _judge(self, reader: asyncio.StreamReader) -> None:
        status = await _status(reader)
        if not any(status in one for one in self.probe.statuses):
            raise Bad(f"status {status}")
        if not self.probe.body:
            return
        self.doing = "reading its body"
        chunked = await _is_chunked(reader)
        if not await _has(reader, self.probe.body.encode("ascii"), chunked):
            raise Bad(f"status {status}, without the text expected in its body")

    def end(self) -> None:
        """Let go of the connection at once: a target cannot keep it open."""
        if self.writer is not None:
            with suppress(OSError, RuntimeError):
                self.writer.transport.abort()


async def _status(reader: asyncio.StreamReader) -> int:
    """Read the status of the answer itself, past those that only say that one will come."""
    for _ in range(MOST_INFORMATIONAL):
        line = await reader.readline()
        if not line:
            raise Bad("closed without an answer")
        found = _STATUS.fullmatch(line)
        if found is None:
            raise Bad("its answer is not HTTP")
        status = int(found[1])
        if status not in INFORMATIONAL:
            return status
        await _is_chunked(reader)
    raise Bad("its answer is not HTTP")


async def _is_chunked(reader: asyncio.StreamReader) -> bool:
    """Read the headers to their end; tell whether the body comes in chunks."""
    chunked = False
    for _ in range(MOST_HEADERS):
        line = await reader.readline()
        if line in (b"\r\n", b"\n"):
            return chunked
        if not line.endswith(b"\n"):
            raise Bad("closed within its headers")
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"transfer-encoding":
            chunked = b"chunked" in value.lower()
    raise Bad("its headers do not end")


async def _has(reader: asyncio.StreamReader, wanted: bytes, chunked: bool) -> bool:
    """Look for a text near the beginning of a body: no longer than it takes, nor for ever."""
    held = b""
    while len(held) < MOST_BODY:
        read = await reader.read(A_READ)
        held += read
        if wanted in (b"".join(_chunks(held)) if chunked else held):
            return True
        if not read:
            return False
    return False


def _chunks(held: bytes) -> Iterator[bytes]:
    """Take the chunks, the last perhaps in part, out of what was read so far."""
    place = 0
    while found := _CHUNK.match(held, place):
        size = int(found[1], 16)
        if not size:
            return
        yield held[found.end() : found.end() + size]
        place = found.end() + size
        place += 2 if held[place : place + 2] == b"\r\n" else 1


@cache
def _unverified() -> ssl.SSLContext:
    """TLS with whoever answers: a target is asked by its address, which no certificate names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


__all__ = ["ask_all", "may_be_asked"]
