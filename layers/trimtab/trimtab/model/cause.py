"""What a fleet's trouble comes from, and what may be done about each: one table.

The cause chooses the lever. What is wrong with one target is mended at that target; what is wrong
with all of them is not, and removing targets would only make it worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from trimtab.model.reason import ReasonCode


class Cause(StrEnum):
    """What explains the evidence best, in the order in which they are asked."""

    BLIND = "blind"  # we cannot see, or what we see cannot be
    FLEET = "fleet"  # so much is bad that it cannot be the targets
    OVERLOAD = "overload"  # busy and slow together
    ZONE = "zone"  # what is bad is in one zone
    DEPLOYMENT = "deployment"  # only newcomers are bad
    DEPENDENCY = "dependency"  # all fail alike, at moderate load
    TARGET = "target"  # this one, not its peers
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a cause allows, and under which code everything else is refused."""

    ejecting: bool
    shrinking: bool
    refusal: ReasonCode = ReasonCode.WITHIN_LIMITS
    instead: str = ""


REMEDIES: Mapping[Cause, Remedy] = {
    Cause.BLIND: Remedy(False, False, ReasonCode.BLIND, "nothing is removed"),
    Cause.FLEET: Remedy(
        False, False, ReasonCode.WHOLE_FLEET, "people, or another fleet, must help; nothing leaves"
    ),
    Cause.OVERLOAD: Remedy(
        False, False, ReasonCode.OVERLOAD, "it needs more targets, so none may leave"
    ),
    Cause.ZONE: Remedy(
        False, False, ReasonCode.ZONE_FAULT, "traffic should leave the zone, not targets the fleet"
    ),
    Cause.DEPLOYMENT: Remedy(
        False, False, ReasonCode.DEPLOYMENT, "the deployment should be stopped or taken back"
    ),
    Cause.DEPENDENCY: Remedy(
        False, False, ReasonCode.DEPENDENCY, "what they all depend on should be looked at"
    ),
    Cause.TARGET: Remedy(True, True),
    Cause.NONE: Remedy(True, True),
}
"""What may be done about each cause. Giving back and growing is always allowed."""
