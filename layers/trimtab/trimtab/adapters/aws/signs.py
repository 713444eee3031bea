"""What AWS tells beyond health: tags, EC2's checks and notices, refreshes under way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from trimtab.adapters.aws.answers import (
    Answer,
    each,
    each_if_any,
    pages_of,
    part,
    text,
    text_if_any,
    time_if_any,
)
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.elb import each_at_once
from trimtab.adapters.aws.faults import faults, reason_of
from trimtab.errors import TrimtabError
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import (
    DO_NOT_TOUCH,
    REFRESHING,
    Check,
    Impairment,
    Machine,
    Marks,
    Notice,
    Scheduled,
    marks_of,
)

T = TypeVar("T")

TAGS_A_CALL = 20
MACHINES_A_CALL = 100
OWNED_A_CALL = 50

INTERRUPTED = ("marked-for-termination", "marked-for-stop")
"""Codes of a spot request whose instance has been given its notice."""
OVER = ("[Completed]", "[Canceled]")
"""How EC2 begins the description of a scheduled event that is over, and still shown for a week."""

_CHECKS = (
    ("SystemStatus", Check.SYSTEM),
    ("InstanceStatus", Check.INSTANCE),
    ("AttachedEbsStatus", Check.STORAGE),
)


@dataclass(frozen=True, slots=True)
class AwsSigns:
    """Port ``Signs`` on AWS."""

    clients: Clients

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        """What the tags of target groups say, twenty a call."""
        nothing = Reason(ReasonCode.NOT_SEEN, "AWS said nothing of its tags")
        found: dict[Arn, Marks | Reason] = dict.fromkeys(target_groups, nothing)
        for batch in _batches(target_groups, TAGS_A_CALL):
            try:
                found |= _marked(self.clients, batch)
            except TrimtabError as error:
                found |= dict.fromkeys(batch, reason_of(error))
        return found

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        """Every instance that carries our tag."""
        filters = [_filter("key", DO_NOT_TOUCH), _filter("resource-type", "instance")]
        try:
            with faults("ec2:DescribeTags", DO_NOT_TOUCH):
                pages = self.clients.ec2.get_paginator("describe_tags").paginate(Filters=filters)
                tags = (tag for page in pages_of(pages, "NextToken") for tag in each(page, "Tags"))
                return frozenset(InstanceId(text(tag, "ResourceId")) for tag in tags)
        except TrimtabError as error:
            return reason_of(error)

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        """Spot instances that are about to be interrupted."""
        try:
            with faults("ec2:DescribeSpotInstanceRequests", ", ".join(INTERRUPTED)):
                paginator = self.clients.ec2.get_paginator("describe_spot_instance_requests")
                pages = paginator.paginate(Filters=[_filter("status-code", *INTERRUPTED)])
                return {
                    InstanceId(text(request, "InstanceId")): _notice(part(request, "Status"))
                    for page in pages_of(pages, "NextToken")
                    for request in each(page, "SpotInstanceRequests")
                    if text_if_any(request, "InstanceId")
                }
        except TrimtabError as error:
            return reason_of(error)

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        """Those instances that fail a check of EC2's, or for which AWS has scheduled something."""
        found: dict[InstanceId, Machine] = {}
        try:
            for batch in _batches(instances, MACHINES_A_CALL):
                with faults("ec2:DescribeInstanceStatus", f"{len(batch)} instances"):
                    answer = self.clients.ec2.describe_instance_status(InstanceIds=batch)
                    for status in each(answer, "InstanceStatuses"):
                        machine = _machine(status)
                        if machine.impaired or machine.scheduled:
                            found[InstanceId(text(status, "InstanceId"))] = machine
        except TrimtabError as error:
            return reason_of(error)
        return found

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        """State of the refresh under way in each group: AWS tells of one group a call."""
        if not groups:
            return {}
        autoscaling = self.clients.autoscaling  # built here, before there are threads

        def read(group: str) -> str:
            with faults("autoscaling:DescribeInstanceRefreshes", group):
                answer = autoscaling.describe_instance_refreshes(
                    AutoScalingGroupName=group, MaxRecords=1
                )
                newest = each_if_any(answer, "InstanceRefreshes")[:1]
                return next((s for r in newest if (s := text(r, "Status")) in REFRESHING), "")

        return each_at_once(read, groups)


@dataclass(frozen=True, slots=True)
class AwsOwners:
    """Port ``Owners`` on AWS. Raises if it cannot be asked: the event is delivered again."""

    clients: Clients

    def groups_of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str]:
        """The Auto Scaling group of each instance that has one."""
        found: dict[InstanceId, str] = {}
        for batch in _batches(instances, OWNED_A_CALL):
            with faults("autoscaling:DescribeAutoScalingInstances", ", ".join(batch)):
                answer = self.clients.autoscaling.describe_auto_scaling_instances(InstanceIds=batch)
                for one in each(answer, "AutoScalingInstances"):
                    name = text(one, "AutoScalingGroupName")
                    found[InstanceId(text(one, "InstanceId"))] = name
        return found


def tags_of(answer: Answer) -> Mapping[str, str]:
    """Read a list of tags."""
    return {text(tag, "Key"): text_if_any(tag, "Value") for tag in each_if_any(answer, "Tags")}


def _marked(clients: Clients, arns: Sequence[Arn]) -> Mapping[Arn, Marks]:
    with faults("elasticloadbalancing:DescribeTags", ", ".join(arns)):
        answer = clients.elb.describe_tags(ResourceArns=[*arns])
        return {
            Arn(text(one, "ResourceArn")): marks_of(tags_of(one))
            for one in each(answer, "TagDescriptions")
        }


def _batches(values: Sequence[T], size: int) -> Iterator[list[T]]:
    wanted = list(dict.fromkeys(values))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


def _filter(name: str, *values: str) -> dict[str, object]:
    return {"Name": name, "Values": [*values]}


def _notice(status: Answer) -> Notice:
    return Notice(text(status, "Code"), _utc(time_if_any(status, "UpdateTime")))


def _machine(status: Answer) -> Machine:
    impaired = tuple(
        Impairment(check, _since(part(status, name)))
        for name, check in _CHECKS
        if text_if_any(part(status, name), "Status") == "impaired"
    )
    scheduled = tuple(
        Scheduled(text(event, "Code"), _utc(time_if_any(event, "NotBefore")))
        for event in each_if_any(status, "Events")
        if not text_if_any(event, "Description").startswith(OVER)
    )
    return Machine(impaired, scheduled)


def _since(status: Answer) -> datetime | None:
    """Say since when a check fails; the longest of its details."""
    times = [time_if_any(one, "ImpairedSince") for one in each_if_any(status, "Details")]
    return min((t for one in times if (t := _utc(one)) is not None), default=None)


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
