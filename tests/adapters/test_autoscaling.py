"""Groups read a hundred a call; size and standby written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws, Params
from tests.builders import BLUE, an_eject
from trimtab.adapters.aws.autoscaling import LIFECYCLES
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.errors import Conflict, Denied, NotFound, Refused
from trimtab.model.change import Resize, Retire, inverse_of
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.observation import Group, Lifecycle, Member
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import Marks


def instance(state: str = "InService", **changes: Any) -> dict[str, Any]:
    made = {
        "InstanceId": "i-1",
        "AvailabilityZone": "eu-west-1a",
        "LifecycleState": state,
        "HealthStatus": "Healthy",
        "ProtectedFromScaleIn": False,
    }
    return made | changes


def group(name: str = "blue-asg", *instances: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "AutoScalingGroupName": name,
        "MinSize": 1,
        "MaxSize": 9,
        "DesiredCapacity": len(instances),
        "Instances": list(instances),
    }
    return made | changes


def groups(*found: dict[str, Any], token: str = "") -> dict[str, Any]:
    return {"AutoScalingGroups": list(found)} | ({"NextToken": token} if token else {})


def activity(
    status: str, what: str = "Launching a new EC2 instance", **more: Any
) -> dict[str, Any]:
    return {"StatusCode": status, "Description": what, "StatusMessage": f"{status}!"} | more


def seen(aws: FakeAws, *instances: dict[str, Any], **changes: Any) -> Group:
    aws.answer("DescribeAutoScalingGroups", groups(group("blue-asg", *instances, **changes)))
    found = AwsInfrastructure(aws.clients).groups(["blue-asg"])["blue-asg"]
    assert isinstance(found, Group)
    return found


def test_a_group_is_read_with_its_bounds_members_and_suspended_processes(aws: FakeAws) -> None:
    suspended = [{"ProcessName": "Launch", "SuspensionReason": "by hand"}]
    found = seen(
        aws,
        instance(),
        instance(InstanceId="i-2", HealthStatus="Unhealthy", ProtectedFromScaleIn=True),
        SuspendedProcesses=suspended,
    )
    zone = Zone("eu-west-1a")
    assert found == Group(
        name="blue-asg",
        min_size=1,
        max_size=9,
        desired=2,
        members=(
            Member(InstanceId("i-1"), zone, Lifecycle.IN_SERVICE),
            Member(InstanceId("i-2"), zone, Lifecycle.IN_SERVICE, healthy=False, protected=True),
        ),
        suspended=frozenset({"Launch"}),
        marks=Marks(),
    )


@pytest.mark.parametrize(("state", "folded"), LIFECYCLES.items())
def test_every_lifecycle_state_is_folded_or_left_out(
    aws: FakeAws, state: str, folded: Lifecycle | None
) -> None:
    found = seen(aws, instance(state), DesiredCapacity=0)
    assert [member.lifecycle for member in found.members] == ([folded] if folded else [])


def test_the_lifecycle_states_we_know_are_those_of_the_service_model(aws: FakeAws) -> None:
    model = aws.clients.autoscaling.meta.service_model.shape_for("LifecycleState")
    assert set(LIFECYCLES) == set(model.enum)  # type: ignore[attr-defined]


def test_a_lifecycle_state_yet_to_be_invented_is_no_capacity(aws: FakeAws) -> None:
    assert seen(aws, instance("Dreaming"), DesiredCapacity=0).in_service == 0


def test_groups_are_read_a_hundred_a_call_each_once(aws: FakeAws) -> None:
    names = [f"asg-{n}" for n in range(250)]
    aws.answer(
        "DescribeAutoScalingGroups",
        lambda p: groups(*(group(name) for name in p["AutoScalingGroupNames"])),
    )
    found = AwsInfrastructure(aws.clients).groups([*names, *names])
    assert list(found) == names
    assert all(isinstance(one, Group) for one in found.values())
    assert [len(c["AutoScalingGroupNames"]) for c in aws.of("DescribeAutoScalingGroups")] == [
        100,
        100,
        50,
    ]
    assert {c["MaxRecords"] for c in aws.of("DescribeAutoScalingGroups")} == {100}


def test_an_empty_page_is_not_the_end(aws: FakeAws) -> None:
    aws.answer(
        "DescribeAutoScalingGroups",
        groups(token="1"),
        groups(group("a"), token="2"),
        groups(group("b")),
    )
    found = AwsInfrastructure(aws.clients).groups(["a", "b"])
    assert [type(one) for one in found.values()] == [Group, Group]


def test_a_group_that_is_not_there_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeAutoScalingGroups", groups(group("a")))
    found = AwsInfrastructure(aws.clients).groups(["a", "gone"])["gone"]
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.NOT_FOUND
    assert "'gone'" in found.text


def test_a_call_that_fails_darkens_its_own_hundred_only(aws: FakeAws) -> None:
    def answer(params: Params) -> dict[str, Any]:
        names = params["AutoScalingGroupNames"]
        if "asg-0" in names:
            raise Denied("no")
        return groups(*(group(name) for name in names))

    aws.answer("DescribeAutoScalingGroups", answer)
    found = AwsInfrastructure(aws.clients).groups([f"asg-{n}" for n in range(101)])
    assert [n for n, one in found.items() if isinstance(one, Group)] == ["asg-100"]


def test_activities_are_read_only_of_a_group_that_is_short(aws: FakeAws) -> None:
    assert seen(aws, instance()).launch_failure == ""
    assert aws.of("DescribeScalingActivities") == []


@pytest.mark.parametrize(
    ("activities", "told"),
    [
        ([activity("Failed")], "Failed!"),
        ([activity("Cancelled")], "Cancelled!"),
        ([activity("Failed", StatusMessage="")], "launch failed"),
        ([activity("InProgress"), activity("Failed")], "Failed!"),
        ([activity("Successful"), activity("Failed")], ""),
        ([activity("Failed", "Terminating EC2 instance: i-1"), activity("Successful")], ""),
        ([], ""),
    ],
    ids=[
        "failed",
        "cancelled",
        "silent",
        "trying again",
        "succeeded since",
        "not a launch",
        "none",
    ],
)
def test_a_short_group_tells_why_its_newest_finished_launch_failed(
    aws: FakeAws, activities: list[dict[str, Any]], told: str
) -> None:
    aws.answer("DescribeScalingActivities", {"Activities": activities})
    assert seen(aws, instance(), DesiredCapacity=2).launch_failure == told


def test_a_group_is_seen_even_if_its_activities_are_not(aws: FakeAws) -> None:
    aws.answer("DescribeScalingActivities", Failure("Throttling"))
    assert seen(aws, instance(), DesiredCapacity=2).desired == 2


def test_a_size_is_set_without_waiting_for_a_cooldown(aws: FakeAws) -> None:
    aws.answer("SetDesiredCapacity", {})
    AwsHands(aws.clients).apply(Resize(BLUE, "blue-asg", before=4, after=6))
    assert aws.of("SetDesiredCapacity") == [
        {"AutoScalingGroupName": "blue-asg", "DesiredCapacity": 6, "HonorCooldown": False}
    ]


@pytest.mark.parametrize("replace", [True, False])
def test_standby_shrinks_the_group_unless_another_is_to_take_its_place(
    aws: FakeAws, replace: bool
) -> None:
    aws.answer("EnterStandby", {})
    eject = an_eject(method=EjectMethod.STANDBY, group="blue-asg", replace=replace)
    AwsHands(aws.clients).apply(eject)
    assert aws.of("EnterStandby") == [
        {
            "InstanceIds": [eject.instance],
            "AutoScalingGroupName": "blue-asg",
            "ShouldDecrementDesiredCapacity": not replace,
        }
    ]


def test_what_went_to_standby_comes_back_from_it(aws: FakeAws) -> None:
    aws.answer("ExitStandby", {})
    eject = an_eject(method=EjectMethod.STANDBY, group="blue-asg")
    calls = AwsHands(aws.clients).apply(inverse_of(eject))
    assert [call.operation for call in calls] == ["autoscaling:ExitStandby"]
    assert aws.of("ExitStandby") == [
        {"InstanceIds": [eject.instance], "AutoScalingGroupName": "blue-asg"}
    ]


def test_one_in_standby_is_ended_without_a_change_of_size(aws: FakeAws) -> None:
    aws.answer("TerminateInstanceInAutoScalingGroup", {})
    eject = an_eject()
    end = Retire(eject.fleet, eject.target_group, eject.instance, 8080, eject.zone, "blue-asg")
    AwsHands(aws.clients).apply(end)
    assert aws.of("TerminateInstanceInAutoScalingGroup") == [
        {"InstanceId": eject.instance, "ShouldDecrementDesiredCapacity": False}
    ]


def test_standby_without_a_group_is_refused_without_a_call(aws: FakeAws) -> None:
    with pytest.raises(Refused, match="of which group"):
        AwsHands(aws.clients).apply(an_eject(method=EjectMethod.STANDBY))
    assert aws.calls == []


@pytest.mark.parametrize(
    ("failure", "ours"),
    [
        (Failure("ResourceContention", status=500), Conflict),
        (Failure("ScalingActivityInProgress"), Conflict),
        (Failure("ValidationError", "New SetDesiredCapacity value 99 is above max value"), Refused),
        (Failure("ValidationError", "AutoScalingGroup name not found - 'x'"), NotFound),
        (Failure("AccessDenied", status=403), Denied),
    ],
    ids=lambda v: v.code if isinstance(v, Failure) else "",
)
def test_a_size_that_cannot_be_set_says_which_way(
    aws: FakeAws, failure: Failure, ours: type[Exception]
) -> None:
    aws.answer("SetDesiredCapacity", failure)
    with pytest.raises(ours, match="blue-asg"):
        AwsHands(aws.clients).apply(Resize(BLUE, "blue-asg", before=4, after=99))
