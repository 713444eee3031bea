"""Fuzz by coverage, for as long as you like: ``python -m tests.fuzz NAME [libFuzzer's options]``.

Needs atheris, the dependency group ``fuzz``. Without it, ``make fuzz`` runs the same targets under
Hypothesis. Example::

    .venv/bin/uv pip install --python .venv/bin/python --group fuzz
    .venv/bin/python -m tests.fuzz aws-reads -max_total_time=60 -max_len=600
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any
from unittest.mock import patch

ACCOUNT = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
ACCOUNT |= {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}


def main() -> None:
    try:
        atheris: Any = importlib.import_module("atheris")
    except ModuleNotFoundError:
        sys.exit("atheris is not installed here (see docs/fuzzing.md); or run: make fuzz")
    with atheris.instrument_imports(include=["trimtab", "trimtab_cli"]):
        from tests.fuzz.targets import TARGETS
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        sys.exit(f"no such target: {name!r}; there are: {', '.join(TARGETS)}")
    with patch.dict(os.environ, ACCOUNT):
        atheris.Setup(sys.argv, TARGETS[name])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
