"""What operators want kept as it is for a while: sizes, weights, and what is protected. Pure.

A hold stops the deciders, a protection is what the guard refuses by; each ends by itself.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from trimtab.model.change import WEIGHT_MAX
from trimtab.model.entry import Kind
from trimtab.model.heard import Answer, Heard
from trimtab.model.ids import EntryId, FleetId, RouteId
from trimtab.model.memory import Hold
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.request import (
    MOST_PROTECTED,
    SETTLES_FOR,
    HoldCapacity,
    HoldWeights,
    Protect,
    ProtectFleet,
    ProtectRoute,
    ProtectTarget,
    Release,
    Request,
    protection_subject,
    size_subject,
    weights_subject,
)
from trimtab.model.situation import Situation
from trimtab.model.size import bounds

Held = HoldCapacity | HoldWeights | Protect | Release
"""What is asked about holds."""


def is_over(subject: str, hold: Hold, at: Situation) -> bool:
    """Tell whether a hold's time has come, or what it holds is no longer in the policy."""
    known = {size_subject(f) for f in at.policy.fleets}
    known |= {weights_subject(r.name) for r in at.policy.routes}
    if hold.protects is not None:
        return hold.until <= at.now or _nothing_to_protect(hold.protects, at) is not None
    holds_target = hold.size is None and hold.weights is None
    return hold.until <= at.now or not (holds_target or subject in known)


def ended(subject: str, hold: Hold) -> Answer:
    """Say that a hold has ended."""
    text = f"{subject} is held no longer: {hold.by} held it since {hold.since:%H:%M}"
    return Answer(Kind.NOTED, Reason(ReasonCode.HOLD_ENDED, text), None, hold.request, subject)


def hear_hold(request: Request, what: Held, at: Situation, heard: Heard) -> Heard:
    """Begin or end a hold, or say why not."""
    match what:
        case HoldCapacity():
            return _hold_size(request, what, at, heard)
        case HoldWeights():
            return _hold_weights(request, what, at, heard)
        case ProtectTarget() | ProtectFleet() | ProtectRoute():
            return _protect(request, what, at, heard)
        case Release():
            return _release(request, what, heard)
        case _:
            assert_never(what)


def _hold_size(request: Request, what: HoldCapacity, at: Situation, heard: Heard) -> Heard:
    if (problem := no_such_fleet(what.fleet, at)) is not None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    if what.until <= at.now:
        return late(heard, request, "heard after the time until which it was to be held")
    if at.policy.fleets[what.fleet].group is None:
        text = f"{what.fleet} has no Auto Scaling group"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    group = at.fleet(what.fleet).group
    low, high = bounds(group, at.policy) if group is not None else (0, what.size)
    if not low <= what.size <= high:
        text = f"{what.size} is outside {low} to {high}, the bounds of {what.fleet}"
        return no(heard, request, ReasonCode.GROUP_BOUNDS, text)
    subject = size_subject(what.fleet)
    was = _size_before(heard.holds.get(subject), group.desired if group is not None else None)
    hold = replace(hold_by(request, at), until=what.until, size=what.size, was=was)
    return _set(heard, request, subject, hold, f"held at {what.size}")


def _size_before(earlier: Hold | None, now: int | None) -> int | None:
    """Tell the size that a hold takes the place of, also where it follows another hold."""
    return earlier.was if earlier is not None and earlier.was is not None else now


def _hold_weights(request: Request, what: HoldWeights, at: Situation, heard: Heard) -> Heard:
    route = next((r for r in at.policy.routes if r.name == what.route), None)
    if route is None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, _no_such_route(what.route, at))
    if what.until <= at.now:
        return late(heard, request, "heard after the time until which it was to be held")
    given = what.weights
    if set(given) != set(route.split):
        text = f"weights are needed for exactly {', '.join(sorted(route.split))}"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    if any(not 0 <= w <= WEIGHT_MAX for w in given.values()) or not any(given.values()):
        text = f"weights go from 0 to {WEIGHT_MAX}, and one is above 0"
        return no(heard, request, ReasonCode.GROUP_BOUNDS, text)
    hold = replace(hold_by(request, at), until=what.until, weights=dict(sorted(given.items())))
    words = ", ".join(f"{f} {w}" for f, w in sorted(given.items()))
    return _set(heard, request, weights_subject(what.route), hold, f"held at {words}")


