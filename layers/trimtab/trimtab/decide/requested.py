"""Hear what operators ask: what to propose, what to hold, and what cannot be. Pure.

A request is a proposal like any other: what follows from it meets every guard. What cannot be done
at all is answered here, with what was found instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from trimtab.decide.health import eject_of
from trimtab.decide.holding import (
    ended,
    hear_hold,
    hold_by,
    is_over,
    late,
    no,
    no_such_fleet,
    say,
    with_hold,
)
from trimtab.decide.takeback import TakeBack, absent, take_back
from trimtab.model.change import inverse_of, subject_of
from trimtab.model.entry import Entry, Kind, answer_id, lapse_id
from trimtab.model.heard import Answer, Approval, Heard
from trimtab.model.ids import EntryId
from trimtab.model.memory import Hold
from trimtab.model.reason import NOT_YET, Reason, ReasonCode
from trimtab.model.request import (
    SETTLES_FOR,
    Approve,
    EjectTarget,
    HoldCapacity,
    HoldWeights,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Reject,
    Release,
    Request,
    RestoreTarget,
    Undo,
)
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal, Ruling, Verdict


def hear(requests: Sequence[Request], cited: Mapping[EntryId, Entry], at: Situation) -> Heard:
    """Return what follows from requests, heard in order; each binds those after it."""
    over = {s: h for s, h in sorted(at.memory.holds.items()) if is_over(s, h, at)}
    heard = Heard(
        requests=tuple(requests),
        answers=tuple(ended(s, h) for s, h in over.items()),
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


def _hear(request: Request, cited: Mapping[EntryId, Entry], at: Situation, heard: Heard) -> Heard:
    what = request.what
    match what:
        case Approve() | Reject():
            return _answer_proposal(request, what, cited, at.now, heard)
        case Undo():
            return _undo(request, take_back(what.entry, cited, at, heard), at, heard)
        case EjectTarget():
            return _eject(request, what, at, heard)
        case RestoreTarget():
            return _restore(request, what, at, heard)
        case HoldCapacity() | HoldWeights() | ProtectTarget() | ProtectFleet() | ProtectRoute():
            return hear_hold(request, what, at, heard)
        case Release():
            return hear_hold(request, what, at, heard)
        case _:
            assert_never(what)


def _answer_proposal(
    request: Request,
    what: Approve | Reject,
    cited: Mapping[EntryId, Entry],
    now: datetime,
    heard: Heard,
) -> Heard:
    entry = cited.get(what.entry)
    if entry is None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, absent(what.entry, now))
    if entry.kind is not Kind.AWAITING or entry.change is None:
        text = f"{entry.id} is {entry.kind}: only what awaits approval can be answered"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    said = cited.get(answer_id(entry.id))
    if said is not None:
        text = f"{entry.id} was {said.kind} by {said.by} before"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    if entry.kept is not None and entry.kept.has_expired(now):
        return late(heard, request, f"{entry.id} has expired: nobody can approve it", entry.id)
    if lapse_id(entry.id) in cited:
        return late(heard, request, f"{entry.id} lapsed: it is no longer proposed", entry.id)
    rejected = {a.about for a in heard.answers if a.kind is Kind.REJECTED}
    if entry.id in {a.entry.id for a in heard.approvals} | rejected:
        text = f"{entry.id} is answered by an earlier request of this minute"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text, entry.id)
    if isinstance(what, Approve):
        return replace(heard, approvals=(*heard.approvals, Approval(request, entry)))
    reason = Reason(ReasonCode.REJECTED, f"rejected by {request.by}: {request.why}")
    return say(heard, Answer(Kind.REJECTED, reason, request, entry.id, entry.subject))


def _undo(request: Request, found: TakeBack | Reason, at: Situation, heard: Heard) -> Heard:
    assert isinstance(request.what, Undo)  # noqa: S101 (its only caller matched it)
    about = request.what.entry
    if isinstance(found, Reason):
        return say(heard, Answer(Kind.REFUSED, found, request, about))
    until = at.now + SETTLES_FOR
    hold = replace(hold_by(request, at), until=until, undoes=(about,))
    if found.change is not None:
        why = Reason(ReasonCode.UNDOING, f"{request.by} takes {about} back: {request.why}")
        proposal = Proposal(found.change, why, request=request.id, undoes=(about,))
        heard = replace(heard, proposals=(*heard.proposals, proposal))
        if found.stays_in:
            return with_hold(heard, found.subject, hold)
        others = {s: h for s, h in heard.holds.items() if s != found.subject}
        return replace(heard, holds=others)  # what held it in gives way to who takes that back
    earlier = heard.holds.get(found.subject)
    if earlier is not None:
        heard = _with_one_later(heard, earlier, request)
        hold = replace(hold, undoes=(*earlier.undoes, about))
    return with_hold(heard, found.subject, replace(hold, size=found.size, weights=found.weights))


def _with_one_later(heard: Heard, earlier: Hold, request: Request) -> Heard:
    """Answer an undo that goes on in a later one: both go back at once."""
    first = next((r for r in heard.requests if r.id == earlier.request), None)
    if first is None or not isinstance(first.what, Undo):
        return heard
    reason = Reason(ReasonCode.UNDOING, f"taken back together with what {request.id} takes back")
    return say(heard, Answer(Kind.NOTED, reason, first, first.what.entry))


def _eject(request: Request, what: EjectTarget, at: Situation, heard: Heard) -> Heard:
    if (problem := no_such_fleet(what.fleet, at)) is not None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    if what.until <= at.now:
        return late(heard, request, "heard after the time until which it was to be out")
    held = at.memory.fleet(what.fleet).ejected.get(what.target)
    if held is not None:
        text = f"{what.target} is out already, until {held.until:%Y-%m-%d %H:%M}"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    belief = at.belief.targets_of(what.fleet).get(what.target)
    if belief is None:
        text = f"no target {what.target} is seen in {what.fleet}"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    change = eject_of(what.fleet, belief, at)
    if change is None:
        text = f"the group of {what.target} could not be read, or is moving it already"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    proposal = Proposal(change, _wish(request), request=request.id, until=what.until)
    holds = {s: h for s, h in heard.holds.items() if s != subject_of(change)}
    return replace(heard, proposals=(*heard.proposals, proposal), holds=holds)


def _restore(request: Request, what: RestoreTarget, at: Situation, heard: Heard) -> Heard:
    if (problem := no_such_fleet(what.fleet, at)) is not None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    held = at.memory.fleet(what.fleet).ejected.get(what.target)
    if held is None:
        text = f"{what.target} of {what.fleet} is not held out by Trimtab"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    change = inverse_of(held.eject)
    proposal = Proposal(change, _wish(request), request=request.id)
    heard = replace(heard, proposals=(*heard.proposals, proposal))
    return with_hold(heard, subject_of(change), hold_by(request, at))


def _wish(request: Request) -> Reason:
    return Reason(ReasonCode.REQUESTED, f"asked for by {request.by}: {request.why}")
