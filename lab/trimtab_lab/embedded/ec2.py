"""EC2's reads, answered by the world: its instances are not in moto's own backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trimtab_lab.embedded.paging import page_of
from trimtab_lab.embedded.wire import Answers, Params
from trimtab_lab.world.access_log import address_of
from trimtab_lab.world.errors import WorldError
from trimtab_lab.world.machines import MachineView
from trimtab_lab.world.views import InstanceView
from trimtab_lab.world.world import World

MOST_NAMED = 100
A_PAGE = 1000
FILTERS = frozenset({"instance-id"})


def describe_instances(world: World, params: Params) -> dict[str, Any]:
    """Stock moto knows none of the world's. AWS: those that pass every filter, a page at a time."""
    wanted: dict[str, set[str]] = {f["Name"]: set(f["Values"]) for f in params.get("Filters", [])}
    if unknown := wanted.keys() - FILTERS:
        raise WorldError("InvalidParameterValue", f"The filter {sorted(unknown)} is invalid")
    named = params.get("InstanceIds")
    if named:
        _must_exist(world, named)
        wanted["instance-id"] = wanted.get("instance-id", set(named)) & set(named)
    ids = wanted.get("instance-id")
    chosen = [view for view in world.instances() if ids is None or view.id in ids]
    size = int(params.get("MaxResults") or A_PAGE)
    part, token = page_of(chosen, params.get("NextToken"), size, "InvalidParameterValue")
    return {
        "Reservations": [{"Instances": [_instance(view)]} for view in part],
        "NextToken": token,
    }


def _must_exist(world: World, named: Sequence[str]) -> None:
    unknown = set(named) - {view.id for view in world.instances()}
    if unknown:
        text = f"The instance IDs '{', '.join(sorted(unknown))}' do not exist"
        raise WorldError("InvalidInstanceID.NotFound", text)


def _instance(view: InstanceView) -> dict[str, Any]:
    return {
        "InstanceId": view.id,
        "PrivateIpAddress": address_of(view.id),
        "LaunchTime": view.launched_at,
        "Placement": {"AvailabilityZone": view.zone},
    }


def describe_instance_status(world: World, params: Params) -> dict[str, Any]:
    """Stock moto: always ok. AWS: what its checks found, of a hundred named instances at most."""
    named = params.get("InstanceIds") or []
    if len(named) > MOST_NAMED:
        raise WorldError("InvalidParameterValue", f"at most {MOST_NAMED} instances a call")
    _must_exist(world, named)
    return {"InstanceStatuses": [_status(machine) for machine in world.machines(set(named))]}


def describe_tags(world: World, params: Params) -> dict[str, Any]:
    """Tags of instances, by key."""
    filters = {f["Name"]: f["Values"] for f in params.get("Filters") or []}
    keys = filters.get("key")
    return {
        "Tags": [
            {"ResourceId": name, "ResourceType": "instance", "Key": key, "Value": value}
            for name, tags in world.labels.instance_tags.items()
            for key, value in tags.items()
            if keys is None or key in keys
        ]
    }


def create_tags(world: World, params: Params) -> dict[str, Any]:
    """Stock moto knows none of the world's instances. AWS: a key that is there gets the value."""
    _must_exist(world, params["Resources"])
    for name in params["Resources"]:
        tags = world.labels.instance_tags.setdefault(name, {})
        tags |= {tag["Key"]: tag["Value"] for tag in params["Tags"]}
    return {}


def describe_spot_requests(world: World, params: Params) -> dict[str, Any]:
    """Spot requests that are marked for termination; AWS knows them by their status' code."""
    filters = {f["Name"]: f["Values"] for f in params.get("Filters") or []}
    code = "marked-for-termination"
    if code not in filters.get("status-code", [code]):
        return {"SpotInstanceRequests": []}
    return {
        "SpotInstanceRequests": [
            {
                "SpotInstanceRequestId": f"sir-{notice.id[-8:]}",
                "InstanceId": notice.id,
                "State": "active",
                "Status": {"Code": code, "UpdateTime": notice.at, "Message": "two minutes"},
            }
            for notice in world.spot_notices()
        ]
    }


ANSWERS: Answers = {
    ("ec2", "DescribeInstances"): describe_instances,
    ("ec2", "DescribeInstanceStatus"): describe_instance_status,
    ("ec2", "DescribeTags"): describe_tags,
    ("ec2", "CreateTags"): create_tags,
    ("ec2", "DescribeSpotInstanceRequests"): describe_spot_requests,
}


def _status(machine: MachineView) -> dict[str, Any]:
    events = []
    if machine.retires_at is not None:
        events = [{"Code": "instance-retirement", "NotBefore": machine.retires_at}]
    fine: dict[str, Any] = {"Status": "ok", "Details": [{"Name": "reachability"}]}
    own = fine
    if machine.impaired_since is not None:
        detail = {"Name": "reachability", "Status": "failed"}
        own = {
            "Status": "impaired",
            "Details": [detail | {"ImpairedSince": machine.impaired_since}],
        }
    return {
        "InstanceId": machine.id,
        "AvailabilityZone": machine.zone,
        "InstanceState": {"Code": 16, "Name": "running"},
        "InstanceStatus": own,
        "SystemStatus": fine,
        "AttachedEbsStatus": fine,
        "Events": events,
    }
