"""What each role may do, against what its function's ports need: no more and no less.

A check returns a sentence for each fault it finds, and nothing if all is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from tests.template.stack import FUNCTIONS, Stack, Statement, as_list
from trimtab.adapters.aws.permissions import LABELS, READS, STATE, WRITES
from trimtab.model.change import Eject, Resize, Restore, Retire, Reweight

PORTS = {
    "schedule": ("Store.services", "Queue.ask"),
    "wake": ("Store.services", "Queue.ask", "Owners.groups_of"),
    "reconcile": (
        "Infrastructure.targets",
        "Infrastructure.groups",
        "Infrastructure.routes",
        "Infrastructure.series",
        "Signs.marks",
        "Signs.untouchable",
        "Signs.notices",
        "Signs.machines",
        "Signs.refreshes",
        "Store.recall",
        "Reports.recent",
        "Ledger.commit",
        "Ledger.entries",
        "Ledger.append",
    ),
    "act": (
        "Infrastructure.targets",
        "Infrastructure.groups",
        "Infrastructure.routes",
        "Signs.marks",
        "Signs.untouchable",
        "Labels.label",
        "Ledger.entries",
        "Ledger.append",
        "Store.halts",
    ),
    "notify": (
        "Store.services",
        "Ledger.of_day",
        "Tellings.recall",
        "Tellings.keep",
        "Topic.tell",
        "Bus.put",
        "Webhook.post",
    ),
    "anchor": (
        "Store.services",
        "Store.heads",
        "Store.checked",
        "Store.keep_checked",
        "Ledger.links",
        "Vault.keep",
    ),
    "access": (
        "Infrastructure.targets",
        "Interfaces.of",
        "LogFiles.open",
        "Reports.keep",
        "Store.services",
        "Store.policy",
    ),
    "survey": (
        "Store.services",
        "Store.recall",
        "Infrastructure.targets",
        "Addresses.of",
        "Probes.ask",
        "Reports.keep",
    ),
    "probe": (),
    "probe2": (),
    "probe3": (),
    "warden": (
        "Infrastructure.targets",
        "Infrastructure.groups",
        "Infrastructure.routes",
        "Ledger.entries",
        "Ledger.append",
        "Ledger.give_back",
        "Store.leases",
        "Store.pauses",
        "Store.halts",
    ),
}
"""Which port methods each function's code calls."""

FAMILIES = {
    "MayEject": (Eject, Restore),
    "MayReplace": (Retire,),
    "MayScale": (Resize,),
    "MayRoute": (Reweight,),
}
"""Which changes each of the stack's permissions to act is for."""

MARKING = {action for actions in LABELS.values() for action in actions}
"""What act may do beside each change: tag who is kept before he is ended."""
MARK = {
    "ForAllValues:StringEquals": {"aws:TagKeys": ["trimtab:kept"]},
    "Null": {"aws:TagKeys": "false", "aws:ResourceTag/aws:autoscaling:groupName": "false"},
}
TAKING_OUT = {a for a in (*WRITES[Eject], *WRITES[Retire]) if a not in WRITES[Restore]}
WRITERS: Mapping[str, set[str]] = {"act": set(), "warden": TAKING_OUT}
"""Who may change infrastructure, but for which of the actions."""

TAKING_WORK = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
READING_STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
EVERY_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
IN_A_SUBNET = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
"""What AWS lets Lambda be in a subnet by; what the code of such a function is denied."""
ENCRYPTING = {"kms:Decrypt", "kms:GenerateDataKey"}
OF_THE_PLATFORM = {
    "schedule": {"sqs:SendMessage"},
    "wake": {"sqs:SendMessage"},
    "reconcile": TAKING_WORK,
    "act": READING_STREAM | {"sqs:SendMessage"},
    "access": {"sqs:SendMessage"},
    "anchor": {"sqs:SendMessage"},
    "warden": {"sqs:SendMessage"},
    "survey": {"sqs:SendMessage"},
    "probe": IN_A_SUBNET,
    "probe2": IN_A_SUBNET,
    "probe3": IN_A_SUBNET,
    "notify": READING_STREAM | {"sqs:SendMessage"} | ENCRYPTING,
}
"""What Lambda itself does in the function's name: poll, and send what failed to its queue."""

WITHOUT_RESOURCES = {
    *IN_A_SUBNET,
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    *(action for actions in READS.values() for action in actions),
}
"""Actions that IAM cannot narrow to a resource."""

TAGGING = {
    "autoscaling:CreateOrUpdateTags",
    "autoscaling:DeleteTags",
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:RemoveTags",
}
READING_WORDS = ("Describe", "Get", "List", "BatchGet", "Query", "ConditionCheck")


def roles_are_their_own(stack: Stack) -> Iterator[str]:
    """One role per function, used by nobody else, assumed by Lambda only, bounded if asked for."""
    roles = [stack.role_of(function) for function in FUNCTIONS]
    if len(set(roles)) != len(roles):
        yield f"functions share a role: {roles}"
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} carries a managed policy"
        if role.get("PermissionsBoundary", {}).get("Fn::If", [""])[0] != "HasBoundary":
            yield f"{name} ignores the permissions boundary"
        services = {
            service
            for statement in role["AssumeRolePolicyDocument"]["Statement"]
            for service in as_list(statement["Principal"].get("Service", "*"))
        }
        expected = "lambda.amazonaws.com" if name in roles else "scheduler.amazonaws.com"
        if services != {expected}:
            yield f"{name} may be assumed by {services}, expected {expected}"


