"""What AWS tells of a target beyond its health checks: anomalies, its machine, notices. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from trimtab.assess.look import Findings, Look
from trimtab.model.assessment import Evidence
from trimtab.model.ids import InstanceId
from trimtab.model.observation import Target
from trimtab.model.reason import ReasonCode
from trimtab.model.signs import Machine


def by_anomaly(look: Look) -> Findings:
    """Hear ALB's anomaly detection, and whether the balancer does something about it itself.

    While it does, it sends the target next to nothing and tries it again by itself: the gentlest
    ejection there is. So that is no proof before it has gone on for ``mitigated_for``.
    """
    anomalous = (t for t in look.seen.targets or () if t.anomalous or t.mitigating)
    return Findings(tuple((t.id, _anomaly(t, look.now)) for t in anomalous))


def _anomaly(target: Target, now: datetime) -> Evidence:
    if target.mitigating:
        text = "the load balancer finds it anomalous, and sends it next to nothing until it is not"
        return _told(ReasonCode.ANOMALY_MITIGATED, text, now, now)
    text = "the load balancer finds its failures out of line with its peers'"
    return _told(ReasonCode.ANOMALOUS, text, now, now)


def by_machine(look: Look) -> Findings:
    """Hear EC2 on the machines: checks that fail, and what is scheduled soon.

    Worked example: a retirement at 12:00 with ``leave_before: 15m`` is found from 11:45 on, and
    nothing is said before: AWS announces it days ahead.
    """
    machines = look.seen.closer.machines if look.seen.closer else {}
    found = ((i, e) for i in sorted(machines) for e in _of_machine(machines[i], look))
    return Findings(look.on_instances(found))


def _of_machine(machine: Machine, look: Look) -> Iterator[Evidence]:
    now = look.now
    if machine.impaired:
        since = min((min(i.since or now, now) for i in machine.impaired), default=now)
        checks = ", ".join(sorted(i.check for i in machine.impaired))
        text = f"EC2's status check of the {checks} fails since {since:%H:%M}"
        yield _told(ReasonCode.MACHINE_IMPAIRED, text, since, now)
    early = look.policy.health.patience.leave_before
    for at, code in machine.due(now, early)[:1]:
        text = f"AWS has scheduled {code} for {at:%Y-%m-%d %H:%M}"
        yield _told(ReasonCode.MACHINE_SCHEDULED, text, now, now)


def by_notices(look: Look) -> Findings:
    """Hear EC2 on instances that it is about to take away."""
    notices = look.seen.closer.notices if look.seen.closer else {}
    return Findings(look.on_instances(_noticed(look, i) for i in sorted(notices)))


def _noticed(look: Look, instance: InstanceId) -> tuple[InstanceId, Evidence]:
    assert look.seen.closer is not None  # noqa: S101 (whoever asks has looked)
    notice = look.seen.closer.notices[instance]
    since = min(notice.at or look.now, look.now)
    text = f"EC2 takes the spot instance away two minutes after {since:%H:%M:%S} ({notice.what})"
    return instance, _told(ReasonCode.SPOT_INTERRUPTION, text, since, look.now)


def _told(code: ReasonCode, text: str, since: datetime, now: datetime) -> Evidence:
    return Evidence(code, 1, 1, 1, 0, since, text, at=now)
