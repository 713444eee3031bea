"""Series read five hundred a call, each as complete as CloudWatch says it is."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.fake_aws import Failure, FakeAws, Params
from tests.builders import at
from trimtab.adapters.aws.infrastructure import AwsInfrastructure
from trimtab.errors import Throttled
from trimtab.model.observation import Point, Series
from trimtab.model.reason import Reason, ReasonCode
from trimtab.ports import MetricKey

REQUESTS = MetricKey("AWS/ApplicationELB", "RequestCount", "Sum", (("TargetGroup", "tg"),))
OWN = MetricKey("Shop", "balance", "Average", (("InstanceId", "i-1"),))


def result(
    *points: tuple[float, float], name: str = "m0", status: str = "Complete", **more: Any
) -> dict[str, Any]:
    return {
        "Id": name,
        "StatusCode": status,
        "Timestamps": [at(minute) for minute, _ in points],
        "Values": [value for _, value in points],
        **more,
    }


def page(*results: dict[str, Any], token: str = "") -> dict[str, Any]:
    return {"MetricDataResults": list(results)} | ({"NextToken": token} if token else {})


def read(aws: FakeAws, key: MetricKey = REQUESTS) -> Series | Reason:
    return AwsInfrastructure(aws.clients).series([key], at(0), at(10))[key]


def points(*found: tuple[float, float]) -> tuple[Point, ...]:
    return tuple(Point(at(minute), value) for minute, value in found)


def test_points_come_newest_first_and_are_read_oldest_first(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result((2, 20.0), (1, 10.0))))
    assert read(aws) == Series.of(points((1, 10.0), (2, 20.0)))


def test_no_data_is_an_empty_complete_series_not_zero(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result()))
    assert read(aws) == Series()


def test_what_is_asked_is_whole_minutes_newest_first_by_the_key(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result()))
    odd = timedelta(seconds=34, microseconds=5)
    AwsInfrastructure(aws.clients).series([REQUESTS], at(0) + odd, at(10) + odd)
    (asked,) = aws.of("GetMetricData")
    assert (asked["StartTime"], asked["EndTime"]) == (at(0), at(10))
    assert asked["ScanBy"] == "TimestampDescending"
    assert asked["MetricDataQueries"] == [
        {
            "Id": "m0",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ApplicationELB",
                    "MetricName": "RequestCount",
                    "Dimensions": [{"Name": "TargetGroup", "Value": "tg"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
            "ReturnData": True,
        }
    ]


def test_the_same_series_is_paid_for_once_and_five_hundred_go_in_a_call(aws: FakeAws) -> None:
    keys = [MetricKey("Shop", f"n{i}", "Sum", ()) for i in range(1001)]
    aws.answer(
        "GetMetricData",
        lambda p: page(*(result((1, 1.0), name=q["Id"]) for q in p["MetricDataQueries"])),
    )
    found = AwsInfrastructure(aws.clients).series([*keys, *keys], at(0), at(10))
    assert [len(c["MetricDataQueries"]) for c in aws.of("GetMetricData")] == [500, 500, 1]
    assert list(found) == keys
    assert set(found.values()) == {Series.of(points((1, 1.0)))}


def test_a_series_over_several_pages_is_one_and_the_last_page_tells_if_it_is_whole(
    aws: FakeAws,
) -> None:
    aws.answer(
        "GetMetricData",
        page(result((3, 3.0), status="PartialData"), token="1"),
        page(token="2"),
        page(result((2, 2.0))),
    )
    assert read(aws) == Series.of(points((2, 2.0), (3, 3.0)))


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_half_an_answer_is_a_series_that_is_not_complete(aws: FakeAws, status: str) -> None:
    aws.answer("GetMetricData", page(result((1, 1.0), status=status)))
    assert read(aws) == Series.of(points((1, 1.0)), complete=False)


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_no_answer_is_not_the_same_as_no_data(aws: FakeAws, status: str) -> None:
    aws.answer("GetMetricData", page(result(status=status)))
    found = read(aws)
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.PARTIAL_DATA


def test_a_series_left_out_of_the_answer_is_not_an_empty_one(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result(name="m7")))
    found = read(aws)
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.PARTIAL_DATA


def test_a_forbidden_series_says_so_in_the_words_of_aws(aws: FakeAws) -> None:
    messages = [{"Code": "ArithmeticError", "Value": "not yours"}]
    aws.answer("GetMetricData", page(result(status="Forbidden", Messages=messages)))
    found = read(aws)
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.ACCESS_DENIED
    assert "not yours" in found.text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 1e300])
def test_a_value_that_cannot_be_true_is_dropped_and_the_series_not_whole(
    aws: FakeAws, value: float
) -> None:
    aws.answer("GetMetricData", page(result((2, value), (1, 1.0))))
    assert read(aws) == Series.of(points((1, 1.0)), complete=False)


def test_an_applications_own_metric_may_be_negative_but_not_its_count(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result((1, -5.0))))
    count = MetricKey(OWN.namespace, OWN.name, "SampleCount", OWN.dimensions)
    assert read(aws, OWN) == Series.of(points((1, -5.0)))
    assert read(aws, count) == Series(complete=False)


def test_points_outside_the_time_asked_for_are_not_ours(aws: FakeAws) -> None:
    aws.answer("GetMetricData", page(result((10, 1.0), (9, 2.0), (0, 3.0), (-1, 4.0))))
    assert read(aws) == Series.of(points((0, 3.0), (9, 2.0)))


def test_one_damaged_series_hides_no_other(aws: FakeAws) -> None:
    results = page(result(name="m0", status="InternalError"), result((1, 1.0), name="m1"))
    aws.answer("GetMetricData", results)
    found = AwsInfrastructure(aws.clients).series([REQUESTS, OWN], at(0), at(10))
    assert isinstance(found[REQUESTS], Reason)
    assert found[OWN] == Series.of(points((1, 1.0)))


def test_a_call_that_fails_darkens_its_own_five_hundred_only(aws: FakeAws) -> None:
    keys = [MetricKey("Shop", f"n{i}", "Sum", ()) for i in range(501)]

    def answer(params: Params) -> dict[str, Any]:
        if len(params["MetricDataQueries"]) > 1:
            raise Throttled("slow down")
        return page(result())

    aws.answer("GetMetricData", answer)
    found = AwsInfrastructure(aws.clients).series(keys, at(0), at(10))
    assert [key.name for key, one in found.items() if isinstance(one, Series)] == ["n500"]


def test_a_throttled_read_is_a_reason(aws: FakeAws) -> None:
    aws.answer("GetMetricData", Failure("Throttling", "Rate exceeded"))
    found = read(aws)
    assert isinstance(found, Reason)
    assert found.code is ReasonCode.THROTTLED
