"""Elastic Load Balancing, answered by the world.

Stock moto knows only registered targets that are always healthy, forgets a deregistered one at
once and never speaks of anomalies; AWS checks, drains and judges. So the world answers every
operation that Trimtab and its operators use; what is not here goes to moto's own, empty, backend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from trimtab_lab.embedded.paging import page_of
from trimtab_lab.embedded.wire import Answers, Params
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.views import RuleView, TargetGroupView, TargetHealth, TargetRef
from trimtab_lab.world.world import World

A_PAGE = 400
MOST_TAGGED = 20
NOTHING: dict[str, Any] = {}


def describe_target_health(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: always healthy. AWS: the state its checks found, and anomalies if asked."""
    wanted = _targets(params)
    anomalies = "AnomalyDetection" in params.get("Include", [])
    found = world.describe_target_health(params["TargetGroupArn"], wanted)
    return {"TargetHealthDescriptions": [_health(target, anomalies) for target in found]}


def register_targets(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: healthy at once. AWS: `initial` until the first check passes."""
    world.register_targets(params["TargetGroupArn"], _targets(params))
    return NOTHING


def deregister_targets(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: gone at once. AWS: draining for the deregistration delay."""
    world.deregister_targets(params["TargetGroupArn"], _targets(params))
    return NOTHING


def describe_target_groups(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: ignores PageSize. AWS: pages, and refuses names it does not know."""
    groups = world.target_groups()
    names, arns = params.get("Names") or [], params.get("TargetGroupArns") or []
    balancer = params.get("LoadBalancerArn")
    known = {name for group in groups for name in (group.name, group.arn)}
    if not known.issuperset([*names, *arns]):
        raise WorldError("TargetGroupNotFound", "One or more target groups not found")
    chosen = [
        group
        for group in groups
        if (not names or group.name in names)
        and (not arns or group.arn in arns)
        and (not balancer or balancer in group.load_balancer_arns)
    ]
    part, marker = page_of(chosen, params.get("Marker"), int(params.get("PageSize") or A_PAGE))
    return {"TargetGroups": [_target_group(group) for group in part], "NextMarker": marker}


def describe_target_group_attributes(world: World, params: Params) -> dict[str, Any]:
    """Return the attributes that the world honours."""
    attributes = world.target_group(params["TargetGroupArn"]).attributes
    return {"Attributes": [{"Key": key, "Value": value} for key, value in attributes]}


def modify_target_group(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: keeps what it is told. AWS: checks by it from then on."""
    arn = params["TargetGroupArn"]
    names = {
        "HealthCheckIntervalSeconds": "interval_s",
        "HealthCheckTimeoutSeconds": "timeout_s",
        "HealthyThresholdCount": "healthy_threshold",
        "UnhealthyThresholdCount": "unhealthy_threshold",
        "HealthCheckPath": "path",
    }
    given = {ours: params[theirs] for theirs, ours in names.items() if theirs in params}
    world.modify_health_check(arn, replace(world.target_group(arn).health_check, **given))
    return {"TargetGroups": [_target_group(world.target_group(arn))]}


def modify_target_group_attributes(world: World, params: Params) -> dict[str, Any]:
    """Set the deregistration delay, the one attribute of the world that can be changed."""
    arn = params["TargetGroupArn"]
    for attribute in params["Attributes"]:
        if attribute["Key"] != "deregistration_delay.timeout_seconds":
            raise WorldError("ValidationError", f"not modelled here: {attribute['Key']}")
        world.modify_deregistration_delay(arn, int(attribute["Value"]))
    return describe_target_group_attributes(world, params)


def describe_load_balancers(world: World, params: Params) -> dict[str, Any]:
    """Return the one load balancer of the world."""
    topology = world.scenario.topology
    wanted = {*(params.get("Names") or []), *(params.get("LoadBalancerArns") or [])}
    if not wanted <= {topology.load_balancer, world.load_balancer_arn}:
        raise WorldError("LoadBalancerNotFound", f"Load balancers '{sorted(wanted)}' not found")
    described = {
        "LoadBalancerArn": world.load_balancer_arn,
        "LoadBalancerName": topology.load_balancer,
        "DNSName": f"{topology.load_balancer}.{topology.region}.elb.amazonaws.com",
        "Scheme": "internet-facing",
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": [{"ZoneName": zone} for zone in topology.zones],
    }
    return {"LoadBalancers": [described]}


def describe_listeners(world: World, params: Params) -> dict[str, Any]:
    """Return listeners; what matches no rule gets a fixed 404."""
    balancer, wanted = params.get("LoadBalancerArn"), params.get("ListenerArns") or []
    if balancer not in (None, world.load_balancer_arn):
        raise WorldError("LoadBalancerNotFound", f"Load balancer '{balancer}' not found")
    ports = _listeners(world)
    if not set(wanted) <= ports.keys():
        raise WorldError("ListenerNotFound", "One or more listeners not found")
    listeners = [
        {
            "ListenerArn": arn,
            "LoadBalancerArn": world.load_balancer_arn,
            "Port": port,
            "Protocol": "HTTP",
            "DefaultActions": _refusing(),
        }
        for arn, port in ports.items()
        if not wanted or arn in wanted
    ]
    part, marker = page_of(listeners, params.get("Marker"), int(params.get("PageSize") or A_PAGE))
    return {"Listeners": part, "NextMarker": marker}


def describe_rules(world: World, params: Params) -> dict[str, Any]:
    """Return rules, each listener's default rule last, as AWS orders them."""
    listener, wanted = params.get("ListenerArn"), params.get("RuleArns") or []
    if listener is not None and listener not in _listeners(world):
        raise WorldError("ListenerNotFound", f"Listener '{listener}' not found")
    rules = [_rule(rule) for rule in sorted(world.rules(), key=lambda rule: rule.priority)]
    rules += [_default_rule(arn) for arn in _listeners(world)]
    if not set(wanted) <= {rule["RuleArn"] for rule in rules}:
        raise WorldError("RuleNotFound", "One or more rules not found")
    place = (listener or "").replace(":listener/", ":listener-rule/")
    chosen = [
        rule
        for rule in rules
        if (not wanted or rule["RuleArn"] in wanted) and rule["RuleArn"].startswith(place)
    ]
    part, marker = page_of(chosen, params.get("Marker"), int(params.get("PageSize") or A_PAGE))
    return {"Rules": part, "NextMarker": marker}


def modify_rule(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: takes any weight. AWS: 0 to 999, at most five groups, replaced as a whole."""
    arn = params["RuleArn"]
    forward = next((a for a in params.get("Actions") or [] if a.get("Type") == "forward"), None)
    if forward is None:
        raise WorldError("InvalidLoadBalancerAction", "only forward actions are modelled here")
    config = forward.get("ForwardConfig") or {}
    groups = config.get("TargetGroups") or [{"TargetGroupArn": forward.get("TargetGroupArn")}]
    if forward.get("TargetGroupArn") and len(groups) > 1:
        raise WorldError(
            "InvalidLoadBalancerAction",
            "You cannot specify both a target group ARN and several target groups to forward to",
        )
    sticky = config.get("TargetGroupStickinessConfig") or {}
    weights = {group["TargetGroupArn"]: int(group.get("Weight", 1)) for group in groups}
    stickiness = int(sticky["DurationSeconds"]) if sticky.get("Enabled") else None
    return {"Rules": [_rule(world.modify_rule(arn, weights, stickiness))]}


def modify_listener(world: World, params: Params) -> dict[str, Any]:
    """Refuse, after the look-up: the world's listeners only have the default of answering 404."""
    if params["ListenerArn"] not in _listeners(world):
        raise WorldError("ListenerNotFound", f"Listener '{params['ListenerArn']}' not found")
    raise WorldError("InvalidLoadBalancerAction", "default actions are not modelled here")


def describe_tags(world: World, params: Params) -> dict[str, Any]:
    """Return the scenario's tags, which every resource of it carries."""
    arns = params["ResourceArns"]
    if len(arns) > MOST_TAGGED:
        raise WorldError("ValidationError", f"at most {MOST_TAGGED} resources a call")
    shared = dict(world.scenario.topology.tags)

    def tags(arn: str) -> list[dict[str, str]]:
        own = shared | world.labels.target_group_tags.get(arn, {})
        return [{"Key": key, "Value": value} for key, value in own.items()]

    return {"TagDescriptions": [{"ResourceArn": arn, "Tags": tags(arn)} for arn in arns]}


ANSWERS: Answers = {
    ("elbv2", "DescribeTargetHealth"): describe_target_health,
    ("elbv2", "RegisterTargets"): register_targets,
    ("elbv2", "DeregisterTargets"): deregister_targets,
    ("elbv2", "DescribeTargetGroups"): describe_target_groups,
    ("elbv2", "DescribeTargetGroupAttributes"): describe_target_group_attributes,
    ("elbv2", "ModifyTargetGroup"): modify_target_group,
    ("elbv2", "ModifyTargetGroupAttributes"): modify_target_group_attributes,
    ("elbv2", "DescribeLoadBalancers"): describe_load_balancers,
    ("elbv2", "DescribeListeners"): describe_listeners,
    ("elbv2", "DescribeRules"): describe_rules,
    ("elbv2", "ModifyRule"): modify_rule,
    ("elbv2", "ModifyListener"): modify_listener,
    ("elbv2", "DescribeTags"): describe_tags,
}


def _targets(params: Params) -> Sequence[TargetRef]:
    return [
        TargetRef(t["Id"], int(t["Port"]) if "Port" in t else None)
        for t in params.get("Targets") or []
    ]


def _health(target: TargetHealth, anomalies: bool) -> dict[str, Any]:
    health = {"State": target.state}
    if target.reason:
        health |= {"Reason": target.reason, "Description": target.description or ""}
    described: dict[str, Any] = {
        "Target": {"Id": target.id, "Port": target.port},
        "HealthCheckPort": str(target.port),
        "TargetHealth": health,
    }
    if anomalies and target.anomaly:
        described["AnomalyDetection"] = {
            "Result": target.anomaly,
            "MitigationInEffect": target.mitigation,
        }
    return described


def _target_group(group: TargetGroupView) -> dict[str, Any]:
    check = group.health_check
    return {
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": group.port,
        "TargetType": "instance",
        "HealthCheckEnabled": True,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckIntervalSeconds": check.interval_s,
        "HealthCheckTimeoutSeconds": check.timeout_s,
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": "200"},
        "LoadBalancerArns": list(group.load_balancer_arns),
    }


def _listeners(world: World) -> dict[str, int]:
    ports = (spec.port for spec in world.scenario.topology.rules)
    return dict(zip((rule.listener_arn for rule in world.rules()), ports, strict=True))


def _rule(rule: RuleView) -> dict[str, Any]:
    sticky: dict[str, Any] = {"Enabled": rule.stickiness_s is not None}
    if rule.stickiness_s is not None:
        sticky["DurationSeconds"] = rule.stickiness_s
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in rule.weights]
    action: dict[str, Any] = {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {"TargetGroups": groups, "TargetGroupStickinessConfig": sticky},
    }
    if len(groups) == 1:
        action["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    return {
        "RuleArn": rule.arn,
        "Priority": str(rule.priority),
        "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
        "Actions": [action],
        "IsDefault": False,
    }


def _default_rule(listener: str) -> dict[str, Any]:
    arn = listener.replace(":listener/", ":listener-rule/") + "/0123456789abcdef"
    return {
        "RuleArn": arn,
        "Priority": "default",
        "Conditions": [],
        "Actions": _refusing(),
        "IsDefault": True,
    }


def _refusing() -> list[dict[str, Any]]:
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "not here"}
    return [{"Type": "fixed-response", "Order": 1, "FixedResponseConfig": fixed}]
