"""What EC2 tells of instances beyond their lifecycle: checks, schedules, notices and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

NOTICE_S = 120
"""From the notice of a spot interruption to the instance being taken."""


@dataclass(frozen=True, slots=True)
class MachineView:
    """One instance in DescribeInstanceStatus: the check that fails, and what is scheduled."""

    id: str
    zone: str
    impaired_since: datetime | None = None
    retires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One spot instance that is about to be interrupted, and since when it is known."""

    id: str
    at: datetime


@dataclass(slots=True)
class Labels:
    """What people have put on things, and what they have under way, set by hand."""

    instance_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    target_group_tags: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshes: dict[str, str] = field(default_factory=dict)
    """State of the newest instance refresh, by Auto Scaling group."""
    versions: dict[str, str] = field(default_factory=dict)
    """Number of the launch template's version that an instance was launched from."""
