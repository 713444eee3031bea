"""The deployment's settings, from the environment: the only place that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

from trimtab.errors import SettingsInvalid
from trimtab.model.kept import SHORTEST

_VARIABLES: Mapping[str, str] = {
    "memory_table": "TRIMTAB_MEMORY_TABLE",
    "log_table": "TRIMTAB_LOG_TABLE",
    "ticks_table": "TRIMTAB_TICKS_TABLE",
    "queue_url": "TRIMTAB_QUEUE_URL",
    "topic_arn": "TRIMTAB_TOPIC_ARN",
    "event_bus": "TRIMTAB_EVENT_BUS",
    "webhook_parameter": "TRIMTAB_WEBHOOK_PARAMETER",
    "account": "TRIMTAB_ACCOUNT",
    "anchor_bucket": "TRIMTAB_ANCHOR_BUCKET",
    "access_logs_bucket": "TRIMTAB_ACCESS_LOGS_BUCKET",
    "probes": "TRIMTAB_PROBES",
    "region": "AWS_REGION",
}
_TICKS_DAYS = "TRIMTAB_TICKS_DAYS"
_DEFAULT_DAYS = "14"
_LOG_DAYS = "TRIMTAB_LOG_DAYS"
_MOST_LOG_DAYS = 9999
_MOST_REMOVALS = "TRIMTAB_MAX_REMOVALS"
_DEFAULT_REMOVALS = "20"

_TABLE_NAME = (re.compile(r"[A-Za-z0-9_.-]{3,255}"), "the name of a DynamoDB table")
_BUCKET_NAME = (re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of an S3 bucket")
_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "memory_table": _TABLE_NAME,
    "log_table": _TABLE_NAME,
    "ticks_table": _TABLE_NAME,
    "account": (re.compile(r"\d{12}"), "an AWS account id of 12 digits"),
    "anchor_bucket": _BUCKET_NAME,
    "access_logs_bucket": _BUCKET_NAME,
    "probes": (
        re.compile(
            r"subnet-[0-9a-f]{8,17}=[A-Za-z0-9_-]{1,64}"
            r"(?:,subnet-[0-9a-f]{8,17}=[A-Za-z0-9_-]{1,64})*"
        ),
        "SUBNET=FUNCTION for each place the probe is in, with commas",
    ),
    "queue_url": (
        re.compile(r"https?://\S+/\d{12}/\S+\.fifo"),
        "the URL of an SQS FIFO queue",
    ),
    "event_bus": (
        re.compile(r"[A-Za-z0-9/._-]{1,256}"),
        "the name of an EventBridge event bus of this account",
    ),
    "webhook_parameter": (
        re.compile(r"/[A-Za-z0-9_./-]{1,1010}"),
        "the name of a parameter, beginning with /",
    ),
    "topic_arn": (
        re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:\S+"),
        "the ARN of an SNS topic",
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a function is told by its deployment. Each function has only what it uses.

    An ask older than ``max_age`` is not worth answering. Act may write only to what carries
    ``managed_tag``. Without an ``anchor_bucket`` anchors are only logged. ``log_days`` of 0 keeps
    the log for ever. All services together may lose ``most_removals`` targets within ten minutes.
    """

    region: str = ""
    account: str = ""
    memory_table: str = ""
    log_table: str = ""
    ticks_table: str = ""
    queue_url: str = ""
    topic_arn: str = ""
    event_bus: str = ""
    webhook_parameter: str = ""
    anchor_bucket: str = ""
    access_logs_bucket: str = ""
    probes: str = ""
    ticks_days: int = int(_DEFAULT_DAYS)
    most_removals: int = int(_DEFAULT_REMOVALS)
    max_age: timedelta = timedelta(minutes=3)
    managed_tag: str = "trimtab:managed"
    log_days: int = 0

    @property
    def keep_log(self) -> timedelta | None:
        """How long entries of the log are kept; ``None``: for ever."""
        return timedelta(days=self.log_days) if self.log_days else None

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; raise ``SettingsInvalid`` naming everything wrong with it."""
        env = os.environ if environment is None else environment
        given = {name: env.get(variable, "").strip() for name, variable in _VARIABLES.items()}
        given["region"] = given["region"] or env.get("AWS_DEFAULT_REGION", "").strip()
        faults = [fault for name, value in given.items() if (fault := _fault(name, value))]
        days = env.get(_TICKS_DAYS, "").strip() or _DEFAULT_DAYS
        if not days.isdecimal() or int(days) < 1:
            faults.append(f"{_TICKS_DAYS} is {days!r}; expected a whole number of days, at least 1")
        log_days = env.get(_LOG_DAYS, "").strip() or "0"
        if not log_days.isdecimal() or not _may_keep(int(log_days)):
            expected = f"expected 0 (for ever), or {SHORTEST.days} to {_MOST_LOG_DAYS} days"
            faults.append(f"{_LOG_DAYS} is {log_days!r}; {expected}")
        most = env.get(_MOST_REMOVALS, "").strip() or _DEFAULT_REMOVALS
        if not most.isdecimal():
            faults.append(f"{_MOST_REMOVALS} is {most!r}; expected a whole number of targets")
        if faults:
            raise SettingsInvalid("; ".join(faults))
        return cls(
            region=given["region"],
            account=given["account"],
            memory_table=given["memory_table"],
            log_table=given["log_table"],
            ticks_table=given["ticks_table"],
            queue_url=given["queue_url"],
            topic_arn=given["topic_arn"],
            event_bus=given["event_bus"],
            webhook_parameter=given["webhook_parameter"],
            anchor_bucket=given["anchor_bucket"],
            access_logs_bucket=given["access_logs_bucket"],
            probes=given["probes"],
            ticks_days=int(days),
            log_days=int(log_days),
            most_removals=int(most),
        )

    def require(self, *names: str) -> None:
        """Raise ``SettingsInvalid`` naming every one of the settings that is not there."""
        known = {field.name for field in fields(self)}
        missing = [_VARIABLES.get(n, n) for n in names if n in known and not getattr(self, n)]
        if missing:
            raise SettingsInvalid(
                f"{', '.join(missing)} must be set; the template sets it for each function that "
                "needs it"
            )


def _may_keep(days: int) -> bool:
    return days == 0 or SHORTEST.days <= days <= _MOST_LOG_DAYS


def _fault(name: str, value: str) -> str:
    if not value or name not in _SHAPES:
        return ""
    shape, expected = _SHAPES[name]
    return "" if shape.fullmatch(value) else f"{_VARIABLES[name]} is {value!r}; expected {expected}"
