"""Hear what operators ask: what to propose, what to hold, and what cannot be. Pure.

A request is a proposal like any other: what follows from it meets every guard. What cannot be done
at all is answered here, with what was found instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from trimtab.decide.health import eject_of
from trimtab.decide.takeback import TakeBack, take_back
from trimtab.model.change import WEIGHT_MAX, inverse_of, subject_of
from trimtab.model.entry import Entry, Kind, answer_id, lapse_id
from trimtab.model.heard import Answer, Approval, Heard
from trimtab.model.ids import EntryId, FleetId
from trimtab.model.memory import Hold
from trimtab.model.reason import NOT_YET, Reason, ReasonCode
from trimtab.model.request import (
    SETTLES_FOR,
    Approve,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    Reject,
    Release,
    Request,
    RestoreTarget,
    Undo,
    size_subject,
    weights_subject,
)
from trimtab.model.situation import Situation
from trimtab.model.size import bounds
from trimtab.model.verdict import Proposal, Ruling, Verdict


def hear(requests: Sequence[Request], cited: Mapping[EntryId, Entry], at: Situation) -> Heard:
    """Return what follows from requests, heard in order; each binds those after it."""
    ended = [(s, h) for s, h in sorted(at.memory.holds.items()) if _is_over(s, h, at)]
    over = {s for s, _ in ended}
    heard = Heard(
        requests=tuple(requests),
        answers=tuple(_ended(s, h, at) for s, h in ended),
        holds={s: h for s, h in at.memory.holds.items() if s not in over},
    )
    for request in requests:
        heard = _hear(request, cited, at, heard)
    return heard


def holds_after(heard: Heard, verdicts: Sequence[Verdict]) -> Mapping[str, Hold]:
    """Return the holds that stay: an undo that the guard refuses for good holds nothing."""
    new = {r.id for r in heard.requests}
    refused = {
        v.proposal.request
        for v in verdicts
        if v.ruling is Ruling.REFUSED and v.reason.code not in NOT_YET and v.proposal.undoes
    }
    return {s: h for s, h in heard.holds.items() if h.request not in refused & new}


def _is_over(subject: str, hold: Hold, at: Situation) -> bool:
    """Tell whether a hold's time has come, or what it holds is no longer in the policy."""
    known = {size_subject(f) for f in at.policy.fleets}
    known |= {weights_subject(r.name) for r in at.policy.routes}
    holds_target = hold.size is None and hold.weights is None
    return hold.until <= at.now or not (holds_target or subject in known)


def _ended(subject: str, hold: Hold, at: Situation) -> Answer:
    text = f"{subject} is held no longer: {hold.by} held it since {hold.since:%H:%M}"
    return Answer(Kind.NOTED, Reason(ReasonCode.HOLD_ENDED, text), None, hold.request, subject)


def _hear(request: Request, cited: Mapping[EntryId, Entry], at: Situation, heard: Heard) -> Heard:
    what = request.what
    match what:
        case Approve() | Reject():
            return _answer_proposal(request, what, cited, heard)
        case Undo():
            return _undo(request, take_back(what.entry, cited, at, heard), at, heard)
        case EjectTarget():
            return _eject(request, what, at, heard)
        case RestoreTarget():
            return _restore(request, what, at, heard)
        case HoldCapacity():
            return _hold_size(request, what, at, heard)
        case HoldWeights():
            return _hold_weights(request, what, at, heard)
        case Release():
            return _release(request, what, heard)
        case _:
            assert_never(what)


