"""The function that reads access logs: from S3's event to what the next tick sees."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.access.handler import lambda_handler as access
from tests.builders import BLUE, BLUE_ARN, NOON, SHOP, a_policy, a_target, an_entry
from tests.functions.deployment import Deployment, metrics_in, sample
from tests.unit.access.lines import a_file, a_line
from trimtab.access_logs import Outside, take
from trimtab.errors import EventRefused, NotFound, Unclear
from trimtab.model.access_logs import AccessLogs
from trimtab.model.entry import Kind
from trimtab.model.ids import InstanceId, TargetId
from trimtab.model.observation import Target
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.report import Report, Source, Tally
from trimtab.ports import Interface

KEY = sample("access-log-written")["detail"]["object"]["key"]
LONG_AGO = NOON - timedelta(days=1)


class Bucket:
    def __init__(self, **files: bytes) -> None:
        self.files: dict[str, bytes] = dict(files)
        self.opened: list[str] = []

    def open(self, key: str) -> Iterator[bytes]:
        self.opened.append(key)
        if key not in self.files:
            raise NotFound(key)
        data = self.files[key]
        return (data[at : at + 100] for at in range(0, len(data), 100))


class Street:
    """Where instances live: the first at 10.0.0.1, and so on."""

    def __init__(self) -> None:
        self.since = LONG_AGO
        self.silent = False

    def of(self, instances: Sequence[InstanceId]) -> Mapping[InstanceId, Interface] | Reason:
        if self.silent:
            return Reason(ReasonCode.THROTTLED, "too many calls")
        return {i: Interface((f"10.0.0.{int(i[-2:], 16)}",), self.since) for i in instances}


@pytest.fixture
def bucket(deployment: Deployment) -> Bucket:
    """A deployment whose shop reads access logs, and the bucket with them."""
    files = Bucket()
    serve(deployment)
    deployment.access_logs = Outside(
        files, deployment.store, deployment.infrastructure, Street(), deployment.reports
    )
    return files


def serve(deployment: Deployment, reads: bool = True, enabled: bool = True) -> None:
    policy = a_policy(SHOP, enabled=enabled)
    if reads:
        policy = replace(policy, health=replace(policy.health, access_logs=AccessLogs()))
    entry = an_entry(kind=Kind.POLICY, change=None, inverse=None, deadline=None, seed=repr(policy))
    deployment.store.apply_policy(policy, frozenset(), entry)


def line(number: int = 1, minute: int = 52, **different: str) -> bytes:
    """A line about one of blue's targets."""
    return a_line(
        target_port=f"10.0.0.{number}:8080",
        time=f"2026-03-02T11:{minute}:07.5Z",
        target_group_arn=BLUE_ARN,
        **different,  # type: ignore[arg-type]  # the count of fields is left alone
    )


def failed(number: int = 1, minute: int = 52) -> bytes:
    return line(number, minute, elb_status_code="502", target_status_code="-")


def kept(deployment: Deployment) -> list[Report]:
    found = deployment.reports.recent([(SHOP, BLUE)], LONG_AGO)[SHOP, BLUE]
    assert not isinstance(found, Reason)
    return list(found)


def tallies(report: Report) -> dict[str, tuple[int, int]]:
    return {name: (tally.asked, tally.failed) for name, tally in report.tallies.items()}


def one(deployment: Deployment, context: object, *lines: bytes, key: str = KEY) -> Any:
    deployment.access_logs.files.files[key] = a_file(lines)
    event = sample("access-log-written")
    event["detail"]["object"]["key"] = key
    return access(event, context)


def test_a_file_becomes_a_report_for_each_minute(
    deployment: Deployment, bucket: Bucket, context: object
) -> None:
    answer = one(deployment, context, line(1), line(2), failed(1), line(1, minute=54))
    assert answer == {"lines": 4, "reports": 2}
    first, second = kept(deployment)
    assert (first.minute, second.minute) == (NOON.replace(hour=11, minute=52),
                                             NOON.replace(hour=11, minute=54))  # fmt: skip
    assert (first.source, first.zone) == (Source.ACCESS_LOGS, "")
    assert tallies(first) == {a_target(1).id: (2, 1), a_target(2).id: (1, 0)}
    assert tallies(second) == {a_target(1).id: (1, 0)}


def test_a_file_told_of_twice_is_kept_once_and_another_nodes_beside_it(
    deployment: Deployment, bucket: Bucket, context: object
) -> None:
    one(deployment, context, line(1))
    other = KEY.replace("192.0.2.17", "192.0.2.18")
    one(deployment, context, failed(1), key=other)
    once = kept(deployment)
    one(deployment, context, line(1))
    one(deployment, context, failed(1), key=other)
    assert kept(deployment) == once
    assert sorted(tallies(r)[a_target(1).id] for r in once) == [(1, 0), (1, 1)]


def test_what_is_no_access_log_is_left_alone(
    deployment: Deployment, bucket: Bucket, context: object
) -> None:
    for name in ("access-test-file", "access-hostile-key"):
        assert access(sample(name), context) == {"lines": 0, "reports": 0}
    assert bucket.opened == []


