"""Remember: what one tick leaves for the next. Pure.

At the start of a tick ``rewound`` puts right what a clock left that was set back since, and
``settle`` folds in what became of the intents under way; at its end ``remember`` writes down what
the next one must know.
"""

from __future__ import annotations

from trimtab.remember.keep import remember
from trimtab.remember.others import newly_out
from trimtab.remember.rewind import rewound
from trimtab.remember.settle import in_vain, keep_out, settle

__all__ = ["in_vain", "keep_out", "newly_out", "remember", "rewound", "settle"]
