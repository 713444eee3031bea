"""The webhook: one POST, over TLS only, to whoever was named; nothing of the answer is believed."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from trimtab.adapters.webhook import HttpWebhook
from trimtab.errors import Refused, Throttled, TryLater, Unclear

SECRET = "T000/B000/verysecret"


@dataclass
class Chat:
    """A chat program on this machine that answers as told."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/services/{SECRET}?x=1"

    @property
    def webhook(self) -> HttpWebhook:
        """The real adapter, let speak without TLS by injection: no setting can do that."""
        return HttpWebhook(lambda: self.url, "http", plainly)


def plainly(host: str, port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(host, port, timeout=0.5)


@pytest.fixture
def chat() -> Iterator[Chat]:
    told = Chat()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append((self.path, dict(self.headers), body))
            if told.status == 0:
                self.wfile.write(b"this is not HTTP\r\n\r\n")
                return
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST  # noqa: N815 (the name that the standard library calls)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()


def test_a_message_is_posted_once_as_json(chat: Chat) -> None:
    chat.webhook.post('{"text": "für alle"}')
    [(path, headers, body)] = chat.got
    assert path == f"/services/{SECRET}?x=1"
    assert headers["Content-Type"].startswith("application/json")
    assert body.decode() == '{"text": "für alle"}'


@pytest.mark.parametrize(
    ("status", "error"),
    [(301, Refused), (302, Refused), (400, Refused), (404, Refused), (500, Unclear), (0, Unclear)],
)
def test_anything_but_success_is_an_error_that_keeps_the_secret(
    chat: Chat, status: int, error: type[Exception]
) -> None:
    chat.status, chat.headers = status, {"Location": f"{chat.url}/elsewhere"}
    chat.body = b"<!channel> \x1b[31m" + SECRET.encode()
    with pytest.raises(error) as raised:
        chat.webhook.post("{}")
    assert type(raised.value) is error
    assert SECRET not in str(raised.value)
    assert "channel" not in str(raised.value)
    assert len(chat.got) == 1, "no redirect is followed, nothing is repeated"


@pytest.mark.parametrize(
    ("after", "seconds"),
    [
        ("7", 7), ("0", 1), ("100000", 3600), (None, 60), ("soon", 60), ("-5", 60), ("9" * 400, 60),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 60), ("\u0667", 60),
    ],
)  # fmt: skip
def test_who_asks_for_patience_is_given_it_within_reason(
    chat: Chat, after: str | None, seconds: int
) -> None:
    chat.status = 429
    chat.headers = {"Retry-After": after.encode().decode("latin-1")} if after else {}
    with pytest.raises(TryLater) as raised:
        chat.webhook.post("{}")
    assert raised.value.wait == timedelta(seconds=seconds)
    assert isinstance(raised.value, Throttled)


def test_a_host_that_does_not_answer_is_unclear(chat: Chat) -> None:
    def refused(*_: object) -> http.client.HTTPConnection:
        return plainly("127.0.0.1", 1)

    with pytest.raises(Unclear, match=r"the webhook at 127\.0\.0\.1 did not answer"):
        HttpWebhook(lambda: chat.url, "http", refused).post("{}")


@pytest.mark.parametrize(
    "url",
    [
        f"http://hooks.invalid/{SECRET}", f"https://user@hooks.invalid/{SECRET}", f"file:///{SECRET}",
        f"https:///{SECRET}", f"https://hooks.invalid/{SECRET} x", f"https://hooks.invalid:x/{SECRET}",
        f"https://hooks.invalid/{SECRET}\r\nHost: evil", f"https://[/{SECRET}", SECRET,
        f"https://hooks.invalid/{SECRET}" + "x" * 3000, f"https://h\u00f6oks.invalid/{SECRET}",
    ],
)  # fmt: skip
def test_a_url_that_is_not_plain_https_is_refused_unopened_and_unsaid(url: str) -> None:
    def never(*_: object) -> http.client.HTTPConnection:
        raise AssertionError("it was opened")

    with pytest.raises(Refused) as raised:
        HttpWebhook(lambda: url, open=never).post("{}")
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None


def test_by_default_it_speaks_tls_and_checks_the_certificate() -> None:
    webhook = HttpWebhook(lambda: "https://hooks.invalid/x")
    connection = webhook.open("hooks.invalid", 443)
    assert isinstance(connection, http.client.HTTPSConnection)
    context = connection._context  # type: ignore[attr-defined]  # what the standard library kept
    assert context.check_hostname
    assert context.verify_mode.name == "CERT_REQUIRED"
    assert connection.timeout == 3