def test_an_event_about_another_bucket_is_refused_unread(
    deployment: Deployment, bucket: Bucket, context: object, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(EventRefused):
        access(sample("access-hostile-bucket"), context)
    assert bucket.opened == []
    assert metrics_in(capsys)["EventsRefused"] == [1]


@pytest.mark.parametrize("event", [None, [], {}, {"detail": 3}, {"source": "aws.s3"}])
def test_what_is_no_event_of_s3_is_refused(
    deployment: Deployment, bucket: Bucket, context: object, event: object
) -> None:
    with pytest.raises(EventRefused):
        access(event, context)


@pytest.mark.parametrize(("reads", "enabled"), [(False, True), (True, False)])
def test_without_a_policy_that_wants_it_the_file_is_not_even_opened(
    deployment: Deployment, bucket: Bucket, context: object, reads: bool, enabled: bool
) -> None:
    serve(deployment, reads, enabled)
    assert one(deployment, context, line(1)) == {"lines": 0, "reports": 0}
    assert bucket.opened == []


@pytest.mark.parametrize("ended", ["20260302T1125Z", "20260302T1235Z"])
def test_a_file_too_old_or_of_the_future_is_of_no_use(
    deployment: Deployment, bucket: Bucket, context: object, ended: str
) -> None:
    key = KEY.replace("20260302T1155Z", ended)
    assert one(deployment, context, line(1), key=key) == {"lines": 0, "reports": 0}
    assert bucket.opened == []


def test_garbage_between_the_lines_is_counted_and_changes_nothing(
    deployment: Deployment,
    bucket: Bucket,
    context: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one(deployment, context, b"\x00\xff", line(1), b"https " * 99_000, failed(1), b"no line")
    assert [tallies(r) for r in kept(deployment)] == [{a_target(1).id: (2, 1)}]
    assert metrics_in(capsys)["AccessLogLinesUnread"] == [3]


def test_of_a_damaged_file_nothing_is_kept(
    deployment: Deployment,
    bucket: Bucket,
    context: object,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = a_file([failed(1)] * 5000)
    bucket.files[KEY] = whole[:-5]
    access(sample("access-log-written"), context)
    assert kept(deployment) == []
    assert metrics_in(capsys)["AccessLogsDamaged"] == [1]


def test_nothing_of_a_request_is_logged(
    deployment: Deployment, bucket: Bucket, context: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    one(deployment, context, line(1, request="GET https://shop/?token=secret HTTP/1.1"))
    assert "secret" not in json.dumps([r.__dict__ for r in caplog.records], default=str)


def test_an_address_that_nobody_registered_has_is_a_strangers(
    deployment: Deployment, bucket: Bucket
) -> None:
    bucket.files[KEY] = a_file([line(1), line(77)])
    taken = take(KEY, deployment.access_logs, NOON)
    assert (taken.reports, taken.strangers) == (1, 1)


def test_an_instance_is_not_blamed_for_who_had_its_address_before(
    deployment: Deployment, bucket: Bucket
) -> None:
    bucket.files[KEY] = a_file([failed(1, minute=52), line(1, minute=54)])
    deployment.access_logs.interfaces.since = NOON.replace(hour=11, minute=53)
    taken = take(KEY, deployment.access_logs, NOON)
    assert (taken.reports, taken.strangers) == (1, 1)
    assert [tallies(r) for r in kept(deployment)] == [{a_target(1).id: (1, 0)}]


@pytest.mark.parametrize("address", ["10.0.0.9", "2001:db8::9"])
@pytest.mark.parametrize("port", [8080, 80])
def test_a_target_that_is_an_address_is_known_by_it(
    deployment: Deployment, bucket: Bucket, address: str, port: int
) -> None:
    target = a_target(instance=InstanceId(address), port=port)
    only(deployment, target)
    written = f"[2001:0db8:0::9]:{port}" if ":" in address else f"{address}:{port}"
    bucket.files[KEY] = a_file([a_line_at(written)])
    assert take(KEY, deployment.access_logs, NOON).reports == 1
    assert [tallies(r) for r in kept(deployment)] == [{target.id: (1, 0)}]


def test_the_same_address_on_another_port_is_another_target(
    deployment: Deployment, bucket: Bucket
) -> None:
    only(deployment, a_target(1, port=80))
    bucket.files[KEY] = a_file([line(1)])
    assert take(KEY, deployment.access_logs, NOON).strangers == 1


def test_while_aws_does_not_say_whose_address_it_is_nothing_is_kept(
    deployment: Deployment, bucket: Bucket
) -> None:
    bucket.files[KEY] = a_file([failed(1)])
    deployment.access_logs.interfaces.silent = True
    with pytest.raises(Unclear):
        take(KEY, deployment.access_logs, NOON)
    assert kept(deployment) == []


def test_more_targets_than_a_report_holds_are_told_in_parts(
    deployment: Deployment, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimtab.access_logs.MOST_TALLIES", 3)
    bucket.files[KEY] = a_file([line(n) for n in (1, 2, 3, 4)])
    assert take(KEY, deployment.access_logs, NOON).reports == 2
    found = kept(deployment)
    assert sorted(len(r.tallies) for r in found) == [1, 3]
    assert len({r.part for r in found}) == 2


def test_what_cannot_be_opened_is_told_again(
    deployment: Deployment, bucket: Bucket, context: object
) -> None:
    with pytest.raises(NotFound):
        access(sample("access-log-written"), context)


def only(deployment: Deployment, target: Target) -> None:
    """Let the one target of the fleet be this one."""
    deployment.infrastructure.targets = lambda arns: dict.fromkeys(arns, (target,))  # type: ignore[method-assign,assignment]


def a_line_at(written: str) -> bytes:
    return a_line(target_port=written, time="2026-03-02T11:52:07.5Z", target_group_arn=BLUE_ARN)


def test_a_tally_says_how_it_failed_last(deployment: Deployment, bucket: Bucket) -> None:
    bucket.files[KEY] = a_file([failed(1)])
    take(KEY, deployment.access_logs, NOON)
    [report] = kept(deployment)
    assert report.tallies[TargetId(a_target(1).id)] == Tally(1, 1, None, "HTTP 502")
