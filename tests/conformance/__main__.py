"""`python -m tests.conformance [--json] FILE...`: 0 all passed, 1 some failed, 2 unreadable."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.conformance.runner import FileResult, UnreadableError, run_file


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.conformance",
        description="Run published input/expected tables against Trimtab's pure functions.",
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args(arguments)
    try:
        results = [run_file(path) for path in options.files]
    except UnreadableError as unreadable:
        sys.stderr.write(f"error: {unreadable}\n")
        return 2
    sys.stdout.write(as_json(results) if options.json else as_text(results))
    return 1 if any(result.failures for result in results) else 0


def as_text(results: Sequence[FileResult]) -> str:
    lines = [
        f"FAILED {r.path}: {failure.name}: {failure.detail}"
        for r in results
        for failure in r.failures
    ]
    lines += [
        f"{r.path}: {r.passed} passed, {len(r.failures)} failed, {_uncovered(r)} not covered yet"
        for r in results
    ]
    passed, failed, uncovered = _totals(results)
    why = [f"  {count} x {kind}" for r in results for kind, count in sorted(r.uncovered.items())]
    lines += [f"{uncovered} not covered yet", *why] if uncovered else []
    return "\n".join([*lines, f"{passed} passed, {failed} failed"]) + "\n"


def as_json(results: Sequence[FileResult]) -> str:
    passed, failed, uncovered = _totals(results)
    summary = {"passed": passed, "failed": failed, "not_covered": uncovered}
    return json.dumps({"files": [asdict(r) for r in results], **summary}, indent=2) + "\n"


def _totals(results: Sequence[FileResult]) -> tuple[int, int, int]:
    passed = sum(r.passed for r in results)
    return passed, sum(len(r.failures) for r in results), sum(map(_uncovered, results))


def _uncovered(result: FileResult) -> int:
    return sum(result.uncovered.values())


if __name__ == "__main__":
    raise SystemExit(main())