def nothing_is_wild(stack: Stack) -> Iterator[str]:
    """No star in an action; a star as resource only where IAM knows no resources."""
    for role in stack.roles:
        for statement in stack.allowed(role):
            for action in statement.actions:
                if "*" in action:
                    yield f"{role} may {action}"
                if statement.is_on_everything and action not in WITHOUT_RESOURCES:
                    yield f"{role} may {action} on everything"


def roles_fit_the_code(stack: Stack) -> Iterator[str]:
    """What a role may do is what its function's ports need, and what Lambda does for it."""
    for function in FUNCTIONS:
        needed = EVERY_FUNCTION | OF_THE_PLATFORM[function]
        for method in PORTS[function]:
            needed |= set(READS.get(method, ())) | set(STATE.get(method, ()))
            needed |= set(LABELS.get(method, ()))
        if function in WRITERS:
            needed |= {action for actions in WRITES.values() for action in actions}
            needed -= WRITERS[function]
        allowed = {
            action
            for statement in stack.allowed(stack.role_of(function))
            for action in statement.actions
            if statement.only_if != "HasKey"
        }
        yield from (f"{function} may {action}, which it never does" for action in allowed - needed)
        yield from (f"{function} may not {action}, which it needs" for action in needed - allowed)


def _changes_infrastructure(action: str) -> bool:
    service, _, operation = action.partition(":")
    return service in ("elasticloadbalancing", "autoscaling", "ec2") and not operation.startswith(
        READING_WORDS
    )


def only_act_and_warden_write(stack: Stack) -> Iterator[str]:
    """No role but these two's may change infrastructure, and only what carries the tag."""
    tag = {"StringEquals": {"aws:ResourceTag/trimtab:managed": {"Ref": "ManagedTagValue"}}}
    for role in stack.roles:
        for statement in stack.allowed(role):
            for action in filter(_changes_infrastructure, statement.actions):
                if action in IN_A_SUBNET:  # Lambda's alone: `probes_have_no_way_out`
                    continue
                if role not in {stack.role_of(writer) for writer in WRITERS}:
                    yield f"{role} may {action}"
                if statement.condition != (MARK if action in MARKING else tag):
                    yield f"{role} may {action} without the tag's consent"
                if statement.only_if != _family_of(action):
                    yield f"{action} is under {statement.only_if}, not {_family_of(action)}"


def _family_of(action: str) -> str:
    if action in MARKING:
        return "MayReplace"
    return next(
        family
        for family, kinds in FAMILIES.items()
        if any(action in WRITES[kind] for kind in kinds)
    )


def families_are_whole(stack: Stack) -> Iterator[str]:
    """Turning a family on gives all it needs to write, and no other family's writes."""
    for writer, (family, kinds) in product(WRITERS, FAMILIES.items()):
        needed = {
            action for kind in kinds for action in WRITES[kind] if _changes_infrastructure(action)
        } - WRITERS[writer]
        allowed = {
            action
            for statement in stack.allowed(stack.role_of(writer))
            for action in statement.actions
            if statement.only_if == family and action not in MARKING
        }
        if needed != allowed:
            yield f"{family} allows {writer} {sorted(allowed)}, it needs {sorted(needed)}"


def writers_cannot_widen_themselves(stack: Stack) -> Iterator[str]:
    """What limits act and warden is a tag, so they are denied to set tags."""
    for writer in WRITERS:
        denied = _denied_everywhere(stack.statements(stack.role_of(writer)))
        yield from (f"{writer} is not denied {action}" for action in TAGGING - denied)


def the_warden_takes_nothing_out(stack: Stack) -> Iterator[str]:
    """It is denied what would take a target out of service, whatever a lease says."""
    denied = _denied_everywhere(stack.statements(stack.role_of("warden")))
    yield from (f"warden is not denied {action}" for action in TAKING_OUT - denied)


def _denied_everywhere(statements: Iterator[Statement]) -> set[str]:
    return {
        action
        for statement in statements
        if not statement.allow and statement.is_on_everything and not statement.condition
        for action in statement.actions
    }


AS_OURSELVES = {
    "ForAllValues:StringEquals": {"events:source": ["trimtab"]},
    "Null": {"events:source": "false"},
}


def notify_tells_where_it_was_told_to(stack: Stack) -> Iterator[str]:
    """Bus and webhook only where the stack names one, that one, and under our own name."""
    expected = {
        "events:PutEvents": ("HasBus", ":event-bus/${EventBusName}", AS_OURSELVES),
        "ssm:GetParameter": ("HasWebhook", ":parameter${WebhookParameter}", {}),
    }
    for role in stack.roles:
        for statement in stack.allowed(role):
            for action in set(statement.actions) & set(expected):
                only_if, ending, condition = expected[action]
                if role != stack.role_of("notify") or statement.only_if != only_if:
                    yield f"{role} may {action} whatever the stack says"
                if not str(statement.resource.get("Fn::Sub")).endswith(ending):
                    yield f"{role} may {action} on {statement.resource}"
                if statement.condition != condition:
                    yield f"{role} may {action} as anybody"


CHECKS = (
    roles_are_their_own,
    nothing_is_wild,
    roles_fit_the_code,
    only_act_and_warden_write,
    families_are_whole,
    writers_cannot_widen_themselves,
    the_warden_takes_nothing_out,
    notify_tells_where_it_was_told_to,
)
