"""Cases of `aws_step_scaling`: steps, rounding, bounds, and the sums around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.conformance.fields import Fields, NotCoveredError
from trimtab.decide.group_capacity import (
    backlog_target,
    combine_wishes,
    forecast_capacity,
    warm_pool_size,
)
from trimtab.decide.step_scaling import (
    AdjustmentType,
    CapacityBounds,
    Step,
    StepFault,
    StepPolicy,
    addition_in_cooldown,
    faults_of,
    is_in_step,
    round_percent_change,
    step_capacity,
)

Got = Mapping[str, Any]


def answer(case: Fields, expected: Mapping[str, Any]) -> Got:
    kind = case.take("kind")
    if kind == "step":
        return _step(case)
    if kind not in _ANSWERS:
        raise NotCoveredError(f"kind {kind!r}")
    return _ANSWERS[kind](case.inner("input"), expected)


def _step(case: Fields) -> Got:
    given = case.inner("policy")
    policy = StepPolicy(
        adjustment_type=AdjustmentType(given.take("adjustment_type")),
        threshold=given.take("threshold"),
        steps=_steps(given),
        min_adjustment_magnitude=given.take("min_adjustment_magnitude", None),
    )
    faults = faults_of(policy.steps)
    current = case.take("current_capacity")
    desired = step_capacity(policy, current, case.take("metric"), _bounds(case))
    return {"desired": desired, "change": desired - current, "valid": not faults}


def _rounding(given: Fields, _: Mapping[str, Any]) -> Got:
    return {"change": round_percent_change(given.take("raw_change"))}


def _in_step(given: Fields, _: Mapping[str, Any]) -> Got:
    step = Step(given.take("lower", None), given.take("upper", None), 0)
    return {"in_step": is_in_step(step, given.take("threshold"), given.take("metric"))}


def _validation(given: Fields, expected: Mapping[str, Any]) -> Got:
    faults = faults_of(_steps(given))
    said = expected.get("reason")
    meant = None if said is None else _fault_meant(said)
    reason = said if meant in faults else ", ".join(faults) or None
    return {"valid": not faults, "reason": reason}


def _combined(given: Fields, _: Mapping[str, Any]) -> Got:
    return {"desired": combine_wishes(given.take("desired"), _bounds(given))}


def _backlog(given: Fields, _: Mapping[str, Any]) -> Got:
    seconds = given.take("seconds_per_message")
    return {"target": backlog_target(seconds, given.take("acceptable_latency_seconds"))}


def _cooldown(given: Fields, _: Mapping[str, Any]) -> Got:
    previous = given.take("previous_increase")
    return {"added": addition_in_cooldown(previous, given.take("next_adjustment"))}


def _forecast(given: Fields, _: Mapping[str, Any]) -> Got:
    names = ("buffer", "buffer_percent", "max_capacity_buffer", "max_capacity_buffer_percent")
    wanted = forecast_capacity(
        given.take("actual"),
        given.take("forecast"),
        _bounds(given),
        given.take_any(names, None),
    )
    return {"desired": wanted.desired, "effective_max": wanted.maximum}


def _warm_pool(given: Fields, _: Mapping[str, Any]) -> Got:
    prepared = given.take("max_prepared", None)
    size = warm_pool_size(
        given.take("desired"), given.take("max"), prepared, given.take_any(("min_size",), 0)
    )
    return {"size": size}


def _steps(given: Fields) -> tuple[Step, ...]:
    steps = [given.adopt(step) for step in given.take("steps")]
    return tuple(
        Step(s.take("lower", None), s.take("upper", None), s.take("adjustment", 0)) for s in steps
    )


def _bounds(given: Fields) -> CapacityBounds:
    least = given.take_any(("min", "min_capacity", "min_size"), None)
    return CapacityBounds(least, given.take_any(("max", "max_capacity", "max_size"), None))


def _fault_meant(words: str) -> StepFault:
    """Return the rule a reason in plain words is about, by the words the rules are written in."""
    said = words.lower().replace("open-ended", "null").replace("open ended", "null")
    said = said.replace("open", "null").replace("unbounded", "null")
    for needed, fault in _WORDS:
        if all(any(word in said for word in choices) for choices in needed):
            return fault
    raise NotCoveredError(f"reason {words!r}")


_Words = Sequence[tuple[Sequence[Sequence[str]], StepFault]]
_MANY = ("two", "2", "multiple", "more than one", "at most one", "only one", "several", "duplicate")
_WORDS: _Words = (
    ((("gap",),), StepFault.GAP),
    ((("overlap",),), StepFault.OVERLAP),
    ((("both",), ("null",)), StepFault.BOTH_OPEN),
    ((("negative",),), StepFault.NEEDS_OPEN_LOWER),
    ((("positive",),), StepFault.NEEDS_OPEN_UPPER),
    ((_MANY, ("lower",)), StepFault.TWO_OPEN_LOWER),
    ((_MANY, ("upper",)), StepFault.TWO_OPEN_UPPER),
    (
        (("no ", "missing", "need", "require", "without"), ("null",), ("lower",)),
        StepFault.NEEDS_OPEN_LOWER,
    ),
    (
        (("no ", "missing", "need", "require", "without"), ("null",), ("upper",)),
        StepFault.NEEDS_OPEN_UPPER,
    ),
    ((("no steps", "empty list", "at least one"),), StepFault.NO_STEPS),
    (
        (("empty", "greater", "below lower", "inverted", "upper <= lower", "lower >= upper"),),
        StepFault.EMPTY,
    ),
)
_ANSWERS: Mapping[str, Callable[[Fields, Mapping[str, Any]], Got]] = {
    "percent_rounding": _rounding,
    "bounds": _in_step,
    "validate_steps": _validation,
    "combine_desired": _combined,
    "backlog_target": _backlog,
    "step_cooldown": _cooldown,
    "predictive": _forecast,
    "warm_pool": _warm_pool,
}
