"""What every mapping of the document has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Doc(BaseModel):
    """One mapping of the document: unknown keys are mistakes, values are frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, validate_default=True)
