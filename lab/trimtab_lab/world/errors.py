"""The one exception of the world: an AWS error code and its message."""

from __future__ import annotations


class WorldError(Exception):
    """What the AWS call would have answered instead of a result."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
