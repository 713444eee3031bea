"""Effects: what an action should change and by when, and what the world showed of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from trimtab.model.change import Change
from trimtab.model.ids import EntryId, FleetId
from trimtab.model.reason import Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a fleet fares, in numbers. ``None`` is what was not seen, never zero.

    ``serving`` targets get requests, ``trusted`` of them without proof against them, and ``bad``
    have evidence against them. ``units`` is the load in targets at target load, ``errors`` the
    share of 5xx in the newest minute, ``latency`` that minute's mean in seconds.
    """

    serving: int | None = None
    trusted: int | None = None
    bad: int | None = None
    down: bool = False
    units: float | None = None
    errors: float | None = None
    latency: float | None = None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should be true ``by`` then, in words, and how the fleets concerned fared ``before``.

    ``carried``: what is taken out got requests, so others must carry them.
    """

    text: str
    by: datetime
    before: Mapping[FleetId, Vitals] = field(default_factory=dict)
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Unverified:
    """An action that was ``done``, and whose effect is to be found out.

    ``entry`` is its intent, written ``at``; ``reason`` why it was wanted.
    """

    entry: EntryId
    change: Change
    reason: ReasonCode
    at: datetime
    done: datetime
    expects: Expectation


class Proof(StrEnum):
    """What the world proves of an expectation."""

    VERIFIED = "verified"  # it is as it should be
    INEFFECTIVE = "ineffective"  # it is not, and that was seen
    UNKNOWN = "unknown"  # nobody can tell any more


@dataclass(frozen=True, slots=True)
class Effect:
    """What the world shows of one action.

    ``worse``: by the numbers it did harm that taking it back may end. ``holds``: what is not to be
    done again for a while.
    """

    about: Unverified
    proof: Proof
    reason: Reason
    worse: bool = False
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Caution:
    """A change that did not help is not made again ``until`` then; ``times`` it did not."""

    entry: EntryId
    why: str
    since: datetime
    until: datetime
    times: int = 1


FIRST_HOLD = timedelta(minutes=15)
LONGEST_HOLD = timedelta(hours=4)
MOST_DOUBLINGS = 5


def held_again(earlier: Caution | None, done: datetime, now: datetime) -> tuple[datetime, int]:
    """Return until when a change is held that did not help again, and how often it did not.

    One done before a hold that still lasts began is of the same attempt: it makes it no longer.
    Worked example: two steps of one shift are both found to do harm; that is once, and 15 minutes.
    """
    if earlier is not None and done <= earlier.since and now < earlier.until:
        return earlier.until, earlier.times
    times = earlier.times + 1 if earlier is not None else 1
    return now + held_for(times), times


def held_for(times: int) -> timedelta:
    """Return how long a change is held that did not help so often: doubled each time, up to 4 h.

    Worked example: 15 minutes, then 30, 1 h, 2 h, 4 h, 4 h.
    """
    doublings: int = min(times - 1, MOST_DOUBLINGS)
    return min(FIRST_HOLD * (1 << doublings), LONGEST_HOLD)
