"""IAM's wildcards: ``*`` is any text, ``?`` any one character."""

from __future__ import annotations

import re
from functools import cache

_ARN_COLONS = 5


def is_like(value: str, pattern: str) -> bool:
    """Whether a text fits a pattern."""
    return _compiled(pattern).fullmatch(value) is not None


@cache
def is_arn_like(arn: str, pattern: str) -> bool:
    """Whether an ARN fits a pattern. A wildcard does not reach beyond its part between colons.

    Only the last part, the resource itself, may have colons of its own.
    """
    ours, theirs = arn.split(":", _ARN_COLONS), pattern.split(":", _ARN_COLONS)
    return len(ours) == len(theirs) and all(map(is_like, ours, theirs))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)