def _answer_proposal(
    request: Request, what: Approve | Reject, cited: Mapping[EntryId, Entry], heard: Heard
) -> Heard:
    entry = cited.get(what.entry)
    if entry is None:
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, f"there is no entry {what.entry}")
    if entry.kind is not Kind.AWAITING or entry.change is None:
        text = f"{entry.id} is {entry.kind}: only what awaits approval can be answered"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    said = cited.get(answer_id(entry.id))
    if said is not None:
        text = f"{entry.id} was {said.kind} by {said.by} before"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    if lapse_id(entry.id) in cited:
        return _late(heard, request, f"{entry.id} lapsed: it is no longer proposed", entry.id)
    rejected = {a.about for a in heard.answers if a.kind is Kind.REJECTED}
    if entry.id in {a.entry.id for a in heard.approvals} | rejected:
        text = f"{entry.id} is answered by an earlier request of this minute"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    if isinstance(what, Approve):
        return replace(heard, approvals=(*heard.approvals, Approval(request, entry)))
    reason = Reason(ReasonCode.REJECTED, f"rejected by {request.by}: {request.why}")
    return _say(heard, Answer(Kind.REJECTED, reason, request, entry.id, entry.subject))


def _undo(request: Request, found: TakeBack | Reason, at: Situation, heard: Heard) -> Heard:
    assert isinstance(request.what, Undo)  # noqa: S101 (its only caller matched it)
    about = request.what.entry
    if isinstance(found, Reason):
        return _say(heard, Answer(Kind.REFUSED, found, request, about))
    until = at.now + SETTLES_FOR
    hold = replace(_hold(request, at), until=until, undoes=(about,))
    if found.change is not None:
        why = Reason(ReasonCode.UNDOING, f"{request.by} takes {about} back: {request.why}")
        proposal = Proposal(found.change, why, request=request.id, undoes=(about,))
        heard = replace(heard, proposals=(*heard.proposals, proposal))
        kept = replace(hold, undoes=())
        return _held(heard, found.subject, kept) if found.stays_in else heard
    earlier = heard.holds.get(found.subject)
    if earlier is not None:
        heard = _with_one_later(heard, earlier, request)
        hold = replace(hold, undoes=(*earlier.undoes, about))
    return _held(heard, found.subject, replace(hold, size=found.size, weights=found.weights))


def _with_one_later(heard: Heard, earlier: Hold, request: Request) -> Heard:
    """Answer an undo that goes on in a later one: both go back at once."""
    first = next((r for r in heard.requests if r.id == earlier.request), None)
    if first is None or not isinstance(first.what, Undo):
        return heard
    reason = Reason(ReasonCode.UNDOING, f"taken back together with what {request.id} takes back")
    return _say(heard, Answer(Kind.NOTED, reason, first, first.what.entry))


def _eject(request: Request, what: EjectTarget, at: Situation, heard: Heard) -> Heard:
    if (problem := _no_such_fleet(what.fleet, at)) is not None:
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    if what.until <= at.now:
        return _late(heard, request, "heard after the time until which it was to be out")
    held = at.memory.fleet(what.fleet).ejected.get(what.target)
    if held is not None:
        text = f"{what.target} is out already, until {held.until:%Y-%m-%d %H:%M}"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    belief = at.belief.targets_of(what.fleet).get(what.target)
    if belief is None:
        text = f"no target {what.target} is seen in {what.fleet}"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    change = eject_of(what.fleet, belief, at)
    if change is None:
        text = f"the group of {what.target} could not be read, or is moving it already"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    proposal = Proposal(change, _wish(request), request=request.id, until=what.until)
    holds = {s: h for s, h in heard.holds.items() if s != subject_of(change)}
    return replace(heard, proposals=(*heard.proposals, proposal), holds=holds)


def _restore(request: Request, what: RestoreTarget, at: Situation, heard: Heard) -> Heard:
    if (problem := _no_such_fleet(what.fleet, at)) is not None:
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    held = at.memory.fleet(what.fleet).ejected.get(what.target)
    if held is None:
        text = f"{what.target} of {what.fleet} is not held out by Trimtab"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    change = inverse_of(held.eject)
    proposal = Proposal(change, _wish(request), request=request.id)
    heard = replace(heard, proposals=(*heard.proposals, proposal))
    return _held(heard, subject_of(change), _hold(request, at))


