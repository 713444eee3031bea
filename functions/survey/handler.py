"""Has every target asked once a minute by our own probes, and keeps what they bring back."""

from __future__ import annotations

import functools
from datetime import UTC, datetime

from trimtab.settings import Settings
from trimtab.survey import Surveyor
from trimtab.telemetry import emit_surveyed, instrumented
from trimtab.wiring import connect


@functools.cache
def surveyor() -> Surveyor:
    """The survey on what this function talks to, connected at the first event and kept."""
    here = connect(Settings.from_env())
    return Surveyor(here.store, here.infrastructure, here.addresses, here.probes, here.reports)


@instrumented
def lambda_handler(_event: object, _context: object) -> dict[str, int]:
    """Survey all services that have a probe; what the scheduler says of itself does not matter."""
    surveyed = surveyor().survey(datetime.now(UTC))
    emit_surveyed(surveyed)
    return {"targets": surveyed.targets, "reports": surveyed.reports}
