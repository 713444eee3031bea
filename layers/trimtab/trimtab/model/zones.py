"""Zone states in the policy: how many of a zone may be bad, and how fast its targets may go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ZonePolicy:
    """The bounds of zone states (``trimtab.model.disruption``), by Kubernetes' defaults.

    From ``unhealthy_share`` on, of three bad at least, a zone is partly disrupted. Ejections a
    minute in a zone: ``pace``, but ``slow_pace`` in a zone that is partly disrupted if it has more
    than ``large`` instances, and none if it has not.
    """

    unhealthy_share: float = 0.55
    pace: float = 6.0
    slow_pace: float = 0.6
    large: int = 50
