"""The execution environment: what goes wrong in a function is told, and costs nobody else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import RUNTIME
from trimtab_lab.cloud.runtime import Environment, FunctionFailed

pytestmark = [pytest.mark.e2e]

CODE = """
import os, time

def handler(event, context):
    if "sleep" in event:
        time.sleep(event["sleep"])
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    print("seen", event)
    return {"event": event, "id": context.aws_request_id, "pid": os.getpid()}
"""


class Child:
    """One environment that runs ``CODE``."""

    def __init__(self, folder: Path, handler: str) -> None:
        (folder / "code.py").write_text(CODE)
        self.lines: list[str] = []
        variables = {
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "LAMBDA_TASK_ROOT": str(folder),
            "PYTHONPATH": str(folder),
        }
        command = [str(RUNTIME), "-m", "awslambdaric", handler]
        self.environment = Environment(command, folder, variables, self.lines.append)

    def invoke(self, event: dict[str, Any], timeout_s: float = 5.0) -> Any:
        answer = self.environment.invoke(json.dumps(event).encode(), "arn:f", timeout_s)
        return json.loads(answer)


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Child]:
    (tmp_path / "code").mkdir()
    made = Child(tmp_path / "code", "code.handler")
    yield made
    made.environment.stop()


def test_a_warm_child_answers_event_after_event(child: Child) -> None:
    first, second = child.invoke({"a": 1}), child.invoke({"a": 2})
    assert (first["event"], second["event"]) == ({"a": 1}, {"a": 2})
    assert first["pid"] == second["pid"] == child.environment.pid
    assert first["id"] != second["id"]
    assert "seen {'a': 1}" in child.lines


def test_an_error_is_told_and_the_child_goes_on(child: Child) -> None:
    with pytest.raises(FunctionFailed, match="ValueError: no"):
        child.invoke({"raise": "no"})
    assert child.invoke({"a": 1})["event"] == {"a": 1}


def test_a_time_out_ends_the_child(child: Child) -> None:
    with pytest.raises(FunctionFailed, match=r"timed out after 0\.50 seconds"):
        child.invoke({"sleep": 20}, timeout_s=0.5)
    assert not child.environment.is_alive
    with pytest.raises(ProcessLookupError):
        os.kill(child.environment.pid, 0)


def test_a_child_that_dies_is_a_failure(child: Child) -> None:
    with pytest.raises(FunctionFailed, match="exited with status 3"):
        child.invoke({"exit": 3})
    assert not child.environment.is_alive


def test_a_handler_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    child = Child(tmp_path, "absent.handler")
    with pytest.raises(FunctionFailed, match=r"Init: Runtime\.ImportModuleError"):
        child.invoke({})
    assert not child.environment.is_alive
    child.environment.stop()
