"""Which IAM actions each port method needs: the template's roles are held to this table.

IAM has no action for a DynamoDB transaction: each member needs the action of its own kind. The
same goes for batches of SQS.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight

_ELB = "elasticloadbalancing"

OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "dynamodb:TransactWriteItems": (
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "dynamodb:ConditionCheckItem",
    ),
    "lambda:Invoke": ("lambda:InvokeFunction",),
    "sqs:SendMessageBatch": ("sqs:SendMessage",),
}
"""Operations whose IAM actions are not simply their own name."""

READS: Mapping[str, tuple[str, ...]] = {
    "Infrastructure.targets": (f"{_ELB}:DescribeTargetHealth",),
    "Infrastructure.groups": (
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeScalingActivities",
    ),
    "Infrastructure.routes": (f"{_ELB}:DescribeListeners", f"{_ELB}:DescribeRules"),
    "Infrastructure.series": ("cloudwatch:GetMetricData",),
    "Signs.marks": (f"{_ELB}:DescribeTags",),
    "Signs.untouchable": ("ec2:DescribeTags",),
    "Signs.notices": ("ec2:DescribeSpotInstanceRequests",),
    "Signs.machines": ("ec2:DescribeInstanceStatus",),
    "Signs.refreshes": ("autoscaling:DescribeInstanceRefreshes",),
    "Owners.groups_of": ("autoscaling:DescribeAutoScalingInstances",),
    "Interfaces.of": ("ec2:DescribeInstances",),
    "Addresses.of": ("ec2:DescribeInstances",),
}
"""What observing needs. None of these writes, and none can be narrowed to a resource."""

WRITES: Mapping[type[Change], tuple[str, ...]] = {
    Eject: ("autoscaling:EnterStandby", f"{_ELB}:DeregisterTargets"),
    Restore: ("autoscaling:ExitStandby", f"{_ELB}:RegisterTargets"),
    Retire: ("autoscaling:TerminateInstanceInAutoScalingGroup",),
    Resize: ("autoscaling:SetDesiredCapacity",),
    Reweight: (
        f"{_ELB}:DescribeListeners",
        f"{_ELB}:DescribeRules",
        f"{_ELB}:ModifyListener",
        f"{_ELB}:ModifyRule",
    ),
}
"""What carrying out each kind of change needs (and the read before a rule is written back)."""

LABELS: Mapping[str, tuple[str, ...]] = {"Labels.label": ("ec2:CreateTags",)}
"""What tagging who is kept needs: one key, on members of groups, with the consent to end them."""

STATE: Mapping[str, tuple[str, ...]] = {
    "Store.services": ("dynamodb:Query",),
    "Store.recall": ("dynamodb:BatchGetItem",),
    "Store.policy": ("dynamodb:GetItem",),
    "Store.apply_policy": ("dynamodb:GetItem", "dynamodb:PutItem"),
    "Store.set_pause": ("dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"),
    "Store.request": ("dynamodb:GetItem", "dynamodb:PutItem"),
    "Store.heads": ("dynamodb:BatchGetItem",),
    "Store.checked": ("dynamodb:BatchGetItem",),
    "Store.keep_checked": ("dynamodb:PutItem",),
    "Store.pauses": ("dynamodb:BatchGetItem",),
    "Store.halts": ("dynamodb:BatchGetItem",),
    "Store.leases": ("dynamodb:Query",),
    "Ledger.commit": (
        "dynamodb:ConditionCheckItem",
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    ),
    "Ledger.give_back": ("dynamodb:GetItem", "dynamodb:PutItem"),
    "Ledger.append": ("dynamodb:GetItem", "dynamodb:PutItem"),
    "Ledger.entry": ("dynamodb:GetItem",),
    "Ledger.entries": ("dynamodb:BatchGetItem",),
    "Ledger.of_service": ("dynamodb:Query",),
    "Ledger.of_day": ("dynamodb:Query",),
    "Ledger.links": ("dynamodb:Query",),
    "Ledger.ticks": ("dynamodb:Query",),
    "Queue.ask": ("sqs:SendMessage",),
    "Tellings.recall": ("dynamodb:BatchGetItem",),
    "Tellings.keep": ("dynamodb:PutItem",),
    "Probes.ask": ("lambda:InvokeFunction",),
    "Reports.keep": ("dynamodb:PutItem",),
    "Reports.recent": ("dynamodb:Query",),
    "Topic.tell": ("sns:Publish",),
    "Bus.put": ("events:PutEvents",),
    "Webhook.post": ("ssm:GetParameter",),
    "Vault.keep": ("s3:PutObject",),
    "LogFiles.open": ("s3:GetObject",),
}
"""What remembering, logging, asking and telling need, on our own tables, queue and topic, on the
bus and the parameter with the webhook's URL.

Whatever appends to the log gets the head of its chain from Memory and puts it there again.
"""

NAMES: Mapping[str, tuple[str, ...]] = {
    "Names.target_group": (f"{_ELB}:DescribeTags", f"{_ELB}:DescribeTargetGroups"),
    "Names.marks": (f"{_ELB}:DescribeTags", "autoscaling:DescribeAutoScalingGroups"),
    "Names.slow_start": (f"{_ELB}:DescribeTargetGroupAttributes",),
    "Names.group": ("autoscaling:DescribeAutoScalingGroups",),
    "Names.rule": (
        f"{_ELB}:DescribeListeners",
        f"{_ELB}:DescribeLoadBalancers",
        f"{_ELB}:DescribeRules",
    ),
}
"""What resolving a policy's names needs: the operator's permissions, not a function's."""


def actions_of(operation: str) -> tuple[str, ...]:
    """Name the IAM actions of one AWS operation (``service:Operation``)."""
    return OPERATIONS.get(operation, (operation,))
