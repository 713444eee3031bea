"""EventBridge and Scheduler: events to the rules that match them, schedules when they are due."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trimtab_lab.cloud.later import Later, complain, send
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.embedded.eventbridge import PLACEHOLDER, Event
from trimtab_lab.embedded.patterns import read_pattern

_MINUTES = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60, "day": 1440, "days": 1440}


class Bus:
    """The default event bus, and every schedule."""

    def __init__(self, aws: Aws, later: Later) -> None:
        self._aws = aws
        self._later = later
        self._put: queue.Queue[Event] = queue.Queue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> None:
        """Begin to send what is put."""
        self._thread.start()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()
        self._thread.join(2)

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
        """Stand in for moto's PutEvents, which delivers to no function; sent when it has answered.

        Approximation: AWS takes no event from an ``aws.*`` source; tests need to forge them.
        """
        events = [self._event(entry) for entry in entries]
        for event in events:
            self._put.put(event)
        return [{"EventId": event["id"]} for event in events]

    def send(self, event: Event) -> None:
        """Hand an event to the targets of each rule it matches."""
        events = self._aws.client("events")
        for rule in events.list_rules()["Rules"]:
            pattern = rule.get("EventPattern")
            if rule["State"] != "ENABLED" or not pattern:
                continue
            if read_pattern(json.loads(pattern))(event):
                for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]:
                    self._later.deliver(target["Arn"], event)

    def run_schedules(self, minute: datetime) -> None:
        """Start what is due at a full minute."""
        scheduler = self._aws.client("scheduler")
        for summary in scheduler.list_schedules()["Schedules"]:
            schedule = scheduler.get_schedule(Name=summary["Name"])
            if schedule.get("State", "ENABLED") == "ENABLED" and is_due(
                schedule["ScheduleExpression"], minute
            ):
                self._start(schedule["Target"], minute)

    def _start(self, target: Mapping[str, Any], minute: datetime) -> None:
        at = minute.strftime("%Y-%m-%dT%H:%M:%SZ")
        event = json.loads(target.get("Input", "{}").replace(PLACEHOLDER, at))
        try:
            self._later.deliver(target["Arn"], event)
        except Exception as error:
            complain(f"schedule: {error}")
            dead = target.get("DeadLetterConfig", {}).get("Arn")
            if dead:
                send(self._aws, dead, event)

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self.send(self._put.get(timeout=0.2))
            except queue.Empty:
                continue
            except (ClientError, BotoCoreError) as error:
                complain(f"bus: {error}")

    def _event(self, given: Mapping[str, Any]) -> Event:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": given["DetailType"],
            "source": given["Source"],
            "account": self._aws.account,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._aws.region,
            "resources": list(given.get("Resources") or []),
            "detail": json.loads(given["Detail"]),
        }


def is_due(expression: str, minute: datetime) -> bool:
    """Tell whether a schedule's time has come, at a full minute, in UTC.

    Approximation: AWS counts a rate from when the schedule was made, here it counts from midnight.
    """
    kind, _, inner = expression.partition("(")
    words = inner.rstrip(")").split()
    if kind == "rate":
        every = int(words[0]) * _MINUTES[words[1]]
        return int(minute.timestamp()) // 60 % every == 0
    if kind == "cron":
        return _cron_is_due(words, minute)
    complain(f"schedule expression {expression} is not understood by the local cloud")
    return False


def _cron_is_due(words: Sequence[str], minute: datetime) -> bool:
    weekday = minute.isoweekday() % 7 + 1  # Sunday is 1
    now = (minute.minute, minute.hour, minute.day, minute.month, weekday, minute.year)
    return all(_fits(word, value) for word, value in zip(words, now, strict=True))


def _fits(word: str, value: int) -> bool:
    if word in ("*", "?"):
        return True
    if "/" in word:
        start, step = word.split("/")
        first = 0 if start == "*" else int(start)
        return value >= first and (value - first) % int(step) == 0
    return any(
        int(low) <= value <= int(high or low)
        for low, _, high in (part.partition("-") for part in word.split(","))
    )
