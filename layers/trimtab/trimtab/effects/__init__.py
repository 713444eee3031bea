"""Effects: what an action should change, and what it did. Pure.

``expected`` says it before the action, ``harm`` whether things are worse by the numbers, ``judge``
what became of it, ``learn`` what memory makes of that.
"""

from __future__ import annotations

from trimtab.effects.expected import expectation_of, given_back
from trimtab.effects.harm import harm_of
from trimtab.effects.judge import judge
from trimtab.effects.learn import is_watched, learn

__all__ = ["expectation_of", "given_back", "harm_of", "is_watched", "judge", "learn"]
