"""Decide which actions to take back because they made things worse. Pure; knows no limits.

Only while the harm is still seen, and by the same means as an operator's undo.
"""

from __future__ import annotations

from trimtab.decide.routing import step_to
from trimtab.decide.takeback import TakeBack, back_of
from trimtab.effects import harm_of
from trimtab.model.change import Change, Resize, Reweight
from trimtab.model.effect import Unverified
from trimtab.model.heard import Heard
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal


def propose_reverts(at: Situation) -> tuple[Proposal, ...]:
    """Propose to take back what is regretted and still does harm, the last action first."""
    gone = {*at.memory.undone, *(e for p in at.memory.pending for e in p.undoes)}
    found: list[Proposal] = []
    for held in sorted(at.memory.regretted, key=lambda u: (u.done, u.entry), reverse=True):
        harm = harm_of(held, at)
        change = None if harm is None or held.entry in gone else _back(held, at)
        if harm is not None and change is not None:
            text = f"{held.entry} made things worse: {harm.text}"
            reason = Reason(ReasonCode.REVERTING, text, harm.facts)
            found.append(Proposal(change, reason, undoes=(held.entry,)))
    return tuple(found)


def _back(held: Unverified, at: Situation) -> Change | None:
    """Return the change that takes an action back; ``None`` if the world has moved on."""
    back = back_of(held.change, held.at, at, Heard(holds=at.memory.holds))
    if not isinstance(back, TakeBack):
        return None
    match held.change:
        case Resize(fleet, group, _, after) if back.size is not None:
            return Resize(fleet, group, before=after, after=back.size)
        case Reweight():
            route = next(r for r in at.policy.routes if r.name == held.change.route)
            if any(at.believed(f).down for f in route.split):
                return None  # routing moves away from it at once, and further
            return step_to(back.weights, route, at) if back.weights is not None else None
        case _:
            return back.change
