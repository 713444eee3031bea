"""Words: what a change does, and text of others made inert. Pure."""

from __future__ import annotations

import unicodedata

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight

MOST_CHARACTERS = 600
_INVISIBLE = ("C", "Zl", "Zp")
"""Unicode's categories of what steers instead of showing: control, direction, line separators."""
_FORMULA = ("=", "+", "-", "@")


def sentence_of(change: Change) -> str:
    """Say in words what a change does."""
    match change:
        case Eject():
            way = "put in standby" if change.group else "deregister"
            more = " and replace it" if change.replace else ""
            return f"{way} {change.target} of {change.fleet} in {change.zone}{more}"
        case Restore():
            return f"bring {change.target} of {change.fleet} back"
        case Retire():
            return f"terminate {change.target} of {change.fleet}, which is in standby"
        case Resize():
            return f"resize {change.group} from {change.before} to {change.after}"
        case Reweight():
            weights = (
                f"{group.split('/')[1] if '/' in group else group} {change.before[group]}->{weight}"
                for group, weight in sorted(change.after.items())
            )
            return f"weights of {change.route}: {', '.join(weights)}"


def safe(text: str, most: int = MOST_CHARACTERS) -> str:
    r"""Make text inert: no control or direction characters, one line, bounded length.

    Worked example: ``a\x1b[31mb`` becomes ``a [31mb``.
    """
    return "".join(" " if _is_invisible(c) else c for c in text[:most])


def plain(text: str) -> str:
    """Make text inert for a line of its own: no spreadsheet takes its beginning for a formula."""
    inert = safe(text)
    return f"'{inert}" if inert.lstrip().startswith(_FORMULA) else inert


def cut(text: str, most: int) -> str:
    """Shorten text to ``most`` characters, visibly."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character).startswith(_INVISIBLE)
