"""The account's other services: they take targets out as well, at any moment, within the limit."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from trimtab.adapters.records import blast_key, spend_add
from trimtab.adapters.tables import LostRace, Tables
from trimtab.model.blast import WINDOW, Spend, window_of
from trimtab_lab.chaos.plan import Plan, Trouble

ROOM = (2, 3, 5, 20)
"""Limits of deployments: some so small that a single shop meets them."""
AT_WORK = 0.004
"""How often, of all moments between two calls of ours, a neighbour takes something out."""


class Neighbour:
    """Another service's reconcile, which reads the count and spends of it as ours does.

    Its dice are its own: what befalls us in a seed must not depend on it.
    """

    def __init__(self, plan: Plan, tables: Tables, tell: Callable[[str], None]) -> None:
        self._tables, self._tell = tables, tell
        self._dice = random.Random(f"{plan.seed}:neighbour")
        works = Trouble.DOUBLE in plan.troubles or Trouble.MEDDLE in plan.troubles
        self.often = AT_WORK if works else 0.0
        self.most = self._dice.choice(ROOM) if works else max(ROOM)
        self.waits_for = -1
        """Be faster, once, than whoever reads the count the time after so many."""

    def work(self, now: datetime, read: int) -> None:
        """Take a target out now and then, if all services may still lose one.

        ``read``: how often the count has been read.
        """
        is_ahead = 0 <= self.waits_for < read
        if is_ahead:
            self.waits_for = -1
        elif self._dice.random() >= self.often:
            return
        before = count_of(self._tables, now - WINDOW)
        try:
            self._tables.write([spend_add(Spend(window_of(now), 1, self.most - before))])
        except LostRace:
            self._tell("a neighbour: may take out no more")
        else:
            self._tell("a neighbour: takes a target out")


def count_of(tables: Tables, moment: datetime) -> int:
    """Return what was counted in the window of a moment."""
    n = (tables.get(blast_key(window_of(moment))) or {}).get("n", 0)
    return n if isinstance(n, int) else 0


__all__ = ["Neighbour", "count_of"]
