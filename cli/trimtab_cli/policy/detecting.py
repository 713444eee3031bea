"""The document's ``health.detectors``: what is made of what each detector finds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import word
from trimtab_cli.policy.forms import as_written


def _use(detector: Detector, description: str) -> Use:
    written: Use = Field(default=as_written("use", DEFAULT_USE[detector]), description=description)
    return written


UseWord = Annotated[Use, word(Use)]


class DetectorsDoc(Doc):
    """What is made of each detector's findings.

    `on`: they count. `shadow`: they are told in the log and counted nowhere; nothing ever follows
    of them. `off`: nobody looks. Take a new one into use by way of `shadow`.
    """

    load_balancer: UseWord = _use(
        Detector.LOAD_BALANCER,
        "The load balancer's health checks (`health.load_balancer`). Who gets no requests is known "
        "whatever is said here: too many are a panic in any case.",
    )
    anomaly: UseWord = _use(
        Detector.ANOMALY,
        "ALB's own anomaly detection. It gives no number that could be checked: watch it first.",
    )
    machine: UseWord = _use(
        Detector.MACHINE,
        "EC2's status checks and scheduled events: one more call a tick for every hundred "
        "instances.",
    )
    notices: UseWord = _use(
        Detector.NOTICES, "Notices that an instance will be taken away, such as a spot stop."
    )
    consecutive: UseWord = _use(
        Detector.CONSECUTIVE, "Minutes in a row in which a target failed (`health.consecutive`)."
    )
    failures: UseWord = _use(
        Detector.FAILURES, "Shares of failures against the peers' (`health.failures`)."
    )
    outliers: UseWord = _use(Detector.OUTLIERS, "Metrics against the peers' (`health.outliers`).")
    probe: UseWord = _use(Detector.PROBE, "Probes of our own.")
    access_logs: UseWord = _use(Detector.ACCESS_LOGS, "The load balancer's access logs.")
