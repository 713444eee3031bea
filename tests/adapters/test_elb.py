"""Target health read and targets moved, one call each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws, Params
from tests.builders import BLUE_ARN, an_eject
from trimtab.adapters.aws.infrastructure import AwsHands, AwsInfrastructure
from trimtab.errors import Refused, Throttled
from trimtab.model.change import Restore, inverse_of
from trimtab.model.entry import Call
from trimtab.model.ids import Arn, InstanceId, Zone
from trimtab.model.observation import Target, TargetState
from trimtab.model.policy import EjectMethod
from trimtab.model.reason import Reason, ReasonCode

GREEN_ARN = Arn(BLUE_ARN.replace("blue", "green"))


def health(state: str, reason: str = "", **more: Any) -> dict[str, Any]:
    said = {"State": state} | ({"Reason": reason} if reason else {})
    return {"Target": {"Id": "i-1", "Port": 8080}, "TargetHealth": said, **more}


def seen(aws: FakeAws, *found: dict[str, Any]) -> tuple[Target, ...]:
    aws.answer("DescribeTargetHealth", {"TargetHealthDescriptions": list(found)})
    answer = AwsInfrastructure(aws.clients).targets([BLUE_ARN])[BLUE_ARN]
    assert not isinstance(answer, Reason)
    return answer


def restore(**changes: Any) -> Restore:
    made = inverse_of(an_eject(**changes))
    assert isinstance(made, Restore)
    return made


@pytest.mark.parametrize("state", [s for s in TargetState if s is not TargetState.OTHER])
def test_every_state_is_read_with_its_reason(aws: FakeAws, state: TargetState) -> None:
    (target,) = seen(aws, health(state.value, "Target.Timeout"))
    assert (target.state, target.state_reason) == (state, "Target.Timeout")


def test_a_state_yet_to_be_invented_is_other(aws: FakeAws) -> None:
    assert seen(aws, health("sleeping"))[0].state is TargetState.OTHER


def test_the_states_we_know_are_those_of_the_service_model(aws: FakeAws) -> None:
    model = aws.clients.elb.meta.service_model.shape_for("TargetHealthStateEnum")
    assert {s.value for s in TargetState} - {"other"} == set(model.enum)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("anomaly", "expected"),
    [
        ({}, (None, False)),
        ({"Result": "normal", "MitigationInEffect": "no"}, (False, False)),
        ({"Result": "anomalous", "MitigationInEffect": "yes"}, (True, True)),
    ],
    ids=["silent", "normal", "anomalous"],
)
def test_the_load_balancers_own_anomaly_verdict_is_read(
    aws: FakeAws, anomaly: dict[str, str], expected: tuple[bool | None, bool]
) -> None:
    (target,) = seen(aws, health("healthy", AnomalyDetection=anomaly))
    assert (target.anomalous, target.mitigating) == expected
    assert aws.of("DescribeTargetHealth")[0]["Include"] == ["AnomalyDetection"]


def test_one_instance_on_two_ports_is_two_targets(aws: FakeAws) -> None:
    found = [health("healthy", Target={"Id": "i-1", "Port": port}) for port in (80, 81)]
    assert [target.id for target in seen(aws, *found)] == ["i-1:80", "i-1:81"]


def test_an_address_has_a_zone_and_a_function_no_port(aws: FakeAws) -> None:
    address = {"Id": "10.0.0.7", "Port": 80, "AvailabilityZone": "eu-west-1b"}
    found = seen(
        aws, health("healthy", Target=address), health("healthy", Target={"Id": "arn:aws:lambda:f"})
    )
    assert (found[0].zone, found[1].port) == ("eu-west-1b", 0)


def test_each_target_group_is_read_once_and_one_that_fails_hides_no_other(aws: FakeAws) -> None:
    def answer(params: Params) -> dict[str, Any]:
        if params["TargetGroupArn"] == GREEN_ARN:
            raise Throttled("slow down")
        return {"TargetHealthDescriptions": [health("healthy")]}

    aws.answer("DescribeTargetHealth", answer)
    found = AwsInfrastructure(aws.clients).targets([BLUE_ARN, GREEN_ARN, BLUE_ARN])
    assert len(aws.calls) == 2
    assert isinstance(found[BLUE_ARN], tuple)
    assert isinstance(found[GREEN_ARN], Reason)


def test_many_target_groups_are_answered_each_with_its_own(aws: FakeAws) -> None:
    arns = [Arn(f"{BLUE_ARN}{n}") for n in range(50)]
    aws.answer(
        "DescribeTargetHealth",
        lambda p: {
            "TargetHealthDescriptions": [
                health("healthy", Target={"Id": p["TargetGroupArn"], "Port": 1})
            ]
        },
    )
    found = AwsInfrastructure(aws.clients).targets(arns)
    for arn in arns:
        answer = found[arn]
        assert isinstance(answer, tuple)
        assert str(answer[0].instance) == arn


def test_a_target_group_that_is_gone_is_not_found(aws: FakeAws) -> None:
    aws.answer("DescribeTargetHealth", Failure("TargetGroupNotFound"))
    found = AwsInfrastructure(aws.clients).targets([BLUE_ARN])[BLUE_ARN]
    assert isinstance(found, Reason)
    assert (found.code, found.facts) == (ReasonCode.NOT_FOUND, {"error": "TargetGroupNotFound"})


def test_reading_no_target_groups_calls_nobody(aws: FakeAws) -> None:
    assert AwsInfrastructure(aws.clients).targets([]) == {}
    assert aws.calls == []


def test_a_target_leaves_by_its_port_and_the_request_is_named(aws: FakeAws) -> None:
    aws.answer("DeregisterTargets", {})
    calls = AwsHands(aws.clients).apply(an_eject(port=81))
    assert calls == (Call("elasticloadbalancing:DeregisterTargets", "request-1"),)
    assert aws.of("DeregisterTargets") == [
        {"TargetGroupArn": BLUE_ARN, "Targets": [{"Id": an_eject().instance, "Port": 81}]}
    ]


def test_an_instance_returns_without_a_zone_for_aws_refuses_one(aws: FakeAws) -> None:
    aws.answer("RegisterTargets", {})
    AwsHands(aws.clients).apply(restore())
    assert aws.of("RegisterTargets")[0]["Targets"] == [{"Id": an_eject().instance, "Port": 8080}]


@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::7"])
def test_an_address_returns_with_the_zone_that_aws_named(aws: FakeAws, address: str) -> None:
    aws.answer("RegisterTargets", {})
    AwsHands(aws.clients).apply(restore(instance=InstanceId(address), zone=Zone("all")))
    assert aws.of("RegisterTargets")[0]["Targets"] == [
        {"Id": address, "Port": 8080, "AvailabilityZone": "all"}
    ]


def test_an_intent_that_does_not_say_how_is_refused_without_a_call(aws: FakeAws) -> None:
    for change in (an_eject(method=EjectMethod.AUTO), restore(method=EjectMethod.AUTO)):
        with pytest.raises(Refused, match="not auto"):
            AwsHands(aws.clients).apply(change)
    assert aws.calls == []
