"""Notify: tell people what was done, what went wrong and what needs them."""

from __future__ import annotations

import unicodedata

from trimtab.model.change import Change, Eject, Resize, Restore, Reweight
from trimtab.model.entry import OUTCOMES, Entry, Kind
from trimtab.model.reason import ReasonCode
from trimtab.ports import Topic

TOLD = OUTCOMES | {Kind.AWAITING, Kind.POLICY, Kind.PAUSE}
"""Kinds worth a message; refusals and shadows are read in the log."""
ALARMING = {ReasonCode.PANIC, ReasonCode.FLEET_DOWN, ReasonCode.NO_DATA, ReasonCode.STALE}
"""Notes worth a message all the same: the controller cannot or will not help."""
MOST_CHARACTERS = 600


def tell(entry: Entry, topic: Topic) -> bool:
    """Send one plain message about an entry worth one; return whether it was."""
    if entry.kind not in TOLD and not (entry.kind is Kind.NOTED and entry.reason.code in ALARMING):
        return False
    subject = safe(f"[trimtab] {entry.service}: {entry.kind} {entry.subject}")
    lines = [
        safe(f"{entry.service}: {entry.kind} - {entry.reason.text}"),
        safe(f"what: {sentence_of(entry.change)}") if entry.change else "",
        safe(f"why:  {entry.wanted.text}") if entry.wanted else "",
        f"when: {entry.at:%Y-%m-%d %H:%M:%S} UTC",
        f"more: trimtab explain {entry.intent or entry.id} --service {safe(entry.service)}",
    ]
    attributes = {"service": entry.service, "kind": entry.kind, "reason": entry.reason.code}
    topic.tell(subject, "\n".join(line for line in lines if line), attributes)
    return True


def sentence_of(change: Change) -> str:
    """Say in words what a change does."""
    match change:
        case Eject():
            way = "put in standby" if change.group else "deregister"
            more = " and replace it" if change.replace else ""
            return f"{way} {change.target} of {change.fleet} in {change.zone}{more}"
        case Restore():
            return f"bring {change.target} of {change.fleet} back"
        case Resize():
            return f"resize {change.group} from {change.before} to {change.after}"
        case Reweight():
            weights = (
                f"{group.split('/')[1] if '/' in group else group} {change.before[group]}->{weight}"
                for group, weight in sorted(change.after.items())
            )
            return f"weights of {change.route}: {', '.join(weights)}"


def safe(text: str) -> str:
    """Make text inert: no control or direction characters, bounded length."""
    kept = (c if unicodedata.category(c)[0] != "C" else " " for c in text[:MOST_CHARACTERS])
    return "".join(kept)
