"""The ladder of remedies: how a target earns its way back, and when it is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class ProbationPolicy:
    """How a target that was out is tried once it is back.

    For as long as probation ``lasts`` one finding takes it out again, and no other target of its
    fleet is readmitted.
    """

    lasts: timedelta = timedelta(minutes=5)
