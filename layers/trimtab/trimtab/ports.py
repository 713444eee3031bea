"""What the loop needs of the outside, as protocols.

Adapters implement them; tests hold fakes and real ones to one contract suite.

Reads return a ``Gap``'s reason in place of what could not be seen instead of raising, so that one
unreadable fleet never hides the others. Writes raise the errors of ``trimtab.errors``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from trimtab.model.change import Change
from trimtab.model.entry import Call, Entry
from trimtab.model.errand import Brought, Run
from trimtab.model.halt import Halts
from trimtab.model.ids import Arn, EntryId, FleetId, InstanceId, ServiceId, Zone
from trimtab.model.lease import Leases
from trimtab.model.link import Checked, Head, Link
from trimtab.model.observation import Group, RouteSeen, Series, Target
from trimtab.model.policy import Lever, Policy
from trimtab.model.reason import Reason
from trimtab.model.report import Report
from trimtab.model.signs import Machine, Marks, Notice
from trimtab.model.tick import Ask, Pause, Remembered, Tick


@dataclass(frozen=True, slots=True)
class MetricKey:
    """One CloudWatch series: ``dimensions`` sorted by name, one-minute periods."""

    namespace: str
    name: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...]


class Infrastructure(Protocol):
    """The reads of a tick. Each call answers for all that was asked, in as few AWS calls as can be.

    An answer of type ``Reason`` says why that one could not be seen.
    """

    def targets(self, target_groups: Sequence[Arn]) -> Mapping[Arn, tuple[Target, ...] | Reason]:
        """Target health of each target group, one call each (AWS has no batch form)."""
        ...

    def groups(self, names: Sequence[str]) -> Mapping[str, Group | Reason]:
        """Auto Scaling groups, a hundred a call; absent ones answer ``not_found``."""
        ...

    def routes(self, rules: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
        """Forward actions of listener rules (or of a listener: its default action)."""
        ...

    def series(
        self, keys: Sequence[MetricKey], start: datetime, end: datetime
    ) -> Mapping[MetricKey, Series | Reason]:
        """Raw one-minute series, five hundred a call. No data is an empty, complete series."""
        ...


class Signs(Protocol):
    """The reads for fleets with which something is the matter. A ``Reason`` says what failed."""

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        """What the tags of target groups say, twenty a call."""
        ...

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        """Every instance of the account that is tagged ``trimtab:do-not-touch``, in one query."""
        ...

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        """Every spot instance of the account that is about to be interrupted, in one query."""
        ...

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        """Those of the instances with which something is the matter, a hundred a call."""
        ...

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        """State of the instance refresh under way in each group, empty for none; a call each."""
        ...


class Owners(Protocol):
    """Whose an instance is, for events that name nothing else."""

    def groups_of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str]:
        """The Auto Scaling group of each instance that has one, fifty a call."""
        ...


class Hands(Protocol):
    """The writes of act: one desired-state AWS call for a change."""

    def apply(self, change: Change) -> tuple[Call, ...]:
        """Carry out ``change``; raise if AWS would not, ``Unclear`` if we cannot know."""
        ...


class Labels(Protocol):
    """The tag by which people see on an instance itself that it is kept to be looked at."""

    def label(self, instance: InstanceId, text: str) -> Call:
        """Set the tag ``trimtab:kept``, whatever it was; raise if AWS would not."""
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """A service in the directory, with the AWS names its policy covers (for wake)."""

    service: ServiceId
    enabled: bool
    version: int
    resources: frozenset[str]
    probed: bool = False
    """Whether its policy has targets asked by our own probe."""


class Store(Protocol):
    """Policies, memory and pauses."""

    def services(self) -> tuple[Listed, ...]:
        """Every service that has a policy, in name order."""
        ...

    def recall(
        self, services: Sequence[ServiceId], now: datetime | None = None
    ) -> Mapping[ServiceId, Remembered | Reason]:
        """What is stored of each service, in one batch; ``not_found`` without a policy.

        ``now``: with what all services of the account have lost of late.
        """
        ...

    def policy(self, service: ServiceId, version: int | None = None) -> Policy | None:
        """One version of a policy, the current one by default."""
        ...

    def apply_policy(self, policy: Policy, resources: frozenset[str], entry: Entry) -> int:
        """Store the next version, the directory row and its log entry in one transaction.

        Returns the version. Raises ``Conflict`` if another version was stored meanwhile.
        """
        ...

    def set_pause(self, service: ServiceId | None, pause: Pause | None, entry: Entry) -> None:
        """Set or clear the pause of a service (``None``: of everything), logged with it."""
        ...

    def request(self, entries: Sequence[Entry]) -> None:
        """Add what ``requested`` entries of one service ask for, all in one transaction with them.

        Raises ``Conflict`` if a tick or somebody else wrote the requests meanwhile, ``Refused`` if
        too many wait already.
        """
        ...

    def heads(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Head]:
        """Where the chains of those services end that have one, read consistently."""
        ...

    def checked(self, services: Sequence[ServiceId]) -> Mapping[ServiceId, Checked]:
        """How far the chains of those services were walked that were."""
        ...

    def keep_checked(self, service: ServiceId, checked: Checked) -> None:
        """Keep how far a chain was walked."""
        ...

    def pauses(self, service: ServiceId) -> tuple[Pause, ...]:
        """The service's own pause and that of everything, read consistently."""
        ...

    def halts(self, service: ServiceId) -> Halts:
        """The pauses, and what operators protect in the service, in one consistent read."""
        ...

    def leases(self) -> Mapping[ServiceId, Leases | Reason]:
        """The leases of every service that ever held one, read consistently, in one query."""
        ...


