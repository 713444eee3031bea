"""What CloudFormation answers to a request it cannot carry out."""

from __future__ import annotations


class TemplateError(Exception):
    """A template, a parameter or a request CloudFormation refuses before it changes anything."""


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted."""

    def __init__(self, logical_id: str, reason: str) -> None:
        super().__init__(f"{logical_id}: {reason}")
        self.logical_id = logical_id
        self.reason = reason
