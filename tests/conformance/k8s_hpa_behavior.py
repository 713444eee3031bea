"""Cases of `k8s_hpa_behavior`: rate rules, windows and logs, one section each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from trimtab.decide.behavior import (
    DEFAULT_BEHAVIOR,
    Behavior,
    History,
    Range,
    RateRule,
    RateUnit,
    Recommendation,
    ScaleEvent,
    ScalingRules,
    Selection,
    change_within,
    limit_by_doubling,
    limit_by_rates,
    record_event,
    scale_down_limit,
    scale_up_limit,
    stabilize,
    stabilize_down,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
Got = Mapping[str, Any]
Expected = Mapping[str, Any]


def behavior_of(case: Fields, defaults: Behavior = DEFAULT_BEHAVIOR) -> Behavior:
    up = rules_of(case, case.take("scale_up_rules", None), defaults.up.window)
    down = rules_of(case, case.take("scale_down_rules", None), defaults.down.window)
    return Behavior(up or defaults.up, down or defaults.down)


def rules_of(
    case: Fields, given: Mapping[str, Any] | None, window: timedelta
) -> ScalingRules | None:
    if given is None:
        return None
    rules = case.adopt(given)
    policies = [rules.adopt(p) for p in rules.take("policies", None) or ()]
    seconds = rules.take("stabilization_window_seconds", None)
    return ScalingRules(
        tuple(
            RateRule(
                RateUnit(p.take("type")),
                p.take("value"),
                timedelta(seconds=p.take("period_seconds")),
            )
            for p in policies
        ),
        Selection(rules.take("select", None) or "Max"),
        window if seconds is None else timedelta(seconds=seconds),
    )


def events_of(case: Fields, given: Sequence[Mapping[str, Any]] | None) -> tuple[ScaleEvent, ...]:
    events = [case.adopt(e) for e in given or ()]
    return tuple(
        ScaleEvent(e.take("change"), _ago(e.take("age_seconds")), e.take("outdated", False))
        for e in events
    )


def log_of(case: Fields, given: Sequence[Mapping[str, Any]] | None) -> tuple[Recommendation, ...]:
    entries = [case.adopt(e) for e in given or ()]
    return tuple(
        Recommendation(e.take("recommendation"), _ago(e.take("age_seconds"))) for e in entries
    )


def history_of(case: Fields) -> History:
    ups = events_of(case, case.take("scale_up_events", None))
    return History(NOW, ups, events_of(case, case.take("scale_down_events", None)))


def _rated(case: Fields, _: Expected) -> Got:
    limited = limit_by_rates(
        case.take("current_replicas"),
        case.take("desired_before"),
        Range(case.take("min"), case.take("max")),
        behavior_of(case),
        history_of(case),
    )
    return {"replicas": limited.replicas, "condition": limited.limit.value}


def _limit(case: Fields, _: Expected) -> Got:
    direction = case.take("direction")
    default = DEFAULT_BEHAVIOR.up if direction == "up" else DEFAULT_BEHAVIOR.down
    rules = rules_of(case, case.take("rules"), default.window) or default
    find = {"up": scale_up_limit, "down": scale_down_limit}.get(direction)
    if find is None:
        raise NotCoveredError(f"direction {direction!r}")
    return {"limit": find(case.take("current_replicas"), rules, history_of(case))}


def _doubled(case: Fields, _: Expected) -> Got:
    allowed = Range(case.take("min"), case.take("max"))
    limited = limit_by_doubling(case.take("current_replicas"), case.take("desired_before"), allowed)
    return {"replicas": limited.replicas, "condition": limited.limit.value}


def _steadied_down(case: Fields, _: Expected) -> Got:
    window = timedelta(seconds=case.take("window_seconds"))
    log = log_of(case, case.take("log"))
    steady = stabilize_down(case.take("recommendation_now"), log, window, NOW)
    return {
        "stabilized": steady.replicas,
        "log_length_after": len(steady.log),
        "stored_recommendations_after": [r.replicas for r in steady.log],
    }


def _steadied(case: Fields, _: Expected) -> Got:
    behavior = Behavior(
        ScalingRules((), window=timedelta(seconds=case.take("scale_up_window_seconds"))),
        ScalingRules((), window=timedelta(seconds=case.take("scale_down_window_seconds"))),
    )
    log = log_of(case, case.take("log"))
    current, now_wanted = case.take("current_replicas"), case.take("recommendation_now")
    steady = stabilize(current, now_wanted, log, behavior, NOW)
    return {
        "stabilized": steady.replicas,
        "log_length_after": len(steady.log),
        "stored_recommendations_after": [r.replicas for r in steady.log],
    }


def _stored(case: Fields, expected: Expected) -> Got:
    before = events_of(case, case.take("events_before"))
    # Without rules upstream keeps no events: nothing will ever ask for them.
    rules = rules_of(case, case.take("rules", None), timedelta(0))
    after = record_event(before, case.take("replica_change"), rules, NOW)
    counted = {
        name: change_within(before, timedelta(seconds=int(found.group(1))), NOW)
        for name in expected
        if (found := re.fullmatch(r"change_in_last_(\d+)s_before", name))
    }
    shown = [{"change": e.change, "outdated": e.outdated} for e in after]
    return {"events_after": shown, **counted}


def _ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


SECTIONS: Mapping[str, Callable[[Fields, Expected], Got]] = {
    "scaling_with_rules": _rated,
    "scale_limits": _limit,
    "legacy_normalize": _doubled,
    "stabilization": _steadied_down,
    "stabilization_with_behavior": _steadied,
    "store_scale_events": _stored,
}
