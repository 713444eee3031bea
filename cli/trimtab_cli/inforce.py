"""What people asked of a service that is in force or waits, as plain data and on the terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trimtab.codec import iso
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.model.memory import Hold, Memory
from trimtab.model.request import MOST_HEARD, Requests, words_of
from trimtab.told.words import sentence_of
from trimtab_cli.connect import DEFAULT_STACK, Deployment, Where
from trimtab_cli.session import EVERYTHING
from trimtab_cli.show import moment, say

EMPTY: Mapping[str, Any] = {"holds": [], "protections": [], "requests": [], "awaiting": []}


def typed(where: Where, *words: str) -> str:
    """The command to type, with the global options this one was given."""
    given: list[str] = []
    for option, value in (("--profile", where.profile), ("--region", where.region)):
        given += [option, value] if value else []
    given += ["--stack", where.stack] if where.stack != DEFAULT_STACK else []
    given += ["--local", str(where.local)] if where.local else []
    return shlex.join(["trimtab", *given, *words])


def broken_chains(
    deployment: Deployment, services: Sequence[ServiceId]
) -> list[tuple[ServiceId, str]]:
    """Name the chains, of those services and of what concerns all, that were found broken."""
    marks = deployment.store.checked([*services, EVERYTHING])
    return [(service, mark.fault) for service, mark in sorted(marks.items()) if mark.fault]


def say_broken(broken: Sequence[tuple[ServiceId, str]]) -> None:
    """Say above all else that the log cannot be trusted, and where."""
    for service, fault in broken:
        say(f"THE AUDIT LOG OF {service} DOES NOT HOLD: {fault}", "bold white on red")
    if broken:
        say("  see `trimtab log verify`; nothing else stops because of it", "bold red")


def in_force(
    deployment: Deployment, where: Where, service: ServiceId, held: tuple[Memory, Requests]
) -> dict[str, Any]:
    """Tell holds, protections, requests not heard yet, and what awaits somebody's approval."""
    memory, requests = held
    holds = [_hold(where, service, subject, memory.holds[subject]) for subject in memory.holds]
    protects = [subject for subject, hold in memory.holds.items() if hold.protects]
    return {
        "holds": [each for each in holds if each["subject"] not in protects],
        "protections": [each for each in holds if each["subject"] in protects],
        "requests": [
            {
                "request": request.id,
                "asked": words_of(request.what),
                "by": request.by,
                "why": request.why,
                "at": iso(request.at),
                "next_tick": place < MOST_HEARD,
            }
            for place, request in enumerate(requests.open)
        ],
        "awaiting": _awaiting(deployment, where, service, memory),
    }


def _hold(where: Where, service: ServiceId, subject: str, hold: Hold) -> dict[str, Any]:
    return {
        "subject": subject,
        "size": hold.size,
        "weights": dict(hold.weights) if hold.weights is not None else None,
        "by": hold.by,
        "why": hold.why,
        "since": iso(hold.since),
        "until": iso(hold.until),
        "request": hold.request,
        "release": typed(where, "request", "release", service, subject) + " --why TEXT",
    }


def _awaiting(
    deployment: Deployment, where: Where, service: ServiceId, memory: Memory
) -> list[dict[str, Any]]:
    waiting = {held.entry: (what, held) for what, held in memory.standing.items() if held.entry}
    entries = deployment.ledger.entries(service, sorted(waiting))
    return [
        {
            "entry": name,
            "what": waiting[name][0],
            "proposed": _proposed(entries.get(name)),
            "since": iso(waiting[name][1].since),
            "approve": typed(where, "approve", name),
            "reject": typed(where, "reject", name) + " --why TEXT",
        }
        for name in sorted(waiting)
    ]


def _proposed(entry: Entry | None) -> str:
    if entry is None or entry.change is None:
        return "its entry could not be read, or has expired"
    why = f", because {entry.wanted.text}" if entry.wanted else ""
    return f"{sentence_of(entry.change)}{why}"


def say_in_force(report: Mapping[str, Any]) -> None:
    """Print it: what stands, who wants it so, and what to type about it."""
    for each in report["awaiting"]:
        say(f"  awaits approval since {time_of(each['since'])}: {each['proposed']}", "bold magenta")
        say(f"    {each['approve']}")
        say(f"    {each['reject']}")
    for each in report["requests"]:
        when = "heard by the next tick" if each["next_tick"] else "heard in a later tick"
        say(f"  asked for at {time_of(each['at'])}, {when}: {each['asked']}{_who(each)}", "magenta")
    for each in report["protections"]:
        what = str(each["subject"]).removeprefix("protection of ")
        say(f"  protected until {time_of(each['until'])}: {what}{_who(each)}", "green")
        say(f"    {each['release']}", "dim")
    for each in report["holds"]:
        say(f"  held until {time_of(each['until'])}: {_kept(each)}{_who(each)}", "cyan")
        say(f"    {each['release']}", "dim")


def _kept(hold: Mapping[str, Any]) -> str:
    if hold["size"] is not None:
        return f"{hold['subject']} at {hold['size']}"
    if hold["weights"] is not None:
        weights = ", ".join(f"{fleet} {weight}" for fleet, weight in hold["weights"].items())
        return f"{hold['subject']} at {weights}"
    return f"{hold['subject']} in rotation"


def _who(each: Mapping[str, Any]) -> str:
    return f" ({each['by']}: {each['why']})"


def time_of(at: str) -> str:
    """Show a time of a report, in UTC."""
    return moment(datetime.fromisoformat(at))
