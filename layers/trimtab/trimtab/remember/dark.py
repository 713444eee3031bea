"""Dark: nothing ready in any zone, and what is held against targets once that is over. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from trimtab.model.disruption import is_nothing_ready
from trimtab.model.ids import FleetId, TargetId
from trimtab.model.memory import Finding
from trimtab.model.situation import Situation


def dark_after(name: FleetId, at: Situation) -> datetime | None:
    """Return since when nothing has been ready in any zone of a fleet; unseen stays as it was."""
    since = at.memory.fleet(name).dark_since
    if at.believed(name).targets is None:
        return since
    return (since or at.now) if is_nothing_ready(name, at) else None


def begun_anew(
    findings: Mapping[TargetId, tuple[Finding, ...]], now: datetime
) -> Mapping[TargetId, tuple[Finding, ...]]:
    """Date findings from now: what all had together is held against none of them."""
    return {
        target: tuple(replace(finding, since=now, times=1) for finding in each)
        for target, each in findings.items()
    }
