"""Policies for Hypothesis: any within sane bounds, most of them ordinary."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st

from tests.builders import REQUESTS, RULE, SHOP, SLOW
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.ids import Arn, FleetId, RouteId
from trimtab.model.ladder import ReplacePolicy
from trimtab.model.policy import (
    EjectMethod,
    EjectPolicy,
    FleetPolicy,
    GuardPolicy,
    HealthPolicy,
    Lever,
    Mode,
    OnFailure,
    Policy,
    RoutePolicy,
    ScalingMetric,
    ScalingPolicy,
    TargetTracking,
)

T = TypeVar("T")
FLEETS = (FleetId("blue"), FleetId("green"), FleetId("red"))


def some(*values: T) -> st.SearchStrategy[T]:
    """One of the values, the first ones most simply."""
    return st.sampled_from(values)


def group_arn(fleet: FleetId) -> Arn:
    return Arn(f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{fleet}/0")


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy within sane bounds: one to three fleets, no to two routes, every mode."""
    names = FLEETS[: draw(some(1, 2, 2, 3))]
    grouped = draw(st.lists(some(True, True, True, False), min_size=3, max_size=3))
    mode = draw(some(*[Mode.ENFORCE] * 3, Mode.OBSERVE, Mode.APPROVE, None))
    modes = {} if mode is None else dict.fromkeys(Lever, mode)
    if draw(some(False, False, False, True)):
        modes[Lever.EJECT] = Mode.OBSERVE
    return Policy(
        service=SHOP,
        modes=modes,
        fleets={
            name: FleetPolicy(
                name,
                group_arn(name),
                f"app/{name}/0",
                f"{name}-asg" if has else None,
                draw(some(timedelta(0), timedelta(minutes=5))),
            )
            for name, has in zip(names, grouped, strict=False)
        },
        health=HealthPolicy(
            outliers=draw(some((SLOW,), (SLOW,), ())),
            detectors={
                **DEFAULT_USE,
                **{d: draw(some(*Use)) for d in draw(st.sets(some(*Detector), max_size=3))},
            },
            eject=EjectPolicy(
                method=draw(some(EjectMethod.AUTO, *EjectMethod)),
                max_share=draw(some(0.2, 0.34, 0.5)),
                max_zone_share=draw(some(0.5, 0.34, 1.0)),
            ),
            replace=draw(
                some(
                    ReplacePolicy(after=2),
                    None,
                    ReplacePolicy(after=2, per_day=1, stop_after=1),
                    ReplacePolicy(after=3, keep=timedelta(minutes=4)),
                )
            ),
        ),
        scaling=ScalingPolicy(
            rules=draw(
                some(*[(REQUESTS,)] * 6, (REQUESTS, TargetTracking(ScalingMetric.CPU, 60)), ())
            ),
            min_size=draw(some(None, 2, 4)),
            max_size=draw(some(None, 6, 10)),
            max_step_up=draw(some(1.0, 0.5)),
            max_step_down=draw(some(0.2, 0.5)),
        ),
        routes=draw(_routes(names)),
        guard=GuardPolicy(
            max_load=draw(some(1.2, 1.0, 1.5)),
            max_removals_per_hour=draw(some(6, 6, 6, 1)),
            max_actions_per_hour=draw(some(60, 60, 3)),
        ),
        version=draw(some(1, 7)),
    )


@st.composite
def _routes(draw: st.DrawFn, names: tuple[FleetId, ...]) -> tuple[RoutePolicy, ...]:
    if len(names) < 2:
        return ()
    found = []
    for index in range(draw(some(1, 1, 0, 2))):
        on = names if draw(some(True, True, False)) else names[-2:]
        split = draw(some((1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.2, 0.3, 0.5)))[: len(on)]
        home = {f: share / sum(split) for f, share in zip(on, split, strict=True)}
        found.append(
            RoutePolicy(
                RouteId(f"route-{index}"),
                Arn(f"{RULE}{index}"),
                home,
                on_failure=draw(some(OnFailure.SPILL, OnFailure.SPILL, OnFailure.HOLD)),
                max_step=draw(some(0.2, 0.5)),
            )
        )
    return tuple(found)
