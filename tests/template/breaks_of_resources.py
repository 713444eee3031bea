"""What could go wrong with the other resources, and the check that is to report it."""

from __future__ import annotations

from tests.template import delivery, resources, watching
from tests.template.breaking import (
    Break,
    allow,
    event,
    pop,
    properties,
    put,
    statement,
)
from tests.template.test_template import Check

BREAKS: tuple[tuple[str, Break, Check], ...] = (
    (
        "anchors are locked for anybody",
        put("AnchorBucket", "ObjectLockConfiguration", {}),
        resources.anchors_are_locked_when_asked,
    ),
    (
        "the bucket goes with the stack",
        lambda parts: parts["AnchorBucket"].pop("DeletionPolicy"),
        resources.anchors_are_locked_when_asked,
    ),
    (
        "the bucket may be public",
        pop("AnchorBucket", "PublicAccessBlockConfiguration"),
        resources.locked_anchors_are_only_written,
    ),
    (
        "anchor may delete what it locked",
        allow("AnchorRole", "s3:DeleteObject", {"Fn::Sub": "${AnchorBucket.Arn}/anchors/*"}),
        resources.locked_anchors_are_only_written,
    ),
    (
        "a broken chain is forgotten overnight",
        put("ChainBrokenAlarm", "TreatMissingData", "notBreaching"),
        watching.a_broken_chain_is_an_alarm,
    ),
    (
        "the code of a probe may make network interfaces",
        lambda parts: statement(parts, "Probe2Role", "NeverByCode").pop("Condition"),
        resources.probes_have_no_way_out,
    ),
    (
        "a probe is made without being asked",
        lambda parts: parts["Probe3Function"].pop("Condition"),
        resources.probes_have_no_way_out,
    ),
    (
        "the warden rests when the schedule does",
        put("WardenSchedule", "State", {"Ref": "ScheduleState"}),
        delivery.the_warden_always_runs,
    ),
    (
        "nobody misses the warden",
        put("WardenHeartbeatAlarm", "TreatMissingData", "notBreaching"),
        watching.silence_is_an_alarm,
    ),
    (
        "the log level may silence the anchors",
        pop("AnchorFunction", "LoggingConfig"),
        resources.anchors_cannot_be_silenced,
    ),
    (
        "anchors are kept no longer than other logs",
        put("AnchorLogs", "RetentionInDays", {"Ref": "LogRetentionDays"}),
        resources.logs_are_kept_for_a_while,
    ),
    (
        "the log is anchored once a week",
        put("DailySchedule", "ScheduleExpression", "rate(7 days)"),
        delivery.the_log_is_anchored_every_day,
    ),
    (
        "a function has another handler",
        put("ActFunction", "Handler", "handler.main"),
        resources.handlers_exist,
    ),
    (
        "a function runs another Python",
        put("ActFunction", "Runtime", "python3.12"),
        resources.functions_say_all,
    ),
    (
        "a function can be starved",
        pop("ActFunction", "ReservedConcurrentExecutions"),
        resources.functions_say_all,
    ),
    (
        "reconcile is not told where ticks are",
        lambda parts: properties(parts, "ReconcileFunction")["Environment"]["Variables"].pop(
            "TRIMTAB_TICKS_TABLE"
        ),
        resources.environment_fits_the_settings,
    ),
    (
        "a table cannot be restored",
        pop("Memory", "PointInTimeRecoverySpecification"),
        resources.tables_are_safe,
    ),
    (
        "a table is not protected",
        put("Log", "DeletionProtectionEnabled", False),
        resources.tables_are_safe,
    ),
    (
        "the log goes with the stack",
        lambda parts: parts["Log"].update(DeletionPolicy="Delete"),
        resources.the_log_outlives_the_stack,
    ),
    (
        "the log never expires",
        pop("Log", "TimeToLiveSpecification"),
        resources.the_log_outlives_the_stack,
    ),
    (
        "the log expires unasked",
        lambda parts: parts["Log"]["Properties"]["TimeToLiveSpecification"].update(
            AttributeName="at_id"
        ),
        resources.the_log_outlives_the_stack,
    ),
    (
        "a function's log is kept for ever",
        pop("ActLogs", "RetentionInDays"),
        resources.logs_are_kept_for_a_while,
    ),
    (
        "a queue is left out of the TLS policy",
        lambda parts: properties(parts, "QueuesPolicy")["Queues"].pop(),
        resources.queues_are_encrypted_and_private,
    ),
    (
        "the topic is under a key that alarms cannot use",
        lambda parts: properties(parts, "TopicKey")["KeyPolicy"]["Statement"].pop(),
        resources.the_topic_can_be_published_to,
    ),
    (
        "late ticks are delivered",
        lambda parts: properties(parts, "MinuteSchedule")["Target"].pop("RetryPolicy"),
        delivery.the_schedule_never_runs_late,
    ),
    (
        "nobody sweeps",
        put("SweepSchedule", "State", "DISABLED"),
        delivery.notify_is_called_to_sweep_and_to_digest,
    ),
    (
        "wake takes what we send",
        lambda parts: event("WakeFunction", "GroupChanged")(parts)["Pattern"].update(
            source=["aws.autoscaling", "trimtab"]
        ),
        delivery.nothing_of_ours_wakes_us,
    ),
    (
        "a rule loses what it cannot deliver",
        lambda parts: event("WakeFunction", "AlarmChanged")(parts).pop("DeadLetterConfig"),
        delivery.rules_keep_what_they_cannot_deliver,
    ),
    (
        "wake's failures are lost",
        lambda parts: properties(parts, "WakeFunction")["EventInvokeConfig"].pop(
            "DestinationConfig"
        ),
        delivery.failed_invocations_are_kept,
    ),
    (
        "work is shown again while it is being done",
        put("WorkQueue", "VisibilityTimeout", 60),
        delivery.work_is_taken_in_turn,
    ),
    (
        "poisoned work is never set aside",
        pop("WorkQueue", "RedrivePolicy"),
        delivery.work_is_taken_in_turn,
    ),
    (
        "act tries a record for ever",
        lambda parts: event("ActFunction", "Intents")(parts).pop("MaximumRetryAttempts"),
        delivery.streams_never_stall,
    ),
    (
        "act takes intents of another hour",
        lambda parts: event("ActFunction", "Intents")(parts).update(MaximumRecordAgeInSeconds=3600),
        delivery.intents_are_carried_out_in_time,
    ),
    (
        "nobody hears of act's errors",
        lambda parts: parts.pop("ActErrorsAlarm"),
        watching.functions_are_watched,
    ),
    (
        "nobody hears of failed intents",
        put("FailedIntentsAlarm", "Threshold", 100),
        watching.queues_are_watched,
    ),
    (
        "act may be ten minutes late",
        put("ActLagAlarm", "Threshold", 600_000),
        watching.streams_are_watched,
    ),
    (
        "silence is golden",
        put("HeartbeatAlarm", "TreatMissingData", "notBreaching"),
        watching.silence_is_an_alarm,
    ),
    (
        "an alarm tells nobody",
        put("HeartbeatAlarm", "AlarmActions", []),
        watching.alarms_tell_somebody,
    ),
    (
        "an alarm is on a metric nobody emits",
        put("TicksFailedAlarm", "MetricName", "TicksFaild"),
        watching.metrics_exist,
    ),
)
