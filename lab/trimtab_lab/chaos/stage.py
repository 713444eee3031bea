"""Where a campaign plays: a small shop, its demand, and a policy that heals and scales quickly."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trimtab.model.access_logs import AccessLogs
from trimtab.model.detectors import DEFAULT_USE, Detector, Use
from trimtab.model.ladder import ProbationPolicy, ReplacePolicy
from trimtab.model.policy import EjectMethod, EjectPolicy, HealthPolicy, Lever, Mode, Policy
from trimtab.model.probe import ProbePolicy
from trimtab.ports import Names
from trimtab_lab.chaos.plan import Extra, Plan, Trouble
from trimtab_lab.simulator.policies import policy_for
from trimtab_lab.world.scenario import Demand, Scenario
from trimtab_lab.world.shop import shop_topology

STARTS = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATE_START = datetime(2026, 3, 2, 23, 47, tzinfo=UTC)
USUAL = 4500.0
"""Requests a minute: five targets' worth, four of blue's and one of green's."""
LONGEST_OUT = timedelta(minutes=6)


def scenario_of(plan: Plan) -> Scenario:
    """The shop under steady load, or under load that moves by steps until the calm."""
    dice = random.Random(f"{plan.seed}:demand")
    loads = [USUAL * share for share in plan.demand] or [USUAL] * plan.minutes
    if Trouble.DEMAND in plan.troubles:
        level = USUAL
        for minute in range(5, plan.minutes):
            if dice.random() < 0.1:
                level = USUAL * dice.choice((0.2, 0.5, 1.0, 1.5, 2.0, 3.0))
            loads[minute] = level
    starts = LATE_START if Extra.OVERNIGHT in plan.extras else STARTS
    demand = Demand(starts, (*loads, *[USUAL] * plan.calm))
    return Scenario(shop_topology(USUAL), demand, seed=plan.seed)


def policy_of(plan: Plan, scenario: Scenario, names: Names) -> Policy:
    """Everything enforced; short times out and short steps, so that an hour shows all of it."""
    dice = random.Random(f"{plan.seed}:policy-at-first")
    plain = policy_for(scenario, names)
    eject = EjectPolicy(
        method=dice.choice((EjectMethod.AUTO, EjectMethod.AUTO, EjectMethod.DEREGISTER)),
        max_share=dice.choice((0.2, 0.34, 0.5)),
        keep_out=timedelta(minutes=3),
        max_keep_out=LONGEST_OUT,
    )
    minute = timedelta(minutes=1)
    return replace(
        plain,
        modes=_modes(plan),
        health=replace(
            _with_extras(plain.health, plan),
            eject=eject,
            probation=ProbationPolicy(minute),
            watch=2 * minute,
            sweep=4 * minute,
        ),
        scaling=replace(
            plain.scaling,
            warm_up=2 * minute,
            scale_in_after=5 * minute,
            max_step_down=0.34,
            step_every=2 * minute,
        ),
        routes=tuple(
            replace(r, max_step=0.3, return_after=3 * minute, step_every=minute)
            for r in plain.routes
        ),
    )


def _with_extras(health: HealthPolicy, plan: Plan) -> HealthPolicy:
    """Let more detectors speak, and more be done."""
    if Extra.PROBED in plan.extras:
        health = replace(health, probe=ProbePolicy(failures=2, passes=2))
    if Extra.LOGGED in plan.extras:
        health = replace(health, access_logs=AccessLogs())
    if Extra.MACHINES in plan.extras:
        believed = {Detector.MACHINE: Use.ON, Detector.ANOMALY: Use.ON}
        health = replace(health, detectors={**DEFAULT_USE, **believed})
    if Extra.REPLACES in plan.extras:
        health = replace(health, replace=ReplacePolicy(after=2, per_day=3))
    return health


def _modes(plan: Plan) -> dict[Lever, Mode]:
    """Each lever acts by itself, unless operators are there to be asked."""
    dice = random.Random(f"{plan.seed}:modes")
    some = (Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE, Mode.APPROVE, Mode.APPROVE, Mode.OBSERVE)
    is_asked = Trouble.REQUEST in plan.troubles
    return {lever: dice.choice(some) if is_asked else Mode.ENFORCE for lever in Lever}


def enforcing(policy: Policy) -> Policy:
    """The policy with every lever free to act."""
    return replace(policy, modes=dict.fromkeys(Lever, Mode.ENFORCE))


def lowered(policy: Policy, dice: random.Random) -> Policy:
    """The policy with lower limits, or with a lever that may not act."""
    match dice.randrange(4):
        case 0:
            return replace(policy, scaling=replace(policy.scaling, max_size=dice.choice((4, 6))))
        case 1:
            eject = replace(policy.health.eject, max_share=0.1)
            return replace(policy, health=replace(policy.health, eject=eject))
        case 2:
            guard = replace(policy.guard, max_removals_per_hour=1, max_actions_per_hour=4)
            return replace(policy, guard=guard)
        case _:
            lever, mode = dice.choice(list(Lever)), dice.choice((Mode.OBSERVE, Mode.APPROVE))
            return replace(policy, modes={**policy.modes, lever: mode})
