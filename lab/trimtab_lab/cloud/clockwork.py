"""Real time: the world goes on, what it did becomes events, and full minutes start schedules."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trimtab_lab.cloud.bus import Bus
from trimtab_lab.cloud.desk import Desk
from trimtab_lab.cloud.emf import Printed
from trimtab_lab.cloud.later import complain
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.embedded.cloudwatch import describe_alarms, put_metric_alarm
from trimtab_lab.embedded.eventbridge import Event, News
from trimtab_lab.embedded.wire import Answers, Params
from trimtab_lab.world.world import World

BEAT_S = 1.0
A_MINUTE = timedelta(minutes=1)


class Clockwork:
    """A thread that keeps the world at the time of day."""

    def __init__(self, desk: Desk, aws: Aws, bus: Bus) -> None:
        self.printed = Printed(desk.world.metrics)
        self.actions = AlarmActions(aws)
        self._desk = desk
        self._bus = bus
        self._news = News(desk.world)
        self._stopped = threading.Event()
        self._minute = _full_minute(desk.world.now)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Let time pass."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the clock."""
        self._stopped.set()
        self._thread.join(2)

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_S):
            try:
                self._beat(datetime.now(UTC))
            except (ClientError, BotoCoreError) as error:
                if not self._stopped.is_set():
                    complain(f"clockwork: {error}")

    def _beat(self, now: datetime) -> None:
        began, self._minute = self._minute, _full_minute(now)
        if began != self._minute:
            self.printed.close_minute(began)
        with self._desk.lock:
            self._desk.world.advance(now)
            events = self._news.events()
        for event in events:
            self._bus.send(event)
            self.actions.carry_out(event)
        if began != self._minute:
            self._bus.run_schedules(self._minute)


class AlarmActions:
    """What the world's alarms do not keep: actions and descriptions. Publishes to their topics."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._given: dict[str, Params] = {}

    def answers(self) -> Answers:
        """The operations on alarms, with what the world leaves out."""
        return {
            ("cloudwatch", "PutMetricAlarm"): self._put,
            ("cloudwatch", "DescribeAlarms"): self._describe,
        }

    def carry_out(self, event: Event) -> None:
        """Do what an alarm is to do in its new state."""
        detail = event["detail"]
        given = self._given.get(str(detail.get("alarmName")))
        if given is None or not given.get("ActionsEnabled", True):
            return
        state = detail["state"]["value"]
        for topic in given.get({"ALARM": "AlarmActions", "OK": "OKActions"}.get(state, "")) or []:
            self._aws.client("sns").publish(
                TopicArn=topic, Subject=f"{state}: {detail['alarmName']}"[:100],
                Message=json.dumps({"AlarmName": detail["alarmName"], "NewStateValue": state}),
            )  # fmt: skip

    def _put(self, world: World, params: Params) -> dict[str, Any]:
        answer = put_metric_alarm(world, params)
        self._given[params["AlarmName"]] = params
        return answer

    def _describe(self, world: World, params: Params) -> dict[str, Any]:
        answer = describe_alarms(world, params)
        return {**answer, "MetricAlarms": [self._whole(a) for a in answer["MetricAlarms"]]}

    def _whole(self, alarm: Mapping[str, Any]) -> dict[str, Any]:
        given = self._given.get(alarm["AlarmName"], {})
        names = ("AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions")
        return {**alarm, **{name: given[name] for name in names if name in given}}


def _full_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
