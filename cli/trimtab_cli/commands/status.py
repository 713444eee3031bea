"""``trimtab status``: each service as its last tick saw it. Reads our tables only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from trimtab.codec import iso
from trimtab.decide.replacing import rules_for
from trimtab.model.assessment import Condition, FleetBelief
from trimtab.model.blast import WINDOW, window_of
from trimtab.model.ids import FleetId, ServiceId
from trimtab.model.lease import Leases
from trimtab.model.memory import Ejection
from trimtab.model.policy import Lever, Policy
from trimtab.model.reason import Reason
from trimtab.model.tick import Pause, Remembered, Tick
from trimtab.told.words import sentence_of
from trimtab_cli.connect import Deployment, Where
from trimtab_cli.inforce import (
    EMPTY,
    broken_chains,
    in_force,
    say_broken,
    say_in_force,
    time_of,
)
from trimtab_cli.session import Operator, no_such_service, service_named
from trimtab_cli.show import ago, console, say, say_json, table, text

LOOK_BACK = timedelta(days=1)
OVERDUE = timedelta(minutes=11)
"""What expired longer ago should have been given back: the warden ran twice since."""
LATE = timedelta(minutes=3)
"""Ticks come every minute; a service not looked at for this long deserves a look itself."""


def status(
    context: typer.Context,
    service: Annotated[
        str | None, typer.Argument(help="One service; without it, all.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A list, in JSON.")] = False,
) -> None:
    """Show each service: modes, fleets, load; what is held, protected, awaited, refused, paused."""
    operator: Operator = context.obj
    with operator.deployment() as deployment:
        names = [service_named(service)] if service else _all(deployment)
        reports = [report_of(deployment, operator.where, name) for name in names]
        broken = broken_chains(deployment, names)
    if not as_json:
        say_broken(broken)
    if as_json:
        say_json(reports)
    elif not reports:
        say("no service has a policy; apply one: `trimtab policy apply FILE`")
    for report in () if as_json else reports:
        _say(report)


def _all(deployment: Deployment) -> list[ServiceId]:
    return [listed.service for listed in deployment.store.services()]


def report_of(deployment: Deployment, where: Where, service: ServiceId) -> dict[str, Any]:
    """All that ``status`` tells of a service, as plain data: the shape of ``--json``."""
    policy = deployment.store.policy(service)
    if policy is None:
        raise no_such_service(deployment, service)
    held = deployment.store.recall([service])[service]
    now = deployment.now()
    found = deployment.ledger.ticks(service, now - LOOK_BACK, now + timedelta(minutes=1), 1)
    tick = next(iter(found), None)
    report: dict[str, Any] = {
        "service": service,
        "enabled": policy.enabled,
        "policy_version": policy.version,
        "modes": {lever.value: policy.mode(lever).value for lever in Lever},
        "pauses": [_pause(each) for each in deployment.store.pauses(service)],
        "tick": None,
        "fleets": {},
        "routes": {},
        "read": None,
        "standing": [],
        "in_flight": [],
        "unverified": [],
        "held_back": [],
        "undone_in_part": [],
        "removals": None,
        "leases": _leases(deployment, service, held, now),
        "trouble": held.text if isinstance(held, Reason) else None,
        "chain_broken": dict(broken_chains(deployment, [service])).get(service),
        **EMPTY,
    }
    if isinstance(held, Remembered):
        report |= in_force(deployment, where, service, (held.memory, held.requests))
    return report if tick is None else report | _of_tick(tick, policy, now)


def _of_tick(tick: Tick, policy: Policy, now: datetime) -> dict[str, Any]:
    age = now - tick.now
    return {
        "tick": {"id": tick.id, "at": iso(tick.now), "age_s": int(age.total_seconds())},
        "fleets": {
            str(name): _fleet(tick, name, belief) for name, belief in tick.belief.fleets.items()
        },
        "routes": _routes(tick, policy),
        "read": _read(tick),
        "standing": [
            {
                "what": key,
                "ruling": held.ruling,
                "codes": list(held.codes),
                "since": iso(held.since),
            }
            for key, held in sorted(tick.memory.standing.items())
        ],
        "in_flight": [
            {"entry": pending.entry, "deadline": iso(pending.deadline)}
            for pending in tick.memory.pending
        ],
        "unverified": [
            {"entry": done.entry, "expected": done.expects.text} for done in tick.memory.unverified
        ],
        "held_back": [
            {"what": key, "until": iso(held.until), "times": held.times, "entry": held.entry}
            for key, held in sorted(tick.memory.cautions.items())
            if now < held.until
        ],
        "undone_in_part": [
            {"entry": name, "left": sentence_of(rest.change), "at": iso(rest.at)}
            for name, rest in sorted(tick.memory.remains.items())
        ],
        "removals": _removals(tick),
    }


def _removals(tick: Tick) -> dict[str, Any] | None:
    """Tell what all services of the account have lost, as the tick counted; null: no limit."""
    blast = tick.inputs.blast
    if blast.most is None:
        return None
    added = sum(spend.by for spend in tick.spends)
    total = None if blast.total is None else max(0, blast.total + added)
    since = window_of(tick.now) - WINDOW
    return {"taken": total, "most": blast.most, "since": iso(since)}


MINUTES_A_MONTH = 43_800
"""365 days / 12."""


def _read(tick: Tick) -> dict[str, Any]:
    """Tell how many series the tick asked CloudWatch for, in each look, and what that costs."""
    reading = tick.inputs.seen.reading
    return {
        "first": reading.first,
        "close": reading.close,
        "usd": round(reading.usd, 8),
        "usd_a_month_at_this_rate": round(reading.usd * MINUTES_A_MONTH, 2),
    }


def _leases(
    deployment: Deployment, service: ServiceId, held: Remembered | Reason, now: datetime
) -> list[dict[str, Any]]:
    """Tell what the warden would give back; it can be told also where memory cannot be read."""
    row = held.leases if isinstance(held, Remembered) else deployment.store.leases().get(service)
    return [
        {
            "what": lease.subject,
            "why": lease.why,
            "expires": iso(lease.expires),
            "overdue": now - lease.expires > OVERDUE,
        }
        for lease in (row.held if isinstance(row, Leases) else ())
    ]


def _fleet(tick: Tick, name: FleetId, belief: FleetBelief) -> dict[str, Any]:
    seen = tick.inputs.seen.fleets.get(name)
    group = seen.group if seen else None
    demand, gap = belief.demand, belief.demand_gap
    return {
        "targets": None
        if belief.targets is None
        else {each.value: count for each in Condition if (count := belief.count(each))},
        "trusted": belief.trusted,
        "demand": round(demand.units, 2) if demand else None,
        "demand_unknown": gap.text if gap else None,
        "desired": group.desired if group else None,
        "panic": belief.panic,
        "down": belief.down,
        "ejected": [
            _out(held, tick) | {"target": target}
            for target, held in sorted(tick.memory.fleet(name).ejected.items())
        ],
    }


def _out(held: Ejection, tick: Tick) -> dict[str, Any]:
    """Tell how long one is out, and when it is terminated instead of brought back, if it is."""
    rules = rules_for(held, tick.inputs.policy)
    ends = {"replaced_from": iso(held.since + rules.keep)} if rules else {}
    return {"until": iso(held.until), "strikes": held.strikes, **ends}


def _routes(tick: Tick, policy: Policy) -> dict[str, Any]:
    """Weights by fleet; a target group that is none of ours goes by its ARN."""
    fleet_of = {fleet.target_group: str(name) for name, fleet in policy.fleets.items()}
    return {
        str(name): {fleet_of.get(arn, str(arn)): weight for arn, weight in route.weights.items()}
        for name, route in sorted(tick.inputs.seen.routes.items())
    }


def _pause(pause: Pause) -> dict[str, Any]:
    return {
        "levers": sorted(lever.value for lever in pause.levers),
        "by": pause.by,
        "why": pause.why,
        "since": iso(pause.since),
        "until": iso(pause.until) if pause.until else None,
    }


def _say(report: Mapping[str, Any]) -> None:
    modes = ", ".join(f"{lever} {mode}" for lever, mode in report["modes"].items())
    state = "" if report["enabled"] else ", disabled"
    say(f"{report['service']}  policy version {report['policy_version']}{state}  ({modes})", "bold")
    for pause in report["pauses"]:
        end = f"until {time_of(pause['until'])}" if pause["until"] else "until resumed"
        what = f"paused ({', '.join(pause['levers'])}) {end} by {pause['by']}: {pause['why']}"
        say(f"  {what}", "bold yellow")
    if report["trouble"]:
        say(f"  {report['trouble']}", "bold red")
    say_in_force(report)
    _say_leases(report["leases"])
    if report["tick"] is None:
        say("  no tick in the last day: is the schedule running?", "bold red")
        return
    age = timedelta(seconds=report["tick"]["age_s"])
    late = age > LATE and report["enabled"]
    looked = f"  last looked at {time_of(report['tick']['at'])} UTC, {ago(age)}"
    say(looked + (": late; is the schedule running?" if late else ""), "bold red" if late else "")
    _say_fleets(report["fleets"])
    for name, weights in report["routes"].items():
        shown = ", ".join(f"{fleet} {weight}" for fleet, weight in weights.items())
        say(f"  route {name}: {shown}")
    _say_read(report["read"])
    _say_removals(report["removals"])
    told = {each["what"] for each in report["awaiting"]}
    for held in (each for each in report["standing"] if each["what"] not in told):
        codes = " <- ".join(dict.fromkeys(reversed(held["codes"])))
        say(f"  stands since {time_of(held['since'])}: {held['what']}: {held['ruling']} ({codes})")
    for pending in report["in_flight"]:
        say(f"  in flight until {time_of(pending['deadline'])}: {pending['entry']}", "cyan")
    _say_effects(report)


def _say_read(read: Mapping[str, Any]) -> None:
    month = f"{read['usd_a_month_at_this_rate']:.2f} USD a month if every tick did"
    say(f"  read {read['first']} series of fleets and {read['close']} of targets: {month}", "dim")


def _say_removals(removals: Mapping[str, Any] | None) -> None:
    """How much of what all services may lose is gone; one that may lose no more stands out."""
    if removals is None:
        return
    taken, most = removals["taken"], removals["most"]
    counted = "could not be counted: nobody is taken out" if taken is None else f"{taken} of {most}"
    is_full = taken is None or taken >= most
    since = time_of(removals["since"])
    say(f"  removals of all services since {since}: {counted}", "yellow" if is_full else "dim")


def _say_effects(report: Mapping[str, Any]) -> None:
    """What was done and may or may not help, and what is not done again because it did not."""
    for done in report["unverified"]:
        say(f"  effect not known yet: {done['entry']}: {done['expected']}", "dim")
    for part in report["undone_in_part"]:
        left = f"undone in part: {part['entry']}: {part['left']} is left"
        say(f"  {left}; `trimtab undo {part['entry']} --why TEXT` goes on", "yellow")
    for held in report["held_back"]:
        why = f"did not help, {held['times']} in a row, last {held['entry']}"
        say(f"  held back until {time_of(held['until'])}: {held['what']}: {why}", "yellow")


def _say_leases(leases: Sequence[Mapping[str, Any]]) -> None:
    for lease in leases:
        what = f"{lease['what']}: {lease['why']}, given back by {time_of(lease['expires'])}"
        overdue = ": overdue; does the warden run?" if lease["overdue"] else ""
        say(f"  lease on {what} unless renewed{overdue}", "bold red" if overdue else "")


def _how_long(held: Mapping[str, Any]) -> str:
    if "replaced_from" in held:
        return f"{held['target']} kept, to be terminated from {time_of(held['replaced_from'])}"
    return f"{held['target']} until {time_of(held['until'])}"


def _say_fleets(fleets: Mapping[str, Any]) -> None:
    shown = table("  fleet", "targets", "trusted", "needed", "desired", "held out")
    for name, fleet in fleets.items():
        counts = fleet["targets"]
        conditions = "not seen" if counts is None else _counts(counts)
        marks = [mark for mark in ("panic", "down") if fleet[mark]]
        needed = fleet["demand"] if fleet["demand"] is not None else "unknown"
        out = [_how_long(each) for each in fleet["ejected"]]
        shown.add_row(
            text(f"  {name}"),
            text(", ".join([conditions, *marks]), "bold red" if marks else ""),
            text(fleet["trusted"]),
            text(needed),
            text("-" if fleet["desired"] is None else fleet["desired"]),
            text(", ".join(out) or "-"),
        )
    console().print(shown)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {condition}" for condition, count in counts.items()) or "none"
