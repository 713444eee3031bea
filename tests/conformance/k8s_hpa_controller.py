"""Cases of `k8s_hpa_controller`: one whole pass, from samples to the size to go to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from tests.conformance.k8s_hpa_behavior import behavior_of, history_of, log_of
from tests.conformance.replicas import replicas_of, rules_of
from trimtab.decide.behavior import Range
from trimtab.decide.replica_pass import Pace, PassState, replica_pass
from trimtab.decide.replicas import Sizing, utilization_replicas


def answer(
    case: Fields, expected: Mapping[str, Any], defaults: Mapping[str, Any]
) -> Mapping[str, Any]:
    current = case.take("current_replicas")
    usages = case.take("pod_usage_milli", None) or ()
    replicas = replicas_of(case, usages, current)
    target = case.take("target_utilization_percent", None)
    rules = rules_of(case, defaults, case.take("resource", "cpu"))

    def size() -> Sizing:
        if target is None:
            raise NotCoveredError("a pass without a target that looks at its metrics")
        stray = max(0, len(usages) - len(replicas))
        return utilization_replicas(replicas, current, target, rules, stray)

    least = case.take("min", None)
    done = replica_pass(
        current,
        Range(1 if least is None else least, case.take("max")),
        size,
        _pace(case, defaults),
        PassState(history_of(case), _log(case)),
    )
    return {
        "desired": done.desired,
        "conditions": _conditions(done.conditions, expected.get("conditions", ())),
        "log_length_after": len(done.log),
    }


def _pace(case: Fields, defaults: Mapping[str, Any]) -> Pace:
    seconds = case.take("downscale_stabilization_seconds", None)
    if seconds is None:
        seconds = defaults.get("downscale_stabilization_seconds", 300)
    behavior = behavior_of(case)
    has_rules = case.take("scale_up_rules", None) or case.take("scale_down_rules", None)
    return Pace(timedelta(seconds=seconds), behavior if has_rules else None)


def _log(case: Fields) -> Any:
    """Return the history: absent is empty, an explicit null is a first pass."""
    given = case.take("recommendation_log", ())
    return None if given is None else log_of(case, given)


def _conditions(ours: Mapping[str, tuple[bool, str]], wanted: Any) -> list[dict[str, str]]:
    shown = []
    for condition in wanted:
        kind = condition.get("type")
        if kind not in ours:
            raise NotCoveredError(f"condition {kind!r}")
        is_true, reason = ours[kind]
        shown.append({"type": kind, "status": str(is_true), "reason": reason})
    return shown
