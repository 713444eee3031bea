"""What could go wrong with the roles, and the check that is to report it."""

from __future__ import annotations

from tests.template import permissions, tables
from tests.template.breaking import (
    Break,
    allow,
    drop,
    put,
    statement,
)
from tests.template.test_template import Check

LOG, MEMORY = {"Fn::GetAtt": ["Log", "Arn"]}, {"Fn::GetAtt": ["Memory", "Arn"]}

BREAKS: tuple[tuple[str, Break, Check], ...] = (
    (
        "anchor may put anything into memory",
        lambda parts: statement(parts, "AnchorRole", "MarkHowFarTheyHold").pop("Condition"),
        tables.writes_stay_in_the_transaction,
    ),
    (
        "act may delete from the log",
        allow("ActRole", "dynamodb:DeleteItem", LOG),
        tables.the_log_is_append_only,
    ),
    (
        "reconcile is no longer denied to rewrite the log",
        drop("ReconcileRole", "NeverRewriteTheLog"),
        tables.the_log_is_append_only,
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
        tables.writes_stay_in_the_transaction,
    ),
    (
        "the warden reads the directory",
        lambda parts: statement(parts, "WardenRole", "ReadLeases").pop("Condition"),
        tables.the_warden_queries_leases_only,
    ),
    (
        "reconcile may query what it reads by key",
        lambda parts: statement(parts, "ReconcileRole", "ReadReports").pop("Condition"),
        tables.reconcile_queries_reports_only,
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
        tables.the_directory_is_all_they_read,
    ),
    (
        "memory may be put outside a transaction",
        lambda parts: statement(parts, "ReconcileRole", "CommitInTransaction").pop("Condition"),
        tables.writes_stay_in_the_transaction,
    ),
    (
        "reconcile may lift the pause of everything",
        lambda parts: statement(parts, "ReconcileRole", "CommitInTransaction")["Condition"].pop(
            "ForAllValues:StringNotEquals"
        ),
        tables.writes_stay_in_the_transaction,
    ),
    (
        "reconcile may update its memory",
        lambda parts: statement(parts, "ReconcileRole", "CountInTransaction")["Condition"].pop(
            "ForAllValues:StringEquals"
        ),
        tables.counts_are_only_added_to,
    ),
    (
        "a count may be added to outside a transaction",
        lambda parts: statement(parts, "ReconcileRole", "CountInTransaction")["Condition"].pop(
            "StringEquals"
        ),
        tables.counts_are_only_added_to,
    ),
    (
        "an entry may be put without its chain",
        lambda parts: statement(parts, "ActRole", "AppendEntries").pop("Condition"),
        tables.writes_stay_in_the_transaction,
    ),
    (
        "act may put more into memory than heads of chains",
        lambda parts: statement(parts, "ActRole", "MoveChain")["Condition"].pop(
            "ForAllValues:StringLike"
        ),
        tables.writes_stay_in_the_transaction,
    ),
    (
        "act may get any item of memory",
        lambda parts: statement(parts, "ActRole", "ReadChain").pop("Condition"),
        tables.single_items_of_memory_are_heads,
    ),
    (
        "anchor may read all of memory",
        lambda parts: statement(parts, "AnchorRole", "ReadHeads").pop("Condition"),
        tables.single_items_of_memory_are_heads,
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
        tables.writes_stay_in_the_transaction,
    ),
)
