"""What a seed stands for: which kinds of trouble, how often, for how long."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum


class Trouble(StrEnum):
    """A kind of trouble the campaign makes.

    Each has dice of its own, so that leaving one out leaves the others much as they were.
    """

    CRASH = "crash"
    """A function dies before or after a port call took effect."""
    DELAY = "delay"
    """A function stands still for up to two minutes at a port call."""
    THROTTLE = "throttle"
    """A call is refused: too many of them."""
    DENY = "deny"
    """A call is refused for lack of permission."""
    UNCLEAR = "unclear"
    """A call times out; half of them took effect."""
    BLIND = "blind"
    """A read of the world answers with a reason in place of what was asked."""
    PARTIAL = "partial"
    """Series come back cut short, or empty."""
    DUPLICATE = "duplicate"
    """A message or stream record is delivered twice, at once or later."""
    LATE = "late"
    """A message or stream record arrives minutes late, and so out of order."""
    DROP = "drop"
    """A message or stream record never arrives."""
    DOUBLE = "double"
    """A second controller looks at the same service at the same time."""
    SKEW = "skew"
    """A function's clock is wrong, by up to five minutes."""
    MEDDLE = "meddle"
    """Somebody else resizes, moves to standby, weighs, ends, protects or suspends."""
    OPERATOR = "operator"
    """An operator pauses and resumes, at any moment."""
    POLICY = "policy"
    """Policies are replaced by ones with lower limits or other modes."""
    REQUEST = "request"
    """Operators approve, reject, undo, eject, restore, hold and release, at any moment."""
    VERSION = "version"
    """A function runs the version before this one, beside the others."""
    FULL = "full"
    """A table takes no more, an item is too large, a batch read answers in part."""
    MISSING = "missing"
    """Target health or a group comes back with most of its members missing."""
    GARBAGE = "garbage"
    """Metrics hold values that cannot be: not a number, below zero, 1e300."""
    HOSTILE = "hostile"
    """Somebody forges events, messages and stream records."""
    DEAD = "dead"
    """Reconcile and act do not run at all, for half an hour or so."""
    WILD = "wild"
    """A decider proposes anything at all: the guard alone must hold the laws."""
    FAULT = "fault"
    """Targets, zones, fleets, metrics, launches and APIs fail."""
    DEMAND = "demand"
    """Users come and go by steps."""


PER_CALL = {
    Trouble.CRASH: (0.003, 0.04),
    Trouble.DELAY: (0.005, 0.06),
    Trouble.THROTTLE: (0.003, 0.05),
    Trouble.DENY: (0.001, 0.02),
    Trouble.UNCLEAR: (0.003, 0.05),
    Trouble.BLIND: (0.005, 0.08),
    Trouble.PARTIAL: (0.005, 0.08),
    Trouble.DUPLICATE: (0.02, 0.3),
    Trouble.LATE: (0.02, 0.3),
    Trouble.DROP: (0.01, 0.15),
    Trouble.DOUBLE: (0.02, 0.4),
    Trouble.SKEW: (0.02, 0.3),
    Trouble.MEDDLE: (0.002, 0.03),
    Trouble.OPERATOR: (0.001, 0.02),
    Trouble.POLICY: (0.001, 0.01),
    Trouble.REQUEST: (0.002, 0.03),
    Trouble.VERSION: (0.05, 0.5),
    Trouble.FULL: (0.002, 0.04),
    Trouble.MISSING: (0.005, 0.06),
    Trouble.GARBAGE: (0.005, 0.08),
    Trouble.HOSTILE: (0.02, 0.2),
    Trouble.DEAD: (0.001, 0.015),
    Trouble.WILD: (0.02, 0.4),
    Trouble.FAULT: (0.02, 0.08),
    Trouble.DEMAND: (0.02, 0.1),
}
"""Least and most chance of each kind, per port call, message, run or step, as the kind has it."""


class Extra(StrEnum):
    """What a service may have beyond the usual, each in four seeds of ten."""

    PROBED = "probed"
    """Its targets are asked by our own probe."""
    LOGGED = "logged"
    """The load balancer's access logs are read."""
    MACHINES = "machines"
    """EC2 is asked about its machines, and ALB's anomaly detection is believed."""
    REPLACES = "replaces"
    """Who fails again and again is replaced."""
    OVERNIGHT = "overnight"
    """It plays around midnight, when the day of the log changes, and yesterday is told of."""


LENGTHS = (8, 8, 10, 12, 15, 25, 40)
"""Minutes of trouble: many short stories find more than few long ones do; some things take long."""
CALM = 64
"""Minutes at the most: what did harm twice is held for half an hour, then weights go by steps."""
LONG_CALM = 94
"""Minutes for what an undo holds to run out, and for everything to come home after that."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: its seed, the kinds of trouble in it, and minutes of trouble and of calm."""

    seed: int
    troubles: frozenset[Trouble]
    minutes: int = 30
    calm: int = CALM
    releases: bool = True
    """Operators end what they hold when the calm comes; else the calm waits until it runs out."""
    demand: tuple[float, ...] = ()
    """Load of each minute of trouble as a share of the usual; by the dice if empty."""
    extras: frozenset[Extra] = frozenset()

    @staticmethod
    def of_seed(seed: int) -> Plan:
        """Draw the kinds: mostly some of them, sometimes all."""
        dice = random.Random(f"{seed}:plan")
        share = dice.choice((0.3, 0.5, 0.5, 0.8, 1.0))
        chosen = {t for t in Trouble if dice.random() < share} | {Trouble.FAULT}
        plan = Plan(seed, frozenset(chosen), minutes=dice.choice(LENGTHS))
        extra = random.Random(f"{seed}:extras")
        plan = replace(plan, extras=frozenset(e for e in Extra if extra.random() < 0.4))
        holds_on = Trouble.REQUEST in chosen and dice.random() < 0.2
        return replace(plan, calm=LONG_CALM, releases=False) if holds_on else plan

    def without(self, trouble: Trouble) -> Plan:
        """Return the same plan less one kind."""
        return replace(self, troubles=self.troubles - {trouble})


class Dice:
    """Chance for one kind of trouble, silent if the plan leaves it out or the calm has come."""

    def __init__(self, plan: Plan) -> None:
        self.calm = False
        self.seed = plan.seed
        self._rate: dict[Trouble, float] = {}
        self._at: dict[Trouble, str] = {}
        self._of: dict[Trouble, random.Random] = {}
        for trouble in Trouble:
            own = random.Random(f"{plan.seed}:{trouble}")
            self._rate[trouble] = own.uniform(*PER_CALL[trouble])
            self._of[trouble] = own
            if trouble not in plan.troubles:
                self._rate[trouble] = 0.0

    def load(self, trouble: Trouble, rate: float = 1.0, at: str = "") -> None:
        """Load the dice: from now on this chance, and only at calls whose name holds ``at``."""
        self._rate[trouble], self._at[trouble] = rate, at

    def strikes(self, trouble: Trouble, what: str = "") -> bool:
        """Tell whether it happens now, at a call of this name."""
        if self.calm or not self._rate[trouble] or self._at.get(trouble, "") not in what:
            return False
        return self._of[trouble].random() < self._rate[trouble]

    def of(self, trouble: Trouble) -> random.Random:
        """The dice for how it happens."""
        return self._of[trouble]