MOST_ENTRIES = 92
"""Log entries a commit takes: 100 writes less memory, policy, requests, tick, leases, head, and
two counts of what all services have lost."""


class Ledger(Protocol):
    """The audit log and the flight recorder."""

    def commit(self, tick: Tick) -> None:
        """Write memory, tick record and entries in one transaction, or nothing.

        Conditions: memory and leases are still at the versions read, the policy version still
        current, no entry exists yet. Raises ``Conflict`` when one does not hold. Every write of
        entries moves the head of their service's hash chain with it.
        """
        ...

    def give_back(self, service: ServiceId, left: Leases, entries: Sequence[Entry]) -> None:
        """Write the leases the warden leaves, and its entries, in one transaction.

        Raises ``Conflict`` if anybody wrote the leases meanwhile: the controller lives again, or
        another warden was faster.
        """
        ...

    def append(self, entry: Entry) -> bool:
        """Append one entry unless its key exists; tells whether it was appended."""
        ...

    def entry(self, service: ServiceId, entry: EntryId) -> Entry | None:
        """One entry by its key, read consistently."""
        ...

    def entries(self, service: ServiceId, ids: Sequence[EntryId]) -> Mapping[EntryId, Entry]:
        """Those of the named entries that exist, in one batch read."""
        ...

    def of_service(
        self, service: ServiceId, since: datetime, until: datetime, newest_first: bool = False
    ) -> Iterator[Entry]:
        """A service's entries with ``since <= at < until``, by time, paged as needed."""
        ...

    def links(self, service: ServiceId, since: datetime | None = None) -> Iterator[Link]:
        """A service's entries as they lie in the log, by key, read consistently.

        ``since``: only those whose ids begin then or later; what answers an older one lies there.
        """
        ...

    def of_day(self, day: str, after: str = "") -> Iterator[Entry]:
        """All services' entries of a day (``YYYY-MM-DD``), by time, after key ``after``."""
        ...

    def ticks(
        self, service: ServiceId, since: datetime, until: datetime, limit: int
    ) -> Iterator[Tick]:
        """Recorded ticks, newest first, at most ``limit``."""
        ...


class Queue(Protocol):
    """The work queue: one message asks for one service to be looked at."""

    def ask(self, asks: Sequence[Ask]) -> None:
        """Send; the same service asked twice for the same minute and cause is asked once."""
        ...


class Vault(Protocol):
    """Where anchors are kept out of reach, if there is such a place."""

    def keep(self, name: str, text: str) -> bool:
        """Keep a text under a name for good; ``False``: there was one already, and it stays."""
        ...


Reported = tuple[Report, ...] | Reason
"""What was reported of a fleet, or why that cannot be told."""


class Reports(Protocol):
    """What probes and access logs saw of fleets, for the next ticks."""

    def keep(self, report: Report) -> None:
        """Store a report in the place of the same one; late or repeated is harmless."""
        ...

    def recent(
        self, fleets: Sequence[tuple[ServiceId, FleetId]], since: datetime
    ) -> Mapping[tuple[ServiceId, FleetId], Reported]:
        """Reports of each fleet with ``since <= minute``, oldest first; none is an empty tuple."""
        ...


class Addresses(Protocol):
    """Where instances are asked."""

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str] | Reason:
        """Private address of each instance that has one; what is gone has none."""
        ...


class Probes(Protocol):
    """Our own probes, one in each place."""

    def ask(self, runs: Sequence[Run]) -> Mapping[Zone, Sequence[Brought | Reason]]:
        """Send every place on every run, all at once; what each brings back, or why nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Interface:
    """The private addresses of an instance's first network interface, its own ``since`` then."""

    addresses: tuple[str, ...]
    since: datetime


class Interfaces(Protocol):
    """Who has which address, and since when. Targets that are addresses need nobody to tell."""

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface] | Reason:
        """Addresses of each instance there is; who is not there (any more) is left out."""
        ...


class LogFiles(Protocol):
    """The bucket in which load balancers put their access logs."""

    def open(self, key: str) -> Iterator[bytes]:
        """Read one file from its beginning, piece by piece. Raises ``NotFound`` if it is gone."""
        ...


class Names(Protocol):
    """Finds what a policy names, once, when it is applied. Raises ``NotFound`` with what to do."""

    def target_group(self, name: str) -> tuple[Arn, str]:
        """ARN, and load-balancer dimension (empty if unattached), of a name, ARN or ``tag:K=V``."""
        ...

    def slow_start(self, target_group: Arn) -> timedelta:
        """How long the load balancer spares a target that comes; zero where it does not."""
        ...

    def marks(self, target_group: Arn, group: str | None) -> tuple[Marks, Marks]:
        """What the tags of a target group say, and its Auto Scaling group's if it has one."""
        ...

    def group(self, name: str) -> str:
        """Name of the Auto Scaling group a name, ARN or ``tag:K=V`` means."""
        ...

    def rule(self, name: str) -> Arn:
        """ARN of ``LOAD_BALANCER:PORT/PRIORITY``; ``/default`` means the listener itself."""
        ...


class Paused(Protocol):
    """The one question act asks before each write."""

    def halts(self, service: ServiceId) -> Halts:
        """The pauses and protections in force; raising means: treat as paused."""
        ...


__all__ = [
    "Addresses",
    "Hands",
    "Infrastructure",
    "Interface",
    "Interfaces",
    "Ledger",
    "Lever",
    "Listed",
    "LogFiles",
    "MetricKey",
    "Names",
    "Owners",
    "Paused",
    "Probes",
    "Queue",
    "Reported",
    "Reports",
    "Signs",
    "Store",
    "Vault",
]
