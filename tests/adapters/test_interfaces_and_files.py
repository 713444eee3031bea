"""Whose addresses are whose, and the files of a load balancer's bucket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.adapters.fake_aws import Failure, FakeAws
from trimtab.adapters.aws.clients import Clients
from trimtab.adapters.aws.files import PIECE, S3Files
from trimtab.adapters.aws.instances import A_FILTER
from trimtab.adapters.aws.interfaces import AwsInterfaces
from trimtab.errors import NotFound
from trimtab.model.ids import InstanceId
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import Interface

LAUNCHED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def instance(name: str, **more: Any) -> dict[str, Any]:
    told = {"InstanceId": name, "LaunchTime": LAUNCHED, "PrivateIpAddress": "10.0.0.1"} | more
    return {key: value for key, value in told.items() if value is not None}


def answer(aws: FakeAws, *found: dict[str, Any]) -> Any:
    aws.answer("DescribeInstances", {"Reservations": [{"Instances": list(found)}]})
    return AwsInterfaces(aws.clients).of([InstanceId("i-1"), InstanceId("i-2")])


def test_an_instance_is_known_by_both_its_addresses_since_its_launch(aws: FakeAws) -> None:
    found = answer(aws, instance("i-1"), instance("i-2", Ipv6Address="2001:db8::1"))
    assert found == {
        "i-1": Interface(("10.0.0.1",), LAUNCHED),
        "i-2": Interface(("10.0.0.1", "2001:db8::1"), LAUNCHED),
    }


def test_who_is_gone_or_has_no_address_is_left_out(aws: FakeAws) -> None:
    assert answer(aws, instance("i-1", PrivateIpAddress=None)) == {}


def test_many_are_asked_for_some_at_a_time_and_once_each(aws: FakeAws) -> None:
    aws.answer("DescribeInstances", {"Reservations": []})
    many = [InstanceId(f"i-{n}") for n in range(A_FILTER + 1)]
    assert AwsInterfaces(aws.clients).of([*many, *many]) == {}
    asked = [params["Filters"][0]["Values"] for params in aws.of("DescribeInstances")]
    assert [len(values) for values in asked] == [A_FILTER, 1]


def test_what_cannot_be_asked_says_why(aws: FakeAws) -> None:
    aws.answer("DescribeInstances", Failure("UnauthorizedOperation"))
    found = AwsInterfaces(aws.clients).of([InstanceId("i-1")])
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.ACCESS_DENIED


@pytest.mark.parametrize("launched", [None, "yesterday", datetime(2026, 3, 2)])  # noqa: DTZ001
def test_an_instance_of_unknown_age_is_not_guessed_at(aws: FakeAws, launched: object) -> None:
    found = answer(aws, instance("i-1", LaunchTime=launched))
    assert isinstance(found, Reason)


@pytest.fixture
def clients() -> Iterator[Clients]:
    with mock_aws():
        session = boto3.Session("a", "b", region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="a-bucket-of-logs")
        session.client("s3").put_object(
            Bucket="a-bucket-of-logs", Key="one", Body=b"x" * (PIECE + 1)
        )
        yield Clients(session, "us-east-1")


def test_a_file_comes_in_pieces(clients: Clients) -> None:
    assert [len(piece) for piece in S3Files(clients, "a-bucket-of-logs").open("one")] == [PIECE, 1]


def test_a_file_that_is_gone_is_not_found(clients: Clients) -> None:
    with pytest.raises(NotFound):
        list(S3Files(clients, "a-bucket-of-logs").open("another"))


def test_whoever_stops_reading_leaves_nothing_open(clients: Clients) -> None:
    pieces = S3Files(clients, "a-bucket-of-logs").open("one")
    next(iter(pieces))
    pieces.close()  # type: ignore[attr-defined]  # it is a generator
