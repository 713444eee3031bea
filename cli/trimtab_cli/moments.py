"""Reads times from the command line: ``2h`` ago, or an ISO 8601 moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trimtab_cli.policy.units import duration_of
from trimtab_cli.stop import USAGE, Stop


def moment_of(given: str, now: datetime, option: str) -> datetime:
    """Read a moment: a duration before ``now``, or a date or time (UTC if it does not say)."""
    try:
        return now - duration_of(given)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        expected = "expected a duration such as 2h or 30m, or a time such as 2026-11-22T14:30"
        raise Stop(f"{option} {given!r} is no time", expected, USAGE) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def lasting(given: str, option: str) -> timedelta:
    """Read a duration above zero."""
    try:
        read = duration_of(given)
    except ValueError:
        read = timedelta()
    if read <= timedelta():
        raise Stop(f"{option} {given!r} is no duration", "expected one such as 30m or 2h", USAGE)
    return read
