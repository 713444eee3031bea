"""What a role must refuse, asked of IAM itself: the calls of the campaign, made worse.

Each generator yields a question that must be denied, and a sentence for whoever reads that it is
not. They are made of what was recorded, so that a new function's calls are made worse as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from tests.template.permissions import IN_A_SUBNET, MARKING, TAGGING, TAKING_OUT
from tests.template.tables import REWRITING
from trimtab.adapters.aws.permissions import WRITES
from trimtab_lab.embedded.guardrail import Roles
from trimtab_lab.iam import Asked, Statement, judge, read_statements

Recorded = Iterable[tuple[str, Asked]]
Worse = Iterator[tuple[str, Asked, str]]

KEYS, ENCLOSING = "dynamodb:LeadingKeys", "dynamodb:EnclosingOperation"
SOURCE = "events:source"
KEYS_OF_TAGS, IN_A_GROUP = "aws:TagKeys", "aws:ResourceTag/aws:autoscaling:groupName"
TAG, CODE = "aws:ResourceTag/trimtab:managed", "lambda:SourceFunctionArn"
INFRASTRUCTURE = {
    action
    for actions in WRITES.values()
    for action in actions
    if not action.partition(":")[2].startswith("Describe")
}
"""Actions that change a load balancer, a group or a route."""

ANY_KEY = {
    ("reconcile", "dynamodb:BatchGetItem"): "recalls each service's policy, memory and requests",
    (
        "reconcile",
        "dynamodb:PutItem",
    ): "commits memory, ticks and entries, under the service's name",
    ("reconcile", "dynamodb:ConditionCheckItem"): "checks that the policy is still the one read",
    ("act", "dynamodb:BatchGetItem"): "reads intents and pauses, under the service's name",
    ("access", "dynamodb:GetItem"): "reads each service's policy, under the service's name",
    ("survey", "dynamodb:BatchGetItem"): "recalls whom we hold out, under the service's name",
    ("warden", "dynamodb:BatchGetItem"): "reads outcomes and pauses, under the service's name",
}
"""Who may reach items under any key, and why: keys there are names that users choose."""


def of_another_account(recorded: Recorded) -> Worse:
    """The same call on what is somebody else's."""
    for role, asked in recorded:
        if ":123456789012:" in asked.resource:  # S3 names no account: of another name, then
            elsewhere = replace(asked, resource=asked.resource.replace("123456789012", "9" * 12))
            yield role, elsewhere, "in another account"


def of_another_name(recorded: Recorded) -> Worse:
    """The same call on a table, queue, topic, function or the like that is not of the stack."""
    for role, asked in recorded:
        if asked.resource != "*" and asked.action not in INFRASTRUCTURE | MARKING:
            theirs = asked.resource.replace("trimtab", "payroll")
            if theirs == asked.resource:
                theirs += "-2"
            yield role, replace(asked, resource=theirs), "on what is not of the stack"


def of_what_is_not_managed(recorded: Recorded) -> Worse:
    """The same change of what does not carry the tag, or carries another stack's."""
    for role, asked in recorded:
        if asked.action in INFRASTRUCTURE:
            yield role, asked.given({TAG: None}), "on what carries no tag"
            yield role, asked.given({TAG: ("staging",)}), "on what another stack manages"


def of_other_tags(recorded: Recorded) -> Worse:
    """Another tag, one besides ours, none named; or a tag of an instance that no group has."""
    for role, asked in recorded:
        if asked.action in MARKING:
            keys = asked.values(KEYS_OF_TAGS) or ()
            yield role, asked.given({KEYS_OF_TAGS: ("trimtab:managed",)}), "another tag"
            yield role, asked.given({KEYS_OF_TAGS: (*keys, "Name")}), "another tag besides"
            yield role, asked.given({KEYS_OF_TAGS: None}), "without naming a tag"
            yield role, asked.given({IN_A_GROUP: None}), "of no group's member"


def by_other_code(recorded: Recorded) -> Worse:
    """The same change by a function that was given the role, or by nobody's code."""
    for role, asked in recorded:
        if asked.action in INFRASTRUCTURE | MARKING:
            (ours,) = asked.values(CODE) or ("",)
            yield role, asked.given({CODE: (ours + "-2",)}), "by another function's code"
            yield role, asked.given({CODE: None}), "by no function's code"


