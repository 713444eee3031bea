"""The reads of ``Signs`` and ``Owners`` on the world, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trimtab.errors import TrimtabError
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import (
    DO_NOT_TOUCH,
    KEPT,
    REFRESHING,
    Check,
    Impairment,
    Machine,
    Marks,
    Notice,
    Scheduled,
    marks_of,
)
from trimtab_lab.simulator.ports import Api
from trimtab_lab.world.machines import MachineView
from trimtab_lab.world.world import World


class WorldSigns:
    """Ports ``Signs`` and ``Owners`` over a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = Api(world)

    def marks(self, target_groups: Sequence[Arn]) -> Mapping[Arn, Marks | Reason]:
        """What the tags of target groups say."""
        trouble = self._trouble("elasticloadbalancing:DescribeTags", "describe_tags")
        if trouble is not None:
            return dict.fromkeys(target_groups, trouble)
        shared = dict(self._world.scenario.topology.tags)
        labels = self._world.labels.target_group_tags
        return {arn: marks_of(shared | labels.get(arn, {})) for arn in target_groups}

    def untouchable(self) -> frozenset[InstanceId] | Reason:
        """Instances tagged ``trimtab:do-not-touch``."""
        trouble = self._trouble("ec2:DescribeTags", "describe_tags")
        if trouble is not None:
            return trouble
        tagged = self._world.labels.instance_tags.items()
        return frozenset(InstanceId(name) for name, tags in tagged if DO_NOT_TOUCH in tags)

    def notices(self) -> Mapping[InstanceId, Notice] | Reason:
        """Spot instances about to be interrupted."""
        trouble = self._trouble(
            "ec2:DescribeSpotInstanceRequests", "describe_spot_instance_requests"
        )
        if trouble is not None:
            return trouble
        return {
            InstanceId(each.id): Notice("marked-for-termination", each.at)
            for each in self._world.spot_notices()
        }

    def machines(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Machine] | Reason:
        """Instances with which something is the matter."""
        trouble = self._trouble("ec2:DescribeInstanceStatus", "describe_instance_status")
        if trouble is not None:
            return trouble
        found = {InstanceId(m.id): _machine(m) for m in self._world.machines(set(instances))}
        return {name: m for name, m in found.items() if m.impaired or m.scheduled}

    def refreshes(self, groups: Sequence[str]) -> Mapping[str, str | Reason]:
        """State of each group's refresh under way."""
        operation = ("autoscaling:DescribeInstanceRefreshes", "describe_instance_refreshes")
        states = self._world.labels.refreshes

        def read(group: str) -> str | Reason:
            trouble = self._trouble(*operation)
            state = states.get(group, "")
            return trouble or (state if state in REFRESHING else "")

        return {group: read(group) for group in groups}

    def groups_of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, str]:
        """The group of each instance that has one."""
        wanted = set(instances)
        return {
            InstanceId(i.id): i.group
            for i in self._world.instances()
            if i.id in wanted and i.group is not None
        }

    def _trouble(self, operation: str, boto3_operation: str) -> Reason | None:
        try:
            self._api.called(operation, boto3_operation)
        except TrimtabError as error:
            return Reason(ReasonCode.THROTTLED, str(error))
        return None


class WorldLabels:
    """Port ``Labels`` over a world."""

    def __init__(self, world: World) -> None:
        self._world, self._api = world, Api(world)

    def label(self, instance: InstanceId, text: str) -> Call:
        """Set the tag."""
        call = self._api.called("ec2:CreateTags", "create_tags")
        self._world.labels.instance_tags.setdefault(instance, {})[KEPT] = text
        return call


def _machine(view: MachineView) -> Machine:
    impaired = () if view.impaired_since is None else (
        Impairment(Check.INSTANCE, view.impaired_since),
    )  # fmt: skip
    scheduled = () if view.retires_at is None else (
        Scheduled("instance-retirement", view.retires_at),
    )  # fmt: skip
    return Machine(impaired, scheduled)
