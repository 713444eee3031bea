"""A stack: what of its template exists, and how it gets from one template to another."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from trimtab_lab.cloud.stacks.errors import ResourceFailed, TemplateError
from trimtab_lab.cloud.stacks.intrinsics import Made, Scope
from trimtab_lab.cloud.stacks.kinds import KINDS, Aws
from trimtab_lab.cloud.stacks.template import Template

Action = Literal["Add", "Modify", "Remove"]
STACK = "AWS::CloudFormation::Stack"
_TROUBLE = (ClientError, BotoCoreError, TemplateError, KeyError, ValueError, TypeError)
"""What making a resource can raise: AWS refuses, or a property is not as a kind expects."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that exists, and the properties it was last given."""

    logical_id: str
    type: str
    made: Made
    given: Mapping[str, Any]
    keep: bool
    """Whether it stays when the stack goes."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What a change set would do to a resource."""

    action: Action
    logical_id: str
    type: str
    physical_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a stack's history."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    reason: str
    at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


class Stack:
    """One stack; every operation is over when its call returns."""

    def __init__(self, name: str, aws: Aws) -> None:
        self.name = name
        self.id = f"arn:aws:cloudformation:{aws.region}:{aws.account}:stack/{name}/{uuid.uuid4()}"
        self.status = "REVIEW_IN_PROGRESS"
        self.reason = ""
        self.template: Template | None = None
        self.tags: dict[str, str] = {}
        self.created = self.updated = datetime.now(UTC)
        self.resources: dict[str, Resource] = {}
        """By logical id, each after those it needs."""
        self.events: list[Event] = []
        self.outputs: list[dict[str, str]] = []
        self._aws = aws
        self._note(name, self.id, STACK, self.status, "User Initiated")

    def preview(self, template: Template) -> list[Change]:
        """Say what going to a template would do, without doing it."""
        scope = self._scope(template, later=True)
        wanted = template.in_order(scope)
        changes = []
        for name in wanted:
            resource, now = template.resources[name], self.resources.get(name)
            if now is None:
                scope.made.pop(name, None)
                changes.append(Change("Add", name, resource["Type"]))
            elif dict(now.given) != scope.resolve(resource.get("Properties", {})):
                changes.append(Change("Modify", name, now.type, now.made.physical_id))
        gone = [r for name, r in self.resources.items() if name not in wanted]
        changes += [Change("Remove", r.logical_id, r.type, r.made.physical_id) for r in gone]
        return changes

    def create(self, template: Template, tags: Mapping[str, str]) -> None:
        """Make everything, or nothing."""
        self._begin("CREATE", tags)
        try:
            self._go_to(template)
        except ResourceFailed as failed:
            self._back("ROLLBACK", failed, lambda: self._remove(list(self.resources), False))
            return
        self._finish(template, "CREATE_COMPLETE")

    def update(self, template: Template, tags: Mapping[str, str]) -> None:
        """Go to another template in place, or back to where it was."""
        before = self.template
        self._begin("UPDATE", tags)
        try:
            self._go_to(template)
        except ResourceFailed as failed:
            self._back("UPDATE_ROLLBACK", failed, lambda: self._go_to(before or template))
            return
        self._finish(template, "UPDATE_COMPLETE")

    def delete(self) -> None:
        """Delete everything that is not to be kept; what AWS refuses stays, and is named."""
        self._begin("DELETE", self.tags)
        try:
            self._remove(list(self.resources), keeping=True)
        except ResourceFailed as failed:
            self._say("DELETE_FAILED", f"The following resource(s) failed to delete: {failed}.")
            return
        self._say("DELETE_COMPLETE")

    # one operation

    def _back(self, verb: str, failed: ResourceFailed, go: Callable[[], None]) -> None:
        """Undo what an operation did before it failed, and say why it failed."""
        self._say(f"{verb}_IN_PROGRESS", str(failed))
        try:
            go()
        except ResourceFailed as again:
            self._say(f"{verb}_FAILED", f"{failed}; then {again}")
        else:
            self._say(f"{verb}_COMPLETE", str(failed))

    def _go_to(self, template: Template) -> None:
        scope = self._scope(template)
        try:
            wanted = template.in_order(scope)
        except TemplateError as error:
            raise ResourceFailed(self.name, str(error)) from error
        replaced: list[Resource] = []
        for name in wanted:
            old = self.resources.get(name)
            new = self._settle(name, template.resources[name], scope, old)
            self.resources[name] = new
            scope.made[name] = new.made
            if old is not None and old.made.physical_id != new.made.physical_id:
                replaced.append(old)
        for old in reversed(replaced):
            self._delete(old)
        self._remove([name for name in self.resources if name not in wanted], keeping=True)
        self.resources = {name: self.resources[name] for name in wanted}

    def _settle(
        self, name: str, resource: Mapping[str, Any], scope: Scope, old: Resource | None
    ) -> Resource:
        """Bring one resource to what the template says."""
        verb = "CREATE" if old is None else "UPDATE"
        kind = KINDS.get(resource["Type"])
        physical = "" if old is None else old.made.physical_id
        try:
            if kind is None:
                raise TemplateError(f"no kind for {resource['Type']} in stacks/kinds")
            given = scope.resolve(resource.get("Properties", {}))
            keep = resource.get("DeletionPolicy", "Delete").startswith("Retain")
            if old is not None and dict(old.given) == given:
                return replace(old, keep=keep)
            self._note(name, physical, resource["Type"], f"{verb}_IN_PROGRESS")
            made = None if old is None else kind.update(self._aws, old.made, given, old.given)
            made = made or kind.create(self._aws, name, given)
        except _TROUBLE as error:
            reason = f"{type(error).__name__}: {error}"
            self._note(name, physical, resource["Type"], f"{verb}_FAILED", reason)
            raise ResourceFailed(name, reason) from error
        self._note(name, made.physical_id, resource["Type"], f"{verb}_COMPLETE")
        return Resource(name, resource["Type"], made, given, keep, datetime.now(UTC))

    def _remove(self, names: list[str], keeping: bool) -> None:
        """Delete resources, the last made first."""
        for name in reversed(names):
            resource = self.resources[name]
            if keeping and resource.keep:
                self._note(name, resource.made.physical_id, resource.type, "DELETE_SKIPPED")
            else:
                self._delete(resource)
            del self.resources[name]

    def _delete(self, resource: Resource) -> None:
        name, physical = resource.logical_id, resource.made.physical_id
        self._note(name, physical, resource.type, "DELETE_IN_PROGRESS")
        try:
            KINDS[resource.type].delete(self._aws, resource.made, resource.given)
        except _TROUBLE as error:
            reason = f"{type(error).__name__}: {error}"
            self._note(name, physical, resource.type, "DELETE_FAILED", reason)
            raise ResourceFailed(name, reason) from error
        self._note(name, physical, resource.type, "DELETE_COMPLETE")

    def _scope(self, template: Template, later: bool = False) -> Scope:
        aws = self._aws
        pseudo = {
            "AWS::AccountId": aws.account,
            "AWS::Partition": "aws",
            "AWS::Region": aws.region,
            "AWS::StackId": self.id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        scope = template.scope(pseudo)
        scope.later = later
        scope.made.update({name: resource.made for name, resource in self.resources.items()})
        return scope

    def _begin(self, verb: str, tags: Mapping[str, str]) -> None:
        self.tags = dict(tags)
        self._aws = replace(self._aws, stack=self.name, tags=tuple(self.tags.items()))
        self._say(f"{verb}_IN_PROGRESS", "User Initiated")

    def _finish(self, template: Template, status: str) -> None:
        self.template = template
        scope = self._scope(template)
        self.outputs = [
            {
                "OutputKey": name,
                "OutputValue": str(scope.resolve(output["Value"])),
                "Description": output.get("Description", ""),
            }
            for name, output in template.body.get("Outputs", {}).items()
            if "Condition" not in output or scope.holds(output["Condition"])
        ]
        self._say(status)

    def _say(self, status: str, reason: str = "") -> None:
        self.status, self.reason, self.updated = status, reason, datetime.now(UTC)
        self._note(self.name, self.id, STACK, status, reason)

    def _note(
        self, logical_id: str, physical_id: str, kind: str, status: str, reason: str = ""
    ) -> None:
        at = datetime.now(UTC)
        self.events.append(Event(logical_id, physical_id, kind, status, reason, at))
