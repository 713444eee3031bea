"""``trimtab pause`` and ``trimtab resume``: the switch that overrides every mode."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import uuid4

import typer

from trimtab import codec
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId, ServiceId
from trimtab.model.policy import Lever
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Pause
from trimtab_cli.connect import Deployment
from trimtab_cli.moments import lasting
from trimtab_cli.session import EVERYTHING, Operator, no_such_service, service_named
from trimtab_cli.show import moment, say
from trimtab_cli.stop import USAGE, Stop

LONGEST_WHY = 500

Service = Annotated[
    str | None, typer.Argument(help="Service; without it, everything.", show_default=False)
]


def pause(
    context: typer.Context,
    service: Service = None,
    why: Annotated[str, typer.Option(help="For the log: why.", show_default=False)] = "",
    lever: Annotated[
        list[Lever] | None, typer.Option(help="Only this lever; repeatable.", show_default="all")
    ] = None,
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long, such as 2h.", show_default="until resume")
    ] = None,
) -> None:
    """Stop all writes, of one service or of everything, at once. Watching goes on."""
    operator: Operator = context.obj
    if not why.strip():
        raise Stop("a pause needs a reason", f"--why TEXT, at most {LONGEST_WHY} characters", USAGE)
    if len(why) > LONGEST_WHY:
        raise Stop(f"--why has {len(why)} characters", f"say it in at most {LONGEST_WHY}", USAGE)
    for_how_long = lasting(lasts, "--for") if lasts else None
    with operator.deployment() as deployment:
        name, now, caller = _known(deployment, service), deployment.now(), deployment.caller()
        until = now + for_how_long if for_how_long else None
        held = Pause(frozenset(lever or Lever), caller, why, now, until)
        end = f"until {moment(until)}" if until else "until resumed"
        text = f"{', '.join(sorted(held.levers))} paused {end}: {why}"
        entry = _entry(name, Reason(ReasonCode.PAUSE_SET, text), caller, now)
        deployment.store.set_pause(name, held, entry)
    say(f"{name or 'everything'}: {text}")


def resume(context: typer.Context, service: Service = None) -> None:
    """Lift the pause of one service, or the one of everything."""
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        name, now, caller = _known(deployment, service), deployment.now(), deployment.caller()
        reason = Reason(ReasonCode.PAUSE_CLEARED, "resumed")
        deployment.store.set_pause(name, None, _entry(name, reason, caller, now))
        say(f"{name or 'everything'}: resumed")
        for left in deployment.store.pauses(name) if name else ():
            say(f"still paused with everything by {left.by}: {left.why}; `trimtab resume` lifts it")


def _known(deployment: Deployment, service: str | None) -> ServiceId | None:
    if service is None:
        return None
    name = service_named(service)
    if deployment.store.policy(name) is None:
        raise no_such_service(deployment, name)
    return name


def _entry(service: ServiceId | None, reason: Reason, caller: str, now: datetime) -> Entry:
    name = service or EVERYTHING
    # Saying the same twice is two entries, also where the clock of a saved demo stands still.
    tick = codec.ulid(now, f"{reason.code} {name} {caller} {reason.text} {uuid4()}")
    return Entry(
        service=name,
        id=EntryId(f"{tick}#000"),
        at=now,
        kind=Kind.PAUSE,
        by=caller,
        tick=tick,
        reason=reason,
        subject=f"pause of {service or 'everything'}",
    )
