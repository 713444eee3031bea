"""``trimtab log replay``: do the recorded ticks come out the same, and how under another policy?"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab.model.ids import ServiceId
from trimtab.model.tick import Tick
from trimtab_cli.connect import Deployment
from trimtab_cli.moments import moment_of
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.show import moment, say, say_json
from trimtab_cli.stop import REFUSED, USAGE, Stop

if TYPE_CHECKING:
    from trimtab_cli.policy.draft import Draft
    from trimtab_cli.replaying import Replayed

MOST_TICKS = 100_000
LONGEST = 400
"""Of a line that shows a difference; --json has it whole."""


def replay(
    context: typer.Context,
    service: Annotated[str, typer.Option(help="Whose ticks.", show_default=False)],
    at: Annotated[
        str | None, typer.Option(help="The last tick up to this time.", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="All ticks since then (2h, or a time).", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Up to when, likewise.", show_default="now")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="What if this document had been in force?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a tick.")] = False,
) -> None:
    """Run recorded ticks again; exit code 1 if one comes out otherwise.

    With --policy, show where that policy would have ruled differently on what each tick saw and
    remembered: tick by tick, not what would have become of it.
    """
    operator: Operator = context.obj
    name = service_named(service)
    if (at is None) == (since is None) or (at and until):
        raise Stop("give --at, or --since and perhaps --until", "", USAGE)
    draft = _draft(policy) if policy else None
    with operator.deployment() as deployment:
        if deployment.store.policy(name) is None:
            raise no_such_service(deployment, name)
        ticks = _ticks(deployment, name, at, since, until)
    _run(ticks, draft, as_json)


def _ticks(
    deployment: Deployment, service: ServiceId, at: str | None, since: str | None, until: str | None
) -> list[Tick]:
    now = deployment.now()
    if at is not None:
        end = moment_of(at, now, "--at") + timedelta(microseconds=1)
        start, limit = datetime.min.replace(year=1970, tzinfo=now.tzinfo), 1
    else:
        start = moment_of(str(since), now, "--since")
        end = moment_of(until, now, "--until") if until else now + timedelta(seconds=1)
        limit = MOST_TICKS
    found = list(deployment.ledger.ticks(service, start, end, limit))[::-1]
    if not found:
        todo = "ticks are kept for TickRetentionDays; look back further with --since"
        raise Stop(f"no tick of {service} was recorded then", todo)
    return found


def _run(ticks: list[Tick], draft: Draft | None, as_json: bool) -> None:
    from trimtab_cli.replaying import again, policy_for, under, unseen_by

    results: list[Replayed] = []
    untold: set[str] = set()
    for tick in ticks:
        if draft is None:
            result = again(tick)
        else:
            other = policy_for(draft, tick.inputs.policy)
            untold |= set(unseen_by(tick.inputs.policy, other))
            result = under(tick, other)
        results.append(result)
        _show(result, as_json)
    if not as_json:
        for each in sorted(untold):
            say(f"cannot be compared: {each}; the recorded ticks did not read it", "yellow")
        _sum_up(results, draft is not None)
    if draft is None and any(result.differs for result in results):
        raise typer.Exit(REFUSED)


def _show(result: Replayed, as_json: bool) -> None:
    if as_json:
        tick = {"tick": result.tick.id, "at": moment(result.tick.now), "skipped": result.skipped}
        say_json({**tick, "then": list(result.then), "now": list(result.now)})
    elif result.skipped:
        say(f"{moment(result.tick.now)}  not compared: {result.skipped}", "yellow")
    elif result.differs:
        say(f"{moment(result.tick.now)}  tick {result.tick.id}", "bold")
        for line in result.then:
            say(f"  - {line[:LONGEST]}", "red")
        for line in result.now:
            say(f"  + {line[:LONGEST]}", "green")


def _sum_up(results: list[Replayed], is_other_policy: bool) -> None:
    compared = sum(not result.skipped for result in results)
    differ = sum(result.differs for result in results)
    word = "would have been ruled differently" if is_other_policy else "came out differently"
    say(f"{compared:,} ticks run again, {differ:,} {word}", "bold" if differ else "green")


def _draft(file: Path) -> Draft:
    from trimtab_cli.policy.draft import parse_document

    try:
        read = parse_document(file.read_bytes(), str(file))
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}", "check the path", USAGE) from None
    if isinstance(read, tuple):
        faults = tuple(str(fault) for fault in read)
        raise Stop(f"{file} is no valid policy", "correct it", more=faults)
    return read
