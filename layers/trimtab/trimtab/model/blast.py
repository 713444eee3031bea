"""Blast radius: how many targets all services of an account may lose by us in a while.

Counted in windows of ten minutes. What counts against the limit is this window and the one before,
so that no stretch of ten minutes has more than the limit, wherever it begins.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Blast:
    """What was taken out of all services, by us or seen to be by others, when a tick looked.

    ``taken`` is in the window that began at ``window``, ``before`` in the one before it; ``None``
    could not be read, and is not zero. ``most`` is the deployment's limit; ``None``: it has none.
    """

    window: datetime | None = None
    taken: int | None = 0
    before: int | None = 0
    most: int | None = None

    @property
    def total(self) -> int | None:
        """What counts against the limit; ``None`` if that is not known."""
        if self.taken is None or self.before is None:
            return None
        return self.taken + self.before

    def beside(self, others: int) -> Blast:
        """Return the same with what others took out as this tick found: it will add that, too."""
        return self if self.taken is None else replace(self, taken=self.taken + others)


@dataclass(frozen=True, slots=True)
class Spend:
    """What a tick adds to the count of a window; ``most``: it must not be more than that then.

    Less than nothing where an intent came to nothing, or was never carried out.
    """

    window: datetime
    by: int
    most: int | None = None


UNLIMITED = Blast()


def window_of(moment: datetime) -> datetime:
    """Return the start of the window that a moment lies in. Worked example: 12:17 is in 12:10's."""
    return moment.replace(minute=moment.minute - moment.minute % 10, second=0, microsecond=0)


def spends_of(
    blast: Blast, intended: int, others: int, returned: tuple[datetime, ...], now: datetime
) -> tuple[Spend, ...]:
    """Return what a tick adds: its removals, others' that it saw first, less what came to nothing.

    ``returned`` says when what came to nothing was intended. Only a removal of ours meets the
    limit, beside what others did: that happens all the same, and what came to nothing is given back
    in any case.
    Then the window before must not have grown since it was read: ticks may end after it does.
    """
    if blast.most is None:
        return ()
    current, earlier = window_of(now), window_of(now) - WINDOW
    back = Counter(window_of(moment) for moment in returned)
    room = rest = None
    if intended and blast.before is not None:
        room, rest = blast.most - blast.before, blast.before - back[earlier]
    found = (
        Spend(current, intended + others - back[current], room),
        Spend(earlier, -back[earlier], rest),
    )
    return tuple(spend for spend in found if spend.by or spend.most is not None)
