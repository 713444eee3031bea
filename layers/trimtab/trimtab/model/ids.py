"""Identifiers, one type each, so that a fleet's name is never taken for a target's."""

from __future__ import annotations

from ipaddress import ip_address
from typing import NewType

ServiceId = NewType("ServiceId", str)
"""Name of a service, as the policy gives it."""

FleetId = NewType("FleetId", str)
"""Name of a fleet inside its service."""

RouteId = NewType("RouteId", str)
"""Name of a route inside its service."""

TargetId = NewType("TargetId", str)
"""One registration in a target group: ``i-0abc:8080`` (id and port, as AWS tells targets apart)."""

InstanceId = NewType("InstanceId", str)
"""An EC2 instance id, or an IP address for a target that is not an instance."""

Zone = NewType("Zone", str)
"""An Availability Zone name; empty where AWS does not say."""

Arn = NewType("Arn", str)
"""Any Amazon Resource Name."""

EntryId = NewType("EntryId", str)
"""Key of a log entry inside its service: ``<ULID>#<seq>``; an outcome adds ``#outcome``."""


def target_id(instance: str, port: int) -> TargetId:
    """Name the registration of ``instance`` on ``port``."""
    return TargetId(f"{instance}:{port}")


def is_address(instance: str) -> bool:
    """Tell whether a target is named by its IP address, and not by an instance's id."""
    try:
        ip_address(instance)
    except ValueError:
        return False
    return True
