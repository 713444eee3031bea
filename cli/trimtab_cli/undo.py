"""How to take a change back by hand: the AWS CLI command of its inverse, safe to paste."""

from __future__ import annotations

import json
import shlex
from typing import assert_never

from trimtab.model.change import Change, Eject, Resize, Restore, Retire, Reweight
from trimtab.model.policy import EjectMethod


def commands_of(change: Change) -> tuple[str, ...]:
    """The commands that carry ``change`` out; quoted, whatever its names hold."""
    match change:
        case Eject() if change.method is EjectMethod.STANDBY and change.group:
            shrink = "--no-" if change.replace else "--"
            return (
                _aws(
                    "autoscaling enter-standby",
                    f"{shrink}should-decrement-desired-capacity",
                    instance_ids=change.instance,
                    auto_scaling_group_name=change.group,
                ),
            )
        case Restore() if change.method is EjectMethod.STANDBY and change.group:
            return (
                _aws(
                    "autoscaling exit-standby",
                    instance_ids=change.instance,
                    auto_scaling_group_name=change.group,
                ),
            )
        case Eject() | Restore():
            verb = "deregister" if isinstance(change, Eject) else "register"
            return (
                _aws(
                    f"elbv2 {verb}-targets",
                    target_group_arn=change.target_group,
                    targets=f"Id={change.instance},Port={change.port}",
                ),
            )
        case Retire():
            return (
                _aws(
                    "autoscaling terminate-instance-in-auto-scaling-group",
                    "--no-should-decrement-desired-capacity",
                    instance_id=change.instance,
                ),
            )
        case Resize():
            return (
                _aws(
                    "autoscaling set-desired-capacity",
                    auto_scaling_group_name=change.group,
                    desired_capacity=str(change.after),
                ),
            )
        case Reweight():
            return (_reweight(change),)
        case _:
            assert_never(change)


def caution_of(change: Change) -> str:
    """What to mind before pasting; empty if nothing."""
    if isinstance(change, Reweight):
        return "this replaces the whole action: add other target groups and stickiness it has"
    return ""


def _reweight(change: Reweight) -> str:
    groups = [
        {"TargetGroupArn": str(arn), "Weight": weight} for arn, weight in change.after.items()
    ]
    action = json.dumps([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}])
    if ":listener/" in change.rule:
        return _aws("elbv2 modify-listener", listener_arn=change.rule, default_actions=action)
    return _aws("elbv2 modify-rule", rule_arn=change.rule, actions=action)


def _aws(command: str, *flags: str, **options: str) -> str:
    words = [f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in options.items()]
    return " ".join(["aws", command, *words, *flags])
