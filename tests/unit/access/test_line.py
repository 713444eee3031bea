"""One line of an access log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.access.lines import GROUP, a_line
from trimtab.access.line import FIELDS, REQUIRED, Line, Outcome, read


def test_there_are_33_fields_of_which_17_have_always_been_there() -> None:
    assert (len(FIELDS), REQUIRED) == (33, 17)


def test_what_we_take_of_a_line_is_what_stands_there() -> None:
    assert read(a_line()) == Line(
        minute=b"2026-03-02T12:04",
        target_group=GROUP.encode(),
        target=b"10.0.0.1:8080",
        outcome=Outcome.ANSWERED,
        status=b"200",
        seconds=0.048,
    )


@pytest.mark.parametrize("fields", range(REQUIRED, len(FIELDS) + 1))
def test_a_line_of_any_year_says_the_same(fields: int) -> None:
    assert read(a_line(fields)) == read(a_line())


@pytest.mark.parametrize("appended", [b" 10.0.9.9", b' "quoted text" -', b' "half of a quote'])
def test_fields_to_come_are_left_alone(appended: bytes) -> None:
    assert read(a_line() + appended) == read(a_line())


@pytest.mark.parametrize("fields", range(1, REQUIRED))
def test_half_a_line_is_none(fields: int) -> None:
    assert read(a_line(fields)) is None


@pytest.mark.parametrize(
    ("elb", "target", "outcome"),
    [
        ("200", "200", Outcome.ANSWERED),
        ("101", "101", Outcome.ANSWERED),
        ("301", "301", Outcome.ANSWERED),
        ("404", "404", Outcome.ANSWERED),
        ("429", "429", Outcome.ANSWERED),
        ("500", "500", Outcome.FAILED),
        ("503", "503", Outcome.FAILED),
        ("502", "-", Outcome.FAILED),
        ("504", "-", Outcome.FAILED),
        ("502", "200", Outcome.FAILED),
        ("460", "-", Outcome.LEFT),
        ("460", "200", Outcome.LEFT),
        ("000", "-", Outcome.UNTOLD),
        ("-", "-", Outcome.UNTOLD),
        ("400", "-", Outcome.UNTOLD),
        ("403", "-", Outcome.UNTOLD),
        ("463", "-", Outcome.UNTOLD),
        ("500", "-", Outcome.UNTOLD),
        ("503", "-", Outcome.UNTOLD),
        ("561", "-", Outcome.UNTOLD),
    ],
)
def test_the_two_status_codes_say_whose_fault_it_was(
    elb: str, target: str, outcome: Outcome
) -> None:
    line = read(a_line(elb_status_code=elb, target_status_code=target))
    assert line is not None
    assert line.outcome is outcome


@pytest.mark.parametrize(
    "line",
    [
        a_line(target_port="-", actions_executed="redirect", elb_status_code="301"),
        a_line(target_port="-", actions_executed="fixed-response", elb_status_code="503"),
        a_line(target_port="-", error_reason="LambdaUnhandled", elb_status_code="502"),
        a_line(target_port="-", target_group_arn="-", elb_status_code="400"),
        a_line(target_port="-", actions_executed="waf", elb_status_code="403"),
    ],
    ids=["redirect", "fixed response", "lambda", "malformed request", "firewall"],
)
def test_what_reached_no_target_says_nothing_of_one(line: bytes) -> None:
    found = read(line)
    assert found is not None
    assert (found.outcome, found.target) == (Outcome.UNTOLD, b"")


@pytest.mark.parametrize("written", ["10.0.0.1:80", "2001:db8::1:80", "[2001:db8::1]:80"])
def test_a_target_is_named_as_it_is_written(written: str) -> None:
    line = read(a_line(target_port=written))
    assert line is not None
    assert line.target == written.encode()


def test_minus_one_is_no_time() -> None:
    line = read(a_line(target_processing_time="-1", elb_status_code="504", target_status_code="-"))
    assert line is not None
    assert (line.seconds, line.status) == (None, b"504")


def test_a_client_that_left_says_how_long_the_target_had_had() -> None:
    line = read(
        a_line(
            elb_status_code="460",
            target_status_code="-",
            request_creation_time="2026-03-02T12:03:50.186641Z",
            request_processing_time="1.000",
            target_processing_time="-1",
        )
    )
    assert line is not None
    assert line.seconds == pytest.approx(9.0)


@pytest.mark.parametrize("created", ["2026-03-02T11:59:59.000000Z", "2026-03-02T12:04:30.000000Z"])
def test_a_wait_over_the_hour_or_below_zero_is_not_known(created: str) -> None:
    line = read(a_line(elb_status_code="460", request_creation_time=created))
    assert line is not None
    assert line.seconds is None


FORGED = 'x" - - arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/other/1 "'


@pytest.mark.parametrize("field", ["request", "user_agent"])
@pytest.mark.parametrize(
    "text",
    [
        r"GET https://shop/?q=\x22a\x22 HTTP/1.1",
        r"says \"hello\" to all",
        r"ends in a backslash \\",
        "ends in half a backslash \\",
        "- - -",
        "",
        "-",
        FORGED.replace('"', r"\x22"),
        "日本 \x00\x1b[31m",
    ],
)
def test_text_from_outside_changes_nothing(field: str, text: str) -> None:
    assert read(a_line(33, **{field: text})) == read(a_line())


@pytest.mark.parametrize("field", ["request", "user_agent"])
def test_a_line_that_can_be_read_in_two_ways_accuses_nobody(field: str) -> None:
    line = read(a_line(33, **{field: FORGED.replace('"', r"\"")}))
    assert line is None or line == read(a_line())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b" ",
        b"\xff\xfe\x00",
        b"not a line at all",
        a_line(type="tls"),
        a_line(time="yesterday"),
        a_line(elb_status_code="20"),
        a_line(target_status_code="twohundred"),
        a_line(target_processing_time="nan"),
        a_line(target_processing_time="1e9"),
        a_line(target_processing_time="-5"),
        a_line(target_port="10.0.0.1"),
        a_line(target_group_arn="shop"),
        a_line().replace(b" ", b"  "),
        a_line().replace(b'"', b""),
        b" " + a_line(),
    ],
)
def test_what_is_no_line_is_none(line: bytes) -> None:
    assert read(line) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_none(line: bytes) -> None:
    read(line)


@given(st.integers(0, len(a_line())), st.binary(max_size=4))
def test_a_line_broken_anywhere_is_read_or_none(at: int, put: bytes) -> None:
    line = a_line()
    read(line[:at] + put + line[at + 1 :])
