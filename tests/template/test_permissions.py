"""A role allows exactly the calls of its function: no test of the template's text, but of a
campaign on the embedded AWS, in which every kind of change passes through the real act.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest

from tests.template.campaign import FAMILIES, KEY, Played, played
from tests.template.floors import INFRASTRUCTURE, not_denied, not_refused
from tests.template.permissions import TAGGING
from tests.template.stack import FUNCTIONS
from trimtab.adapters.aws.permissions import WRITES
from trimtab.model.change import Change
from trimtab.model.entry import Kind
from trimtab.model.reason import ReasonCode
from trimtab_lab.embedded.guardrail import Roles
from trimtab_lab.iam import Statement, judge

LOG = "arn:aws:dynamodb:us-east-1:123456789012:table/trimtab-Log"
Permission = tuple[str, str, str, str]
"""Role, statement, action, resource."""

JUSTIFIED: Mapping[Permission, str] = {}
"""Permissions that no recorded call needs, and why a role has them all the same."""
NOT_WALKED: Mapping[str, str] = {}
"""Functions that the campaign does not yet put through all they do. Their calls are judged; that
they need every permission is not proven."""
DENIED = (Kind.FAILED, ReasonCode.ACCESS_DENIED)


@pytest.fixture(scope="module")
def campaign() -> Played:
    return played()


def changed(roles: Roles, role: str, number: int, *instead: Statement) -> Roles:
    """The roles with other statements in the place of one."""
    statements = roles[role]
    return {**roles, role: (*statements[:number], *instead, *statements[number + 1 :])}


def statements_of(roles: Roles, allow: bool) -> Iterator[tuple[str, int, Statement]]:
    for role in roles.keys() - NOT_WALKED.keys():
        for number, statement in enumerate(roles[role]):
            if statement.allows is allow:
                yield role, number, statement


def without(statement: Statement, action: str, resource: str) -> tuple[Statement, ...]:
    """A statement split up, so that it allows all it did but one action on one resource."""
    others = tuple(a for a in statement.actions if a != action)
    left = tuple(r for r in statement.resources if r != resource)
    parts = (
        replace(statement, actions=others),
        replace(statement, actions=(action,), resources=left),
    )
    return tuple(part for part in parts if part.actions and part.resources)


def narrowed(roles: Roles) -> Iterator[tuple[Permission, Roles]]:
    """The roles without one permission, for each."""
    for role, number, statement in statements_of(roles, allow=True):
        for action, resource in product(statement.actions, statement.resources):
            fewer = changed(roles, role, number, *without(statement, action, resource))
            yield (role, statement.sid, action, resource), fewer


def fails(roles: Roles, campaign: Played, role: str, action: str) -> bool:
    """Whether a call of the campaign would be refused: one that a role makes for an action."""
    asked = campaign.asked.get((role, action), ())
    return not all(judge(roles[role], one).is_allowed for one in asked)


def superfluous(roles: Roles, campaign: Played) -> set[Permission]:
    """Permissions that can be taken away without any call of the campaign being refused."""
    return {
        permission
        for permission, fewer in narrowed(roles)
        if not fails(fewer, campaign, permission[0], permission[2])
    }


def refused(campaign: Played) -> list[str]:
    return [
        f"{role}: {asked}"
        for role, asked in campaign.questions
        if not judge(campaign.roles[role], asked).is_allowed
    ]


def is_looser(roles: Roles, campaign: Played, role: str, statement: Statement) -> bool:
    """Whether the floors notice a statement that was made looser."""
    recorded = campaign.of(role, statement.actions)
    questions = [(role, one) for asked in recorded.values() for one in asked]
    return any(True for _ in not_refused(roles, questions))


def test_the_walk_knows_every_kind_of_change(campaign: Played) -> None:
    walked = {type(entry.change) for entry in campaign.outcomes.values()}
    assert walked == set(get_args(Change)) == {k for kinds in FAMILIES.values() for k in kinds}
    writes = {action for actions in WRITES.values() for action in actions}
    assert {action for role, action in campaign.asked if role == "act"} >= writes


def test_every_change_is_carried_out_by_a_role_that_may_make_it(campaign: Played) -> None:
    kinds = {name: outcome.kind for name, outcome in campaign.outcomes.items()}
    assert kinds == dict.fromkeys(kinds, Kind.APPLIED)
    assert refused(campaign) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_without_the_stacks_consent_only_its_own_changes_are_denied(family: str) -> None:
    off = played(**{family: "false"})
    for name, outcome in off.outcomes.items():
        if isinstance(outcome.change, FAMILIES[family]):
            assert (outcome.kind, outcome.reason.code) == DENIED, name
        else:
            assert outcome.kind is Kind.APPLIED, name
    denied = {action for kind in FAMILIES[family] for action in WRITES[kind]} & INFRASTRUCTURE
    done = {f"{service}:{operation}" for service, operation in off.calls}
    assert not done & {action.replace("elasticloadbalancing", "elbv2") for action in denied}


def test_no_role_has_a_permission_that_no_call_needs(campaign: Played) -> None:
    # Which is also: without any one of them, a call of the campaign is refused.
    assert superfluous(campaign.roles, campaign) == set(JUSTIFIED)


def test_whoever_is_walked_is_no_longer_excused(campaign: Played) -> None:
    changing = {role for role, action in campaign.asked if action in INFRASTRUCTURE}
    assert not changing & NOT_WALKED.keys()


def test_with_a_key_of_your_own_nothing_more_is_missing() -> None:
    keyed = played(KmsKeyArn=KEY)
    assert refused(keyed) == []
    assert {role for role, asked in keyed.questions if asked.resource == KEY} == set(keyed.roles)


def test_calls_made_worse_are_refused(campaign: Played) -> None:
    assert sorted(not_refused(campaign.roles, campaign.questions)) == []


def test_what_must_never_be_is_denied_even_to_a_role_that_may_do_everything(
    campaign: Played,
) -> None:
    assert sorted(not_denied(campaign.roles, LOG, FUNCTIONS, campaign.questions)) == []


# The proofs above can fail: each way to break a role is found by one of them.


def test_giving_a_role_any_action_of_another_is_reported(campaign: Played) -> None:
    actions = {a for held in campaign.roles.values() for s in held for a in s.actions} | TAGGING
    missed = []
    for role, statements in campaign.roles.items():
        held = {action for s in statements if s.allows for action in s.actions}
        for action in sorted(actions - held):
            added = Statement("Added", True, (action,), ("*",))
            more = {role: (*statements, added)}
            if (role, "Added", action, "*") not in superfluous(more, campaign):
                missed.append((role, action))
    assert missed == []


def test_taking_any_condition_away_allows_what_must_be_refused(campaign: Played) -> None:
    missed = []
    for role, number, statement in statements_of(campaign.roles, allow=True):
        for condition in statement.conditions:
            left = tuple(c for c in statement.conditions if c != condition)
            looser = changed(campaign.roles, role, number, replace(statement, conditions=left))
            if not is_looser(looser, campaign, role, statement):
                missed.append((role, statement.sid, condition.operator, condition.key))
    assert missed == []


def test_widening_any_resource_allows_what_must_be_refused(campaign: Played) -> None:
    missed = []
    for role, number, statement in statements_of(campaign.roles, allow=True):
        wider = changed(campaign.roles, role, number, replace(statement, resources=("*",)))
        if statement.resources != ("*",) and not is_looser(wider, campaign, role, statement):
            missed.append((role, statement.sid))
    assert missed == []


def test_taking_any_denial_away_is_reported(campaign: Played) -> None:
    missed = []
    for role, number, statement in statements_of(campaign.roles, allow=False):
        for action in statement.actions:
            fewer = replace(statement, actions=tuple(a for a in statement.actions if a != action))
            roles = changed(campaign.roles, role, number, fewer)
            if not list(not_denied(roles, LOG, FUNCTIONS, campaign.questions)):
                missed.append((role, statement.sid, action))
    assert missed == []
