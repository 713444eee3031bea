"""``trimtab log verify``: has anybody edited, removed, inserted or reordered entries?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from trimtab.adapters.breaks import Break, Fault
from trimtab.adapters.chain import START
from trimtab.adapters.verify import Heads, Verified
from trimtab.adapters.verify import verify as walk
from trimtab.errors import Malformed
from trimtab.model.ids import ServiceId
from trimtab.model.link import Head
from trimtab_cli.anchors import anchors_in
from trimtab_cli.connect import Deployment
from trimtab_cli.session import EVERYTHING, Operator, no_such_service, service_named
from trimtab_cli.show import say, say_json
from trimtab_cli.stop import REFUSED, USAGE, Stop


def verify(
    context: typer.Context,
    service: Annotated[
        list[str] | None, typer.Option(help="Repeatable.", show_default="all")
    ] = None,
    anchor: Annotated[
        Path | None, typer.Option(help="Exported anchors, a file or a folder, to hold it against.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a service.")] = False,
) -> None:
    """Walk the hash chains and name the first bad link of each; exit code 1 if there is one."""
    operator: Operator = context.obj
    anchors = anchors_in(_text_of(anchor)) if anchor else {}
    with operator.deployment() as deployment:
        names = _named(deployment, service) if service else _all(deployment, anchors)
        good = [_one(deployment, name, anchors.get(name, {}), as_json) for name in names]
    if not all(good):
        raise typer.Exit(REFUSED)


def _named(deployment: Deployment, services: list[str]) -> list[ServiceId]:
    known = {listed.service for listed in deployment.store.services()}
    names = [
        EVERYTHING if name == EVERYTHING else service_named(name)
        for name in dict.fromkeys(services)
    ]
    for name in names:
        if name not in known and name != EVERYTHING:
            raise no_such_service(deployment, name)
    return names


def _all(deployment: Deployment, anchors: Mapping[ServiceId, object]) -> list[ServiceId]:
    known = {listed.service for listed in deployment.store.services()}
    return sorted(known | {EVERYTHING} | anchors.keys())


def _one(
    deployment: Deployment, service: ServiceId, anchors: Mapping[int, Head], as_json: bool
) -> bool:
    reading = Break.HEAD
    try:
        before = deployment.store.heads([service]).get(service, START)
        reading = Break.EDITED
        links = list(deployment.ledger.links(service))
        reading = Break.HEAD
        after = deployment.store.heads([service]).get(service, START)
        found = walk(links, Heads(before, after, anchors), deployment.now())
    except Malformed as damage:
        found = Verified(0, 0, START, Fault(reading, 0, "", str(damage)))
    if as_json:
        say_json(_json_of(service, found))
    else:
        _say(service, found, len(anchors))
    return found.fault is None


def _say(service: ServiceId, found: Verified, anchored: int) -> None:
    beside = [
        f"; {count:,} {what}"
        for count, what in (
            (found.expired, "expired"),
            (found.overdue, "due to expire, not covered any more"),
            (found.unlinked, "older than the chain, not covered"),
        )
        if count
    ]
    others = "".join(beside)
    if found.fault is None:
        times = "1 anchor" if anchored == 1 else f"{anchored} anchors"
        also = f", as {times} said" if anchored else ""
        end = f"head {found.head.hash[:12]}" if found.head.n else "no chain yet"
        say(f"{service}: {found.checked:,} entries hold, {end}{also}{others}", "green")
        return
    where = f" (entry {found.fault.entry})" if found.fault.entry else ""
    at = f"{service}: BROKEN at {found.fault.n}{where}"
    say(f"{at}: {found.fault.kind}: {found.fault.text}{others}", "bold red")


def _json_of(service: ServiceId, found: Verified) -> dict[str, object]:
    fault = found.fault and {
        "kind": found.fault.kind.value,
        "n": found.fault.n,
        "entry": found.fault.entry,
        "text": found.fault.text,
    }
    return {
        "service": service,
        "entries": found.checked,
        "unlinked": found.unlinked,
        "expired": found.expired,
        "overdue": found.overdue,
        "n": found.head.n,
        "hash": found.head.hash,
        "fault": fault,
    }


def _text_of(file: Path) -> str:
    try:
        files = sorted(file.rglob("*.json")) if file.is_dir() else [file]
        return "\n".join(each.read_text(encoding="utf-8") for each in files)
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read: {error}", "check the path", USAGE) from None
