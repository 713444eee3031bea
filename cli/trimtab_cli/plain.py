"""Makes strings from outside safe to show: tags, names and log texts may hold anything."""

from __future__ import annotations

import re
import unicodedata

ESCAPE_SEQUENCE = re.compile(
    r"""
    \x1b\[[0-?]*[ -/]*[@-~]               # CSI: colours, cursor moves
    | \x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?  # OSC: window title, clipboard, links
    | \x1b[P^_X][^\x1b]*(?:\x1b\\)?       # DCS, PM, APC, SOS
    | \x1b[ -/]*[0-~]?                    # any other escape
    | \x9b[0-?]*[ -/]*[@-~]?              # CSI in one byte
    """,
    re.VERBOSE,
)
REMOVED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    """Return ``text`` on one line without escape sequences, control or invisible characters.

    Bidirectional marks and zero-width characters go too (category ``Cf``): they make a name read
    as another. Line breaks and tabs become a space.
    """
    without = ESCAPE_SEQUENCE.sub("", text)
    kept = (" " if c in "\n\r\t" else c for c in without)
    return "".join(c for c in kept if unicodedata.category(c) not in REMOVED_CATEGORIES)
