"""Real sockets on loopback: what targets do to a probe, and that none of it holds the probe up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.builders import BLUE, GREEN, SHOP, a_target
from trimtab.adapters import knock
from trimtab.adapters.knock import ask_all, may_be_asked
from trimtab.model.errand import Addressed, Errand, Run
from trimtab.model.probe import ProbePolicy, Scheme, Statuses
from trimtab.model.report import Tally

HERE = "127.0.0.1"
ONE = a_target(1).id
QUICK = ProbePolicy(path="/deep", timeout=timedelta(seconds=0.3))
PATIENT = replace(QUICK, timeout=timedelta(seconds=5))
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# A loop of a test's own server that ends while a connection is let in leaves it to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@contextmanager
def served(answer: Answer, secure: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server of its own thread on a free port."""
    ready: list[int] = []
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    met: list[asyncio.StreamWriter] = []
    talks: list[asyncio.Task[None]] = []

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(writer)
        talks.append(loop.create_task(one(reader, writer)))

    async def serve() -> None:
        server = await asyncio.start_server(meet, HERE, 0, ssl=secure, backlog=1000)
        ready.append(server.sockets[0].getsockname()[1])
        started.set()
        await stop.wait()
        server.close()
        await asyncio.sleep(0.02)  # who has just connected is let in, to be let go
        others = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for writer in met:  # also of who was cancelled before a word was said
            writer.transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    started.wait(5)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(5)
        loop.close()


