"""The document's sections for the way back, and for the way out for good."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from trimtab.model.ladder import ProbationPolicy
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import duration
from trimtab_cli.policy.forms import default_of


class ProbationDoc(Doc):
    """How a target that was out is tried once it is back."""

    lasts: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(ProbationPolicy, "lasts"),
        description="For so long after its return one finding takes a target out again, and no "
        "other target of its fleet is readmitted, unless the fleet is short of capacity.",
    )
