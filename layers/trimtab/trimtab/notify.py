"""Notify: tell people and programs what the log says, each thing once if it can be, always at all.

What is to be told is stored before it is told, and what was told after it: a channel that fails is
tried again later, by the sweep or the next batch, and nobody else hears the same twice. Where that
cannot be stored we tell from what we have: twice is better than never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from trimtab.channels import Channel
from trimtab.errors import Conflict, Throttled, TrimtabError, TryLater, Unclear
from trimtab.messengers import Tellings
from trimtab.model.entry import Entry
from trimtab.model.ids import ServiceId
from trimtab.model.incident import Digest, Told
from trimtab.told.digest import digests_of
from trimtab.told.due import Due, Pace, done, due, failed, tidied
from trimtab.told.fold import fold, settle
from trimtab.told.kinds import manner_of

BUSY_FOR = timedelta(seconds=90)
"""Longer than an invocation may last: nobody waits longer for somebody who died while telling."""
ROUNDS = 6
"""How often we begin anew when others write meanwhile."""

Move = Callable[[Told], Told]


@dataclass(frozen=True, slots=True)
class Failure:
    """A channel that could not be reached: why, and how long it asks us to wait, if it does."""

    channel: str
    service: ServiceId
    why: str
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it: messages by channel, what failed, of whom nothing could be stored.

    ``lost`` are services whose news reached nobody and is stored nowhere: it must be given again.
    ``down`` are channels that did not answer or asked for patience: nobody else waits for them.
    """

    told: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    unremembered: list[tuple[ServiceId, str]] = field(default_factory=list)
    lost: list[ServiceId] = field(default_factory=list)
    down: dict[str, Failure] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells through its channels, in their order, what its memory says is due."""

    tellings: Tellings
    channels: Sequence[Channel]

    def hear(
        self, service: ServiceId, entries: Iterable[Entry], now: datetime, report: Report
    ) -> None:
        """Take in entries of one service, and tell what is due."""
        heard = tuple(entry for entry in entries if manner_of(entry))
        if not heard:
            return
        self._work(service, lambda told: fold(told, heard), now, report)

    def sweep(self, services: Sequence[ServiceId], now: datetime, report: Report) -> None:
        """Tell what had to wait, and close what is over, of those services."""
        for service, told in self.tellings.recall(services).items():
            if told.incidents:
                self._work(service, lambda held: held, now, report)

    def digest(self, day: str, entries: Iterable[Entry], now: datetime, report: Report) -> None:
        """Tell each service's day to every channel that was not told of it yet."""
        for digest in digests_of(day, entries):
            self._digest(digest, now, report)

    @property
    def _paces(self) -> tuple[Pace, ...]:
        return tuple(channel.pace for channel in self.channels)

    def _work(self, service: ServiceId, move: Move, now: datetime, report: Report) -> None:
        before = report.told.total()
        try:
            for _ in range(ROUNDS):
                if self._round(service, move, now, report):
                    return
            raise Conflict(f"what was told of {service} changed {ROUNDS} times while we told it")
        except TrimtabError as error:
            report.unremembered.append((service, str(error)))
        if report.told.total() == before:
            told = settle(move(Told()), now)
            wanted = due(told, service, self._paces, now)
            self._tell(wanted, now, report)
            if wanted and report.told.total() == before:
                report.lost.append(service)

    def _round(self, service: ServiceId, move: Move, now: datetime, report: Report) -> bool:
        """Store what is to be told, tell it, store what was told; whether nothing is left to do.

        While somebody else is telling we only add what is news: they look again when they are done.
        """
        held = self.tellings.recall([service])[service]
        told = tidied(settle(move(held), now), self._paces, now)
        wanted = due(told, service, self._paces, now)
        is_busy = held.busy_until is not None and now < held.busy_until
        if not wanted or is_busy:
            return told == held or self._is_kept(service, told)
        if self._is_kept(service, replace(told, busy_until=now + BUSY_FOR)):
            self._settle_up(service, self._tell(wanted, now, report), now)
        return False

    def _settle_up(self, service: ServiceId, after: Move, now: datetime) -> None:
        """Store what was told, whatever others wrote meanwhile."""
        for _ in range(ROUNDS):
            held = self.tellings.recall([service])[service]
            told = tidied(after(held), self._paces, now)
            if self._is_kept(service, replace(told, busy_until=None)):
                return
        raise Conflict(f"it could not be stored what was told of {service}")

    def _is_kept(self, service: ServiceId, told: Told) -> bool:
        try:
            self.tellings.keep(service, told)
        except Conflict:
            return False
        return True

    def _tell(self, wanted: Sequence[Due], now: datetime, report: Report) -> Move:
        """Tell what is due, and return how to note it. Who fails is not told the rest."""
        moves: list[Move] = []
        broken: set[str] = set()
        for one in wanted:
            if one.channel in broken:
                continue
            failure = self._try(one, report)
            if failure is None:
                moves.append(lambda told, one=one: done(told, one, now))  # type: ignore[misc]
            else:
                broken.add(one.channel)
                moves.append(
                    lambda told, it=failure: failed(told, it.channel, now, it.wait)  # type: ignore[misc]
                )
        return lambda told: _moved(told, moves)

    def _try(self, one: Due, report: Report) -> Failure | None:
        [channel] = (c for c in self.channels if c.pace.channel == one.channel)
        return _attempt(channel, one.telling.service, lambda: channel.tell(one.telling), report)

    def _digest(self, digest: Digest, now: datetime, report: Report) -> None:
        service, day = digest.service, digest.day
        try:
            known = self.tellings.recall([service])[service].digested
        except TrimtabError as error:
            report.unremembered.append((service, str(error)))
            known = {}
        told = {
            channel.pace.channel: day
            for channel in self.channels
            if known.get(channel.pace.channel, "") < day
            and _attempt(channel, service, lambda c=channel: c.digest(digest), report) is None  # type: ignore[misc]
        }
        if told:
            self._remember_digest(service, told, now, report)

    def _remember_digest(
        self, service: ServiceId, days: dict[str, str], now: datetime, report: Report
    ) -> None:
        try:
            for _ in range(ROUNDS):
                held = self.tellings.recall([service])[service]
                told = replace(held, digested={**held.digested, **days})
                if self._is_kept(service, told):
                    return
        except TrimtabError as error:
            report.unremembered.append((service, str(error)))


def _attempt(
    channel: Channel, service: ServiceId, say: Callable[[], None], report: Report
) -> Failure | None:
    """Tell one thing. Whatever goes wrong in one channel is that channel's own."""
    name = channel.pace.channel
    if name in report.down:
        return report.down[name]
    try:
        say()
    except Exception as error:  # a fault of one channel must not silence the others
        wait = error.wait if isinstance(error, TryLater) else None
        failure = Failure(name, service, f"{type(error).__name__}: {error}", wait)
        report.failures.append(failure)
        if isinstance(error, Throttled | Unclear):
            report.down[name] = failure
        return failure
    report.told[name] += 1
    return None


def _moved(told: Told, moves: Iterable[Move]) -> Told:
    for move in moves:
        told = move(told)
    return told