def _hold_size(request: Request, what: HoldCapacity, at: Situation, heard: Heard) -> Heard:
    if (problem := _no_such_fleet(what.fleet, at)) is not None:
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    if what.until <= at.now:
        return _late(heard, request, "heard after the time until which it was to be held")
    if at.policy.fleets[what.fleet].group is None:
        text = f"{what.fleet} has no Auto Scaling group"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    group = at.fleet(what.fleet).group
    low, high = bounds(group, at.policy) if group is not None else (0, what.size)
    if not low <= what.size <= high:
        text = f"{what.size} is outside {low} to {high}, the bounds of {what.fleet}"
        return _no(heard, request, ReasonCode.GROUP_BOUNDS, text)
    hold = replace(_hold(request, at), until=what.until, size=what.size)
    return _set(heard, request, size_subject(what.fleet), hold, f"at {what.size}")


def _hold_weights(request: Request, what: HoldWeights, at: Situation, heard: Heard) -> Heard:
    route = next((r for r in at.policy.routes if r.name == what.route), None)
    if route is None:
        names = ", ".join(r.name for r in at.policy.routes) or "none"
        text = f"there is no route {what.route}; there are: {names}"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    if what.until <= at.now:
        return _late(heard, request, "heard after the time until which it was to be held")
    given = what.weights
    if set(given) != set(route.split):
        text = f"weights are needed for exactly {', '.join(sorted(route.split))}"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    if any(not 0 <= w <= WEIGHT_MAX for w in given.values()) or not any(given.values()):
        text = f"weights go from 0 to {WEIGHT_MAX}, and one is above 0"
        return _no(heard, request, ReasonCode.GROUP_BOUNDS, text)
    hold = replace(_hold(request, at), until=what.until, weights=dict(sorted(given.items())))
    words = ", ".join(f"{f} {w}" for f, w in sorted(given.items()))
    return _set(heard, request, weights_subject(what.route), hold, f"at {words}")


def _set(heard: Heard, request: Request, subject: str, hold: Hold, words: str) -> Heard:
    text = f"held {words} until {hold.until:%Y-%m-%d %H:%M} by {request.by}: {request.why}"
    answer = Answer(Kind.NOTED, Reason(ReasonCode.HOLD_SET, text), request, None, subject)
    return _held(_say(heard, answer), subject, hold)


def _release(request: Request, what: Release, heard: Heard) -> Heard:
    if what.subject not in heard.holds:
        there = "; ".join(sorted(heard.holds)) or "nothing"
        text = f"{what.subject} is not held; held: {there}"
        return _no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    reason = Reason(ReasonCode.HOLD_ENDED, f"released by {request.by}: {request.why}")
    heard = _say(heard, Answer(Kind.NOTED, reason, request, None, what.subject))
    return replace(heard, holds={s: h for s, h in heard.holds.items() if s != what.subject})


def _no_such_fleet(name: FleetId, at: Situation) -> str | None:
    if name in at.policy.fleets:
        return None
    return f"there is no fleet {name}; there are: {', '.join(sorted(at.policy.fleets))}"


def _hold(request: Request, at: Situation) -> Hold:
    until = at.now + SETTLES_FOR
    return Hold(request.id, request.by, request.why, since=at.now, until=until)


def _wish(request: Request) -> Reason:
    return Reason(ReasonCode.REQUESTED, f"asked for by {request.by}: {request.why}")


def _held(heard: Heard, subject: str, hold: Hold) -> Heard:
    return replace(heard, holds={**heard.holds, subject: hold})


def _say(heard: Heard, answer: Answer) -> Heard:
    return replace(heard, answers=(*heard.answers, answer))


def _no(
    heard: Heard, request: Request, code: ReasonCode, text: str, about: EntryId | None = None
) -> Heard:
    return _say(heard, Answer(Kind.REFUSED, Reason(code, text), request, about))


def _late(heard: Heard, request: Request, text: str, about: EntryId | None = None) -> Heard:
    reason = Reason(ReasonCode.NO_LONGER_STANDS, text)
    return _say(heard, Answer(Kind.LAPSED, reason, request, about))
