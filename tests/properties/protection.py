"""What an operator protects stays: stated here in words of its own, not the guard's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trimtab.model.change import Change, Eject, Resize, Retire, Reweight
from trimtab.model.memory import Hold
from trimtab.model.observation import Observation
from trimtab.model.policy import EjectMethod
from trimtab.model.request import Protect, ProtectFleet, ProtectRoute


def nothing_protected_is_taken(
    holds: Mapping[str, Hold], changes: Iterable[Change], seen: Observation
) -> None:
    """Assert that no change takes from what a hold in force protects."""
    for hold in holds.values():
        if hold.protects is None or hold.until <= seen.now:
            continue
        for change in changes:
            assert not takes(change, hold.protects, seen), f"{change} despite {hold.protects}"


def takes(change: Change, asked: Protect, seen: Observation) -> bool:
    """Tell whether a change takes from what is protected, or may by AWS's choice."""
    if isinstance(change, Reweight):
        return isinstance(asked, ProtectRoute) and change.route == asked.route
    if isinstance(asked, ProtectRoute) or change.fleet != asked.fleet:
        return False
    shrinks = isinstance(change, Resize) and change.after < change.before
    if isinstance(asked, ProtectFleet):
        return shrinks or isinstance(change, Eject | Retire)
    if isinstance(change, Retire):
        return change.instance == asked.instance
    if isinstance(change, Eject):
        standby = change.method is EjectMethod.STANDBY
        return change.target == asked.target or (standby and change.instance == asked.instance)
    here = seen.fleets.get(asked.fleet)
    members = here.group.members if here and here.group else ()
    return shrinks and any(m.instance == asked.instance and not m.protected for m in members)
