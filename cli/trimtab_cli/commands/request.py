"""``trimtab request``: ask for a change; the next tick judges it like any other."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from trimtab.model.ids import FleetId, InstanceId, RouteId
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
from trimtab_cli.moments import lasting
from trimtab_cli.session import Operator, service_named
from trimtab_cli.stop import USAGE, Stop

LONGEST_NAME = 256

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
    instance, port = _target(target)
    for_how_long = lasting(lasts, "--for")
    with context.obj.deployment() as deployment:
        until = deployment.now() + for_how_long
        asked = EjectTarget(FleetId(_name(fleet)), instance, port, until)
        _ask(deployment, service, asked, why)


@app.command()
def restore(
    context: typer.Context, service: Service, fleet: Fleet, target: Target, why: Why = ""
) -> None:
    """Bring back a target that Trimtab holds out; it is left in for half an hour."""
    instance, port = _target(target)
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        asked = RestoreTarget(FleetId(_name(fleet)), instance, port)
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
        _ask(deployment, service, HoldCapacity(FleetId(_name(fleet)), size, until), why)


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
        _ask(deployment, service, HoldWeights(RouteId(_name(route)), given, until), why)


@app.command()
def release(
    context: typer.Context,
    service: Service,
    subject: Annotated[str, typer.Argument(help="'size of FLEET' or 'weights of ROUTE'.")],
    why: Why = "",
) -> None:
    """End a hold before its time."""
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        _ask(deployment, service, Release(_name(subject)), why)


def _ask(deployment: Deployment, service: str, asked: Asked, why: str) -> None:
    ask(deployment, service_named(service), [asked], reason_given(why))


def _name(given: str) -> str:
    if not given.strip() or len(given) > LONGEST_NAME or not given.isprintable():
        raise Stop(f"{given[:40]!r} cannot be a name", "see `trimtab policy show SERVICE`", USAGE)
    return given


def _target(given: str) -> tuple[InstanceId, int]:
    instance, _, port = given.rpartition(":")
    if not instance or not (port.isascii() and port.isdecimal()) or not 0 < int(port) <= 65_535:
        expected = "expected an instance (or address) and a port, such as i-0abc:8080"
        raise Stop(f"{given[:80]!r} is no target", expected, USAGE)
    return InstanceId(_name(instance)), int(port)


def _weight(given: str) -> tuple[FleetId, int]:
    fleet, _, weight = given.partition("=")
    if not fleet or not (weight.isascii() and weight.isdecimal()) or int(weight[:4]) > 999:
        raise Stop(f"{given[:80]!r} is no weight", "expected FLEET=WEIGHT, 0 to 999", USAGE)
    return FleetId(_name(fleet)), int(weight)
