"""``trimtab request``: ask for a change; the next tick judges it like any other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from trimtab.model.ids import FleetId, RouteId
from trimtab.model.request import (
    Asked,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    Release,
    RestoreTarget,
)
from trimtab_cli.asking import ask, reason_given
from trimtab_cli.connect import Deployment
from trimtab_cli.moments import lasting, moment_of
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.stop import USAGE, Stop
from trimtab_cli.subject import name_given, protection_of, target_given

app = typer.Typer(
    no_args_is_help=True,
    help="Ask for a change. It is heard within a minute; every guard looks.",
)

Service = Annotated[str, typer.Argument(help="Service.")]
Fleet = Annotated[str, typer.Argument(help="Fleet, as the policy names it.")]
Target = Annotated[str, typer.Argument(help="Instance (or address) and port: i-0abc:8080.")]
Why = Annotated[str, typer.Option(help="For the log: why.", show_default=False)]
For = Annotated[str, typer.Option("--for", help="How long, such as 2h.")]


@app.command()
def eject(
    context: typer.Context,
    service: Service,
    fleet: Fleet,
    target: Target,
    why: Why = "",
    lasts: For = "1h",
) -> None:
    """Take a target out of rotation for a while."""
    instance, port = target_given(target)
    for_how_long = lasting(lasts, "--for")
    with context.obj.deployment() as deployment:
        until = deployment.now() + for_how_long
        asked = EjectTarget(FleetId(name_given(fleet)), instance, port, until)
        _ask(deployment, service, asked, why)


@app.command()
def restore(
    context: typer.Context, service: Service, fleet: Fleet, target: Target, why: Why = ""
) -> None:
    """Bring back a target that Trimtab holds out; it is left in for half an hour."""
    instance, port = target_given(target)
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        asked = RestoreTarget(FleetId(name_given(fleet)), instance, port)
        _ask(deployment, service, asked, why)


@app.command()
def hold_capacity(
    context: typer.Context,
    service: Service,
    fleet: Fleet,
    size: Annotated[int, typer.Argument(min=0, help="Targets.")],
    why: Why = "",
    lasts: For = "1h",
) -> None:
    """Bring a fleet's group to a size and leave it there for a while."""
    for_how_long = lasting(lasts, "--for")
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        until = deployment.now() + for_how_long
        _ask(deployment, service, HoldCapacity(FleetId(name_given(fleet)), size, until), why)


@app.command()
def hold_weights(
    context: typer.Context,
    service: Service,
    route: Annotated[str, typer.Argument(help="Route, as the policy names it.")],
    weights: Annotated[list[str], typer.Argument(help="FLEET=WEIGHT of each of its fleets.")],
    why: Why = "",
    lasts: For = "1h",
) -> None:
    """Bring a route to weights and leave it there for a while."""
    given = dict(_weight(each) for each in weights)
    if len(given) != len(weights):
        raise Stop("a fleet is named twice", "give each fleet one weight", USAGE)
    for_how_long = lasting(lasts, "--for")
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        until: datetime = deployment.now() + for_how_long
        _ask(deployment, service, HoldWeights(RouteId(name_given(route)), given, until), why)


@app.command()
def protect(
    context: typer.Context,
    service: Service,
    subject: Annotated[str, typer.Argument(help="FLEET/INSTANCE:PORT, FLEET or ROUTE.")],
    why: Why = "",
    lasts: For = "1h",
    until: Annotated[
        str | None, typer.Option(help="Instead of --for: a time (UTC).", show_default=False)
    ] = None,
) -> None:
    """Let nothing be taken from a target, a fleet or a route for a while; giving back goes on."""
    for_how_long = lasting(lasts, "--for")
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        now, name = deployment.now(), service_named(service)
        end = moment_of(until, now, "--until") if until else now + for_how_long
        if end <= now:
            raise Stop(f"--until {until!r} is over", "expected a time to come", USAGE)
        policy = deployment.store.policy(name)
        if policy is None:
            raise no_such_service(deployment, name)
        ask(deployment, name, [protection_of(subject, policy, end)], reason_given(why))


@app.command()
def release(
    context: typer.Context,
    service: Service,
    subject: Annotated[str, typer.Argument(help="As `trimtab status` names it: 'size of FLEET'.")],
    why: Why = "",
) -> None:
    """End a hold or a protection before its time."""
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        _ask(deployment, service, Release(name_given(subject)), why)


def _ask(deployment: Deployment, service: str, asked: Asked, why: str) -> None:
    ask(deployment, service_named(service), [asked], reason_given(why))


def _weight(given: str) -> tuple[FleetId, int]:
    fleet, _, weight = given.partition("=")
    if not fleet or not (weight.isascii() and weight.isdecimal()) or int(weight[:4]) > 999:
        raise Stop(f"{given[:80]!r} is no weight", "expected FLEET=WEIGHT, 0 to 999", USAGE)
    return FleetId(name_given(fleet)), int(weight)
