"""Remember: what one tick leaves for the next. Pure.

``settle`` folds in, at the start of a tick, what became of the intents under way; ``remember``
writes down at its end what the next one must know.
"""

from __future__ import annotations

from trimtab.remember.keep import remember
from trimtab.remember.settle import keep_out, settle

__all__ = ["keep_out", "remember", "settle"]
