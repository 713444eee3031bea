"""Decide which actions to take back because they made things worse. Pure; knows no limits.

Only while the harm is still seen, and by the same means as an operator's undo.
"""

from __future__ import annotations

from trimtab.decide.routing import goal_of, step_to
from trimtab.decide.takeback import TakeBack, back_of, what_is_left
from trimtab.effects import harm_of
from trimtab.model.change import Resize, Reweight
from trimtab.model.effect import Unverified
from trimtab.model.heard import Heard
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal


def propose_reverts(at: Situation) -> tuple[Proposal, ...]:
    """Propose to take back what is regretted and still does harm, the last action first.

    What a guard lets happen in part only is known (``remains``), and goes on in the next tick.
    """
    gone = {*at.memory.undone, *(e for p in at.memory.pending for e in p.undoes)}
    found: list[Proposal] = []
    for held in sorted(at.memory.regretted, key=lambda u: (u.done, u.entry), reverse=True):
        harm = harm_of(held, at)
        if harm is None or held.entry in gone:
            continue
        text = f"{held.entry} made things worse: {harm.text}"
        reason = Reason(ReasonCode.REVERTING, text, harm.facts)
        proposal = _back(held, reason, at)
        if proposal is not None:
            found.append(proposal)
    return tuple(found)


def _back(held: Unverified, reason: Reason, at: Situation) -> Proposal | None:
    """Propose the change that takes an action back; ``None`` if the world has moved on."""
    left = what_is_left(held.entry, held.change, at)
    back = back_of(left, held.at, at, Heard(holds=at.memory.holds))
    if not isinstance(back, TakeBack):
        return None
    undoes = (held.entry,)
    match left:
        case Resize(fleet, group, _, after) if back.size is not None:
            return Proposal(Resize(fleet, group, after, back.size), reason, undoes=undoes)
        case Reweight():
            route = next(r for r in at.policy.routes if r.name == left.route)
            if back.weights is None or any(at.believed(f).down for f in route.split):
                return None  # routing moves away from what is down at once, and further
            step = step_to(back.weights, route, at)
            if step is None:
                return None
            return Proposal(step, reason, undoes=undoes, goal=goal_of(step, back.weights, at))
        case _:
            return None if back.change is None else Proposal(back.change, reason, undoes=undoes)
