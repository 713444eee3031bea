"""A local cloud for all steps of a story, in a process of its own; steps after a failed one are
skipped, for they stand on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.operator import ROOT, SAM, Operator

RUNTIME = ROOT / ".venv-runtime" / "bin" / "python"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
STOP_S = 30.0
_failed: dict[str, str] = {}


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    for needed, verb in ((SAM, "setup-sam"), (RUNTIME, "setup-runtime"), (BUILT, "build")):
        if not needed.exists():
            pytest.fail(f"{needed} is missing: make {verb}")
    home = tmp_path_factory.mktemp("home")
    trouble = home / "cloud.err"
    with trouble.open("w") as stderr:
        server = subprocess.Popen(
            [sys.executable, "-m", "trimtab_lab.cloud"],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True,
        )  # fmt: skip
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        assert said, f"the local cloud did not start:\n{trouble.read_text()[-4000:]}"
        ready = json.loads(said)
        someone = Operator(ready["endpoint"], ready["control"], home)
        yield someone
        _children_end_with_it(someone, server)
    finally:
        server.terminate()
        try:
            server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            server.kill()
        if server.stdout is not None:
            server.stdout.close()
        sys.stderr.write(trouble.read_text()[-4000:])


def _children_end_with_it(operator: Operator, server: subprocess.Popen[str]) -> None:
    children = [function["pid"] for function in operator.functions().values()]
    server.terminate()
    assert server.wait(STOP_S) == 0
    time.sleep(0.2)
    left = [pid for pid in children if pid and _is_alive(pid)]
    assert not left, f"children of the local cloud outlive it: {left}"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and _is_a_step(item):
        _failed.setdefault(str(item.path), item.name)


def pytest_runtest_setup(item: pytest.Item) -> None:
    before = _failed.get(str(item.path))
    if before and _is_a_step(item):
        pytest.skip(f"an earlier step failed: {before}")


def _is_a_step(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and getattr(item.module, "IN_ORDER", False)
