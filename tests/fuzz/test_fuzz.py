"""No input makes anything of ours end in an unforeseen error, or change what it should not."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

EXAMPLES = int(os.environ.get("TRIMTAB_FUZZ", "25"))
"""Of each target. ``make fuzz`` takes thousands."""


@pytest.mark.timeout(120 + EXAMPLES)
@pytest.mark.parametrize("name", TARGETS)
@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.binary(max_size=400))
@example(data=b"")
@example(data=bytes(range(256)))
@example(data=b"\xff" * 60)
def test_bad_input_is_refused_and_changes_nothing(name: str, data: bytes) -> None:
    TARGETS[name](data)
