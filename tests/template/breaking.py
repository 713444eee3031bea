"""Ways to break a template: each takes the parts, and changes one thing for the worse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
