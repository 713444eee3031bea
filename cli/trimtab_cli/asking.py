"""Asks a service for something: stored with its log entry, heard by the next tick."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from trimtab import codec
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import Asked, cited_by, words_of
from trimtab_cli.connect import Deployment
from trimtab_cli.session import no_such_service
from trimtab_cli.show import say
from trimtab_cli.stop import USAGE, Stop

LONGEST_WHY = 500
MOST_AT_ONCE = 80
"""Requests in one transaction."""


def reason_given(why: str) -> str:
    """Take ``--why`` from the command line."""
    if not why.strip():
        todo = f"--why TEXT, at most {LONGEST_WHY} characters"
        raise Stop("what you ask for needs a reason", todo, USAGE)
    if len(why) > LONGEST_WHY:
        raise Stop(f"--why has {len(why)} characters", f"say it in at most {LONGEST_WHY}", USAGE)
    return why


def ask(deployment: Deployment, service: ServiceId, asked: Sequence[Asked], why: str) -> None:
    """Store requests of one service in this order, wake it, and say how to follow them."""
    if deployment.store.policy(service) is None:
        raise no_such_service(deployment, service)
    if len(asked) > MOST_AT_ONCE:
        raise Stop(f"{len(asked)} requests at once", f"ask for at most {MOST_AT_ONCE}")
    caller, now = deployment.caller(), deployment.now()
    tick = codec.ulid(now, f"{service} {caller} {why} {uuid4()}")
    entries = [
        _entry(service, EntryId(f"{tick}#{n:03d}"), what, (caller, now, why))
        for n, what in enumerate(asked)
    ]
    deployment.store.request(entries)
    woken = deployment.wake(service, entries[0].id)
    when = "now" if woken else "within a minute"
    for entry in entries:
        say(f"{service}: asked to {entry.subject}")
    say(f"it is heard {when}; what comes of it: trimtab explain '{entries[0].id}'", "dim")


def _entry(service: ServiceId, key: EntryId, what: Asked, said: tuple[str, datetime, str]) -> Entry:
    by, at, why = said
    return Entry(
        service=service,
        id=key,
        at=at,
        kind=Kind.REQUESTED,
        by=by,
        tick=key.split("#", maxsplit=1)[0],
        reason=Reason(ReasonCode.REQUESTED, why),
        subject=words_of(what),
        intent=cited_by(what),
        asked=what,
    )
