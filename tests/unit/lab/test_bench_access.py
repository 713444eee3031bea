"""What the bench says of access logs is measured, and what it holds them to is so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.bench import access

if TYPE_CHECKING:
    import pytest


def test_a_file_three_times_as_large_needs_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LARGE", 6)
    monkeypatch.setattr(access, "SMALL", 2)
    reading = access.time_reading()
    assert reading.lines > 5_000
    assert reading.lines_a_second > 0
    assert reading.peak_mb < 1.5 * reading.peak_of_a_tenth_mb
