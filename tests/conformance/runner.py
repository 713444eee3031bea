"""Runs a file of cases and says of each: passed, failed, or not covered and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance import (
    aws_step_scaling,
    cloudwatch_alarm_missing_data,
    envoy_outlier_detection,
    envoy_priority_load,
    k8s_hpa_behavior,
    k8s_hpa_controller,
    k8s_hpa_replica_calculator,
)
from tests.conformance.compare import differences
from tests.conformance.fields import Fields, NotCoveredError

Values = Mapping[str, Any]
Answer = Callable[[Fields, Values], Values]


class UnreadableError(Exception):
    """A file that is not a table of cases; the text says what, where and what was expected."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that came out otherwise."""

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of the cases of one file."""

    path: str
    suite: str
    passed: int
    failures: tuple[Failure, ...]
    uncovered: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Case:
    section: str
    name: str
    values: Any
    answer: Answer | None


def run_file(path: Path) -> FileResult:
    """Run every case of the file.

    Raises:
        UnreadableError: The file cannot be read or is not of the format.
    """
    document = _load(path)
    passed, failures, uncovered = 0, [], Counter[str]()
    for case in _cases(document):
        try:
            detail = _judge(case)
        except NotCoveredError as not_covered:
            uncovered[f"{case.section}: {not_covered}"] += 1
        except Exception as crash:
            failures.append(Failure(case.name, f"crashed with {type(crash).__name__}: {crash}"))
        else:
            if detail:
                failures.append(Failure(case.name, detail))
            else:
                passed += 1
    return FileResult(str(path), document["suite"], passed, tuple(failures), dict(uncovered))


def _judge(case: _Case) -> str:
    """Return how the case failed, or nothing if it passed."""
    if case.answer is None:
        raise NotCoveredError("no rule of ours answers it")
    if not isinstance(case.values, Mapping):
        return f"a case must be an object, got {type(case.values).__name__}"
    expected = _expected(case.values)
    if not expected:
        return "the case has no 'expected' object, or an empty one, so nothing can be checked"
    fields = Fields(case.values)
    got = case.answer(fields, expected)
    unread = fields.unread()
    if unread:
        raise NotCoveredError(f"field {unread[0]!r}")
    found = differences(expected, got)
    return "; ".join(f"{k}: expected {want!r}, got {have!r}" for k, (want, have) in found.items())


def _expected(values: Values) -> Values:
    if "expected_limit" in values:
        return {"limit": values["expected_limit"]}
    expected = values.get("expected")
    return expected if isinstance(expected, Mapping) else {}


def _cases(document: Values) -> Iterator[_Case]:
    sections = _answers(document)
    for section, entries in document.items():
        if section == "notes" or not isinstance(entries, list):
            continue
        for place, values in enumerate(entries):
            named = values.get("name") if isinstance(values, Mapping) else None
            name = str(named or f"{section}[{place}]")
            yield _Case(f"{document['suite']}.{section}", name, values, sections.get(section))


def _answers(document: Values) -> Mapping[str, Answer]:
    defaults = document.get("defaults") or {}
    calculator, controller = k8s_hpa_replica_calculator, k8s_hpa_controller
    alarm_rows = cloudwatch_alarm_missing_data.answer
    suites: Mapping[str, Mapping[str, Answer]] = {
        "aws_step_scaling": {"cases": aws_step_scaling.answer},
        "cloudwatch_alarm_missing_data": dict.fromkeys(
            ("table", "premature", "older_documentation_rows"), alarm_rows
        ),
        "envoy_outlier_detection": {"cases": envoy_outlier_detection.answer},
        "envoy_priority_load": {"cases": envoy_priority_load.answer},
        "k8s_hpa_behavior": k8s_hpa_behavior.SECTIONS,
        "k8s_hpa_controller": {"cases": lambda c, e: controller.answer(c, e, defaults)},
        "k8s_hpa_replica_calculator": {"cases": lambda c, _: calculator.answer(c, defaults)},
    }
    return suites.get(document["suite"], {})


def _load(path: Path) -> Values:
    wanted = 'expected a JSON object with a "suite" name and lists of cases'
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableError(f"{path}: cannot be read: {error.strerror}; {wanted}") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path}: is not UTF-8 text: {error.reason}; {wanted}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"{path}: is not JSON: {error}; {wanted}") from error
    if not isinstance(document, dict):
        raise UnreadableError(f"{path}: is a JSON {type(document).__name__}; {wanted}")
    if not isinstance(document.get("suite"), str):
        raise UnreadableError(f'{path}: has no "suite" name; {wanted}')
    if not isinstance(document.get("defaults", {}), dict):
        raise UnreadableError(f'{path}: "defaults" is not an object; {wanted}')
    if not any(isinstance(v, list) for k, v in document.items() if k != "notes"):
        raise UnreadableError(f"{path}: has no list of cases; {wanted}")
    return document
