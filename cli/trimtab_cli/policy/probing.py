"""The document's ``health.probe`` section: what our own probe asks each target."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from trimtab.model.probe import ProbePolicy, Scheme, Statuses
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import Expected, duration, text, whole, word
from trimtab_cli.policy.forms import as_written, default_of

PATH = text("a path such as /health?deep=1 (printable, no spaces, no #)", r"/[!-\"$-~]{0,1023}")
HOST = text("a host name", r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
BODY = text("1 to 200 printable ASCII characters", r"[ -~]{1,200}")
_ONE = r"[1-5][0-9]{2}(?:-[1-5][0-9]{2})?"
_SEVERAL = re.compile(rf"{_ONE}(?:,{_ONE}){{0,9}}")


def _statuses(value: object) -> str:
    """Check ``200``, which YAML reads as a number, or ``200-299,304``."""
    written = str(value) if type(value) in (int, str) else ""
    if not _SEVERAL.fullmatch(written):
        raise ValueError("")
    return written


STATUSES = Expected(
    "HTTP statuses such as 200 or 200-399, several with commas",
    _statuses,
    {
        "anyOf": [
            {"type": "integer", "minimum": 100, "maximum": 599},
            {"type": "string", "pattern": f"^{_SEVERAL.pattern}$"},
        ]
    },
)


class ProbeDoc(Doc):
    """A detector of our own: a function in your VPC asks each target itself, every minute.

    It needs the stack's parameters for it (docs/probe.md). A probe that fails everywhere, or
    everywhere from one zone, is a broken probe: it says so and holds it against no target.
    """

    scheme: Annotated[Scheme, word(Scheme)] = Field(
        default=default_of(ProbePolicy, "scheme"),
        description="`http` or `https` ask for a path, `tcp` only connects. Certificates are not "
        "verified: a target is asked by its address.",
    )
    path: Annotated[str, PATH] = Field(
        default=default_of(ProbePolicy, "path"),
        description="What is asked for. Best a page that does what users need and nothing more.",
        examples=["/deep"],
    )
    port: Annotated[int, whole(1, 65_535)] | None = Field(
        default=None,
        description="Port that is asked; without it the one the target is registered with.",
    )
    host: Annotated[str, HOST] | None = Field(
        default=None,
        description="Name that targets are asked by (`Host`, and the name in TLS); without it "
        "their address.",
        examples=["shop.example.com"],
    )
    statuses: Annotated[str, STATUSES] = Field(
        default="200-299",
        description="HTTP statuses of a good answer. Redirects are not followed.",
        examples=["200,204"],
    )
    body: Annotated[str, BODY] | None = Field(
        default=None,
        description="Text that a good answer has within its first 64 KiB.",
        examples=["ready"],
    )
    timeout: Annotated[timedelta, duration("1s", "10s")] = Field(
        default=default_of(ProbePolicy, "timeout"),
        description="Time for all of it, from connecting to the last byte needed. Above 10s the "
        "probe could not ask everybody each minute.",
    )
    failures: Annotated[int, whole(1, 10)] = Field(
        default=default_of(ProbePolicy, "failures"),
        description="Bad answers in a row, one a minute, from which on a target is failing.",
    )
    passes: Annotated[int, whole(1, 30)] = Field(
        default=default_of(ProbePolicy, "passes"),
        description="Good answers in a row by which a target that is held out shows that it "
        "recovered.",
    )


def probe_of(doc: ProbeDoc) -> ProbePolicy:
    """Return what a document's section means."""
    given = {name: value for name, value in dict(doc).items() if value is not None}
    return ProbePolicy(**given | {"statuses": statuses_of(doc.statuses)})


def statuses_of(written: str) -> tuple[Statuses, ...]:
    """Read ``200-299,304``; the smaller end of a range may stand on either side."""
    ranges = []
    for part in written.split(","):
        first, _, last = part.partition("-")
        ends = sorted((int(first), int(last or first)))
        ranges.append(Statuses(*ends))
    return tuple(ranges)


def written_probe(probe: ProbePolicy) -> dict[str, Any]:
    """Return a probe's section as a document has it; what is not given is left out."""
    shown = ",".join(
        str(s.first) if s.first == s.last else f"{s.first}-{s.last}" for s in probe.statuses
    )
    return {
        "scheme": probe.scheme.value,
        "path": probe.path,
        **({"port": probe.port} if probe.port is not None else {}),
        **({"host": probe.host} if probe.host else {}),
        "statuses": shown,
        **({"body": probe.body} if probe.body else {}),
        "timeout": as_written("timeout", probe.timeout),
        "failures": probe.failures,
        "passes": probe.passes,
    }
