"""What ``sam build`` made runs as it lies there: every handler imports from the built layer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.stack import FUNCTIONS, ROOT

pytestmark = pytest.mark.built

BUILT = ROOT / ".aws-sam" / "build"
LAYER = BUILT / "Layer" / "python"
MOST_BYTES = 8 * 1024 * 1024
"""Of the layer, unpacked: Powertools and ourselves. A new dependency should be noticed."""

IMPORT = """
import handler, trimtab, trimtab.wiring
print(handler.__file__, trimtab.__file__, callable(handler.lambda_handler), sep="\\n")
"""


@pytest.mark.parametrize("function", [f for f in FUNCTIONS if f[-1] not in "23"])  # one build
def test_a_built_handler_imports_from_the_built_layer(function: str) -> None:
    folder = BUILT / f"{function.capitalize()}Function"
    path = os.pathsep.join([str(folder), str(LAYER)])
    environment = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "AWS_REGION": "eu-west-1"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    handler, package, is_callable = done.stdout.split("\n")[:3]
    assert Path(handler) == folder / "handler.py"
    assert Path(package).is_relative_to(LAYER)
    assert is_callable == "True"


def test_the_layer_is_pure_python_and_small() -> None:
    files = [path for path in LAYER.rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix in (".so", ".pyd")] == []
    assert sum(path.stat().st_size for path in files) < MOST_BYTES


def test_the_layer_carries_nothing_that_lambda_has_or_we_do_not_use() -> None:
    found = {path.name for path in LAYER.iterdir() if path.is_dir()}
    assert "trimtab" in found
    assert not found & {"boto3", "botocore", "pydantic", "tests", "trimtab_cli", "trimtab_lab"}
