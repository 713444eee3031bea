"""CloudFormation's API: the operations that `sam` and whoever looks at stacks call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import RLock
from typing import Any
from urllib.parse import unquote, urlsplit

from trimtab_lab.cloud.stacks.errors import TemplateError
from trimtab_lab.cloud.stacks.kinds import Aws
from trimtab_lab.cloud.stacks.stack import Change, Stack
from trimtab_lab.cloud.stacks.template import Template, read_template
from trimtab_lab.embedded.wire import Answers, Params
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.world import World

NO_CHANGES = (
    "The submitted information didn't contain changes. "
    "Submit different information to create a change set."
)
_GONE = "DELETE_COMPLETE"


@dataclass(slots=True)
class ChangeSet:
    """A way from what a stack is to what it should be."""

    name: str
    stack: Stack
    template: Template
    tags: Mapping[str, str]
    changes: list[Change]
    id: str = ""
    executed: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_empty(self) -> bool:
        """Whether it would change nothing; the tags alone do not count here."""
        return not self.changes and self.template.body == getattr(self.stack.template, "body", None)


class CloudFormation:
    """Answers CloudFormation's operations. Only one of them at a time."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._lock = RLock()
        self.stacks: list[Stack] = []
        """The newest of a name last; deleted ones too."""
        self._sets: list[ChangeSet] = []

    def answers(self) -> Answers:
        """Every operation, by its name."""
        operations = {
            "CreateChangeSet": self._create_change_set,
            "DescribeChangeSet": self._describe_change_set,
            "ExecuteChangeSet": self._execute_change_set,
            "ListChangeSets": self._list_change_sets,
            "DeleteChangeSet": self._delete_change_set,
            "DescribeStacks": self._describe_stacks,
            "DescribeStackEvents": self._describe_events,
            "DescribeStackResources": self._describe_resources,
            "ListStackResources": self._list_resources,
            "ListStacks": self._list_stacks,
            "GetTemplate": self._get_template,
            "GetTemplateSummary": self._get_summary,
            "DeleteStack": self._delete_stack,
        }
        return {("cloudformation", name): self._one_by_one(do) for name, do in operations.items()}

    def _one_by_one(
        self, do: Callable[[Params], dict[str, Any]]
    ) -> Callable[[World, Params], dict[str, Any]]:
        def answer(_: World, params: Params) -> dict[str, Any]:
            with self._lock:
                try:
                    return do(params)
                except TemplateError as error:
                    raise WorldError("ValidationError", str(error)) from error

        return answer

    # change sets

    def _create_change_set(self, params: Params) -> dict[str, Any]:
        name, kind = params["StackName"], params.get("ChangeSetType", "UPDATE")
        stack = self._find(name)
        if kind == "CREATE":
            if stack is not None and stack.status != "REVIEW_IN_PROGRESS":
                raise WorldError("AlreadyExistsException", f"Stack [{name}] already exists")
            if stack is None:
                stack = Stack(name, self._aws)
        else:
            stack = self._stack(name)
        template = self._template(params, stack)
        changes = stack.preview(template)
        if stack not in self.stacks:
            self.stacks.append(stack)
        tags = {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []} or stack.tags
        made = ChangeSet(params["ChangeSetName"], stack, template, tags, changes)
        place = stack.id.rpartition(":stack/")[0]
        made.id = f"{place}:changeSet/{made.name}/{uuid.uuid4()}"
        self._sets.append(made)
        return {"Id": made.id, "StackId": stack.id}

    def _describe_change_set(self, params: Params) -> dict[str, Any]:
        found = self._set(params)
        status = ("FAILED", "UNAVAILABLE") if found.is_empty else ("CREATE_COMPLETE", "AVAILABLE")
        described = self._summary(found) | {
            "Status": status[0],
            "ExecutionStatus": "EXECUTE_COMPLETE" if found.executed else status[1],
            "Parameters": _parameters(found.template),
            "Tags": _tags(found.tags),
            "Changes": [_change(change) for change in found.changes],
        }
        return described | ({"StatusReason": NO_CHANGES} if found.is_empty else {})

    def _execute_change_set(self, params: Params) -> dict[str, Any]:
        found = self._set(params)
        if found.executed or found.is_empty:
            raise WorldError("InvalidChangeSetStatus", f"ChangeSet [{found.id}] cannot be executed")
        found.executed = True
        go = found.stack.create if found.stack.template is None else found.stack.update
        go(found.template, found.tags)
        return {}

    def _list_change_sets(self, params: Params) -> dict[str, Any]:
        stack = self._stack(params["StackName"])
        return {"Summaries": [self._summary(s) for s in self._sets if s.stack is stack]}

    def _delete_change_set(self, params: Params) -> dict[str, Any]:
        self._sets.remove(self._set(params))
        return {}

    def _summary(self, found: ChangeSet) -> dict[str, Any]:
        return {
            "ChangeSetId": found.id,
            "ChangeSetName": found.name,
            "StackId": found.stack.id,
            "StackName": found.stack.name,
            "CreationTime": found.created,
        }

    def _set(self, params: Params) -> ChangeSet:
        name, stack = params["ChangeSetName"], params.get("StackName")
        for found in reversed(self._sets):
            if name == found.id or (
                name == found.name and stack in (found.stack.name, found.stack.id)
            ):
                return found
        raise WorldError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")

    # stacks

    def _describe_stacks(self, params: Params) -> dict[str, Any]:
        name = params.get("StackName")
        found = [self._stack(name)] if name else [s for s in self.stacks if s.status != _GONE]
        return {"Stacks": [_described(stack) for stack in found]}

    def _list_stacks(self, params: Params) -> dict[str, Any]:
        wanted = params.get("StackStatusFilter") or []
        return {
            "StackSummaries": [
                {
                    "StackId": s.id,
                    "StackName": s.name,
                    "CreationTime": s.created,
                    "StackStatus": s.status,
                }
                for s in self.stacks
                if not wanted or s.status in wanted
            ]
        }

    def _describe_events(self, params: Params) -> dict[str, Any]:
        stack = self._stack(params["StackName"])
        return {
            "StackEvents": [
                {
                    "StackId": stack.id,
                    "StackName": stack.name,
                    "EventId": event.id,
                    "LogicalResourceId": event.logical_id,
                    "PhysicalResourceId": event.physical_id,
                    "ResourceType": event.type,
                    "Timestamp": event.at,
                    "ResourceStatus": event.status,
                    **({"ResourceStatusReason": event.reason} if event.reason else {}),
                }
                for event in reversed(stack.events)
            ]
        }

    def _describe_resources(self, params: Params) -> dict[str, Any]:
        stack = self._stack(params["StackName"])
        where = {"StackId": stack.id, "StackName": stack.name}
        found = self._list_resources(params)["StackResourceSummaries"]
        return {
            "StackResources": [
                {**where, **resource, "Timestamp": resource["LastUpdatedTimestamp"]}
                for resource in found
                if params.get("LogicalResourceId") in (None, resource["LogicalResourceId"])
            ]
        }

    def _list_resources(self, params: Params) -> dict[str, Any]:
        return {
            "StackResourceSummaries": [
                {
                    "LogicalResourceId": resource.logical_id,
                    "PhysicalResourceId": resource.made.physical_id,
                    "ResourceType": resource.type,
                    "LastUpdatedTimestamp": resource.at,
                    "ResourceStatus": "CREATE_COMPLETE",
                }
                for resource in self._stack(params["StackName"]).resources.values()
            ]
        }

    def _get_template(self, params: Params) -> dict[str, Any]:
        template = self._stack(params["StackName"]).template
        if template is None:
            return {"TemplateBody": ""}
        processed = params.get("TemplateStage", "Original") == "Processed"
        text = json.dumps(template.body) if processed else template.text
        return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}

    def _get_summary(self, params: Params) -> dict[str, Any]:
        template = self._stack(params["StackName"]).template
        parameters = _parameters(template) if template else []
        keys = [{"ParameterKey": parameter["ParameterKey"]} for parameter in parameters]
        return {"Parameters": keys, "ResourceTypes": []}

    def _delete_stack(self, params: Params) -> dict[str, Any]:
        stack = self._find(params["StackName"])
        if stack is not None:
            stack.delete()
        return {}

    def _find(self, name: str) -> Stack | None:
        """A stack by id, deleted ones too; or by name."""
        for stack in reversed(self.stacks):
            if name == stack.id or (name == stack.name and stack.status != _GONE):
                return stack
        return None

    def _stack(self, name: str) -> Stack:
        found = self._find(name)
        if found is None:
            raise WorldError("ValidationError", f"Stack with id {name} does not exist")
        return found

    def _template(self, params: Params, stack: Stack) -> Template:
        before = stack.template.parameters if stack.template else {}
        given = {
            p["ParameterKey"]: before[p["ParameterKey"]]
            if p.get("UsePreviousValue")
            else p["ParameterValue"]
            for p in params.get("Parameters") or []
        }
        text = params.get("TemplateBody")
        if text is None and params.get("UsePreviousTemplate") and stack.template:
            text = stack.template.text
        if text is None:
            text = self._fetched(params["TemplateURL"])
        return read_template(text, given, self._aws.region)

    def _fetched(self, url: str) -> str:
        bucket, _, key = unquote(urlsplit(url).path).lstrip("/").partition("/")
        body = self._aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return str(body.decode("utf-8"))


def _described(stack: Stack) -> dict[str, Any]:
    described: dict[str, Any] = {
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "StackStatus": stack.status,
        "DisableRollback": False,
        "EnableTerminationProtection": False,
        "Parameters": _parameters(stack.template) if stack.template else [],
        "Tags": _tags(stack.tags),
        "Outputs": stack.outputs,
    }
    if stack.reason:
        described["StackStatusReason"] = stack.reason
    return described


def _parameters(template: Template) -> list[dict[str, str]]:
    return [
        {"ParameterKey": name, "ParameterValue": value}
        for name, value in template.parameters.items()
    ]


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _change(change: Change) -> dict[str, Any]:
    resource = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "ResourceType": change.type,
    }
    if change.physical_id:
        resource["PhysicalResourceId"] = change.physical_id
    return {"Type": "Resource", "ResourceChange": resource}
