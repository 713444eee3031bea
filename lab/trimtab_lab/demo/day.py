"""A finished day, as report and terminal need it: columns, diary, log, and their numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab.model.entry import OUTCOMES, Entry, Kind
from trimtab.told.words import sentence_of
from trimtab_lab.simulator.stores import Told
from trimtab_lab.world.journal import Event, EventKind
from trimtab_lab.world.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Day:
    """What a day left behind. ``entries`` is the audit log in order; empty without Trimtab.

    ``told`` is what people were told of it.
    """

    name: str
    recorder: Recorder
    events: tuple[Event, ...]
    entries: tuple[Entry, ...] = ()
    told: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """A day in numbers; minutes count whole minutes, shares are in 0..1."""

    requests: int
    failed: int
    slow: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    instance_hours: float
    minutes_short: int
    minutes_with_failures: int
    under_percent: float
    over_percent: float

    @property
    def failed_share(self) -> float:
        """Share of requests that failed."""
        return self.failed / self.requests if self.requests else 0.0


FAILING_MINUTE = 0.01
"""A minute in which at least this share of requests failed counts as one users noticed."""


def numbers_of(day: Day) -> Numbers:
    """Work out a day's numbers.

    ``under_percent`` and ``over_percent`` are the provisioning accuracies theta of Herbst et al.
    (SPEC-RG-2016-01): the mean lack or surplus of serving targets, relative to the need.
    """
    users, rec = day.recorder.users, day.recorder
    serving = serving_of(rec)
    pairs = [(need, have) for need, have in zip(rec.needed, serving, strict=True) if need > 0]
    steps = len(pairs) or 1
    return Numbers(
        requests=users.requests,
        failed=users.failed,
        slow=round(users.slow),
        p50_ms=users.latency(0.50) * 1000,
        p95_ms=users.latency(0.95) * 1000,
        p99_ms=users.latency(0.99) * 1000,
        instance_hours=rec.instance_hours,
        minutes_short=sum(1 for need, have in pairs if have < need),
        minutes_with_failures=sum(
            1
            for asked, failed in zip(rec.requests, rec.failed, strict=True)
            if asked and failed >= FAILING_MINUTE * asked
        ),
        under_percent=100 / steps * sum(max(need - have, 0) / need for need, have in pairs),
        over_percent=100 / steps * sum(max(have - need, 0) / need for need, have in pairs),
    )


def serving_of(recorder: Recorder) -> list[int]:
    """Serving targets per minute, all fleets together."""
    columns = [fleet.serving for fleet in recorder.fleets.values()]
    return [sum(minute) for minute in zip(*columns, strict=True)] if columns else []


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline. ``source``: the world, or a kind of log entry.

    ``subject`` is what was or would have been done, or what it is about; ``text`` says why.
    """

    at: datetime
    source: str
    subject: str
    text: str
    entry: str = ""


WORLD_KINDS = (EventKind.FAULT,)


def timeline(entries: Sequence[Entry], events: Sequence[Event]) -> list[Moment]:
    """Merge what went wrong in the world with what was seen, decided, refused and done."""
    moments = [told(event) for event in events if event.kind in WORLD_KINDS]
    moments += [moment_of(entry) for entry in entries]
    return sorted(moments, key=lambda m: m.at)


def told(event: Event) -> Moment:
    """Return what happened in the world as a line of the timeline, its names made words."""
    target = event.subject if event.subject.startswith("i-") else ""
    return Moment(event.at, "world", target, event.text.replace("_", " "))


def moment_of(entry: Entry) -> Moment:
    """Return a log entry as a line of the timeline."""
    text = entry.reason.text
    if entry.wanted is not None and entry.kind is Kind.INTENDED:
        text = entry.wanted.text
    elif entry.wanted is not None and entry.kind not in OUTCOMES:
        text = f"{entry.reason.text} (wanted because: {entry.wanted.text})"
    what = sentence_of(entry.change) if entry.change else entry.subject
    return Moment(entry.at, str(entry.kind), what, text, str(entry.id))


def counts_of(entries: Sequence[Entry]) -> dict[str, int]:
    """Count entries by kind, most first."""
    return dict(Counter(str(e.kind) for e in entries).most_common())
