"""Cases of `envoy_priority_load`: how traffic spills over priorities, and which are in panic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.fields import Fields
from trimtab.decide.priority import Level, spill


def answer(case: Fields, _: Mapping[str, Any]) -> Mapping[str, Any]:
    levels = [Level(percent, 100) for percent in case.take("healthy_percent")]
    spilled = spill(levels, case.take("panic_threshold", 50))
    return {"load": list(spilled.loads), "panic": list(spilled.panics)}