def _protect(request: Request, what: Protect, at: Situation, heard: Heard) -> Heard:
    problem = _nothing_to_protect(what, at)
    if problem is None and isinstance(what, ProtectTarget):
        problem = _not_to_be_protected(what, at, heard)
    if problem is not None:
        return no(heard, request, ReasonCode.NOT_POSSIBLE, problem)
    if what.until <= at.now:
        return late(heard, request, "heard after the time until which it was to be protected")
    hold = replace(hold_by(request, at), until=what.until, protects=what)
    return _set(heard, request, protection_subject(what), hold, "protected")


def _release(request: Request, what: Release, heard: Heard) -> Heard:
    if what.subject not in heard.holds:
        there = "; ".join(sorted(heard.holds)) or "nothing"
        text = f"{what.subject} is not held; held: {there}"
        return no(heard, request, ReasonCode.NOT_POSSIBLE, text)
    reason = Reason(ReasonCode.HOLD_ENDED, f"released by {request.by}: {request.why}")
    heard = say(heard, Answer(Kind.NOTED, reason, request, None, what.subject))
    return replace(heard, holds={s: h for s, h in heard.holds.items() if s != what.subject})


def _nothing_to_protect(what: Protect, at: Situation) -> str | None:
    if not isinstance(what, ProtectRoute):
        return no_such_fleet(what.fleet, at)
    known = any(r.name == what.route for r in at.policy.routes)
    return None if known else _no_such_route(what.route, at)


def _not_to_be_protected(what: ProtectTarget, at: Situation, heard: Heard) -> str | None:
    """Say why one target cannot be protected. Nobody is refused while we see none of its fleet."""
    is_seen = at.believed(what.fleet).targets is not None
    is_out = what.target in at.memory.fleet(what.fleet).ejected
    if is_seen and not is_out and what.target not in at.belief.targets_of(what.fleet):
        return f"no target {what.target} is seen in {what.fleet}"
    others = [h for h in heard.holds.values() if isinstance(h.protects, ProtectTarget)]
    if protection_subject(what) not in heard.holds and len(others) >= MOST_PROTECTED:
        return f"{len(others)} targets are protected already: protect fleet {what.fleet}"
    return None


def _set(heard: Heard, request: Request, subject: str, hold: Hold, words: str) -> Heard:
    text = f"{words} until {hold.until:%Y-%m-%d %H:%M} by {request.by}: {request.why}"
    answer = Answer(Kind.NOTED, Reason(ReasonCode.HOLD_SET, text), request, None, subject)
    return with_hold(say(heard, answer), subject, hold)


def no_such_fleet(name: FleetId, at: Situation) -> str | None:
    """Say that the policy has no such fleet; ``None`` if it has."""
    if name in at.policy.fleets:
        return None
    return f"there is no fleet {name}; there are: {', '.join(sorted(at.policy.fleets))}"


def _no_such_route(name: RouteId, at: Situation) -> str:
    there = ", ".join(r.name for r in at.policy.routes) or "none"
    return f"there is no route {name}; there are: {there}"


def hold_by(request: Request, at: Situation) -> Hold:
    """Return the hold that a request begins, for as long as an undo settles."""
    until = at.now + SETTLES_FOR
    return Hold(request.id, request.by, request.why, since=at.now, until=until)


def with_hold(heard: Heard, subject: str, hold: Hold) -> Heard:
    """Hold one thing more."""
    return replace(heard, holds={**heard.holds, subject: hold})


def say(heard: Heard, answer: Answer) -> Heard:
    """Answer once more."""
    return replace(heard, answers=(*heard.answers, answer))


def no(
    heard: Heard, request: Request, code: ReasonCode, text: str, about: EntryId | None = None
) -> Heard:
    """Answer that it cannot be."""
    return say(heard, Answer(Kind.REFUSED, Reason(code, text), request, about))


def late(heard: Heard, request: Request, text: str, about: EntryId | None = None) -> Heard:
    """Answer that it came too late."""
    reason = Reason(ReasonCode.NO_LONGER_STANDS, text)
    return say(heard, Answer(Kind.LAPSED, reason, request, about))