def says(*parts: bytes, every: float = 0.0, then: float = 0.0) -> Answer:
    """Answer a request with these bytes, one part after the other."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(every)
        await asyncio.sleep(then)
        writer.close()
        await writer.wait_closed()

    return answer


async def without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body that never ends."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    held = writer.get_extra_info("socket")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


def asked(port: int, probe: ProbePolicy = PATIENT, seconds: float = 10) -> Tally | None:
    errand = Errand(SHOP, BLUE, probe, (Addressed(ONE, HERE, port),))
    (answer,) = ask_all(Run((errand,)), seconds, lambda _: True).answers
    assert (answer.service, answer.fleet) == (SHOP, BLUE)
    return answer.tallies.get(ONE)


def failure(answer: Answer, probe: ProbePolicy = PATIENT) -> str:
    with served(answer) as port:
        tally = asked(port, probe)
    assert tally is not None
    assert (tally.asked, tally.failed, tally.seconds) == (1, 1, None) or tally == replace(
        tally, asked=1, failed=0, last_error=""
    )
    return tally.last_error


def test_a_good_answer_passes_and_is_timed() -> None:
    with served(says(OK)) as port:
        tally = asked(port)
    assert tally is not None
    assert (tally.asked, tally.failed, tally.last_error) == (1, 0, "")
    assert tally.seconds is not None
    assert 0 < tally.seconds < 5


def test_it_asks_for_what_the_policy_says() -> None:
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()

    assert failure(answer, replace(PATIENT, host="shop.example")) == ""
    assert failure(answer) == ""
    assert heard[0].startswith(b"GET /deep HTTP/1.1\r\nHost: shop.example\r\n")
    assert f"Host: {HERE}:".encode() in heard[1]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(says(b"HTTP/1.1 503 Busy\r\n\r\n"), "status 503", id="a-bad-status"),
        pytest.param(says(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n"),
                     "status 302", id="a-redirect"),
        pytest.param(says(b"\x16\x03\x01garbage\n"), "its answer is not HTTP", id="garbage"),
        pytest.param(says(b"x" * 100_000), "its answer is not HTTP", id="a-line-without-end"),
        pytest.param(says(b"HTTP/1.1 2"), "its answer is not HTTP", id="cut-short"),
        pytest.param(says(b"HTTP/1.1 999 No\r\n\r\n"), "its answer is not HTTP", id="no-status"),
        pytest.param(says(), "closed without an answer", id="nothing"),
        pytest.param(resets, "connection reset waiting for the answer", id="a-reset"),
        pytest.param(says(*20 * [b"HTTP/1.1 100 Continue\r\n\r\n"]), "its answer is not HTTP",
                     id="promises-only"),
        pytest.param(says(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK), "",
                     id="hints-first"),
        pytest.param(says(b"HTTP/1.0 200\r\n\r\n"), "", id="an-old-server"),
        pytest.param(without_end, "", id="a-body-that-nobody-needs"),
    ],
)  # fmt: skip
def test_what_a_target_answers_is_told_in_words_of_ours(answer: Answer, told: str) -> None:
    assert failure(answer) == told


def test_nobody_listening_is_refused() -> None:
    with served(says(OK)) as port:
        pass
    tally = asked(port)
    assert tally == Tally(1, 1, None, "connection refused")


@pytest.mark.parametrize(
    ("answer", "doing"),
    [
        (silence, "waiting for the answer"),
        (says(*(bytes([b]) for b in OK), every=0.05), "waiting for the answer"),
        (says(b"HTTP/1.1 200 OK\r\n\r\n", *1000 * [b"."], every=0.02), "reading its body"),
    ],
    ids=["silent", "byte-by-byte", "a-body-in-drips"],
)
def test_a_slow_target_costs_its_own_timeout_and_no_more(answer: Answer, doing: str) -> None:
    began = time.monotonic()
    assert failure(answer, replace(QUICK, body="ready")) == f"timed out after 0.3 s {doing}"
    assert time.monotonic() - began < 3


def chunked(*parts: bytes) -> bytes:
    body = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


MISSING = "status 200, without the text expected in its body"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(says(OK[:-2] + b"now ready"), "", id="there"),
        pytest.param(says(OK), MISSING, id="not-there"),
        pytest.param(says(OK[:-2] + b"rea", b"dy", every=0.02), "", id="in-two-reads"),
        pytest.param(says(chunked(b"rea", b"dy")), "", id="across-chunks"),
        pytest.param(says(chunked(b"re", b"ad")), MISSING, id="not-in-chunks"),
        pytest.param(says(b"HTTP/1.1 200 ready\r\nX: ready\r\n\r\nno"), MISSING, id="in-the-head"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 70_000, b"ready"), MISSING,
                     id="too-far-in"),
        pytest.param(without_end, MISSING, id="without-end"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500), "its headers do not end",
                     id="headers-without-end"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nA: b"), "closed within its headers", id="no-body"),
        pytest.param(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nready"),
                     MISSING, id="chunks-of-garbage"),
    ],
)  # fmt: skip
def test_a_text_is_looked_for_near_the_beginning_of_the_body(answer: Answer, told: str) -> None:
    assert failure(answer, replace(PATIENT, body="ready")) == told


def test_statuses_are_the_policys() -> None:
    probe = replace(PATIENT, statuses=(Statuses(204, 204), Statuses(300, 399)))
    assert failure(says(b"HTTP/1.1 302 Found\r\n\r\n"), probe) == ""
    assert failure(says(OK), probe) == "status 200"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    folder: Path = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=nobody.example", "-keyout", folder / "key", "-out", folder / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return context


@pytest.mark.parametrize("host", ["", "shop.example"])
def test_tls_with_a_certificate_that_nobody_signed_passes(
    certificate: ssl.SSLContext, host: str
) -> None:
    probe = replace(PATIENT, scheme=Scheme.HTTPS, host=host)
    with served(says(OK), certificate) as port:
        tally = asked(port, probe)
    assert tally is not None
    assert tally.failed == 0, tally


def test_tls_where_there_is_none_fails() -> None:
    told = failure(says(b"HTTP/1.1 400 no\r\n\r\n"), replace(QUICK, scheme=Scheme.HTTPS))
    assert told.startswith(("TLS failed: ", "timed out after 0.3 s connecting"))


def test_tls_that_never_shakes_hands_costs_its_timeout() -> None:
    told = failure(silence, replace(QUICK, scheme=Scheme.HTTPS))
    assert told == "timed out after 0.3 s connecting"


def test_tcp_only_connects() -> None:
    assert failure(silence, replace(QUICK, scheme=Scheme.TCP)) == ""


def crowd(port: int, size: int, probe: ProbePolicy) -> Run:
    """So many targets of two fleets at one address."""
    half = size // 2
    fleets = ((BLUE, range(half)), (GREEN, range(half, size)))
    return Run(
        tuple(
            Errand(SHOP, fleet, probe,
                   tuple(Addressed(a_target(n).id, HERE, port) for n in numbers))
            for fleet, numbers in fleets
        )
    )  # fmt: skip


def test_three_hundred_are_asked_at_once() -> None:
    began = time.monotonic()
    with served(says(OK, every=0.2)) as port:
        brought = ask_all(crowd(port, 300, PATIENT), 20, lambda _: True)
    assert [len(a.tallies) for a in brought.answers] == [150, 150]
    assert not any(t.failed for a in brought.answers for t in a.tallies.values())
    assert time.monotonic() - began < 15


def test_it_ends_in_its_time_whatever_targets_do_and_accuses_nobody_it_did_not_hear_out() -> None:
    began = time.monotonic()
    with served(silence) as port:
        brought = ask_all(crowd(port, 300, PATIENT), 1, lambda _: True)
    assert time.monotonic() - began < 4
    assert [dict(a.tallies) for a in brought.answers] == [{}, {}]


def test_who_was_heard_in_time_is_told_though_others_were_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(knock, "MOST_AT_ONCE", 2)
    with served(silence) as port:
        brought = ask_all(crowd(port, 12, QUICK), 0.75, lambda _: True)
    told = [len(a.tallies) for a in brought.answers]
    assert told == [2, 2], "two rounds of two, a fleet as many as the other"
    assert all(t.failed for a in brought.answers for t in a.tallies.values())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.9.9.9", "169.254.169.254", "169.254.170.2", "0.0.0.0", "224.0.0.1", "::1",
     "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "240.0.0.1",
     "fd00:ec2::254", "255.255.255.255", "localhost", "shop.example", "", "10.0.0.1:80", "a" * 999],
)  # fmt: skip
def test_no_target_is_there_so_nobody_is_asked_there(address: str) -> None:
    assert not may_be_asked(address)


def test_addresses_of_a_vpc_may_be_asked_and_loopback_is_not() -> None:
    assert all(map(may_be_asked, ("10.0.0.1", "172.31.9.1", "100.64.0.9", "192.168.1.1",
                                  "2001:db8::5", "fd12::7", "52.94.1.1")))  # fmt: skip
    with served(says(OK)) as port:
        errand = Errand(SHOP, BLUE, QUICK, (Addressed(ONE, HERE, port),))
        (answer,) = ask_all(Run((errand,)), 5).answers
    assert answer.tallies == {}
