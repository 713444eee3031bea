"""The checks can fail: each break of the template is reported, by the check that is for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.template import delivery, permissions, resources, watching
from tests.template.stack import the_stack, the_template
from tests.template.test_template import Check

Parts = dict[str, Any]
Break = Callable[[Parts], object]


def properties(parts: Parts, name: str) -> Parts:
    found: Parts = parts[name]["Properties"]
    return found


def statement(parts: Parts, role: str, sid: str) -> Parts:
    policies = properties(parts, role).get("Policies", [properties(parts, role)])
    found: list[Parts] = [
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Sid"] == sid
    ]
    return found[0]


def allow(role: str, action: str, resource: object) -> Break:
    added = {"Sid": "Added", "Effect": "Allow", "Action": action, "Resource": resource}

    def add(parts: Parts) -> None:
        properties(parts, role)["Policies"][0]["PolicyDocument"]["Statement"].append(added)

    return add


def drop(role: str, sid: str) -> Break:
    def remove(parts: Parts) -> None:
        for policy in properties(parts, role)["Policies"]:
            document = policy["PolicyDocument"]
            document["Statement"] = [s for s in document["Statement"] if s["Sid"] != sid]

    return remove


def put(name: str, field: str, value: object) -> Break:
    return lambda parts: properties(parts, name).update({field: value})


def pop(name: str, field: str) -> Break:
    return lambda parts: properties(parts, name).pop(field)


def event(function: str, name: str) -> Callable[[Parts], Parts]:
    return lambda parts: properties(parts, function)["Events"][name]["Properties"]


LOG, MEMORY = {"Fn::GetAtt": ["Log", "Arn"]}, {"Fn::GetAtt": ["Memory", "Arn"]}

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
        "anchor may put anything into memory",
        lambda parts: statement(parts, "AnchorRole", "MarkHowFarTheyHold").pop("Condition"),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "a broken chain is forgotten overnight",
        put("ChainBrokenAlarm", "TreatMissingData", "notBreaching"),
        watching.a_broken_chain_is_an_alarm,
    ),
    (
        "act may delete from the log",
        allow("ActRole", "dynamodb:DeleteItem", LOG),
        permissions.the_log_is_append_only,
    ),
    (
        "reconcile is no longer denied to rewrite the log",
        drop("ReconcileRole", "NeverRewriteTheLog"),
        permissions.the_log_is_append_only,
    ),
    (
        "reconcile may set a group's size",
        allow("ReconcileRole", "autoscaling:SetDesiredCapacity", "arn:of:a:group"),
        permissions.only_act_and_warden_write,
    ),
    (
        "act may resize what carries no tag",
        lambda parts: statement(parts, "ActScalePolicy", "Resize").pop("Condition"),
        permissions.only_act_and_warden_write,
    ),
    (
        "resizing does not depend on the stack's consent",
        lambda parts: parts["ActScalePolicy"].pop("Condition"),
        permissions.only_act_and_warden_write,
    ),
    (
        "ejecting lacks half of what it needs",
        lambda parts: statement(parts, "ActEjectPolicy", "EnterAndExitStandby").update(
            Action=["autoscaling:EnterStandby"]
        ),
        permissions.families_are_whole,
    ),
    (
        "the warden may take instances out",
        lambda parts: statement(parts, "WardenEjectPolicy", "ExitStandby").update(
            Action=["autoscaling:ExitStandby", "autoscaling:EnterStandby"]
        ),
        permissions.families_are_whole,
    ),
    (
        "the warden is not denied to take targets out",
        drop("WardenRole", "NeverTakeOut"),
        permissions.the_warden_takes_nothing_out,
    ),
    (
        "the warden may set tags",
        drop("WardenRole", "NeverTouchTags"),
        permissions.writers_cannot_widen_themselves,
    ),
    (
        "the warden may give back what carries no tag",
        lambda parts: statement(parts, "WardenEjectPolicy", "ExitStandby").pop("Condition"),
        permissions.only_act_and_warden_write,
    ),
    (
        "the warden may write memory and policies",
        lambda parts: statement(parts, "WardenRole", "MoveChainAndLeases")["Condition"].pop(
            "ForAllValues:StringLike"
        ),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "the warden reads the directory",
        lambda parts: statement(parts, "WardenRole", "ReadLeases").pop("Condition"),
        permissions.the_warden_queries_leases_only,
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
        "reconcile may query what it reads by key",
        lambda parts: statement(parts, "ReconcileRole", "ReadReports").pop("Condition"),
        permissions.reconcile_queries_reports_only,
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
        "act may set tags",
        drop("ActRole", "NeverTouchTags"),
        permissions.writers_cannot_widen_themselves,
    ),
    (
        "wake may do anything to queues",
        allow("WakeRole", "sqs:*", {"Fn::GetAtt": ["WorkQueue", "Arn"]}),
        permissions.nothing_is_wild,
    ),
    (
        "notify may publish to every topic",
        allow("NotifyRole", "sns:Publish", "*"),
        permissions.nothing_is_wild,
    ),
    (
        "reconcile may not read metrics",
        lambda parts: statement(parts, "ReconcileRole", "Observe")["Action"].remove(
            "cloudwatch:GetMetricData"
        ),
        permissions.roles_fit_the_code,
    ),
    (
        "schedule may scan",
        allow("ScheduleRole", "dynamodb:Scan", MEMORY),
        permissions.roles_fit_the_code,
    ),
    (
        "schedule may read more than the directory",
        lambda parts: statement(parts, "ScheduleRole", "ReadDirectory").pop("Condition"),
        permissions.the_directory_is_all_they_read,
    ),
    (
        "memory may be put outside a transaction",
        lambda parts: statement(parts, "ReconcileRole", "CommitInTransaction").pop("Condition"),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "reconcile may lift the pause of everything",
        lambda parts: statement(parts, "ReconcileRole", "CommitInTransaction")["Condition"].pop(
            "ForAllValues:StringNotEquals"
        ),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "reconcile may update its memory",
        lambda parts: statement(parts, "ReconcileRole", "CountInTransaction")["Condition"].pop(
            "ForAllValues:StringEquals"
        ),
        permissions.counts_are_only_added_to,
    ),
    (
        "a count may be added to outside a transaction",
        lambda parts: statement(parts, "ReconcileRole", "CountInTransaction")["Condition"].pop(
            "StringEquals"
        ),
        permissions.counts_are_only_added_to,
    ),
    (
        "an entry may be put without its chain",
        lambda parts: statement(parts, "ActRole", "AppendEntries").pop("Condition"),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "act may put more into memory than heads of chains",
        lambda parts: statement(parts, "ActRole", "MoveChain")["Condition"].pop(
            "ForAllValues:StringLike"
        ),
        permissions.writes_stay_in_the_transaction,
    ),
    (
        "act may get any item of memory",
        lambda parts: statement(parts, "ActRole", "ReadChain").pop("Condition"),
        permissions.single_items_of_memory_are_heads,
    ),
    (
        "anchor may read all of memory",
        lambda parts: statement(parts, "AnchorRole", "ReadHeads").pop("Condition"),
        permissions.single_items_of_memory_are_heads,
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
        "two functions share a role",
        put("WakeFunction", "Role", {"Fn::GetAtt": ["ScheduleRole", "Arn"]}),
        permissions.roles_are_their_own,
    ),
    (
        "a role carries one of AWS's policies",
        put("ActRole", "ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        permissions.roles_are_their_own,
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
        "notify may send events as anybody",
        lambda parts: statement(parts, "NotifyBusPolicy", "PutEvents").pop("Condition"),
        permissions.notify_tells_where_it_was_told_to,
    ),
    (
        "notify may read the webhook of a stack that has none",
        lambda parts: parts["NotifyWebhookPolicy"].pop("Condition"),
        permissions.notify_tells_where_it_was_told_to,
    ),
    (
        "notify may put a policy",
        lambda parts: statement(parts, "NotifyRole", "KeepTellings").pop("Condition"),
        permissions.writes_stay_in_the_transaction,
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


@pytest.mark.parametrize(
    ("break_it", "check"),
    [
        pytest.param(break_it, check, id=name.replace(" ", "-").replace("'", ""))
        for name, break_it, check in BREAKS
    ],
)
def test_a_break_is_reported(break_it: Break, check: Check) -> None:
    template = the_template()
    break_it(template["Resources"])
    assert list(check(the_stack(template)))


FAMILIES = ["EnableEject", "EnableReplace", "EnableScale", "EnableRoute"]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_that_is_on_by_default_is_reported(family: str) -> None:
    template = the_template()
    template["Parameters"][family]["Default"] = "true"
    assert list(watching.nothing_may_be_changed_by_default(the_stack(template)))


def test_a_parameter_without_words_is_reported() -> None:
    template = the_template()
    del template["Parameters"]["ManagedTagValue"]["ConstraintDescription"]
    template["Parameters"]["Hidden"] = {"Type": "String"}
    faults = list(watching.parameters_explain_themselves(the_stack(template)))
    assert len(faults) >= 3


def test_every_check_has_a_break() -> None:
    broken = {check for _, _, check in BREAKS} | {
        watching.nothing_may_be_changed_by_default,
        watching.parameters_explain_themselves,
    }
    modules = (permissions, resources, delivery, watching)
    assert {check for module in modules for check in module.CHECKS} <= broken
