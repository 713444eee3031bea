"""``trimtab approve``, ``reject`` and ``undo``: answers to what the log says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.ids import ServiceId
from trimtab.model.reason import ReasonCode
from trimtab.model.request import Approve, Reject, Undo
from trimtab_cli.asking import ask, reason_given
from trimtab_cli.connect import Deployment
from trimtab_cli.entries import Wanted, line_of, newest
from trimtab_cli.find import Story, find, log_begins
from trimtab_cli.moments import moment_of
from trimtab_cli.order import in_safe_order
from trimtab_cli.session import Operator, service_named
from trimtab_cli.show import console, moment, say
from trimtab_cli.stop import USAGE, Stop

BACK = timedelta(days=14)
"""How far back an entry is looked for by a part of its id."""

Which = Annotated[str, typer.Argument(help="Id of an entry; its beginning or end will do.")]
Service = Annotated[str | None, typer.Option(help="Whose entry.", show_default="all")]
Why = Annotated[str, typer.Option(help="For the log: why.", show_default=False)]


def approve(context: typer.Context, entry: Which, service: Service = None, why: Why = "") -> None:
    """Approve what an awaiting entry proposes; done if it still stands and every guard agrees."""
    _answer(context.obj, entry, service, why or "approved", approves=True)


def reject(context: typer.Context, entry: Which, service: Service = None, why: Why = "") -> None:
    """Reject what an awaiting entry proposes; it is not asked again while it stays the same."""
    _answer(context.obj, entry, service, reason_given(why), approves=False)


def undo(
    context: typer.Context,
    entry: Annotated[
        str | None, typer.Argument(help="Id of an intent; a part will do.", show_default=False)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Undo all that was done since (2h, or a time).", show_default=False),
    ] = None,
    service: Service = None,
    why: Why = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what it is.")] = False,
) -> None:
    """Take back one action, or everything since a time, if that is still safe."""
    operator: Operator = context.obj
    if (entry is None) == (since is None):
        raise Stop("undo needs one entry, or --since", "trimtab undo ENTRY, or --since 2h", USAGE)
    text = why if dry_run else reason_given(why)
    name = service_named(service) if service else None
    with operator.deployment() as deployment:
        if entry is not None:
            found = [_intent(deployment, entry, name)]
        else:
            found = _done_since(deployment, since or "", name)
        if dry_run:
            for each in found:
                console().print(line_of(each), soft_wrap=True)
            return
        for whose in dict.fromkeys(each.service for each in found):
            theirs = [Undo(each.id) for each in found if each.service == whose]
            ask(deployment, whose, theirs, text)


def _answer(
    operator: Operator, given: str, service: str | None, why: str, *, approves: bool
) -> None:
    text = reason_given(why)
    name = service_named(service) if service else None
    with operator.deployment() as deployment:
        entry = _whole(find(deployment, given, name, BACK)).entry
        if entry.kind is not Kind.AWAITING:
            todo = "see what awaits approval: trimtab log --kind awaiting"
            raise Stop(f"{entry.id} is {entry.kind}: it awaits no approval", todo)
        asked = Approve(entry.id) if approves else Reject(entry.id)
        ask(deployment, entry.service, [asked], text)


def _intent(deployment: Deployment, given: str, service: ServiceId | None) -> Entry:
    """Find an intent; of an approved proposal, the one that carried it out."""
    story = _whole(find(deployment, given, service, BACK))
    if story.entry.kind is Kind.INTENDED:
        return story.entry
    about = [e for e in story.thread if e.kind is Kind.INTENDED and e.intent == story.entry.id]
    if about:
        return about[0]
    what = f"{story.entry.id} is {story.entry.kind}: it did nothing that could be undone"
    raise Stop(what, "see what was done: trimtab log --kind applied")


def _whole(story: Story) -> Story:
    """Refuse to act on what the log no longer tells in full."""
    if story.expired:
        raise Stop(f"{story.entry.id}: {story.expired}", "nothing is done on half a story")
    return story


def _done_since(deployment: Deployment, since: str, service: ServiceId | None) -> list[Entry]:
    """All that was done since, in a safe order, without what was itself an undo."""
    now = deployment.now()
    start, end = moment_of(since, now, "--since"), now + timedelta(seconds=1)
    wanted = Wanted(service, frozenset({Kind.INTENDED}), frozenset())
    whose = [service] if service else [each.service for each in deployment.store.services()]
    begun = [at for each in whose if (at := log_begins(deployment, each)) is not None]
    if begun and start < max(begun):
        say(f"the log begins on {moment(max(begun))}: what was done before has expired", "yellow")
    intents = newest(deployment, wanted, start, end, limit=10_000)
    found = in_safe_order(each for each in intents if _is_done(deployment, each))
    if not found:
        raise Stop("nothing was done since then", "look further back with --since")
    return found


def _is_done(deployment: Deployment, intent: Entry) -> bool:
    if intent.wanted is not None and intent.wanted.code is ReasonCode.UNDOING:
        return False
    outcome = deployment.ledger.entry(intent.service, outcome_id(intent.id))
    return outcome is not None and outcome.kind is Kind.APPLIED


__all__: Sequence[str] = ("approve", "reject", "undo")
