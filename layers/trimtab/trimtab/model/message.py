"""Events as we send them to others: flat, versioned, described by ``schemas/events``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """The detail-types of our events."""

    OPENED = "Trimtab Incident Opened"
    UPDATED = "Trimtab Incident Updated"
    CLOSED = "Trimtab Incident Closed"
    ACTION = "Trimtab Action"
    DIGEST = "Trimtab Digest"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: when it was, what it is, and its detail as plain JSON data."""

    at: datetime
    kind: EventType
    detail: Mapping[str, Any]
