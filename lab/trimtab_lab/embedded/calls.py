"""What was asked of AWS, by whom: the call log that tests count in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

WRITES: frozenset[tuple[str, str]] = frozenset(
    {
        ("elbv2", "RegisterTargets"),
        ("elbv2", "DeregisterTargets"),
        ("elbv2", "ModifyRule"),
        ("elbv2", "ModifyListener"),
        ("elbv2", "ModifyTargetGroup"),
        ("elbv2", "ModifyTargetGroupAttributes"),
        ("autoscaling", "SetDesiredCapacity"),
        ("autoscaling", "UpdateAutoScalingGroup"),
        ("autoscaling", "EnterStandby"),
        ("autoscaling", "ExitStandby"),
        ("autoscaling", "SetInstanceHealth"),
        ("autoscaling", "SetInstanceProtection"),
        ("autoscaling", "SuspendProcesses"),
        ("autoscaling", "ResumeProcesses"),
        ("autoscaling", "TerminateInstanceInAutoScalingGroup"),
    }
)
"""Calls that change a load balancer, a group or a route."""


class ApiCall(NamedTuple):
    """One attempt at an AWS call. ``error`` is the code AWS answered, empty if none."""

    at: datetime
    function: str
    """The Lambda function that called; empty for whoever drives the embedded AWS."""
    service: str
    """boto3's name of it."""
    operation: str
    error: str = ""

    @property
    def is_write(self) -> bool:
        """Whether it changes a load balancer, a group or a route."""
        return (self.service, self.operation) in WRITES


class CallLog:
    """Every attempt at a call by a function, in order."""

    def __init__(self) -> None:
        self.calls: list[ApiCall] = []

    def add(self, call: ApiCall) -> None:
        """Note one attempt."""
        self.calls.append(call)

    def of(self, function: str = "", service: str = "", operation: str = "") -> list[ApiCall]:
        """Attempts that match; an empty name matches all."""
        return [
            call
            for call in self.calls
            if function in ("", call.function)
            and service in ("", call.service)
            and operation in ("", call.operation)
        ]

    def writes(self) -> list[ApiCall]:
        """Attempts at changing a load balancer, a group or a route, by anybody."""
        return [call for call in self.calls if call.is_write]

    def counted(self, calls: Iterable[ApiCall] | None = None) -> Counter[tuple[str, str, str]]:
        """How often each function asked each operation of each service."""
        given = self.calls if calls is None else calls
        return Counter((call.function, call.service, call.operation) for call in given)
