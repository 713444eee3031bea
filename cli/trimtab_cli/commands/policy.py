"""``trimtab policy``: check a document, apply it, show what is in force."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimtab import codec
from trimtab.model.change import subject_of
from trimtab.model.entry import Entry, Kind
from trimtab.model.ids import EntryId
from trimtab.model.policy import FleetPolicy, Lever, Mode, Policy
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Remembered
from trimtab.ports import Store
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.show import complain, moment, say, say_json
from trimtab_cli.stop import REFUSED, USAGE, Stop

if TYPE_CHECKING:
    from trimtab_cli.policy.draft import Draft
    from trimtab_cli.policy.fault import Faults

app = typer.Typer(no_args_is_help=True, help="Check, apply and show policies.")

File = Annotated[Path, typer.Argument(help="Policy document (YAML).", show_default=False)]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Policy documents.", show_default=False)],
) -> None:
    """Check documents and name every mistake. Needs no AWS."""
    wrong = 0
    for file in files:
        read = _read(file)
        if isinstance(read, tuple):
            wrong += 1
            _say_faults(read)
        else:
            say(f"{file}: valid, service {read.document.service}")
    if wrong:
        raise typer.Exit(REFUSED)


@app.command()
def apply(
    context: typer.Context,
    file: File,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, store nothing.")] = False,
    leave_behind: Annotated[
        bool,
        typer.Option("--leave-behind", help="Even if it leaves targets held out to the warden."),
    ] = False,
) -> None:
    """Find what a document names, show what changes, and store it as the next version."""
    from trimtab_cli.policy.resolve import resolve

    operator: Operator = context.obj
    read = _read(file)
    if isinstance(read, tuple):
        _say_faults(read)
        raise Stop(f"{file} was not applied", "correct it and apply it again")
    with operator.deployment() as deployment:
        policy = resolve(read, deployment.names)
        if isinstance(policy, tuple):
            _say_faults(policy)
            raise Stop(f"{file} was not applied", "correct the names, or create what they name")
        held = deployment.store.policy(policy.service)
        if held is not None and replace(held, version=0) == policy:
            say(f"{policy.service}: nothing changes, version {held.version} stays in force")
            return
        _say_difference(held, policy)
        _say_advice(policy)
        stranded = _stranded(deployment.store, held, policy)
        if stranded and not leave_behind:
            raise Stop(
                f"under this policy no tick would bring back {', '.join(stranded)}",
                "bring them back first, or apply it with --leave-behind: then the warden gives "
                "them back when their leases run out",
            )
        _say_left_behind(stranded)
        if dry_run:
            say("dry run: nothing was stored")
            return
        entry = _entry(policy, file.name, deployment.caller(), deployment.now())
        version = deployment.store.apply_policy(policy, policy.resources(), entry)
        say(f"{policy.service}: version {version} is in force from the next tick", "green")


@app.command()
def show(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Name of the service.", show_default=False)],
    version: Annotated[
        int | None, typer.Option(min=1, help="An earlier version.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As stored, in JSON.")] = False,
) -> None:
    """Show the effective policy: every default filled in, every name an ARN."""
    from trimtab_cli.policy.written import yaml_of

    operator: Operator = context.obj
    name = service_named(service)
    with operator.deployment() as deployment:
        held = deployment.store.policy(name, version)
        if held is None and version is not None and deployment.store.policy(name) is not None:
            raise Stop(f"{name} has no version {version}", f"see `trimtab policy show {name}`")
        if held is None:
            raise no_such_service(deployment, name)
    if as_json:
        say_json(codec.encode(held))
        return
    say(f"# {held.service}, version {held.version}")
    for line in yaml_of(held).splitlines():
        say(line)


def _read(file: Path) -> Draft | Faults:
    from trimtab_cli.policy.draft import parse_document
    from trimtab_cli.policy.source import LARGEST_DOCUMENT_BYTES

    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise Stop(f"{file} cannot be read: {error.strerror}", "check the path", USAGE) from None
    return parse_document(data, str(file))


def _say_faults(faults: Faults) -> None:
    for fault in faults:
        say(fault)
    count = len(faults)
    complain(Stop(f"{count} {'mistake' if count == 1 else 'mistakes'} in {faults[0].file}"))


def _say_difference(held: Policy | None, policy: Policy) -> None:
    from trimtab_cli.policy.written import yaml_of

    before = yaml_of(held).splitlines() if held else []
    after = yaml_of(policy).splitlines()
    old = f"{policy.service} version {held.version}" if held else "nothing stored"
    lines = list(difflib.unified_diff(before, after, old, "this document", lineterm=""))
    if not lines:
        say("only what a name stands for in AWS has changed")
    for line in lines:
        style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
        say(line, style)


def _say_left_behind(stranded: Mapping[str, datetime | None]) -> None:
    """Say who brings back what no tick will any more, and when: the warden, by its leases."""
    for target, expires in stranded.items():
        when = f"once its lease runs out at {moment(expires)} UTC" if expires else "never: no lease"
        say(f"left behind: {target}; the warden gives it back {when}", "yellow")


def _stranded(store: Store, held: Policy | None, policy: Policy) -> Mapping[str, datetime | None]:
    """Name targets we hold out that the policy would make us forget, or forbid us to restore.

    Each with the end of its lease; ``None`` where there is none yet.
    """
    remembered = store.recall([policy.service]).get(policy.service)
    if held is None or not isinstance(remembered, Remembered):
        return {}
    leases = {lease.subject: lease.expires for lease in remembered.leases.held}
    lost: dict[str, datetime | None] = {}
    for name, fleet in remembered.memory.fleets.items():
        now, before = policy.fleets.get(name), held.fleets.get(name)
        same = now is not None and before is not None and _is_same(now, before)
        may_restore = policy.enabled and policy.mode(Lever.EJECT) is not Mode.OBSERVE
        if not (same and may_restore):
            for target, out in fleet.ejected.items():
                lost[f"{name}/{target}"] = leases.get(subject_of(out.eject))
    return dict(sorted(lost.items()))


def _is_same(fleet: FleetPolicy, other: FleetPolicy) -> bool:
    return (fleet.target_group, fleet.group) == (other.target_group, other.group)


def _say_advice(policy: Policy) -> None:
    """Recommend slow start where a target that returns would get its whole share at once."""
    for fleet in policy.fleets.values():
        if fleet.load_balancer.startswith("app/") and not fleet.slow_start:
            text = (
                f"advice: {fleet.name}: slow_start.duration_seconds of its target group is 0, so a "
                "target that returns gets its whole share at once; 30 to 900 eases it in "
                "(not with least_outstanding_requests)"
            )
            say(text, "yellow")


def _entry(policy: Policy, file: str, caller: str, now: datetime) -> Entry:
    text = f"policy of {policy.service} applied from {file}"
    tick = codec.ulid(now, f"policy {policy.service} {caller} {codec.dumps(policy)}")
    return Entry(
        service=policy.service,
        id=EntryId(f"{tick}#000"),
        at=now,
        kind=Kind.POLICY,
        by=caller,
        tick=tick,
        reason=Reason(ReasonCode.POLICY_APPLIED, text, {"file": file}),
        subject=f"policy {policy.service}",
    )
