r"""One line of an Application Load Balancer's access log, by AWS's documented fields. Pure.

Fields are separated by one space; those with text from outside are in double quotes, inside which
the load balancer writes a quote as ``\x22``. New fields come at the end and are left alone. What
is not a line of that form is no line: ``read`` answers ``None`` and never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

FIELDS: tuple[str, ...] = (
    "type", "time", "elb", "client:port", "target:port", "request_processing_time",
    "target_processing_time", "response_processing_time", "elb_status_code", "target_status_code",
    "received_bytes", "sent_bytes", '"request"', '"user_agent"', "ssl_cipher", "ssl_protocol",
    "target_group_arn", '"trace_id"', '"domain_name"', '"chosen_cert_arn"',
    "matched_rule_priority", "request_creation_time", '"actions_executed"', '"redirect_url"',
    '"error_reason"', '"target:port_list"', '"target_status_code_list"', '"classification"',
    '"classification_reason"', "conn_trace_id", '"transformed_host"', '"transformed_uri"',
    '"request_transform_status"',
)  # fmt: skip
"""The fields in AWS's order and by AWS's names; those in quotes stand in quotes."""
REQUIRED = FIELDS.index("target_group_arn") + 1
"""A line has these at least; the others came over the years, each at the end."""

NO_ANSWER = frozenset({b"502", b"504"})
"""What the load balancer says for a target that broke off, made no sense or never answered."""
CLIENT_LEFT = b"460"
"""What the load balancer says where the client closed the connection before the target answered."""


class Outcome(StrEnum):
    """What a line says of its target."""

    ANSWERED = "answered"
    FAILED = "failed"
    LEFT = "left"
    """The client did not wait: no failure, but the target had not answered by then."""
    UNTOLD = "untold"
    """Nothing: no target was asked, or the load balancer answered for reasons of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """What we take of a line: ``minute`` as ``2026-03-02T12:04``, ``target`` as ``10.0.0.1:80``.

    ``seconds`` is the time to the first byte of the answer; of a client that left, how long the
    target had had (it would have taken that long at least); ``None`` where nobody says.
    """

    minute: bytes
    target_group: bytes
    target: bytes
    outcome: Outcome
    status: bytes
    seconds: float | None


_TIME = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d(?:\.\d{1,9})?)Z"
_SECONDS = rb"(-1|-|\d{1,9}(?:\.\d{1,9})?)"
_STATUS = rb"(-|\d{3})"
_PORT = rb"(-|[^ \"]{1,80}:\d{1,5})"
_TARGET_GROUP = rb"(-|arn:[^ \"]{1,300})"
_SHAPES: dict[str, bytes] = {
    "type": rb"(?:https?|h2|grpcs|wss?)",
    "time": _TIME,
    "target:port": _PORT,
    "request_processing_time": _SECONDS,
    "target_processing_time": _SECONDS,
    "elb_status_code": _STATUS,
    "target_status_code": _STATUS,
    "target_group_arn": _TARGET_GROUP,
    "request_creation_time": _TIME,
}
"""The fields we take, by name, and the types there are (AWS: ignore any other); of all other
fields only that they are there."""
_LAST_TAKEN = FIELDS.index("request_creation_time") + 1


def _pattern(quoted: bytes) -> re.Pattern[bytes]:
    """Build the form of a line in which ``quoted`` is what may stand between quotes."""

    def shape(name: str) -> bytes:
        plain = b'"' + quoted + b'"' if name.startswith('"') else rb"[^ \"]+"
        return _SHAPES.get(name, plain)

    later = b" ".join(shape(name) for name in FIELDS[REQUIRED:_LAST_TAKEN])
    return re.compile(
        b" ".join(shape(name) for name in FIELDS[:REQUIRED]) + b"(?: " + later + b"(?= |$))?(?= |$)"
    )


_AS_WRITTEN = _pattern(rb"[^\"]*")
_BACKSLASHED = _pattern(rb"[^\"\\]*(?:\\.[^\"\\]*)*")


def read(line: bytes) -> Line | None:
    """Read one line (without its newline); ``None`` if it is not one of an access log."""
    found = _groups(line)
    if found is None:
        return None
    minute, second, target, before, took, said, status, group, asked, asked_second = found
    if target == b"-" or group == b"-":
        return Line(minute, group, b"", Outcome.UNTOLD, said, None)
    outcome = _outcome(said, status)
    seconds = _number(took)
    if outcome is Outcome.LEFT:
        seconds = _waited((minute, second), (asked, asked_second), _number(before))
    return Line(minute, group, target, outcome, said if status == b"-" else status, seconds)


def _groups(line: bytes) -> tuple[bytes, ...] | None:
    r"""Take a line apart, in the one way in which that can be done.

    A backslash before a quote is a text's last character, or a way of writing a quote inside it.
    Where both make a line and not the same one, somebody forged it: that is no line.
    """
    found = _AS_WRITTEN.match(line)
    if b'\\"' not in line:
        return found.groups() if found else None
    other = _BACKSLASHED.match(line)
    ways = {way.groups() for way in (found, other) if way}
    return ways.pop() if len(ways) == 1 else None


def _outcome(said: bytes, status: bytes) -> Outcome:
    """Tell what the two status codes say of the target that was asked.

    A 5xx of the target is its failure, and so is a 502 or 504 of the load balancer, whatever the
    target had said by then: it closed the connection, answered what is no HTTP, or not at all. A
    460 is the client's doing. Every other code without one of the target (000, 400, 403, 408, 463,
    464, 500, 503, 505, 561) is the load balancer's own, about the request or about itself.

    Worked example: ``200 200`` and ``404 404`` are answers, ``500 500``, ``502 -`` and ``504 -``
    failures, ``503 -`` and ``000 -`` say nothing.
    """
    if said in NO_ANSWER or status[:1] == b"5":
        return Outcome.FAILED
    if said == CLIENT_LEFT:
        return Outcome.LEFT
    return Outcome.UNTOLD if status == b"-" else Outcome.ANSWERED


def _number(text: bytes) -> float | None:
    return None if text in {b"-1", b"-"} else float(text)


def _waited(
    ended: tuple[bytes, bytes], asked: tuple[bytes | None, bytes | None], before: float | None
) -> float | None:
    """Return how long the target had had when the client left, from request to log entry.

    Only within one hour of one day: more than that is no client's patience.
    """
    if asked[0] is None or asked[1] is None or ended[0][:13] != asked[0][:13]:
        return None
    minutes = int(ended[0][14:]) - int(asked[0][14:])
    waited = 60 * minutes + float(ended[1]) - float(asked[1]) - (before or 0.0)
    return waited if waited >= 0 else None
