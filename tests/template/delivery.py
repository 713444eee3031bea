"""How events reach functions, and where they end when they do not. A sentence per fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.template.stack import Stack, references

STREAMS = {"ActFunctionIntents": "FailedIntents", "NotifyFunctionEntries": "FailedNotifications"}
ASYNCHRONOUS = {"ScheduleFunction", "WakeFunction", "WardenFunction", "SurveyFunction"}
INTENT_DEADLINE_S = 120
GRACE_S = 60
"""How long past its deadline the loop waits for an outcome."""


def the_schedule_never_runs_late(stack: Stack) -> Iterator[str]:
    """A tick is asked for every minute; one a minute late is dropped, and kept for us to see."""
    schedule = stack.of_type("AWS::Scheduler::Schedule")["MinuteSchedule"]
    target = schedule["Target"]
    if schedule["ScheduleExpression"] != "rate(1 minute)":
        yield f"the schedule is {schedule['ScheduleExpression']}"
    if target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds", 86400) > 60:
        yield "a late tick is delivered all the same"
    if not references(target.get("DeadLetterConfig"), "UndeliveredEvents"):
        yield "what Scheduler cannot deliver is lost"
    if target["Arn"] != {"Fn::GetAtt": ["ScheduleFunction", "Arn"]}:
        yield "the schedule calls something else"


def the_log_is_anchored_every_day(stack: Stack) -> Iterator[str]:
    """Whatever the schedule's state; tried for hours, and kept for us to see if it fails."""
    schedule = stack.of_type("AWS::Scheduler::Schedule")["DailySchedule"]
    target = schedule["Target"]
    if (schedule["ScheduleExpression"], schedule["State"]) != ("rate(1 day)", "ENABLED"):
        yield f"anchor runs {schedule['ScheduleExpression']}, {schedule['State']}"
    if target["Arn"] != {"Fn::GetAtt": ["AnchorFunction", "Arn"]}:
        yield "the daily schedule calls something else"
    if not references(target.get("DeadLetterConfig"), "UndeliveredEvents"):
        yield "an anchor that Scheduler cannot deliver is lost"
    configs = stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    [config] = [c for c in configs if c["FunctionName"] == {"Ref": "AnchorFunction"}]
    if not references(config.get("DestinationConfig"), "FailedInvocations"):
        yield "an anchor that failed is lost"
    if config.get("MaximumRetryAttempts", 2) < 1 or config["MaximumEventAgeInSeconds"] < 3600:
        yield "an anchor is given up at once"


def notify_is_called_to_sweep_and_to_digest(stack: Stack) -> Iterator[str]:
    """Every five minutes and once a day, whatever the schedule's state; failures are kept."""
    schedules = stack.of_type("AWS::Scheduler::Schedule")
    for name, when in (
        ("SweepSchedule", "rate(5 minutes)"),
        ("DigestSchedule", "cron(0 7 * * ? *)"),
    ):
        given = schedules[name]
        target = given["Target"]
        if (given["ScheduleExpression"], given["State"]) != (when, "ENABLED"):
            yield f"{name} runs {given['ScheduleExpression']}, {given['State']}"
        if target["Arn"] != {"Fn::GetAtt": ["NotifyFunction", "Arn"]}:
            yield f"{name} calls something else"
        if not references(target.get("DeadLetterConfig"), "UndeliveredEvents"):
            yield f"what {name} cannot deliver is lost"
        source = name.removesuffix("Schedule").lower()
        if json.loads(target["Input"])["source"] != f"trimtab.{source}":
            yield f"{name} does not say what it wants"
    configs = stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    [config] = [c for c in configs if c["FunctionName"] == {"Ref": "NotifyFunction"}]
    if not references(config.get("DestinationConfig"), "FailedInvocations"):
        yield "a digest that failed is lost"


def nothing_of_ours_wakes_us(stack: Stack) -> Iterator[str]:
    """No rule takes events of our own source."""
    for name, rule in stack.of_type("AWS::Events::Rule").items():
        if not rule["EventPattern"].get("source") or "trimtab" in rule["EventPattern"]["source"]:
            yield f"{name} takes what we send"


def the_warden_always_runs(stack: Stack) -> Iterator[str]:
    """Every five minutes, also where the schedule is stopped: who stops it wants back what it took.

    The next run is the retry: a late one would only come beside it.
    """
    schedule = stack.of_type("AWS::Scheduler::Schedule")["WardenSchedule"]
    target = schedule["Target"]
    if (schedule["ScheduleExpression"], schedule["State"]) != ("rate(5 minutes)", "ENABLED"):
        yield f"warden runs {schedule['ScheduleExpression']}, {schedule['State']}"
    if target["Arn"] != {"Fn::GetAtt": ["WardenFunction", "Arn"]}:
        yield "the warden's schedule calls something else"
    if target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds", 86400) > 300:
        yield "a late run is delivered all the same"
    if not references(target.get("DeadLetterConfig"), "UndeliveredEvents"):
        yield "what Scheduler cannot deliver is lost"
    if _reserved(stack, "WardenFunction") != 1:
        yield "two wardens may run at once"
    if stack.functions["WardenFunction"]["Timeout"] > GRACE_S:
        yield "the warden may still be at work when its outcome is written off"


