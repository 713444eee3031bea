"""Decide: what should change. Pure. Each decider proposes with a reason and the numbers behind it.

Deciders never say no to each other and know no limits: that is the guard's office. The order is
the policy: the guard serves proposals in it, so capacity comes before everything that spends it,
and saving money comes last.
"""

from __future__ import annotations

from collections.abc import Sequence

from trimtab.decide.health import propose_ejections, propose_restores
from trimtab.decide.replacing import propose_retirements
from trimtab.decide.requested import hear, holds_after
from trimtab.decide.revert import propose_reverts
from trimtab.decide.routing import propose_reweights
from trimtab.decide.scaling import propose_growth, propose_shrinkage, sizes_wanted
from trimtab.model.change import Restore
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal

DECIDERS = (
    propose_restores,  # gives capacity back, and must not wait behind anything in a panic
    propose_growth,  # capacity first: what follows may spend it
    propose_ejections,
    propose_retirements,
    propose_reweights,
    propose_shrinkage,  # last: only what nobody else needed
)

__all__ = ["DECIDERS", "decide", "hear", "holds_after", "sizes_wanted"]


def decide(at: Situation, asked: Sequence[Proposal] = ()) -> tuple[Proposal, ...]:
    """Return every change wanted this tick, in the order in which it should be served.

    What operators ``asked`` for goes first within its kind: what is given back before all, what is
    taken out before what we would take out ourselves; so does what takes back harm we have done.
    What is wanted twice is proposed once.
    """
    asked = (*asked, *propose_reverts(at))
    back = [p for p in asked if isinstance(p.change, Restore)]
    found = [*back]
    for propose in DECIDERS:
        if propose is propose_ejections:
            found += (p for p in asked if not isinstance(p.change, Restore))
        twice = [p.change for p in asked]
        found += (p for p in propose(at) if p.change not in twice)
    return tuple(found)
