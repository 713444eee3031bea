"""Errors, each for one way of going wrong. AWS's own errors end at ``adapters/aws/faults.py``."""

from __future__ import annotations

from datetime import timedelta


class TrimtabError(Exception):
    """Base of all of ours. The text says what, where, what was expected and what to do."""


class Conflict(TrimtabError):
    """Somebody else wrote first: nothing of ours was written. The next tick decides anew."""


class Denied(TrimtabError):
    """AWS refused for lack of permission; retrying does not help."""


class Throttled(TrimtabError):
    """AWS asked us to slow down, even after the SDK's own retries."""


class TryLater(Throttled):
    """Somebody asked us to wait, and said how long."""

    def __init__(self, told: str, wait: timedelta) -> None:
        """Say what was asked, and for how long we are to wait."""
        super().__init__(told)
        self.wait = wait


class NotFound(TrimtabError):
    """What we named does not exist."""


class Refused(TrimtabError):
    """AWS understood the call and refused it: a limit, a state, a wrong value."""


class Unclear(TrimtabError):
    """The call may or may not have taken effect: a timeout or a broken connection."""


class Malformed(TrimtabError):
    """A stored or received document is not what it should be; it was not used."""


class EventRefused(TrimtabError):
    """An event that we will not act on: unknown shape, oversized, not ours."""


class SettingsInvalid(TrimtabError):
    """The function's environment is incomplete or wrong; names every fault at once."""