def rules_keep_what_they_cannot_deliver(stack: Stack) -> Iterator[str]:
    """Each rule's target has retries with an end, and a queue for what is left."""
    rules = stack.of_type("AWS::Events::Rule")
    for name, rule in rules.items():
        if rule["EventPattern"].get("account") != [{"Ref": "AWS::AccountId"}]:
            yield f"{name} takes events of other accounts"
        for target in rule["Targets"]:
            if not references(target.get("DeadLetterConfig"), "UndeliveredEvents"):
                yield f"what {name} cannot deliver is lost"
            if target.get("RetryPolicy", {}).get("MaximumEventAgeInSeconds", 86400) > 300:
                yield f"{name} delivers events of another hour"
    statements = stack.resources["UndeliveredEventsPolicy"]["Properties"]["PolicyDocument"]
    sources = [
        s["Condition"].get("ArnEquals", {}).get("aws:SourceArn")
        for s in statements["Statement"]
        if s["Effect"] == "Allow"
    ]
    if sources != [[_if_there(stack, name) for name in rules]]:
        yield f"UndeliveredEvents takes messages from {sources}"


def _if_there(stack: Stack, name: str) -> dict[str, Any]:
    """A resource's ARN, under the condition that it exists under."""
    arn = {"Fn::GetAtt": [name, "Arn"]}
    only_if = stack.resources[name].get("Condition")
    return {"Fn::If": [only_if, arn, {"Ref": "AWS::NoValue"}]} if only_if else arn


def failed_invocations_are_kept(stack: Stack) -> Iterator[str]:
    """Functions called asynchronously end in a queue, after at most one more try."""
    configs = {
        config["FunctionName"]["Ref"]: config
        for config in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    }
    for name in ASYNCHRONOUS:
        config = configs.get(name, {})
        if not references(config.get("DestinationConfig"), "FailedInvocations"):
            yield f"what {name} fails at is lost"
        if config.get("MaximumRetryAttempts", 2) > 1:
            yield f"{name} is tried again and again"
        if config.get("MaximumEventAgeInSeconds", 21600) > 120:
            yield f"{name} gets events that are hours old"


def work_is_taken_in_turn(stack: Stack) -> Iterator[str]:
    """FIFO with a FIFO dead-letter queue, time enough to work, failures told one by one."""
    queue = stack.resources["WorkQueue"]["Properties"]
    dead = stack.resources["WorkDeadLetters"]["Properties"]
    [mapping] = _mappings_of(stack, "ReconcileFunction")
    timeout = stack.functions["ReconcileFunction"]["Timeout"]
    if queue.get("VisibilityTimeout", 30) < 6 * timeout:
        yield f"WorkQueue shows a message again after less than six times {timeout} s"
    redrive = queue.get("RedrivePolicy", {})
    if not references(redrive.get("deadLetterTargetArn"), "WorkDeadLetters"):
        yield "a poisoned message stays in WorkQueue"
    if not 1 <= redrive.get("maxReceiveCount", 0) <= 5:
        yield "a poisoned message is tried too often"
    if not (queue.get("FifoQueue") and dead.get("FifoQueue")):
        yield "work is not taken in turn"
    if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
        yield "one failed service takes its batch with it"
    if mapping.get("BatchSize") != 10:
        yield f"reconcile takes {mapping.get('BatchSize')} messages at once"
    most = mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
    if not 2 <= most <= _reserved(stack, "ReconcileFunction"):
        yield "reconcile is throttled by its own queue"


def streams_never_stall(stack: Stack) -> Iterator[str]:
    """Each consumer of the log takes only what is inserted, and gives up in time, visibly."""
    for name, queue in STREAMS.items():
        mapping = stack.resources[name]["Properties"]
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} repeats what was done when one record fails"
        if mapping.get("BisectBatchOnFunctionError") is not True:
            yield f"{name} does not part a batch that fails"
        if not 0 <= mapping.get("MaximumRetryAttempts", -1) <= 10:
            yield f"{name} tries a record for ever"
        if not 60 <= mapping.get("MaximumRecordAgeInSeconds", -1) <= 3600:
            yield f"{name} takes records of any age"
        if not references(mapping.get("DestinationConfig"), queue):
            yield f"what {name} gives up on is lost"
        role = stack.role_of(name[: name.index("Function")].lower())
        if not any(
            "sqs:SendMessage" in s.actions and references(s.resource, queue)
            for s in stack.allowed(role)
        ):
            yield f"{role} may not send to {queue}"


def intents_are_carried_out_in_time(stack: Stack) -> Iterator[str]:
    """Act takes no record older than an intent's deadline, several services side by side."""
    mapping = stack.resources["ActFunctionIntents"]["Properties"]
    if mapping.get("MaximumRecordAgeInSeconds") != INTENT_DEADLINE_S:
        yield "act takes intents past their deadline"
    if mapping.get("ParallelizationFactor", 1) > 1:
        yield "the intents of one tick may overtake each other"
    if mapping.get("MaximumBatchingWindowInSeconds", 0):
        yield "act waits for more intents before it starts"
    if stack.functions["ActFunction"]["Timeout"] >= 60:
        yield "act may still be at work when its outcome is written off"


def _mappings_of(stack: Stack, function: str) -> list[dict[str, Any]]:
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    return [mapping for mapping in mappings if mapping["FunctionName"] == {"Ref": function}]


def _reserved(stack: Stack, function: str) -> int:
    reserved = stack.functions[function].get("ReservedConcurrentExecutions", {})
    return int(reserved.get("Fn::If", ["", 0])[1])


CHECKS = (
    the_schedule_never_runs_late,
    the_log_is_anchored_every_day,
    notify_is_called_to_sweep_and_to_digest,
    nothing_of_ours_wakes_us,
    the_warden_always_runs,
    rules_keep_what_they_cannot_deliver,
    failed_invocations_are_kept,
    work_is_taken_in_turn,
    streams_never_stall,
    intents_are_carried_out_in_time,
)
