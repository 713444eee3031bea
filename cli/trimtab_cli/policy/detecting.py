"""The document's ``health.detectors`` and ``health.patience``: what is made of what is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.patience import Patience
from trimtab_cli.policy.doc import Doc
from trimtab_cli.policy.expected import duration, share, whole, word
from trimtab_cli.policy.forms import as_written, default_of


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
        Detector.CONSECUTIVE,
        "Minutes in a row that failed (by the counts of `health.failures`).",
    )
    failures: UseWord = _use(
        Detector.FAILURES, "Shares of failures against the peers' (`health.failures`)."
    )
    outliers: UseWord = _use(Detector.OUTLIERS, "Metrics against the peers' (`health.outliers`).")
    probe: UseWord = _use(Detector.PROBE, "Probes of our own.")
    access_logs: UseWord = _use(Detector.ACCESS_LOGS, "The load balancer's access logs.")


class PatienceDoc(Doc):
    """How long what is told of a target must hold before it is taken out for it."""

    impaired_for: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(Patience, "impaired_for"),
        description="`machine`: a status check of EC2 has failed for so long, by EC2's own clock.",
    )
    leave_before: Annotated[timedelta, duration("1m", "1d")] = Field(
        default=default_of(Patience, "leave_before"),
        description="`machine`: so long before a retirement, stop, reboot or maintenance that AWS "
        "has scheduled, the instance leaves.",
    )
    anomalous_for: Annotated[timedelta, duration("0s", "1h")] = Field(
        default=default_of(Patience, "anomalous_for"),
        description="`anomaly`: ALB finds the target anomalous and does nothing about it itself.",
    )
    mitigated_for: Annotated[timedelta, duration("5m", "1d")] = Field(
        default=default_of(Patience, "mitigated_for"),
        description="`anomaly`: ALB has sent it next to nothing for so long, and it is still not "
        "well. Until then ALB's own mitigation is the gentler way.",
    )
    failing_minutes: Annotated[int, whole(2, 8)] = Field(
        default=default_of(Patience, "failing_minutes"),
        description="`consecutive`: so many minutes with requests in a row.",
    )
    failing_share: Annotated[float, share("50%", "100%")] = Field(
        default=default_of(Patience, "failing_share"),
        description="`consecutive`: this share of a minute's requests must have failed. Below half "
        "a target would leave that serves more than it fails.",
    )
