"""Quantities as a document writes them, both ways: ``5m`` and five minutes, ``20%`` and 0.2."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

DURATION = re.compile(
    r"(?=[0-9])(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,6})s)?"
)
SHARE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)%")
RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)/(s|min|h)")
LATENCY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s)")
PER_MINUTE = {"s": 60.0, "min": 1.0, "h": 1 / 60}


@dataclass(frozen=True, slots=True)
class Latency:
    """A latency that was written with its unit."""

    seconds: float


def duration_of(value: object) -> timedelta:
    """Read ``90s``, ``5m``, ``1h30m`` or ``7d``."""
    match = DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_unit_hint(value, {"min": "m", "sec": "s", "hour": "h", "day": "d"}))
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def share_of(value: object) -> float:
    """Read ``20%`` as 0.2."""
    match = SHARE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("")
    return float(match[1]) / 100


def rate_of(value: object) -> float:
    """Read ``900/min``, ``15/s`` or ``54000/h`` as events per minute."""
    match = RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("")
    return float(match[1]) * PER_MINUTE[match[2]]


def latency_of(value: object) -> Latency:
    """Read ``250ms`` or ``1.5s``."""
    match = LATENCY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("")
    return Latency(float(match[1]) / (1000 if match[2] == "ms" else 1))


def number_text(value: float) -> str:
    """Show a number without needless digits: ``3``, ``2.5``."""
    return f"{round(value, 9):.9f}".rstrip("0").rstrip(".")


def duration_text(value: timedelta) -> str:
    """Show a duration as a document writes it: ``1h30m``."""
    left = int(value.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def share_text(value: float) -> str:
    """Show a ratio as percent: 0.2 is ``20%``."""
    return f"{number_text(round(value * 100, 3))}%"


def rate_text(per_minute: float) -> str:
    """Show a rate per minute: ``900/min``."""
    return f"{number_text(round(per_minute, 6))}/min"


def latency_text(value: timedelta) -> str:
    """Show a latency as a document writes it: ``250ms``."""
    return f"{number_text(value / timedelta(milliseconds=1))}ms"


def _unit_hint(value: object, spellings: dict[str, str]) -> str:
    if not isinstance(value, str):
        return ""
    match = re.fullmatch(r"([0-9]{1,6})\s*([a-z]+)", value.strip().lower())
    if match is None:
        return ""
    for start, unit in spellings.items():
        if match[2].startswith(start) or match[2] == unit:
            return f"did you mean {match[1]}{unit}?"
    return ""
