"""``trimtab log``: what was seen, refused, intended and done, in order."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer
from rich.text import Text

from trimtab import codec
from trimtab.model.entry import OUTCOMES, Entry, Kind
from trimtab.model.ids import ServiceId
from trimtab.model.policy import Lever
from trimtab.notify import sentence_of
from trimtab_cli.connect import Deployment
from trimtab_cli.moments import moment_of
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.show import STYLE_OF, console, moment, say, say_json, text
from trimtab_cli.stop import REFUSED, Stop

POLL_SECONDS = 2.0
OVERLAP = timedelta(seconds=15)
"""How far back each look of ``--follow`` reaches: the index by day is seconds behind the log."""
SHORT_ID = 10
KIND_WIDTH = max(len(kind) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries."""

    service: ServiceId | None
    kinds: frozenset[Kind]
    levers: frozenset[Lever]

    def takes(self, entry: Entry) -> bool:
        """Whether an entry is among them."""
        return (not self.kinds or entry.kind in self.kinds) and (
            not self.levers or entry.lever in self.levers
        )


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
    """Show the audit log, oldest first, times in UTC."""
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


def newest(
    deployment: Deployment, wanted: Wanted, start: datetime, end: datetime, limit: int
) -> list[Entry]:
    """The newest wanted entries from ``start`` to before ``end``, oldest first."""
    kept: deque[Entry] = deque(maxlen=limit)
    if wanted.service is not None:
        for entry in deployment.ledger.of_service(wanted.service, start, end, newest_first=True):
            if wanted.takes(entry):
                kept.appendleft(entry)
            if len(kept) == limit:
                break
        return list(kept)
    kept.extend(entry for entry in everything(deployment, start, end) if wanted.takes(entry))
    return list(kept)


def everything(deployment: Deployment, start: datetime, end: datetime) -> Iterator[Entry]:
    """All services' entries from ``start`` to before ``end``, by time."""
    day = start.date()
    while day <= end.date():
        for entry in deployment.ledger.of_day(day.isoformat()):
            if start <= entry.at < end:
                yield entry
        day += timedelta(days=1)


def short_id(entry: Entry) -> str:
    """The end of an entry's id: enough for ``trimtab explain``."""
    intent = entry.intent or entry.id
    return intent[-SHORT_ID:]


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


def line_of(entry: Entry) -> Text:
    """One entry on one line: when, whose, what kind, what, why, and its id's end."""
    what = sentence_of(entry.change) if entry.change else entry.subject
    parts = [text(f"{moment(entry.at)}  ", "dim"), text(f"{entry.service}  ")]
    parts.append(text(f"{entry.kind:<{KIND_WIDTH}}  ", STYLE_OF[entry.kind]))
    parts.append(text(what or entry.subject or "-"))
    if entry.wanted and entry.kind not in OUTCOMES:
        parts.append(text(f"  because {entry.wanted.text} ({entry.wanted.code})"))
    if entry.kind is not Kind.INTENDED:
        parts.append(text(f": {entry.reason.text} ({entry.reason.code})"))
    parts.append(text(f"  {short_id(entry)}", "dim"))
    return Text.assemble(*parts)
