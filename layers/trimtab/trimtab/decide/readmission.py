"""Decide who returns: by time, and by what our probe says of it while it is out. Pure."""

from __future__ import annotations

from trimtab.decide.replacing import back_at
from trimtab.model.detectors import Detector, Use
from trimtab.model.memory import Ejection
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.situation import Situation
from trimtab.probed import probe_record


def readmission(held: Ejection, at: Situation) -> Reason | None:
    """Say why a target that is out returns now; ``None`` if it stays out.

    Its time must be over. Where our probe asks it, ``passes`` good answers in a row bring it back,
    at its first strike even before its time, if it was out for its checks alone; while it answers
    badly it stays, but no longer than ``max_keep_out``. A silent or broken probe says nothing.
    """
    good, bad = _answers(held, at)
    until = back_at(held, at)
    facts: dict[str, Fact] = {
        "out_since": held.since.isoformat(),
        "until": until.isoformat(),
        "strikes": held.strikes,
    }
    probe = at.policy.health.probe
    if probe is None or not (good or bad):
        if until > at.now:
            return None
        text = f"it has been out since {held.since:%H:%M} and gets another chance"
        return Reason(ReasonCode.RESTORE_RECOVERED, text, facts)
    facts |= {"good_answers": good, "bad_answers": bad}
    by_checks = held.strikes == 1 and held.reason is ReasonCode.EJECT_UNHEALTHY
    if good >= probe.passes and (until <= at.now or by_checks):
        text = f"it answered our probe {good} times in a row, and gets another chance"
        return Reason(ReasonCode.RESTORE_RECOVERED, text, facts)
    longest = max(until, held.since + at.policy.health.eject.max_keep_out)
    if longest <= at.now:
        text = f"it has been out since {held.since:%H:%M}, as long as any may be"
        return Reason(ReasonCode.RESTORE_RECOVERED, text, facts)
    return None


def _answers(held: Ejection, at: Situation) -> tuple[int, int]:
    """Return its good and bad answers in a row since it went out."""
    if at.policy.health.use(Detector.PROBE) is not Use.ON:
        return 0, 0
    reports = at.fleet(held.eject.fleet).reports
    return probe_record([r for r in reports if r.minute >= held.since], held.eject.target)
