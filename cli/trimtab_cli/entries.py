"""Entries of the log as an operator asks for them, and as one line each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from trimtab.model.entry import OUTCOMES, Entry, Kind, told_by
from trimtab.model.ids import ServiceId
from trimtab.model.policy import Lever
from trimtab.told.words import sentence_of
from trimtab_cli.connect import Deployment
from trimtab_cli.show import STYLE_OF, moment, text
from trimtab_cli.stop import USAGE, Stop

SHORT_ID = 10
MOST_DAYS = 400
"""How far all services are searched at once: it takes a query a day."""
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
    if end - start > timedelta(days=MOST_DAYS):
        todo = "look back less far with --since, or name one service with --service"
        raise Stop(f"all services are searched over {MOST_DAYS} days at most", todo, USAGE)
    day = start.date()
    while day <= end.date():
        for entry in deployment.ledger.of_day(day.isoformat()):
            if start <= entry.at < end:
                yield entry
        day += timedelta(days=1)


def short_id(entry: Entry) -> str:
    """The end of an entry's id: enough for ``trimtab explain``."""
    return told_by(entry)[-SHORT_ID:]


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
