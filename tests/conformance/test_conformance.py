"""The vendored tables hold, and the runner that says so can also say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.__main__ import main
from tests.conformance.runner import run_file

TABLES = Path(__file__).parent / "tables"
STEP = {
    "name": "one",
    "kind": "percent_rounding",
    "input": {"raw_change": 12.7},
    "expected": {"change": 12},
}


def a_file(folder: Path, *cases: Any, suite: str = "aws_step_scaling", **more: Any) -> Path:
    path = folder / "table.json"
    path.write_text(json.dumps({"suite": suite, "cases": list(cases), **more}))
    return path


@pytest.mark.parametrize(
    ("table", "passed"),
    [
        ("aws_step_scaling", 19),
        ("k8s_hpa_replica_calculator", 12),
        ("k8s_hpa_behavior", 18),
        ("k8s_hpa_controller", 8),
        ("envoy_outlier_detection", 23),
        ("envoy_priority_load", 21),
    ],
)
def test_a_published_table_passes_whole(table: str, passed: int) -> None:
    result = run_file(TABLES / f"{table}.json")
    assert (result.passed, result.failures, result.uncovered) == (passed, (), {})


def test_every_vendored_table_runs_without_a_failure() -> None:
    assert main([str(path) for path in sorted(TABLES.glob("*.json"))]) == 0


def test_a_wrong_expectation_is_reported_as_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(a_file(tmp_path, {**STEP, "expected": {"change": 13}}))]) == 1
    shown = capsys.readouterr().out
    assert "FAILED" in shown
    assert "one: change: expected 13, got 12" in shown
    assert shown.endswith("\n0 passed, 1 failed\n")


def spoiled(value: Any) -> Any:
    """Return something near the value that it must not be taken for."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + " spoiled gap overlap"
        case list():
            return [spoiled(v) for v in value] or [{"change": 99}]
        case dict():
            return {k: spoiled(v) for k, v in value.items()}
    return value


@pytest.mark.parametrize("name", sorted(path.name for path in TABLES.glob("*.json")))
def test_no_expectation_of_a_table_passes_unread(name: str, tmp_path: Path) -> None:
    document = json.loads((TABLES / name).read_text())
    sections = [v for k, v in document.items() if isinstance(v, list) and k != "notes"]
    for case in (case for cases in sections for case in cases):
        for key in {"expected", "expected_limit"} & set(case):
            case[key] = spoiled(case[key])
    path = tmp_path / name
    path.write_text(json.dumps(document))
    assert run_file(path).passed == 0


@pytest.mark.parametrize(
    "case",
    [
        {**STEP, "kind": "clairvoyance"},
        {**STEP, "input": {"raw_change": 12.7, "moon": "full"}},
        {**STEP, "expected": {"change": 12, "colour": "blue"}},
        {**STEP, "input": {}},
        {**STEP, "kind": "validate_steps", "input": {"steps": []}, "expected": {"reason": "odd"}},
    ],
    ids=["kind", "field", "expectation", "missing field", "reason"],
)
def test_what_we_do_not_know_is_not_covered_and_never_passed(case: Any, tmp_path: Path) -> None:
    result = run_file(a_file(tmp_path, case))
    assert (result.passed, result.failures, sum(result.uncovered.values())) == (0, (), 1)


def test_an_unknown_suite_is_not_covered_and_does_not_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(a_file(tmp_path, STEP, STEP, suite="tide_tables"))]) == 0
    assert "2 x tide_tables.cases" in capsys.readouterr().out


@pytest.mark.parametrize(
    "case",
    [
        {**STEP, "input": {"raw_change": "much"}},
        {**STEP, "expected": {}},
        {k: v for k, v in STEP.items() if k != "expected"},
        "not an object",
        None,
    ],
)
def test_a_case_that_crashes_or_is_no_case_fails_without_a_traceback(
    case: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(a_file(tmp_path, case, STEP))]) == 1
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    assert out.endswith("1 passed, 1 failed\n")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"suite": 3}',
        b'{"suite": "aws_step_scaling"}',
        b'{"suite": "k8s_hpa_controller", "defaults": [], "cases": []}',
        b"\xff\xfe",
        b"",
        b"[" * 200_000,
    ],
    ids=range(9),
)
def test_a_malformed_file_exits_2_saying_what_was_expected(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert str(path) in err
    assert "expected a JSON object" in err


def test_a_file_that_is_not_there_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no/such/file.json"]) == 2
    assert "no/such/file.json: cannot be read" in capsys.readouterr().err


def test_json_output_carries_the_same_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--json", str(a_file(tmp_path, STEP))]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["passed"], shown["failed"], shown["not_covered"]) == (1, 0, 0)