def outside_a_transaction(recorded: Recorded) -> Worse:
    """The same item put by itself: memory without its version, an entry without its chain."""
    for role, asked in recorded:
        if asked.action in ("dynamodb:PutItem", "dynamodb:UpdateItem"):
            yield role, asked.given({ENCLOSING: None}), "outside a transaction"


def of_other_items(recorded: Recorded) -> Worse:
    """The same call on other items of Memory: another partition, one besides ours, none named."""
    for role, asked in recorded:
        keys = asked.values(KEYS)
        if keys and asked.resource.endswith("-Memory") and (role, asked.action) not in ANY_KEY:
            yield role, asked.given({KEYS: ("shop",)}), "on a service's own items"
            yield role, asked.given({KEYS: (*keys, "shop")}), "on a service's items besides"
            yield role, asked.given({KEYS: None}), "without naming a partition"


def of_what_all_share(recorded: Recorded) -> Worse:
    """The same write where the pause of everything and the directory of services lie."""
    for role, asked in recorded:
        if asked.action == "dynamodb:PutItem" and asked.resource.endswith("-Memory"):
            yield role, asked.given({KEYS: ("#all",)}), "over the pause of everything"
            yield role, asked.given({KEYS: ("#services",)}), "over the directory"
            yield role, asked.given({KEYS: ("#blast",)}), "over what all services have lost"
            yield role, asked.given({KEYS: None}), "without naming a partition"


def as_somebody_else(recorded: Recorded) -> Worse:
    """The same event in another's name, or in none."""
    for role, asked in recorded:
        if asked.action == "events:PutEvents":
            yield role, asked.given({SOURCE: ("payroll",)}), "as somebody else"
            yield role, asked.given({SOURCE: None}), "as nobody"


WORSE = (
    as_somebody_else,
    of_what_all_share,
    of_another_account,
    of_another_name,
    of_what_is_not_managed,
    of_other_tags,
    by_other_code,
    outside_a_transaction,
    of_other_items,
)


def not_refused(roles: Roles, recorded: Recorded) -> Iterator[str]:
    """Every question made worse that a role allows all the same."""
    recorded = tuple(recorded)
    for made_worse in WORSE:
        for role, asked, how in made_worse(recorded):
            if judge(roles[role], asked).is_allowed:
                yield f"{role} may {asked.action} {how}: {asked.resource}"


def not_denied(
    roles: Roles, log: str, functions: Iterable[str], recorded: Recorded
) -> Iterator[str]:
    """What a role could do if somebody allowed it everything, and must not even then."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    widened = read_statements({"Version": "2012-10-17", "Statement": everything})
    for role in functions:
        for action in sorted(REWRITING):
            if judge((*roles[role], *widened), Asked(action, log)).is_allowed:
                yield f"{role} is not denied {action}"
    for action in sorted(TAKING_OUT):
        if judge((*roles["warden"], *widened), Asked(action, "arn:of:any:thing:x:y")).is_allowed:
            yield f"warden is not denied {action}"
    yield from _not_denied_to_the_code_of_probes(roles, widened)
    changing = INFRASTRUCTURE | MARKING
    recorded = [(role, asked) for role, asked in recorded if asked.action in changing]
    yield from _not_denied_to_whoever_changes(roles, recorded, widened)


def _not_denied_to_the_code_of_probes(
    roles: Roles, widened: tuple[Statement, ...]
) -> Iterator[str]:
    """What Lambda may do in the name of a function in a subnet, its code must not."""
    for role in sorted(name for name in roles if name.startswith("probe")):
        code = f"arn:aws:lambda:us-east-1:123456789012:function:trimtab-{role}"
        for action in sorted(IN_A_SUBNET):
            asked = Asked(action, "*").given({CODE: (code,)})
            if judge((*roles[role], *widened), asked).is_allowed:
                yield f"the code of {role} is not denied {action}"


def _not_denied_to_whoever_changes(
    roles: Roles, recorded: Sequence[tuple[str, Asked]], widened: tuple[Statement, ...]
) -> Iterator[str]:
    for role in sorted({role for role, _ in recorded}):
        for action in sorted(TAGGING):
            if judge((*roles[role], *widened), Asked(action, "arn:of:any:thing:x:y")).is_allowed:
                yield f"{role} is not denied {action}"
    for role, asked, how in by_other_code(recorded):
        if judge((*roles[role], *widened), asked).is_allowed:
            yield f"{role} is not denied {asked.action} {how}"
