"""Decide: what should change. Pure. Each decider proposes with a reason and the numbers behind it.

Deciders never say no to each other and know no limits: that is the guard's office. The order is
the policy: the guard serves proposals in it, so capacity comes before everything that spends it,
and saving money comes last.
"""

from __future__ import annotations

from trimtab.decide.health import propose_ejections, propose_restores
from trimtab.decide.routing import propose_reweights
from trimtab.decide.scaling import propose_growth, propose_shrinkage, sizes_wanted
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal

DECIDERS = (
    propose_restores,  # gives capacity back, and must not wait behind anything in a panic
    propose_growth,  # capacity first: what follows may spend it
    propose_ejections,
    propose_reweights,
    propose_shrinkage,  # last: only what nobody else needed
)

__all__ = ["DECIDERS", "decide", "sizes_wanted"]


def decide(at: Situation) -> tuple[Proposal, ...]:
    """Return every change wanted this tick, in the order in which it should be served."""
    return tuple(p for propose in DECIDERS for p in propose(at))
