"""Decide the weights of a route. Pure; proposes, and knows no limits.

Away from a fleet that is down at once, from one that is short after it has been so for a while;
home again in steps once the fleet has been well for a while. Only as much as the receiver can
carry now: sizing has been asked for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from trimtab.decide.flows import SLACK, Flow, flow_of
from trimtab.decide.shares import WEIGHTS_TOTAL, shares_of, towards, weights_of
from trimtab.model.change import Reweight
from trimtab.model.ids import Arn, FleetId
from trimtab.model.memory import Hold
from trimtab.model.observation import RouteSeen
from trimtab.model.policy import OnFailure, RoutePolicy
from trimtab.model.reason import Fact, Reason, ReasonCode
from trimtab.model.request import weights_subject
from trimtab.model.situation import Situation
from trimtab.model.verdict import Proposal


def propose_reweights(at: Situation) -> tuple[Proposal, ...]:
    """Propose new weights for each route whose fleets cannot carry, or again can, their share."""
    found = []
    for route in at.policy.routes:
        hold = at.memory.holds.get(weights_subject(route.name))
        if hold is not None and hold.weights is not None:
            held = _held(route, hold, hold.weights, at)
            if held is not None:
                found.append(held)
            continue
        if route.on_failure is OnFailure.HOLD:
            continue
        flow = flow_of(route, at)
        if flow is None:
            continue
        proposal = _reweight(flow, at)
        if proposal is not None:
            found.append(proposal)
    return tuple(found)


def _held(
    route: RoutePolicy, hold: Hold, wish: Mapping[FleetId, int], at: Situation
) -> Proposal | None:
    """Keep a route at held weights, coming nearer by one step at a time."""
    change = step_to(wish, route, at)
    if change is None:
        return None
    code = ReasonCode.UNDOING if hold.undoes else ReasonCode.HELD
    text = f"{hold.by} holds it until {hold.until:%Y-%m-%d %H:%M}: {hold.why}"
    goal = goal_of(change, wish, at)
    return Proposal(change, Reason(code, text), request=hold.request, undoes=hold.undoes, goal=goal)


def goal_of(step: Reweight, wish: Mapping[FleetId, int], at: Situation) -> Reweight:
    """Return the whole change that a step towards wished weights is a part of."""
    groups = {f: at.policy.fleets[f].target_group for f in sorted(wish)}
    return replace(step, after={groups[f]: wish[f] for f in groups})


def step_to(wish: Mapping[FleetId, int], route: RoutePolicy, at: Situation) -> Reweight | None:
    """Return the change that brings a route one step nearer to wished weights, if any does."""
    seen = at.seen.routes.get(route.name)
    groups = {f: at.policy.fleets[f].target_group for f in sorted(route.split)}
    if seen is None or set(wish) != set(groups) or set(groups.values()) - set(seen.weights):
        return None
    before = {f: seen.weights[g] for f, g in groups.items()}
    others = sum(w for group, w in seen.weights.items() if group not in groups.values())
    after = _step(before, wish, route, sum_stays=others > 0)
    if after == before:
        return None
    return Reweight(
        route=route.name,
        rule=route.rule,
        before={groups[f]: w for f, w in before.items()},
        after={groups[f]: w for f, w in after.items()},
    )


def _step(
    before: Mapping[FleetId, int],
    wish: Mapping[FleetId, int],
    route: RoutePolicy,
    *,
    sum_stays: bool,
) -> dict[FleetId, int]:
    """Return the weights after one step; the last one takes the wish as it was said, if it may.

    ``sum_stays``: somebody else's group has weight in the rule, so our sum must not change.
    """
    now, target = shares_of(before), shares_of(wish)
    if target is None:
        return dict(before)
    said = dict(sorted(wish.items()))
    if now is None:
        return said
    gap = sum(max(0.0, target[f] - now[f]) for f in now)
    total = sum(before.values()) if sum_stays else WEIGHTS_TOTAL
    if gap <= route.max_step:
        return weights_of(target, total) if sum_stays and sum(said.values()) != total else said
    return weights_of(towards(now, target, route.max_step), total)


def _reweight(flow: Flow, at: Situation) -> Proposal | None:
    memory = at.memory.route(flow.route.name)
    down = [f for f in sorted(flow.now) if at.believed(f).down and _loses(flow, f)]
    if down:
        text = f"{', '.join(down)} cannot serve"
        return _proposal(flow, dict(flow.possible), at, Reason(ReasonCode.FLEET_DOWN, text))
    short = [
        f
        for f in sorted(flow.now)
        if _loses(flow, f) and _for_long(memory.short_since.get(f), flow.route.spill_after, at.now)
    ]
    if short:
        shares = towards(flow.now, flow.possible, flow.route.max_step)
        text = f"{', '.join(short)} cannot carry the share it has"
        return _proposal(flow, shares, at, Reason(ReasonCode.FLEET_SHORT, text))
    back = [
        f
        for f in sorted(flow.now)
        if flow.possible[f] - flow.now[f] > SLACK
        and flow.now[f] < flow.route.split[f]
        and not at.believed(f).down
        and _for_long(memory.well_since.get(f), flow.route.return_after, at.now)
    ]
    rested = _for_long(memory.moved_at, flow.route.step_every, at.now, never=True)
    if back and rested:
        shares = towards(flow.now, flow.possible, flow.route.max_step)
        text = f"{', '.join(back)} can carry its home share again"
        return _proposal(flow, shares, at, Reason(ReasonCode.RETURN_HOME, text))
    return None


def _loses(flow: Flow, fleet: FleetId) -> bool:
    return flow.now[fleet] - flow.possible[fleet] > SLACK


def _for_long(
    since: datetime | None, least: timedelta, now: datetime, *, never: bool = False
) -> bool:
    """Tell whether ``since`` is at least ``least`` ago; ``never`` answers for no time at all."""
    return never if since is None else now - since >= least


def _total(ours: Mapping[Arn, int], seen: RouteSeen) -> int:
    """Return what our weights should add up to.

    Where somebody else's target group has weight in the same rule, ours must keep their sum, or
    its share would change by our doing.
    """
    others = sum(w for group, w in seen.weights.items() if group not in ours)
    return sum(ours.values()) if others else WEIGHTS_TOTAL


def _proposal(
    flow: Flow, shares: dict[FleetId, float], at: Situation, why: Reason
) -> Proposal | None:
    groups = {f: at.policy.fleets[f].target_group for f in shares}
    seen = at.seen.routes[flow.route.name]
    before = {groups[f]: seen.weights[groups[f]] for f in shares}
    total = _total(before, seen)
    weights = weights_of(shares, total)
    if weights == weights_of(flow.now, total):
        return None
    facts: dict[str, Fact] = {"demand_units": round(flow.demand, 3)}
    for f in sorted(shares):
        facts[f"{f}_share_now"] = round(flow.now[f], 3)
        facts[f"{f}_share_next"] = round(shares[f], 3)
        facts[f"{f}_capacity_units"] = round(flow.capacity[f], 3)
    change = Reweight(
        route=flow.route.name,
        rule=flow.route.rule,
        before=before,
        after={groups[f]: w for f, w in weights.items()},
    )
    return Proposal(change, Reason(why.code, why.text, facts))
