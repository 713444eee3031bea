"""Kinds: how an entry of each kind is told, if it is. Pure.

A table, not a rule: a new kind of entry fails at import until somebody says what people hear of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trimtab.model.entry import Entry, Kind
from trimtab.model.incident import Place
from trimtab.model.lease import WARDEN
from trimtab.model.policy import Mode
from trimtab.model.reason import ReasonCode


@dataclass(frozen=True, slots=True)
class Manner:
    """How a kind is told: where, whether it opens an incident, whether it cannot wait."""

    place: Place
    opens: bool = True
    urgent: bool = False


MANNERS: Mapping[Kind, Manner | None] = {
    Kind.INTENDED: None,  # its outcome is told
    Kind.SHADOWED: None,  # the digest tells of it
    Kind.REFUSED: Manner(Place.REFUSED, opens=False),
    Kind.AWAITING: Manner(Place.AWAITING, urgent=True),
    Kind.REQUESTED: Manner(Place.ASKED),
    Kind.APPROVED: Manner(Place.ASKED),
    Kind.REJECTED: Manner(Place.ASKED),
    Kind.LAPSED: Manner(Place.ASKED),
    Kind.NOTED: Manner(Place.SEEN, opens=False),
    Kind.APPLIED: Manner(Place.DONE),
    Kind.FAILED: Manner(Place.NOT_DONE, urgent=True),
    Kind.UNNEEDED: Manner(Place.NOT_DONE, opens=False),
    Kind.CONFLICT: Manner(Place.NOT_DONE),
    Kind.EXPIRED: Manner(Place.NOT_DONE),
    Kind.VERIFIED: None,  # that it was done is told, and that it helped is what was meant
    Kind.INEFFECTIVE: Manner(Place.NOT_DONE, urgent=True),
    Kind.POLICY: Manner(Place.ASKED),
    Kind.PAUSE: Manner(Place.ASKED),
}
"""Every kind; ``None`` is never told by itself."""

if set(MANNERS) != set(Kind):
    raise TypeError(f"say in told/kinds.py how these are told: {set(Kind) - set(MANNERS)}")

ALARMING = frozenset({
    ReasonCode.PANIC, ReasonCode.FLEET_DOWN, ReasonCode.NO_DATA, ReasonCode.STALE,
    ReasonCode.REPLACING_IN_VAIN,
})  # fmt: skip
"""Notes that open an incident and cannot wait: the controller cannot or will not help."""
LIMITS = frozenset({
    ReasonCode.GROUP_BOUNDS, ReasonCode.HEADROOM_SHORT, ReasonCode.RECEIVER_SHORT,
    ReasonCode.BLAST_RADIUS,
})  # fmt: skip
"""Refusals that open an incident: what is needed does not fit into what you allow."""
HAS_ENDED = "ended after "
"""How narrate begins a note that something is over."""


def manner_of(entry: Entry) -> Manner | None:
    """Say how an entry is told; ``None`` is not, at least not by itself.

    What a service that only observes would have done, refused or noted is for its digest. The
    answer to what somebody asked is always told. Worked example: a refusal for the group's maximum
    opens an incident, one for the hourly budget only joins one.
    """
    manner = MANNERS[entry.kind]
    if manner is None or _is_for_the_digest(entry):
        return None
    if entry.request is not None:
        return Manner(manner.place, opens=True, urgent=manner.urgent)
    code = entry.reason.code
    if entry.kind is Kind.NOTED and code in ALARMING:
        is_over = entry.reason.text.startswith(HAS_ENDED)
        return Manner(manner.place, opens=not is_over, urgent=not is_over)
    if entry.kind is Kind.NOTED and entry.by == WARDEN:
        return Manner(manner.place, opens=True)  # what is due could not be given back
    if entry.kind is Kind.REFUSED and code in LIMITS:
        return Manner(manner.place, opens=True)
    return manner


def _is_for_the_digest(entry: Entry) -> bool:
    observes = entry.mode is Mode.OBSERVE and entry.request is None
    return observes and entry.kind in (Kind.REFUSED, Kind.NOTED)


def is_digested(entry: Entry) -> bool:
    """Whether the daily digest tells of an entry."""
    return entry.kind is Kind.SHADOWED or _is_for_the_digest(entry)
