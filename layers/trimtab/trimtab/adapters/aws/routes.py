"""Listener rules: the weights of a forward action, read and written back without losing anything.

AWS replaces the whole action list at each write. So we read it, change our weights in it and hand
the rest back as it was: other actions, their order, stickiness, target groups we do not know.
Between the read and the write another writer may slip in; AWS offers no condition for that, so
the gap is kept to the time of one call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trimtab.adapters.aws.answers import (
    each,
    each_if_any,
    pages_of,
    part,
    request_id,
    text,
    whole,
)
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import Conflict, Malformed, NotFound, Refused, TrimtabError
from trimtab.model.change import Reweight
from trimtab.model.entry import Call
from trimtab.model.ids import Arn
from trimtab.model.observation import RouteSeen
from trimtab.model.reason import Reason, ReasonCode

if TYPE_CHECKING:
    Action = Mapping[str, Any]
    """An action as boto3 gives it; its stubs tell given and taken ones apart, AWS does not."""

HEAVIEST = 999
A_CALL = 20
"""Rules a call. AWS documents no bound; twenty is that of its sister call, DescribeTags."""


def routes_of(clients: Clients, arns: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
    """Read the forward actions of rules, or of listeners: their default actions."""
    wanted = tuple(dict.fromkeys(arns))
    rules = [arn for arn in wanted if not is_listener(arn)]
    seen: dict[Arn, RouteSeen | Reason] = {}
    for batch in (rules[i : i + A_CALL] for i in range(0, len(rules), A_CALL)):
        seen |= _read(clients, batch)
    for arn in (arn for arn in wanted if is_listener(arn)):
        seen |= _read(clients, [arn])
    return {arn: seen[arn] for arn in wanted}


def reweigh(clients: Clients, change: Reweight) -> Call:
    """Set our weights in the rule, if they still are what ``change`` says they were."""
    refuse_bad_weights(change)
    actions = _actions(clients, [change.rule]).get(change.rule)
    if actions is None:
        raise NotFound(f"{change.rule}: no such rule; apply the policy again to resolve its name")
    weights = weights_of(change.rule, actions)
    if any(weights.get(arn) != weight for arn, weight in change.before.items()):
        raise Conflict(
            f"{change.rule}: expected the weights {_named(change.before)} and found "
            f"{_named(weights)}; somebody else changed them, so nothing was written"
        )
    with faults("elasticloadbalancing:DescribeRules", change.rule):
        reweighed = [_reweighed(action, change.after) for action in actions]
    return _write(clients, change.rule, reweighed)


def refuse_bad_weights(change: Reweight) -> None:
    """Raise ``Refused`` for weights that AWS would refuse, or that would send traffic nowhere."""
    if not change.after or change.before.keys() != change.after.keys():
        raise Refused(
            f"{change.rule}: weights before ({_named(change.before)}) and after "
            f"({_named(change.after)}) must name the same target groups, at least one"
        )
    for arn, weight in change.after.items():
        if type(weight) is not int or not 0 <= weight <= HEAVIEST:
            raise Refused(f"{change.rule}: weight {weight} of {arn} is not within 0 to {HEAVIEST}")
    if not any(change.after.values()):
        raise Refused(f"{change.rule}: all weights would be 0; one must stay above")


def is_listener(arn: str) -> bool:
    """Tell a listener's ARN from that of one of its rules."""
    return ":listener/" in arn


def weights_of(arn: Arn, actions: Sequence[Action]) -> Mapping[Arn, int]:
    """Read the weights of the one forward action; raise ``Refused`` if there is none."""
    forward = next((a for a in actions if text(a, "Type") == "forward"), None)
    if forward is None:
        kinds = ", ".join(text(a, "Type") for a in actions) or "nothing"
        raise Refused(f"{arn}: it does {kinds}; only a rule that forwards has weights")
    groups = each_if_any(part(forward, "ForwardConfig"), "TargetGroups")
    if not groups and "TargetGroupArn" in forward:
        return {Arn(text(forward, "TargetGroupArn")): 1}
    weights = {Arn(text(g, "TargetGroupArn")): whole(g, "Weight", absent=1) for g in groups}
    if max(weights.values(), default=0) > HEAVIEST:
        raise Malformed(f"{arn}: the weights {_named(weights)} are not within 0 to {HEAVIEST}")
    return weights


