"""What a guard answers. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from trimtab.model.change import Change
from trimtab.model.reason import Fact, Reason, ReasonCode


@dataclass(frozen=True, slots=True)
class Passed:
    """The guard has nothing against it; the facts say what it looked at."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Clamped:
    """The guard lets a smaller change pass in its place."""

    change: Change
    reason: Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """The guard says no."""

    reason: Reason


Answer = Passed | Clamped | Refused


def passed(text: str, **facts: Fact) -> Passed:
    """Let it pass, saying what was looked at."""
    return Passed(Reason(ReasonCode.WITHIN_LIMITS, text, facts))


def refused(code: ReasonCode, text: str, **facts: Fact) -> Refused:
    """Say no, with a code, a sentence and the numbers."""
    return Refused(Reason(code, text, facts))
