"""What taking one action back means now, or why it can no longer be taken back. Pure.

The world must still be as the action left it: what somebody did since is not undone with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab.codec import time_of_ulid
from trimtab.decide.scaling import sizes_wanted
from trimtab.model.change import (
    Change,
    Eject,
    Resize,
    Restore,
    Retire,
    Reweight,
    inverse_of,
    subject_of,
)
from trimtab.model.entry import Entry, Kind, outcome_id
from trimtab.model.heard import Heard
from trimtab.model.ids import EntryId, FleetId
from trimtab.model.kept import SHORTEST
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import size_subject, weights_subject
from trimtab.model.situation import Situation


@dataclass(frozen=True, slots=True)
class TakeBack:
    """How an action is taken back: by one change, or by holding what was before.

    ``stays_in``: the target is not to be taken out again at once.
    """

    subject: str
    change: Change | None = None
    size: int | None = None
    weights: Mapping[FleetId, int] | None = None
    stays_in: bool = False


def take_back(
    name: EntryId, cited: Mapping[EntryId, Entry], at: Situation, heard: Heard
) -> TakeBack | Reason:
    """Say how to take an intent back, or why not."""
    entry = _done(name, cited, at.now)
    if isinstance(entry, Reason):
        return entry
    if name in _taken_back(at, heard):
        return Reason(ReasonCode.ALREADY_UNDONE, f"{name} was taken back before")
    if entry.change is None:
        return _no(f"{name} says nothing that could be taken back")
    return back_of(what_is_left(name, entry.change, at), entry.at, at, heard)


def what_is_left(name: EntryId, change: Change, at: Situation) -> Change:
    """Return what is left of an action, all of it unless it was taken back in part."""
    left = at.memory.remains.get(name)
    return left.change if left is not None else change


def back_of(change: Change, done: datetime, at: Situation, heard: Heard) -> TakeBack | Reason:
    """Say how to take back a change whose intent was written when it was ``done``, or why not."""
    match change:
        case Eject():
            return _eject_back(change, done, at)
        case Retire():
            return _no_more(change, at)
        case Restore():
            return _restore_back(change, at)
        case Resize():
            return _resize_back(change, at, heard)
        case Reweight():
            return _reweight_back(change, at, heard)


def _done(name: EntryId, cited: Mapping[EntryId, Entry], now: datetime) -> Entry | Reason:
    """Find the intent that was carried out, or say why there is none."""
    entry, outcome = cited.get(name), cited.get(outcome_id(name))
    if entry is None:
        return _no(absent(name, now))
    if entry.kind is not Kind.INTENDED or entry.change is None:
        return _no(f"{name} is {entry.kind}: it did nothing that could be taken back")
    if entry.kept is not None and entry.kept.has_expired(now):
        return _no(f"{name} has expired, and what became of it may be gone from the log")
    if outcome is None:
        return _no(f"{name} is still on its way: its outcome is not known yet")
    if not _may_have_happened(outcome):
        return _no(f"{name} changed nothing: {outcome.kind}, {outcome.reason.text}")
    return entry


def absent(name: EntryId, now: datetime) -> str:
    """Say that there is no such entry; and why, if it is so old that it may have expired."""
    at = time_of_ulid(name)
    if at is None or now - at < SHORTEST:
        return f"there is no entry {name}"
    return f"there is no entry {name}; what was written on {at:%Y-%m-%d} may have expired by now"


def _may_have_happened(outcome: Entry) -> bool:
    return outcome.kind is Kind.APPLIED or outcome.reason.code is ReasonCode.UNCONFIRMED


def _taken_back(at: Situation, heard: Heard) -> set[EntryId]:
    found = {*at.memory.undone}
    found |= {x for p in at.memory.pending for x in p.undoes}
    found |= {x for p in heard.proposals for x in p.undoes}
    return found | {x for h in heard.holds.values() for x in h.undoes}


def _eject_back(change: Eject, done: datetime, at: Situation) -> TakeBack | Reason:
    fleet = at.memory.fleet(change.fleet)
    held = fleet.ejected.get(change.target)
    if change.instance in fleet.ladder.replaced:
        return _no_more(change, at)
    if held is None:
        text = f"{change.target} is not out by our doing any more"
        return Reason(ReasonCode.ALREADY_UNDONE, text)
    if held.since != done:
        text = f"{change.target} was taken out again at {held.since:%Y-%m-%d %H:%M}: undo that"
        return _moved_on(text)
    return TakeBack(subject_of(change), inverse_of(held.eject), stays_in=True)


def _no_more(change: Eject | Retire, at: Situation) -> Reason:
    """Say that what was terminated is gone for good, and what there is instead."""
    group = at.fleet(change.fleet).group
    instead = f"; {change.fleet} has {group.in_service} members in service" if group else ""
    text = f"{change.instance} was terminated, and nothing brings it back{instead}"
    return Reason(ReasonCode.CANNOT_BE_UNDONE, text)


def _restore_back(change: Restore, at: Situation) -> TakeBack | Reason:
    if change.fleet not in at.policy.fleets:
        return _no(f"fleet {change.fleet} is no longer in the policy")
    if change.target in at.memory.fleet(change.fleet).ejected:
        return Reason(ReasonCode.ALREADY_UNDONE, f"{change.target} is out again")
    if change.target not in at.belief.targets_of(change.fleet):
        return _moved_on(f"no target {change.target} is seen in {change.fleet} any more")
    return TakeBack(subject_of(change), inverse_of(change))


def _resize_back(change: Resize, at: Situation, heard: Heard) -> TakeBack | Reason:
    subject, seen = size_subject(change.fleet), at.fleet(change.fleet).group
    named = at.policy.fleets.get(change.fleet)
    if named is None or named.group != change.group:
        return _no(f"{change.group} is no longer the group of {change.fleet} in the policy")
    if seen is None:
        return _no(f"{change.group} could not be read: nobody knows what it would go back from")
    hold = heard.holds.get(subject)
    if hold is not None and not hold.undoes:
        return _no(f"{subject} is held by {hold.by}: release it first")
    size = hold.size if hold is not None and hold.size is not None else seen.desired
    size += _coming_back(change.group, heard)
    if size == change.before:
        return Reason(ReasonCode.ALREADY_UNDONE, f"the size is {size} already")
    if size != change.after:
        return _moved_on(f"the size is {size} now, the action left {change.after}")
    needed = sizes_wanted(at).get(change.fleet)
    if needed is not None and change.before < min(needed, size):
        text = f"the load needs {needed} by now, and there were {change.before} before"
        return Reason(ReasonCode.HEADROOM_SHORT, text, {"needed": needed})
    return TakeBack(subject, size=change.before)


def _coming_back(group: str, heard: Heard) -> int:
    """Count by how much requests heard before this one change the size, by standby moves."""
    changes = [p.change for p in heard.proposals]
    back = sum(1 for c in changes if isinstance(c, Restore) and c.group == group)
    out = [c for c in changes if isinstance(c, Eject) and c.group == group]
    return back - sum(1 for c in out if not c.replace)


def _reweight_back(change: Reweight, at: Situation, heard: Heard) -> TakeBack | Reason:
    subject = weights_subject(change.route)
    route = next((r for r in at.policy.routes if r.name == change.route), None)
    fleets = {at.policy.fleets[f].target_group: f for f in route.split} if route else {}
    if route is None or route.rule != change.rule or set(fleets) != set(change.before):
        return _no(f"{change.route} is another one in the policy by now")
    seen = at.seen.routes.get(change.route)
    if seen is None:
        return _no(f"{change.route} could not be read: nobody knows what it would go back from")
    hold = heard.holds.get(subject)
    if hold is not None and not hold.undoes:
        return _no(f"{subject} are held by {hold.by}: release them first")
    now = {g: seen.weights.get(g) for g in change.after}
    if hold is not None and hold.weights is not None:
        now = {g: hold.weights.get(fleets[g]) for g in change.after}
    if now == dict(change.before):
        return Reason(ReasonCode.ALREADY_UNDONE, "the weights are so already")
    if now != dict(change.after):
        return _moved_on("the weights are no longer what the action left")
    return TakeBack(subject, weights={fleets[g]: w for g, w in sorted(change.before.items())})


def _no(text: str) -> Reason:
    return Reason(ReasonCode.NOT_POSSIBLE, text)


def _moved_on(text: str) -> Reason:
    return Reason(ReasonCode.WORLD_CHANGED, text)