def _read(clients: Clients, arns: Sequence[Arn]) -> Mapping[Arn, RouteSeen | Reason]:
    try:
        found = _actions(clients, arns)
    except TrimtabError as error:
        # one missing rule fails the batch: ask for each by itself, so that only it goes dark
        if isinstance(error, NotFound) and len(arns) > 1:
            return {arn: _read(clients, [arn])[arn] for arn in arns}
        return dict.fromkeys(arns, reason_of(error))
    return {arn: _seen(arn, found.get(arn)) for arn in arns}


def _seen(arn: Arn, actions: Sequence[Action] | None) -> RouteSeen | Reason:
    if actions is None:
        return Reason(ReasonCode.NOT_FOUND, f"{arn}: AWS knows no such rule")
    try:
        return RouteSeen(arn, weights_of(arn, actions))
    except (Refused, Malformed) as error:
        return Reason(ReasonCode.NOT_SEEN, str(error))


def _actions(clients: Clients, arns: Sequence[Arn]) -> Mapping[Arn, Sequence[Action]]:
    """Read the action lists of some rules, or of one listener."""
    if is_listener(arns[0]):
        with faults("elasticloadbalancing:DescribeListeners", arns[0]):
            answer = clients.elb.describe_listeners(ListenerArns=[*arns])
            return _actions_by(answer, "Listeners", "ListenerArn", "DefaultActions")
    with faults("elasticloadbalancing:DescribeRules", ", ".join(arns)):
        pages = clients.elb.get_paginator("describe_rules").paginate(RuleArns=[*arns])
        found: dict[Arn, Sequence[Action]] = {}
        for page in pages_of(pages, "NextMarker"):
            found |= _actions_by(page, "Rules", "RuleArn", "Actions")
        return found


def _actions_by(answer: object, many: str, name: str, actions: str) -> dict[Arn, Sequence[Action]]:
    return {Arn(text(one, name)): each_if_any(one, actions) for one in each(answer, many)}


def _reweighed(action: Action, after: Mapping[Arn, int]) -> dict[str, Any]:
    """Return the action with our weights, fit to be written back."""
    if action["Type"] == "authenticate-oidc":
        # AWS never shows the secret; this tells it to keep the one it has
        config = {**action["AuthenticateOidcConfig"], "UseExistingClientSecret": True}
        return {**action, "AuthenticateOidcConfig": config}
    if action["Type"] != "forward":
        return dict(action)
    config = dict(action.get("ForwardConfig", {}))
    groups = config.get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    config["TargetGroups"] = [
        {**group, "Weight": after.get(group["TargetGroupArn"], group.get("Weight", 1))}
        for group in groups
    ]
    # with more than one target group AWS refuses the short form beside the long one
    rest = {name: value for name, value in action.items() if name != "TargetGroupArn"}
    return {**rest, "ForwardConfig": config}


def _write(clients: Clients, arn: Arn, actions: list[Any]) -> Call:
    if is_listener(arn):
        with faults("elasticloadbalancing:ModifyListener", arn):
            listener = clients.elb.modify_listener(ListenerArn=arn, DefaultActions=actions)
        return Call("elasticloadbalancing:ModifyListener", request_id(listener))
    with faults("elasticloadbalancing:ModifyRule", arn):
        rule = clients.elb.modify_rule(RuleArn=arn, Actions=actions)
    return Call("elasticloadbalancing:ModifyRule", request_id(rule))


def _named(weights: Mapping[Arn, int]) -> str:
    return (
        ", ".join(f"{arn.rsplit(':', 1)[-1]}={w}" for arn, w in sorted(weights.items())) or "none"
    )
