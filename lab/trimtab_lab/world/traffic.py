"""Users' requests on their way: demand to rule, rule to target group, target group to target.

Each minute's demand is spread over its steps with noise of its own (drawn from a stream nothing
else uses, so the same users come whatever the fleets do). A rule splits by weight, a target group
spreads round robin over the targets its load balancer routes to (unevenly where slow start or
mitigation is on: `trimtab_lab.world.shares`). Whole requests only, remainders carried over, so
requests in = answered + failed, always.

Approximation: stickiness is configuration only; requests do not stick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimtab_lab.world.load import FAST_ANSWER_S, FAST_BUCKET, work
from trimtab_lab.world.shares import is_uneven, shares, split

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Sequence

    from trimtab_lab.world.instances import Instance, Registration
    from trimtab_lab.world.scenario import Demand
    from trimtab_lab.world.targets import Rule, TargetGroup

BURSTINESS = 0.04
"""Relative noise of a step's load beyond that of independent arrivals."""
QUIET_RHO = 0.001


class Arrivals:
    """How many requests arrive in each step."""

    def __init__(self, demand: Demand, step_s: int, rng: random.Random) -> None:
        self._demand = demand
        self._steps = 60 // step_s
        self._rng = rng
        self._starts_at = int(demand.starts_at.timestamp())
        self._plan: list[int] = []
        self._owed = 0.0

    def at(self, at: int) -> int:
        """Requests in the step that begins at `at`."""
        step = (at - self._starts_at) % 60 * self._steps // 60
        if step == 0 or not self._plan:
            self._plan = self._spread((at - self._starts_at) // 60)
        return self._plan[step]

    def _spread(self, minute: int) -> list[int]:
        values = self._demand.per_minute
        expected = values[min(max(minute, 0), len(values) - 1)]
        total = int(expected + self._owed)
        self._owed += expected - total
        noise = (self._steps / max(total, 1)) ** 0.5 + BURSTINESS
        parts = [max(0.0, 1 + self._rng.gauss(0, noise)) for _ in range(self._steps)]
        whole = sum(parts) or 1.0
        plan, sent, so_far = [], 0, 0.0
        for part in parts:
            so_far += part
            until = round(total * so_far / whole)
            plan.append(until - sent)
            sent = until
        return plan


def route(requests: int, rules: Iterable[Rule], groups: dict[str, TargetGroup], at: int = 0) -> int:
    """Give one step's requests to targets; returns those no target group could take (503)."""
    lost = 0
    for rule in rules:
        rule.carry += requests * rule.share
        matched = int(rule.carry)
        rule.carry -= matched
        weight_left = sum(rule.weights.values())
        if not weight_left:
            lost += matched
            continue
        for arn, weight in rule.weights.items():
            group = groups[arn]
            wanted = matched * weight / weight_left if weight_left else 0.0
            part = min(matched, int(wanted + group.carry + 1e-9))
            group.carry += wanted - part
            matched -= part
            weight_left -= weight
            if part:
                _spread_over_targets(group, part, at)
    return lost


def _spread_over_targets(group: TargetGroup, requests: int, at: int) -> None:
    pools = group.pools if not group.routing_stale else group.route()
    if not pools:
        group.unroutable += requests
        return
    group.pointer += 1
    for index, pool in enumerate(pools):
        part = requests if len(pools) == 1 else _share(requests, len(pools), index, group.pointer)
        each, more = divmod(part, len(pool))
        start = group.pointer % len(pool)
        if is_uneven(group.spec):
            _spread_unevenly(pool, split(part, shares(pool, group.spec.slow_start_s, at), start))
            continue
        for place, registration in enumerate(pool):
            got = each + ((place - start) % len(pool) < more)
            registration.arrivals = got
            registration.instance.arrivals += got


def _spread_unevenly(pool: Sequence[Registration], given: Sequence[int]) -> None:
    for registration, got in zip(pool, given, strict=True):
        registration.arrivals = got
        registration.instance.arrivals += got


def _share(requests: int, parts: int, index: int, pointer: int) -> int:
    each, more = divmod(requests, parts)
    return each + ((index - pointer) % parts < more)


def serve(instances: Iterable[Instance], at: int, step_s: int, rng: random.Random) -> None:
    """Let every instance work off what it was given and count how it went."""
    for instance in instances:
        if instance.arrivals or instance.backlog or instance.rho > QUIET_RHO:
            if not (instance.dead or instance.unreachable):
                work(instance, at, step_s, 0.96 + 0.08 * rng.random())
            if instance.arrivals:
                instance.arrivals = 0
                for registration in instance.registrations:
                    if registration.arrivals:
                        _account(registration, instance)


def _account(registration: Registration, instance: Instance) -> None:
    arrivals = registration.arrivals
    registration.arrivals = 0
    registration.requests += arrivals
    if instance.dead or instance.unreachable:
        registration.connection_errors += arrivals
        return
    owed = registration.carry + arrivals * instance.fail_share
    failed = int(owed)
    failed = min(failed, arrivals)
    registration.carry = owed - failed
    answered = arrivals - failed
    mix = registration.mix
    if answered:
        mix[instance.bucket] = mix.get(instance.bucket, 0) + answered
        registration.latency_sum += answered * instance.latency
    if failed:
        registration.target_5xx += failed
        registration.latency_sum += failed * FAST_ANSWER_S
        mix[FAST_BUCKET] = mix.get(FAST_BUCKET, 0) + failed
