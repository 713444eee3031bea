"""A chat program's incoming webhook: one POST over TLS, and nothing of the answer believed.

The URL is a secret: whoever has it can post. It is in no error and no log line; its host is.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from trimtab import __version__
from trimtab.errors import Refused, TryLater, Unclear

TIMEOUT_S = 3.0
LONGEST_URL = 2048
DEFAULT_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)

Open = Callable[[str, int], http.client.HTTPConnection]


def over_tls(host: str, port: int) -> http.client.HTTPConnection:
    """Connect to a host whose certificate is valid for its name."""
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)


@dataclass(frozen=True, slots=True)
class HttpWebhook:
    """Port ``Webhook``. ``url`` is asked for at each post: it may be changed meanwhile."""

    url: Callable[[], str]
    scheme: str = "https"
    open: Open = over_tls

    def post(self, body: str) -> None:
        """Post once, without following redirects. Anything but 2xx is an error."""
        host, port, path = _parts(self.url(), self.scheme)
        connection = self.open(host, port)
        try:
            status, after = _answer(connection, path, body)
        except (OSError, http.client.HTTPException) as error:
            kind = type(error).__name__
            raise Unclear(f"the webhook at {host} did not answer: {kind}") from None
        finally:
            connection.close()
        _judge(host, status, after)


def _parts(url: str, scheme: str) -> tuple[str, int, str]:
    """Take a URL apart; ``Refused`` says what is wrong with it, without repeating it."""
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or (443 if scheme == "https" else 80)
    except ValueError:
        raise Refused("the webhook's URL cannot be read; store it anew") from None
    plain = text.isascii() and text.isprintable() and " " not in text
    if parts.scheme != scheme or not host or parts.username or not plain or len(text) > LONGEST_URL:
        expected = f"{scheme}://HOST/PATH, of visible ASCII, without a user"
        raise Refused(f"the webhook's URL is not {expected}; store it anew")
    path = parts.path or "/"
    return host, port, f"{path}?{parts.query}" if parts.query else path


def _answer(connection: http.client.HTTPConnection, path: str, body: str) -> tuple[int, str | None]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"trimtab/{__version__}",
        "Connection": "close",
    }
    connection.request("POST", path, body.encode(), headers)
    response = connection.getresponse()
    return response.status, response.getheader("Retry-After")


def _judge(host: str, status: int, after: str | None) -> None:
    match status // 100:
        case 2:
            return
        case 3:
            raise Refused(f"the webhook at {host} answered {status}: redirects are not followed")
        case 4 if status == http.HTTPStatus.TOO_MANY_REQUESTS:
            wait = _wait(after)
            asked = f"{wait.total_seconds():.0f} s"
            raise TryLater(f"the webhook at {host} asks us to wait for {asked}", wait)
        case 4:
            raise Refused(f"the webhook at {host} answered {status}: is its URL still valid?")
        case _:
            raise Unclear(f"the webhook at {host} answered {status}")


def _wait(after: str | None) -> timedelta:
    """Read Retry-After in seconds; a date, or what is no number, is the default."""
    text = (after or "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004 (digits)
        return DEFAULT_WAIT
    return min(max(timedelta(seconds=int(text)), timedelta(seconds=1)), LONGEST_WAIT)
