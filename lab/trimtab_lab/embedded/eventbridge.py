"""Events as EventBridge and Scheduler send them, made from what happened in the world."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from trimtab_lab.world.alarms import AlarmChange, AlarmSpec
from trimtab_lab.world.machines import NoticeView
from trimtab_lab.world.views import ActivityView
from trimtab_lab.world.world import World

Event = dict[str, Any]
PLACEHOLDER = "<aws.scheduler.scheduled-time>"
_RECENT = 25


def alarm_event(world: World, change: AlarmChange, spec: AlarmSpec) -> Event:
    """A CloudWatch alarm's change of state."""
    series = spec.series
    metric: Event = {
        "namespace": series.namespace,
        "name": series.name,
        "dimensions": dict(series.dimensions),
    }
    at = change.at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    detail: Event = {
        "alarmName": change.name,
        "configuration": {
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {
                        "metric": metric,
                        "period": series.period_s,
                        "stat": series.statistic,
                    },
                    "returnData": True,
                }
            ]
        },
        "previousState": {"value": change.old.value, "timestamp": at},
        "state": {"value": change.new.value, "reason": change.reason, "timestamp": at},
    }
    return event(
        world, "aws.cloudwatch", "CloudWatch Alarm State Change", [change.arn], detail, change.at
    )


def activity_event(world: World, activity: ActivityView) -> Event | None:
    """The end of a launch or a termination; nothing for other activities."""
    words = {"Launching": "Launch", "Terminating": "Terminate"}
    what = words.get(activity.description.split(" ", 1)[0])
    results = {"Successful": "Successful", "Failed": "Unsuccessful"}
    result = results.get(activity.status)
    if what is None or result is None or activity.ended_at is None:
        return None
    arn = next(g.arn for g in world.describe_groups((activity.group,)))
    detail: Event = {
        "StatusCode": "InProgress" if activity.status == "Successful" else "Failed",
        "Description": activity.description,
        "AutoScalingGroupName": activity.group,
        "ActivityId": activity.id,
        "RequestId": activity.id,
        "EC2InstanceId": activity.instance_id or "",
        "Cause": activity.cause,
        "Details": {},
        "StartTime": _iso(activity.started_at),
        "EndTime": _iso(activity.ended_at),
        "StatusMessage": activity.message or "",
    }
    kind = f"EC2 Instance {what} {result}"
    return event(world, "aws.autoscaling", kind, [arn], detail, activity.ended_at)


def notice_event(world: World, notice: NoticeView) -> Event:
    """The two-minute notice of a spot interruption."""
    arn = f"arn:aws:ec2:{world.scenario.topology.region}:instance/{notice.id}"
    detail = {"instance-id": notice.id, "instance-action": "terminate"}
    kind = "EC2 Spot Instance Interruption Warning"
    return event(world, "aws.ec2", kind, [arn], detail, notice.at)


class News:
    """Tells what EventBridge would have sent since it was last asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told: set[str] = set()
        self._noticed: set[tuple[str, datetime]] = set()
        for _ in self._activities():
            pass  # what ended before we looked is not news

    def events(self) -> list[Event]:
        """Events since last asked: alarms first, then groups, then notices of EC2."""
        world = self._world
        specs = {view.spec.name: view.spec for view in world.alarms()}
        changes = [change for change in world.take_alarm_changes() if change.name in specs]
        alarms = [alarm_event(world, change, specs[change.name]) for change in changes]
        groups = (activity_event(world, activity) for activity in self._activities())
        notices = [n for n in world.spot_notices() if (n.id, n.at) not in self._noticed]
        self._noticed |= {(n.id, n.at) for n in notices}
        found = [*alarms, *(event for event in groups if event is not None)]
        return [*found, *(notice_event(world, n) for n in notices)]

    def _activities(self) -> Iterator[ActivityView]:
        for group in self._world.describe_groups():
            recent = self._world.describe_activities(group.name, limit=_RECENT)
            for activity in reversed(recent):
                if activity.ended_at is not None and activity.id not in self._told:
                    self._told.add(activity.id)
                    yield activity


def event(  # noqa: PLR0913, PLR0917 (the parts of an envelope)
    world: World, source: str, kind: str, resources: list[str], detail: Event, at: datetime
) -> Event:
    """Wrap a detail as EventBridge does."""
    topology = world.scenario.topology
    digits = hashlib.sha256(f"{kind}{resources}{at}{detail}".encode()).hexdigest()
    return {
        "version": "0",
        "id": "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])),
        "detail-type": kind,
        "source": source,
        "account": topology.account,
        "time": _iso(at),
        "region": topology.region,
        "resources": resources,
        "detail": detail,
    }


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
