"""``trimtab log export``: the log for spreadsheets, SIEMs and auditors."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated

import typer

from trimtab.adapters.chain import START
from trimtab.adapters.records import stamp
from trimtab.errors import Malformed
from trimtab.model.ids import ServiceId
from trimtab.model.link import Link
from trimtab_cli.connect import Deployment
from trimtab_cli.exported import FORMATS, Format
from trimtab_cli.moments import moment_of
from trimtab_cli.session import EVERYTHING, Operator, no_such_service, service_named
from trimtab_cli.show import say
from trimtab_cli.stop import USAGE, Stop


def export(
    context: typer.Context,
    layout: Annotated[
        Format, typer.Option("--format", help="JSON Lines to verify, CSV to read.")
    ] = Format.JSONL,
    service: Annotated[str | None, typer.Option(show_default="all")] = None,
    since: Annotated[
        str | None, typer.Option(help="How far back, or a time.", show_default="ever")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Up to when, likewise.", show_default="now")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file.", show_default="standard output")
    ] = None,
) -> None:
    """Write the log's entries, by service and in the order of their chains."""
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        now = deployment.now()
        start = stamp(moment_of(since, now, "--since")) if since else ""
        end = stamp(moment_of(until, now, "--until")) if until else "~"
        names = _services(deployment, service)
        gone: dict[ServiceId, int] = {}
        found = (link for name in names for link in _links(deployment, name, (start, end), gone))
        lines = FORMATS[layout](found)
        if out is None:
            _write(lines, sys.stdout)
            _say_gone(gone)
            return
        try:
            with out.open("w", encoding="utf-8", newline="") as opened:
                count = _write(lines, opened)
        except OSError as error:
            raise Stop(f"{out} cannot be written: {error.strerror}", "", USAGE) from None
    say(f"{count:,} lines written to {out}")
    _say_gone(gone)


def _services(deployment: Deployment, service: str | None) -> list[ServiceId]:
    known = sorted(listed.service for listed in deployment.store.services())
    if service is None:
        return [EVERYTHING, *known]
    name = EVERYTHING if service == EVERYTHING else service_named(service)
    if name not in (EVERYTHING, *known):
        raise no_such_service(deployment, name)
    return [name]


def _links(
    deployment: Deployment,
    service: ServiceId,
    when: tuple[str, str],
    gone: dict[ServiceId, int],
) -> Iterator[Link]:
    """A service's entries of a time, by their place in the chain; older ones without, first.

    Counts in ``gone`` how many of all entries that its chain had are not there.
    """
    try:
        head = deployment.store.heads([service]).get(service, START)
    except Malformed:  # verify names it; what is in the log can be exported all the same
        head = START
    there = list(deployment.ledger.links(service))
    gone[service] = head.n - len({link.n for link in there if 0 < link.n <= head.n})
    links = (link for link in there if when[0] <= link.columns.get("at_id", "") < when[1])
    yield from sorted(links, key=lambda link: (link.n, link.columns.get("at_id", "")))


def _say_gone(gone: Mapping[ServiceId, int]) -> None:
    """Tell, beside the lines, what a reader of them will not find."""
    for service, count in gone.items():
        if count:
            what = f"{service}: {count:,} entries are not in the log any more"
            typer.echo(f"{what}; `trimtab log verify` tells whether they expired", err=True)


def _write(lines: Iterator[str], file: IO[str]) -> int:
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count
