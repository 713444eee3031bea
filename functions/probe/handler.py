"""Asks the targets of one run, from where it is, and answers how they answered. Has no rights."""

from __future__ import annotations

from typing import Any

from trimtab import codec
from trimtab.adapters.knock import ask_all
from trimtab.errors import EventRefused, Malformed
from trimtab.model.errand import MOST_ASKED, Run
from trimtab.telemetry import emit_probed, instrumented

SECONDS = 18.0
"""For all targets together, whatever they do."""
TO_SPARE_S = 4.0
"""Time left to end in."""


@instrumented
def lambda_handler(event: object, context: Any) -> dict[str, str]:  # noqa: ANN401 - Lambda's
    """Ask everybody on the run; who could not be asked in time is not in the answer."""
    run = run_of(event)
    left = context.get_remaining_time_in_millis() / 1000 - TO_SPARE_S
    brought = ask_all(run, max(1.0, min(SECONDS, left)))
    heard = sum(len(answer.tallies) for answer in brought.answers)
    emit_probed(sum(len(errand.targets) for errand in run.errands), heard)
    return {"brought": codec.dumps(brought)}


def run_of(event: object) -> Run:
    """Read a run; raise ``EventRefused`` for what the survey would not send."""
    text = event.get("run") if isinstance(event, dict) else None
    if not isinstance(text, str):
        raise EventRefused("expected a run of the survey's")
    try:
        run = codec.loads(Run, text)
    except Malformed as error:
        raise EventRefused(f"not a run of the survey's: {error!s:.200}") from error
    asked = sum(len(errand.targets) for errand in run.errands)
    if asked > MOST_ASKED:
        raise EventRefused(f"{asked} targets in one run, at most {MOST_ASKED} are asked")
    return run
