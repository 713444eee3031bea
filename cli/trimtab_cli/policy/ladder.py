"""The document's sections for the way back, and for the way out for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from trimtab.model.ladder import ProbationPolicy, ReplacePolicy
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import duration, whole
from trimtab_cli.policy.forms import default_of


class ProbationDoc(Doc):
    """How a target that was out is tried once it is back."""

    lasts: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(ProbationPolicy, "lasts"),
        description="For so long after its return one finding takes a target out again, and no "
        "other target of its fleet is readmitted, unless the fleet is short of capacity.",
    )


class ReplaceDoc(Doc):
    """When a target that fails again and again is replaced: another first, then it is terminated.

    Termination cannot be undone, so none happens unless this stands here. It needs members of a
    scaling group that leave by standby, and the stack's parameter `EnableReplace`.
    """

    after: Annotated[int, whole(2, 10)] = Field(
        default=default_of(ReplacePolicy, "after"),
        description="At which strike: so often must it have been taken out, within "
        "`health.eject.strike_decay` of its last return. A first failure never costs an instance.",
    )
    per_day: Annotated[int, whole(1, 100)] = Field(
        default=default_of(ReplacePolicy, "per_day"),
        description="Most of a fleet that are terminated within 24 hours.",
    )
    stop_after: Annotated[int, whole(1, 10)] = Field(
        default=default_of(ReplacePolicy, "stop_after"),
        description="So many newcomers that fail too end it for the fleet, and people are called.",
    )
    window: Annotated[timedelta, duration("30m", "7d")] = Field(
        default=default_of(ReplacePolicy, "window"),
        description="How long newcomers are watched, and how long one that failed counts.",
    )
    keep: Annotated[timedelta, duration("0s", "7d")] = Field(
        default=default_of(ReplacePolicy, "keep"),
        description="How long the sick instance stays in standby to be looked at before it is "
        "terminated. It counts as out of the fleet until then.",
        examples=["4h"],
    )
