"""How long what is told of a target must hold before it is proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Patience:
    """What must hold, and for how long.

    ``impaired_for``: a status check of EC2 fails. ``leave_before``: so long before something that
    AWS has scheduled an instance should be out. ``anomalous_for``: ALB finds a target anomalous and
    does nothing about it; ``mitigated_for``: it does, and that does not end. ``failing_minutes`` in
    a row a target must have failed at least ``failing_share`` of its requests.
    """

    impaired_for: timedelta = timedelta(minutes=3)
    leave_before: timedelta = timedelta(minutes=15)
    anomalous_for: timedelta = timedelta(minutes=3)
    mitigated_for: timedelta = timedelta(minutes=30)
    failing_minutes: int = 3
    failing_share: float = 0.9
