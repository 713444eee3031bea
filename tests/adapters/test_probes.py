"""Sending the probes and finding addresses, held against AWS's own service models."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws, Params
from tests.builders import BLUE, SHOP, a_target
from trimtab import codec
from trimtab.adapters.aws.addresses import Ec2Addresses
from trimtab.adapters.aws.probes import LambdaProbes
from trimtab.errors import SettingsInvalid
from trimtab.model.errand import Answered, Brought, Run
from trimtab.model.ids import InstanceId, Zone
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Tally
from trimtab.settings import Settings
from trimtab.wiring import connect

GOOD = Brought((Answered(SHOP, BLUE, {a_target(1).id: Tally(1, 0, 0.01)}),))


def said(body: object, **more: Any) -> Mapping[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(body).encode()), **more}


def sent(*answers: Any, runs: int = 1) -> Mapping[Zone, Any]:
    aws = FakeAws()
    aws.answer("Invoke", *answers)
    return LambdaProbes(aws.clients, {"subnet-a": "probe"}).ask([Run(())] * runs)


def test_every_place_is_sent_on_every_run() -> None:
    aws = FakeAws()
    aws.answer("Invoke", lambda _: said({"brought": codec.dumps(GOOD)}))
    runs = [Run(()), Run(())]
    found = LambdaProbes(aws.clients, {"subnet-a": "one", "subnet-b": "two"}).ask(runs)
    assert found == {"subnet-a": [GOOD, GOOD], "subnet-b": [GOOD, GOOD]}
    assert sorted(call["FunctionName"] for call in aws.of("Invoke")) == ["one", "one", "two", "two"]
    assert codec.loads(Run, json.loads(aws.of("Invoke")[0]["Payload"])["run"]) == Run(())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Failure("TooManyRequestsException"), "TooManyRequests"),
        (Failure("AccessDeniedException"), "allow the role lambda:InvokeFunction"),
        (said({"errorMessage": "timed out"}, FunctionError="Unhandled"), "timed out"),
        (said({}), "no such thing"),
        (said({"brought": "{}"}), "missing"),
        (said([1]), "no such thing"),
        ({"Payload": io.BytesIO(b"\xff")}, "no such thing"),
        ({}, "cannot be read"),
    ],
    ids=["throttled", "denied", "failed", "empty", "cut", "a-list", "garbage", "nothing"],
)
def test_a_probe_that_brings_nothing_back_says_why(answer: Any, told: str) -> None:
    ((reason,),) = sent(answer).values()
    assert isinstance(reason, Reason)
    assert told in reason.text


def test_addresses_are_read_by_filter_two_hundred_a_call() -> None:
    def described(params: Params) -> Mapping[str, Any]:
        (named,) = params["Filters"]
        return {"Reservations": [{"Instances": [_instance(i) for i in named["Values"][:-1]]}]}

    aws = FakeAws()
    aws.answer("DescribeInstances", described)
    wanted = [InstanceId(f"i-{n}") for n in range(201)]
    found = Ec2Addresses(aws.clients).of([*wanted, wanted[0]])
    assert not isinstance(found, Reason)
    assert (len(found), found[wanted[7]]) == (199, "10.0.0.7")
    assert len(aws.of("DescribeInstances")) == 2


def _instance(name: str) -> Mapping[str, Any]:
    return {"InstanceId": name, "PrivateIpAddress": f"10.0.0.{name[2:]}"}


def test_an_instance_without_an_address_has_none_and_one_with_ipv6_only_has_that() -> None:
    aws = FakeAws()
    instances = [{"InstanceId": "i-1"}, {"InstanceId": "i-2", "Ipv6Address": "fd00::2"}]
    aws.answer("DescribeInstances", {"Reservations": [{"Instances": instances}, {}]})
    found = Ec2Addresses(aws.clients).of([InstanceId("i-1"), InstanceId("i-2")])
    assert found == {"i-2": "fd00::2"}


def test_what_ec2_refuses_is_a_reason() -> None:
    aws = FakeAws()
    aws.answer("DescribeInstances", Failure("UnauthorizedOperation", status=403))
    found = Ec2Addresses(aws.clients).of([InstanceId("i-1")])
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.ACCESS_DENIED


@pytest.mark.parametrize("value", ["subnet-1", "subnet-01234567=", "probe", "subnet-01234567=a,"])
def test_places_that_are_none_are_refused(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="SUBNET=FUNCTION"):
        Settings.from_env({"TRIMTAB_PROBES": value})


def test_places_are_read_from_the_environment() -> None:
    value = "subnet-01234567=trimtab-probe,subnet-0123456789abcdef0=trimtab-probe2"
    found = connect(Settings.from_env({"TRIMTAB_PROBES": value})).probes
    assert isinstance(found, LambdaProbes)
    assert list(found.functions.values()) == ["trimtab-probe", "trimtab-probe2"]
