"""The roles of the template, held to at every call: AWS refuses what a role does not allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from trimtab_lab.embedded.place import AccountPlace
from trimtab_lab.embedded.platform import needs_of_platform
from trimtab_lab.embedded.template import STACK, Template
from trimtab_lab.iam import Asked, Statement, asked_by, judge, read_statements
from trimtab_lab.world.world import World

Roles = Mapping[str, tuple[Statement, ...]]
"""What each role says, by the function that runs under it; another role's by its own name."""


class Guardrail:
    """Judges every question to IAM, and remembers it."""

    def __init__(self, template: Template, world: World) -> None:
        self.roles = roles_of(template)
        self.asked: Counter[tuple[str, Asked]] = Counter()
        """How often each role was asked what."""
        self._place = AccountPlace(template, world)
        self._template = template

    def connect(self) -> None:
        """Ask what AWS needs in the roles' names to feed the functions and to keep what they write.

        Lambda refuses event sources and destinations that a role does not reach; so does this.
        """
        needed = needs_of_platform(self._template, self._place)
        refused = [why for role, asked in needed if (why := self.judged(role, [asked]))]
        if refused:
            raise PermissionError("\n".join(refused))

    def refusal(self, function: str, service: str, operation: str, params: Any) -> str:
        """Say why a call of a function's code is refused; nothing if it is allowed."""
        place = self._place
        arn = f"arn:aws:lambda:{place.region}:{place.account}:function:{STACK}-{function}"
        told = told_of(arn)
        needed = asked_by(service, operation, params, place)
        return self.judged(function, (asked.given(told) for asked in needed))

    def judged(self, role: str, needed: Iterable[Asked]) -> str:
        """Judge all that one call needs; say why the first refused of it is, if any is."""
        asked = tuple(needed)
        self.asked.update((role, one) for one in asked)
        who = f"{self._place.account}:assumed-role/{STACK}-{role}"
        return refusal_by(self.roles[role], asked, who)


def refusal_by(statements: Iterable[Statement], needed: Iterable[Asked], who: str) -> str:
    """Say why the first refused of what a call needs is refused, as AWS does."""
    for asked in needed:
        answer = judge(statements, asked)
        if not answer.is_allowed:
            return (
                f"User: arn:aws:sts::{who} is not authorized to perform: {asked.action} "
                f"on resource: {asked.resource} {answer.why_not}"
            )
    return ""


def told_of(function_arn: str) -> dict[str, tuple[str, ...]]:
    """What every call of a function's code tells IAM: whose it is, and that it came over TLS."""
    return {"aws:SecureTransport": ("true",), "lambda:SourceFunctionArn": (function_arn,)}


def roles_of(template: Template) -> Roles:
    """Read every role of the stack, with the policies attached to it."""
    documents = {
        f"{STACK}-{name}": [policy["PolicyDocument"] for policy in role.get("Policies", [])]
        for name, role in template.resources("AWS::IAM::Role").items()
    }
    for policy in template.resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            documents[role].append(policy["PolicyDocument"])
    users = {
        str(function["Role"]).rsplit("/", 1)[-1]: function["FunctionName"]
        for function in template.resources("AWS::Serverless::Function").values()
    }
    return {
        users.get(role, role.removesuffix("Role").lower()).removeprefix(f"{STACK}-"): tuple(
            statement for document in held for statement in read_statements(document)
        )
        for role, held in documents.items()
    }
