"""Turns one access log into reports of the fleets it is about, for the next ticks to read.

Everything is about one file and nothing is remembered between files, so that a file told twice,
late, or out of order is the same reports written once more.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from trimtab.access.count import Counter, Named, Read
from trimtab.access.file import LogFile, log_file
from trimtab.access.stream import Damaged, Unpacked
from trimtab.errors import Unclear
from trimtab.model.ids import Arn, FleetId, InstanceId, ServiceId, TargetId, Zone
from trimtab.model.observation import Target
from trimtab.model.reason import Reason
from trimtab.model.report import MOST_TALLIES, Report, Source, Tally
from trimtab.ports import Infrastructure, Interface, Interfaces, LogFiles, Reports, Store

T = TypeVar("T")

TOO_OLD = timedelta(minutes=30)
"""Of no use to any tick: reports are read for less than that."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What reading an access log needs."""

    files: LogFiles
    store: Store
    infrastructure: Infrastructure
    interfaces: Interfaces
    reports: Reports


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one file. ``left`` says why nothing was made of it; empty if something was.

    ``strangers`` are tallies of addresses that nobody registered has.
    """

    key: str
    left: str = ""
    damaged: bool = False
    cut: bool = False
    read: Read = field(default_factory=Read)
    reports: int = 0
    strangers: int = 0


Fleet = tuple[ServiceId, FleetId]
Whose = Mapping[Arn, tuple[Fleet, ...]]


def take(key: str, outside: Outside, now: datetime) -> Taken:
    """Read one file of the bucket and keep what it says of fleets whose policy wants to know.

    Raises an error of ours where AWS would not answer: then the file is told of once more.
    """
    file = log_file(key)
    if file is None:
        return Taken(key, "it is no access log of an Application Load Balancer")
    if not -TOO_OLD < now - file.ended < TOO_OLD:
        return Taken(key, f"it is of {file.ended:%Y-%m-%d %H:%M}, and of no use now")
    whose = readers_of(file, outside.store)
    if not whose:
        return Taken(key, "no policy reads the access logs of this load balancer")
    counter = Counter(frozenset(arn.encode() for arn in whose), file.span)
    lines = Unpacked(outside.files.open(key))
    try:
        counter.take(lines)
    except Damaged as error:
        return Taken(key, str(error), damaged=True, read=counter.read)
    counter.read.unread += lines.too_long
    reports, strangers = tell(file, counter.tallies(), whose, outside)
    return Taken(key, cut=lines.cut, read=counter.read, reports=reports, strangers=strangers)


def tell(
    file: LogFile, tallies: Mapping[Named, Tally], whose: Whose, outside: Outside
) -> tuple[int, int]:
    """Keep what a file says of everybody's fleets: how many reports, and tallies of strangers."""
    reports, strangers = _reports(file, tallies, whose, outside)
    for report in reports:
        outside.reports.keep(report)
    return len(reports), strangers


def readers_of(file: LogFile, store: Store) -> Whose:
    """Say whose target groups are behind a load balancer, of those who want to know."""
    found: dict[Arn, list[Fleet]] = defaultdict(list)
    for listed in store.services():
        policy = store.policy(listed.service) if listed.enabled else None
        if policy is None or Source.ACCESS_LOGS not in policy.health.sources:
            continue
        for fleet in policy.fleets.values():
            if fleet.load_balancer == file.load_balancer:
                found[fleet.target_group].append((policy.service, fleet.name))
    return {arn: tuple(fleets) for arn, fleets in found.items()}


def _reports(
    file: LogFile, tallies: Mapping[Named, Tally], whose: Whose, outside: Outside
) -> tuple[list[Report], int]:
    """Put tallies together as reports, a fleet and minute each, and count those of strangers."""
    groups = sorted({Arn(group) for group, _, _ in tallies})
    names = _names(groups, outside) if groups else {}
    by_minute: dict[tuple[Arn, datetime], dict[TargetId, Tally]] = defaultdict(dict)
    strangers = 0
    for (group, written, minute), tally in tallies.items():
        known = names.get(Arn(group), {}).get(_place(written))
        if known is None or known.since > minute:
            strangers += 1
        else:
            by_minute[Arn(group), minute][known.target] = tally
    reports = [
        Report(Source.ACCESS_LOGS, service, fleet, Zone(""), minute, some, part)
        for (arn, minute), found in sorted(by_minute.items())
        for service, fleet in whose[arn]
        for part, some in _parts(file, found)
    ]
    return reports, strangers


def _parts(
    file: LogFile, tallies: Mapping[TargetId, Tally]
) -> Iterator[tuple[str, Mapping[TargetId, Tally]]]:
    """Divide what one report cannot hold, the same way each time."""
    named = sorted(tallies)
    for start in range(0, len(named), MOST_TALLIES):
        part = file.part if start == 0 else f"{file.part}-{start}"
        yield part, {name: tallies[name] for name in named[start : start + MOST_TALLIES]}


@dataclass(frozen=True, slots=True)
class _Known:
    """A registered target, and since when its address has been its own."""

    target: TargetId
    since: datetime


ALWAYS = datetime.min.replace(tzinfo=UTC)


def _names(groups: Sequence[Arn], outside: Outside) -> Mapping[Arn, Mapping[str, _Known]]:
    """Say which registered target answers at which address and port, in each target group.

    The load balancer writes an instance's private address; policies and reports know it by name.
    Raises ``Unclear`` where that could not be seen: half of the targets are no fleet to compare.
    """
    targets = {arn: _seen(found) for arn, found in outside.infrastructure.targets(groups).items()}
    instances = {t.instance for found in targets.values() for t in found if not _is_address(t)}
    where = _seen(outside.interfaces.of(sorted(instances))) if instances else {}
    return {
        arn: {place: known for target in found for place, known in _places(target, where)}
        for arn, found in targets.items()
    }


def _seen(answer: T | Reason) -> T:
    if isinstance(answer, Reason):
        raise Unclear(f"whose addresses the file names cannot be told: {answer.text}")
    return answer


def _places(target: Target, where: Mapping[InstanceId, Interface]) -> Iterator[tuple[str, _Known]]:
    if _is_address(target):
        yield _place(f"{target.instance}:{target.port}"), _Known(target.id, ALWAYS)
    elif (found := where.get(target.instance)) is not None:
        for address in found.addresses:
            yield _place(f"{address}:{target.port}"), _Known(target.id, found.since)


def _is_address(target: Target) -> bool:
    return not target.instance.startswith("i-")


def _place(written: str) -> str:
    """Return an address and port in the one way that each is written; empty: it is none."""
    host, _, port = written.rpartition(":")
    try:
        return f"{ipaddress.ip_address(host.strip('[]')).compressed} {int(port)}"
    except ValueError:
        return ""
