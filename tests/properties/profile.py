"""How hard to look: quick and the same each time in CI, longer on demand.

``TRIMTAB_EXAMPLES=50`` multiplies the examples of every property by fifty.
"""

from __future__ import annotations

import os

EXAMPLES = 50 * int(os.environ.get("TRIMTAB_EXAMPLES", "1"))
