"""What must be true of every termination, in plain arithmetic of its own: laws 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trimtab.model.assessment import TargetBelief
from trimtab.model.change import Retire
from trimtab.model.ladder import Ladder, ReplacePolicy
from trimtab.model.memory import FleetMemory
from trimtab.model.observation import Group, Lifecycle


def serves_nobody(
    change: Retire, group: Group | None, held: FleetMemory, targets: Sequence[TargetBelief]
) -> None:
    """Only what is in standby, and by our doing, is ever ended: no belief has to be right."""
    assert group is not None, f"{change.instance} is ended and its group was not seen"
    lifecycle = {m.instance: m.lifecycle for m in group.members}.get(change.instance)
    assert lifecycle is Lifecycle.STANDBY, f"{change.instance} is {lifecycle}, and ended"
    assert change.target in held.ejected, f"{change.instance} is not out by our doing, and ended"
    here = [t for t in targets if t.target.instance == change.instance]
    assert not any(t.serves for t in here), f"{change.instance} serves, and is ended"
    assert group.in_service >= group.desired, f"{change.instance} is ended with members missing"


def no_more_ended_than_allowed(
    ends: Sequence[Retire], ladder: Ladder, rules: ReplacePolicy | None, now: datetime
) -> None:
    """None unless the policy says so, so many a day, and none where newcomers fail too."""
    assert rules is not None, f"{ends} are ended, and the policy replaces none"
    ended = {i for i, at in ladder.replaced.items() if now - at < timedelta(days=1)}
    ended |= {c.instance for c in ends}
    assert len(ended) <= rules.per_day, f"{len(ended)} ended in a day"
    failed = [i for i, at in ladder.vain.items() if now - at < rules.window]
    assert len(failed) < rules.stop_after, f"replaced in vain: {failed} failed too"
