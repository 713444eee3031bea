"""EventBridge rules and Scheduler's schedules."""

from __future__ import annotations

import json
from typing import Any

from trimtab_lab.cloud.stacks.intrinsics import Made
from trimtab_lab.cloud.stacks.kinds.kind import Aws, Given, changed, picked

_SCHEDULE = (
    "Description",
    "FlexibleTimeWindow",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "State",
)


class Rule:
    """AWS::Events::Rule on the default bus. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Put the rule and its targets."""
        name = given.get("Name") or aws.name(logical_id, 64)
        arn = self._put(aws, name, given)
        return Made(name, name, {"Arn": arn})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Put it anew; drop targets that are gone."""
        if "Name" in changed(given, before):
            return None
        kept = {target["Id"] for target in given.get("Targets", [])}
        gone = [t["Id"] for t in before.get("Targets", []) if t["Id"] not in kept]
        if gone:
            aws.client("events").remove_targets(Rule=made.ref, Ids=gone)
        self._put(aws, made.ref, given)
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete its targets, then itself."""
        ids = [target["Id"] for target in given.get("Targets", [])]
        if ids:
            aws.client("events").remove_targets(Rule=made.ref, Ids=ids)
        aws.client("events").delete_rule(Name=made.ref)

    def _put(self, aws: Aws, name: str, given: Given) -> str:
        pattern = given.get("EventPattern")
        arn = aws.client("events").put_rule(
            Name=name,
            State=given.get("State", "ENABLED"),
            **picked(given, "Description", "ScheduleExpression"),
            **({"EventPattern": json.dumps(pattern)} if pattern else {}),
        )["RuleArn"]
        if given.get("Targets"):
            aws.client("events").put_targets(Rule=name, Targets=given["Targets"])
        return str(arn)


class Schedule:
    """AWS::Scheduler::Schedule. ``Ref`` is its name."""

    def create(self, aws: Aws, logical_id: str, given: Given) -> Made:
        """Make the schedule."""
        name = given.get("Name") or aws.name(logical_id, 64)
        answer = aws.client("scheduler").create_schedule(Name=name, **_schedule(given))
        return Made(name, name, {"Arn": answer["ScheduleArn"]})

    def update(self, aws: Aws, made: Made, given: Given, before: Given) -> Made | None:
        """Change everything but its name."""
        if "Name" in changed(given, before):
            return None
        aws.client("scheduler").update_schedule(Name=made.ref, **_schedule(given))
        return made

    def delete(self, aws: Aws, made: Made, given: Given) -> None:
        """Delete the schedule."""
        aws.client("scheduler").delete_schedule(Name=made.ref)


def _schedule(given: Given) -> dict[str, Any]:
    target = dict(given["Target"])
    retry = target.get("RetryPolicy")
    if retry:
        target["RetryPolicy"] = {name: int(value) for name, value in retry.items()}
    return {**picked(given, *_SCHEDULE), "Target": target}
