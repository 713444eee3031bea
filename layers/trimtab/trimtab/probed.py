"""What a probe's reports come to: who answered, who did not, and whether to trust the probe.

Pure. A probe runs in several places and each asks every target. A place from which (nearly) all
targets fail is itself what is broken: its report of that minute is held against nobody, and speaks
for nobody. Of the others most must agree. Who was not asked neither passed nor failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab.model.ids import TargetId, Zone
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Source, Tally

BROKEN_SHARE = 0.8
"""From this share of failing targets on, what is broken is the probe."""
MAX_AGE = timedelta(minutes=3)
"""Older reports say nothing of now: one is a minute old when it is first read."""


@dataclass(frozen=True, slots=True)
class Votes:
    """How one target answered in one minute, in places from which the probe works."""

    passed: int
    failed: int
    last_error: str = ""
    """As the first place that failed told it."""

    @property
    def verdict(self) -> bool | None:
        """Whether most say that it answers; ``None`` if as many say one as the other."""
        return None if self.passed == self.failed else self.passed > self.failed


@dataclass(frozen=True, slots=True)
class Round:
    """One minute of probing: the votes on each target, and the places where the probe is broken."""

    minute: datetime
    votes: Mapping[TargetId, Votes]
    broken: tuple[Zone, ...]
    places: int


def rounds_of(reports: Sequence[Report]) -> tuple[Round, ...]:
    """Return the probe's minutes, oldest first, whatever the order of the reports."""
    minutes: dict[datetime, dict[Zone, dict[TargetId, Tally]]] = defaultdict(dict)
    for report in reports:
        if report.source is Source.PROBE:
            place = minutes[report.minute].setdefault(report.zone, {})
            place.update({t: tally for t, tally in report.tallies.items() if tally.asked})
    return tuple(_round(minute, minutes[minute]) for minute in sorted(minutes))


def _round(minute: datetime, places: Mapping[Zone, Mapping[TargetId, Tally]]) -> Round:
    broken = tuple(zone for zone in sorted(places) if is_broken(places[zone]))
    passed: dict[TargetId, int] = defaultdict(int)
    failed: dict[TargetId, list[str]] = defaultdict(list)
    for zone in sorted(places.keys() - set(broken)):
        for target, tally in places[zone].items():
            if _has_failed(tally):
                failed[target].append(tally.last_error)
            else:
                passed[target] += 1
    votes = {
        target: Votes(passed[target], len(failed[target]), next(iter(failed[target]), ""))
        for target in sorted(passed.keys() | failed.keys())
    }
    return Round(minute, votes, broken, len(places))


def is_broken(tallies: Mapping[TargetId, Tally]) -> bool:
    """Tell whether (nearly) all that a place asked fail: then it is the place, not the targets.

    Worked example: 4 of 5 are a broken probe, and so is the only target of a fleet of one: with
    nobody to compare it to, nobody can say which of the two is wrong.
    """
    failed = sum(1 for tally in tallies.values() if _has_failed(tally))
    return bool(failed) and failed >= BROKEN_SHARE * len(tallies)


def _has_failed(tally: Tally) -> bool:
    """Tell whether a target failed more often than not when it was asked several times."""
    return 2 * tally.failed > tally.asked


def probe_record(reports: Sequence[Report], target: TargetId) -> tuple[int, int]:
    """Return a target's good and bad answers in a row, as of its newest minute; one of them is 0.

    Minutes in which it was not asked, or only by a broken probe, are left out: they neither add to
    a run nor end it. One in which places disagree half and half ends it. Worked example: good, bad,
    not asked, bad is ``(0, 2)``.
    """
    return record_of(rounds_of(reports), target)


def record_of(rounds: Sequence[Round], target: TargetId) -> tuple[int, int]:
    """Return what ``probe_record`` does, of rounds that were already made of the reports."""
    run: bool | None = None
    length = 0
    for one in reversed(rounds):
        votes = one.votes.get(target)
        if votes is None:
            continue
        if votes.verdict is None or (length and votes.verdict is not run):
            break
        run, length = votes.verdict, length + 1
    return (length, 0) if run else (0, length)


def newest(rounds: Sequence[Round], target: TargetId) -> Round | None:
    """Return the newest round that says something of a target."""
    return next((one for one in reversed(rounds) if target in one.votes), None)


def troubles(reports: Sequence[Report], now: datetime) -> Iterator[tuple[Zone, Reason]]:
    """Say where the probe itself is broken, and that it is silent if nobody has reported lately.

    Of its newest minute only, for what is to be said is how it is now.
    """
    rounds = [one for one in rounds_of(reports) if one.minute > now - MAX_AGE]
    if not rounds:
        text = f"no probe has reported for {MAX_AGE.seconds // 60} minutes: does it run?"
        yield Zone(""), Reason(ReasonCode.NO_DATA, text)
        return
    last = rounds[-1]
    for zone in last.broken:
        facts = {"places": last.places, "broken": len(last.broken)}
        text = (
            f"from {zone or 'where it runs'} the probe reaches (nearly) nobody: that is held "
            "against the probe, not the targets"
        )
        yield zone, Reason(ReasonCode.PROBE_BROKEN, text, facts)


__all__ = [
    "BROKEN_SHARE",
    "MAX_AGE",
    "Round",
    "Votes",
    "is_broken",
    "newest",
    "probe_record",
    "record_of",
    "rounds_of",
    "troubles",
]
