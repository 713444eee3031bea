"""Tags, EC2's checks and notices, refreshes: batched, paged, and a reason where they fail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.adapters.fake_aws import Failure, FakeAws
from tests.builders import BLUE_ARN
from trimtab.adapters.aws.signs import AwsOwners, AwsSigns
from trimtab.model.ids import Arn, InstanceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.signs import Check, Impairment, Machine, Marks, Notice, Scheduled, marks_of

AT = datetime(2026, 3, 2, 11, 50, tzinfo=UTC)
ONE, TWO = InstanceId("i-1"), InstanceId("i-2")
DENIED = Failure("UnauthorizedOperation", status=403)
OK = {"Status": "ok", "Details": [{"Name": "reachability", "Status": "passed"}]}


def tagged(arn: str, **tags: str) -> dict[str, Any]:
    return {"ResourceArn": arn, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}


def status(instance: str, **more: Any) -> dict[str, Any]:
    return {"InstanceId": instance, "SystemStatus": OK, "InstanceStatus": OK, **more}


def impaired(since: datetime = AT) -> dict[str, Any]:
    detail = {"Name": "reachability", "Status": "failed", "ImpairedSince": since}
    return {"Status": "impaired", "Details": [detail]}


def code(answer: object) -> ReasonCode:
    assert isinstance(answer, Reason)
    return answer.code


def test_tags_of_target_groups_are_asked_for_twenty_a_call(aws: FakeAws) -> None:
    arns = [Arn(f"{BLUE_ARN}{n}") for n in range(25)]
    aws.answer("DescribeTags", *[{"TagDescriptions": [tagged(arns[0])]}] * 2)
    AwsSigns(aws.clients).marks([*arns, arns[0]])
    assert [len(p["ResourceArns"]) for p in aws.of("DescribeTags")] == [20, 5]


def test_a_target_group_of_which_aws_says_nothing_is_not_untagged(aws: FakeAws) -> None:
    aws.answer("DescribeTags", {"TagDescriptions": [tagged("another")]})
    assert code(AwsSigns(aws.clients).marks([BLUE_ARN])[BLUE_ARN]) is ReasonCode.NOT_SEEN


def test_a_tag_says_who_manages_a_target_group() -> None:
    assert marks_of({"elbv2.k8s.aws/cluster": "prod", "Name": "x"}) == Marks(
        "kubernetes", "elbv2.k8s.aws/cluster"
    )
    assert marks_of({"AmazonECSManaged": "true"}).manager == "ecs"
    assert marks_of({"trimtab:do-not-touch": ""}) == Marks(do_not_touch=True)
    assert marks_of({"Name": "my-k8s.io/ish"}) == Marks()


def test_tags_that_cannot_be_read_say_why(aws: FakeAws) -> None:
    aws.answer("DescribeTags", Failure("AccessDenied", status=403))
    assert code(AwsSigns(aws.clients).marks([BLUE_ARN])[BLUE_ARN]) is ReasonCode.ACCESS_DENIED
    assert code(AwsSigns(aws.clients).untouchable()) is ReasonCode.ACCESS_DENIED


def test_instances_that_must_not_be_touched_are_one_query(aws: FakeAws) -> None:
    row = {"ResourceId": "i-1", "Key": "trimtab:do-not-touch", "Value": "until friday"}
    aws.answer("DescribeTags", {"Tags": [row], "NextToken": "more"}, {"Tags": []})
    assert AwsSigns(aws.clients).untouchable() == frozenset({ONE})
    filters = aws.of("DescribeTags")[0]["Filters"]
    assert filters[0] == {"Name": "key", "Values": ["trimtab:do-not-touch"]}


def test_a_machine_is_told_with_the_check_that_fails_and_since_when(aws: FakeAws) -> None:
    event = {"Code": "instance-retirement", "NotBefore": AT}
    over = {"Code": "system-reboot", "Description": "[Completed] rebooted", "NotBefore": AT}
    aws.answer(
        "DescribeInstanceStatus",
        {
            "InstanceStatuses": [
                status("i-1", SystemStatus=impaired(), Events=[over]),
                status("i-2", AttachedEbsStatus={"Status": "impaired"}, Events=[event, over]),
                status("i-3", InstanceStatus={"Status": "initializing"}),
            ]
        },
    )
    assert AwsSigns(aws.clients).machines([ONE, TWO, InstanceId("i-3")]) == {
        ONE: Machine((Impairment(Check.SYSTEM, AT),)),
        TWO: Machine((Impairment(Check.STORAGE),), (Scheduled("instance-retirement", AT),)),
    }


def test_machines_are_asked_for_a_hundred_a_call_and_never_twice(aws: FakeAws) -> None:
    aws.answer("DescribeInstanceStatus", *[{"InstanceStatuses": []}] * 2)
    many = [InstanceId(f"i-{n}") for n in range(120)]
    assert AwsSigns(aws.clients).machines([*many, *many]) == {}
    assert [len(p["InstanceIds"]) for p in aws.of("DescribeInstanceStatus")] == [100, 20]


def test_machines_that_cannot_be_asked_for_say_why(aws: FakeAws) -> None:
    aws.answer("DescribeInstanceStatus", DENIED)
    assert code(AwsSigns(aws.clients).machines([ONE])) is ReasonCode.ACCESS_DENIED


def test_a_spot_instance_that_has_its_notice_is_told(aws: FakeAws) -> None:
    marked = {"Code": "marked-for-termination", "UpdateTime": AT}
    requests = [{"InstanceId": "i-1", "Status": marked}, {"Status": marked}]
    aws.answer("DescribeSpotInstanceRequests", {"SpotInstanceRequests": requests})
    assert AwsSigns(aws.clients).notices() == {ONE: Notice("marked-for-termination", AT)}


def test_only_a_refresh_under_way_is_told(aws: FakeAws) -> None:
    for state in ("InProgress", "Successful"):
        aws.answer("DescribeInstanceRefreshes", {"InstanceRefreshes": [{"Status": state}]})
    signs = AwsSigns(aws.clients)
    assert signs.refreshes(["a"]) == {"a": "InProgress"}
    assert signs.refreshes(["a"]) == {"a": ""}
    aws.answer("DescribeInstanceRefreshes", {"InstanceRefreshes": []})
    assert signs.refreshes(["never"]) == {"never": ""}
    assert signs.refreshes([]) == {}


def test_what_is_not_as_documented_is_not_guessed_at(aws: FakeAws) -> None:
    aws.answer("DescribeInstanceStatus", {"InstanceStatuses": [{"SystemStatus": impaired()}]})
    assert isinstance(AwsSigns(aws.clients).machines([ONE]), Reason)


def test_whose_an_instance_is(aws: FakeAws) -> None:
    found = {"InstanceId": "i-1", "AutoScalingGroupName": "blue-asg"}
    aws.answer("DescribeAutoScalingInstances", {"AutoScalingInstances": [found]})
    assert AwsOwners(aws.clients).groups_of([ONE, TWO]) == {ONE: "blue-asg"}
