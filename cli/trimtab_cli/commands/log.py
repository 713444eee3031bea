"""``trimtab log``: what was seen, refused, intended and done, in order."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

import typer

from trimtab import codec
from trimtab.model.entry import Entry, Kind
from trimtab.model.policy import Lever
from trimtab_cli.commands import export, replay, verify
from trimtab_cli.connect import Deployment
from trimtab_cli.entries import Wanted, line_of, newest
from trimtab_cli.moments import moment_of
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.show import console, say, say_json
from trimtab_cli.stop import REFUSED, Stop

POLL_SECONDS = 2.0
OVERLAP = timedelta(seconds=15)
"""How far back each look of ``--follow`` reaches: the index by day is seconds behind the log."""


app = typer.Typer(invoke_without_command=True)
app.command()(verify.verify)
app.command()(export.export)
app.command()(replay.replay)


@app.callback()
def log(
    context: typer.Context,
    service: Annotated[str | None, typer.Option(show_default="all")] = None,
    since: Annotated[str, typer.Option(help="How far back (2h), or a time (UTC).")] = "1d",
    until: Annotated[
        str | None, typer.Option(help="Up to when, likewise.", show_default="now")
    ] = None,
    kind: Annotated[list[Kind] | None, typer.Option(help="Repeatable.", show_default="all")] = None,
    lever: Annotated[
        list[Lever] | None, typer.Option(help="Repeatable.", show_default="all")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Newest, at most.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the audit log, oldest first, times in UTC; or check, export and replay it."""
    if context.invoked_subcommand is not None:
        return
    operator: Operator = context.obj
    name = service_named(service) if service else None
    wanted = Wanted(name, frozenset(kind or ()), frozenset(lever or ()))
    with operator.deployment() as deployment:
        now = deployment.now()
        end = moment_of(until, now, "--until") if until else now + timedelta(seconds=1)
        start = moment_of(since, now, "--since")
        if start >= end:
            raise Stop("--since is not before --until", "", REFUSED)
        if name and deployment.store.policy(name) is None:
            raise no_such_service(deployment, name)
        shown = newest(deployment, wanted, start, end, limit)
        for entry in shown:
            _say(entry, as_json)
        if follow:
            _follow(deployment, wanted, {_key(entry) for entry in shown}, as_json)
        elif not shown and not as_json:
            say("no such entries; look further back with --since", "dim")


def _follow(deployment: Deployment, wanted: Wanted, seen: set[str], as_json: bool) -> None:
    try:
        while True:
            time.sleep(POLL_SECONDS)
            now = deployment.now()
            window = (now - OVERLAP, now + timedelta(seconds=1))
            for entry in newest(deployment, wanted, *window, limit=100_000):
                if _key(entry) not in seen:
                    seen.add(_key(entry))
                    _say(entry, as_json)
    except KeyboardInterrupt:
        return


def _key(entry: Entry) -> str:
    return f"{entry.service} {entry.id}"


def _say(entry: Entry, as_json: bool) -> None:
    if as_json:
        say_json(codec.encode(entry))
    else:
        console().print(line_of(entry), soft_wrap=True)
