"""Assess: what we believe of what was seen. Pure; finds, never acts, knows no limits.

Order: each target against its peers, the load balancer's word on it, whether a finding has held
for long enough (memory), then the load, the fleet as a whole, and what its trouble comes from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from operator import attrgetter

from trimtab.assess.cause import Scene, cause_of
from trimtab.assess.demand import FleetLoad, assess_demand
from trimtab.assess.detect import Detected, detect
from trimtab.assess.detectors import is_failed
from trimtab.assess.look import Look
from trimtab.assess.suspicion import (
    error_share,
    is_suspicious,
    wants_closer_look,
    wants_watching,
)
from trimtab.model.assessment import (
    Assessment,
    Condition,
    Demand,
    Evidence,
    FleetBelief,
    TargetBelief,
)
from trimtab.model.detectors import Use
from trimtab.model.ids import FleetId, TargetId
from trimtab.model.memory import Finding, FleetMemory, Memory
from trimtab.model.observation import FleetSeen, Observation, Target, TargetState
from trimtab.model.policy import Policy
from trimtab.model.proof import is_proof
from trimtab.model.reason import BY_METRICS, BY_PEERS, Reason

TOLD = {
    TargetState.DRAINING: Condition.LEAVING,
    TargetState.UNHEALTHY_DRAINING: Condition.LEAVING,
    TargetState.UNUSED: Condition.IDLE,
    TargetState.INITIAL: Condition.WARMING,
    TargetState.UNAVAILABLE: Condition.UNKNOWN,
    TargetState.OTHER: Condition.UNKNOWN,
}
"""What the load balancer's word alone tells; of the other states evidence is asked for."""
HEALTHY = TargetState.HEALTHY
"""Asked for each of thousands of targets."""

__all__ = ["assess", "wants_closer_look", "wants_watching"]


def assess(seen: Observation, policy: Policy, memory: Memory) -> Assessment:
    """Say what we believe of every fleet of the policy, seen or not."""
    return Assessment(
        fleets={
            name: _assess_fleet(
                seen.fleets.get(name) or FleetSeen(name, None),
                policy,
                memory.fleet(name),
                seen.now,
                _is_weighted_out(name, seen, policy),
            )
            for name in policy.fleets
        }
    )


def _is_weighted_out(fleet: FleetId, seen: Observation, policy: Policy) -> bool:
    """Tell whether routes, all of them seen, give the fleet no traffic at all."""
    mine = [r for r in policy.routes if fleet in r.split]
    group = policy.fleets[fleet].target_group
    return bool(mine) and all(
        r.name in seen.routes and seen.routes[r.name].weights.get(group) == 0 for r in mine
    )


def _assess_fleet(
    seen: FleetSeen, policy: Policy, memory: FleetMemory, now: datetime, weighted_out: bool
) -> FleetBelief:
    look = Look(seen, policy, memory, now)
    detected = detect(look)
    targets, odd = _assess_targets(detected, look)
    well = len(targets or ()) - len(odd)
    carrying = well + sum(1 for t in odd if t.serves)
    demand = assess_demand(FleetLoad(seen, carrying, weighted_out, now), policy)
    share = error_share(seen, policy, now)
    ill = tuple(b for b in odd if b.bad)
    bad, of = _bad(targets, odd, len(ill), memory)
    belief = FleetBelief(
        fleet=seen.fleet,
        targets=targets,
        trusted=well + sum(1 for b in odd if b.trusted),
        demand=demand if isinstance(demand, Demand) else None,
        demand_gap=demand if isinstance(demand, Reason) else None,
        error_share=share,
        bad=bad,
        bad_share=bad / of if of else 0.0,
        panic=bad >= policy.guard.panic_count and bad >= policy.guard.panic_share * of,
        down=_is_down(targets, share, policy),
        suspicious=is_suspicious(seen, policy, memory, now),
        levels=detected.levels,
        rest_share=detected.rest_share,
    )
    rising = _among(targets, detected.rising)
    cause, because = cause_of(Scene(belief, seen, memory, policy, now, ill, rising))
    return replace(belief, cause=cause, because=because)


Beliefs = tuple[TargetBelief, ...]


def _assess_targets(detected: Detected, look: Look) -> tuple[Beliefs | None, Beliefs]:
    """Say what we believe of each target, in name order, and of which there was more to say.

    Most targets of most fleets are healthy, and nothing was ever said of them: they are believed
    without being looked at one by one, and counted without being asked. The second are the others.
    """
    if look.seen.targets is None:
        return None, ()
    spoken_of = detected.found.keys() | detected.shadowed.keys() | look.memory.findings.keys()
    new = look.memory.warming
    targets = sorted(look.seen.targets, key=attrgetter("id"))
    beliefs = TargetBelief.trusting(targets)
    odd: list[TargetBelief] = []
    for place, target in enumerate(targets):
        if (
            target.state is not HEALTHY
            or target.mitigating
            or target.id in spoken_of
            or target.instance in new
        ):
            beliefs[place] = _assess_target(target, detected, look)
            odd.append(beliefs[place])
    if beliefs and all(b.condition is Condition.UNKNOWN for b in beliefs):
        return None, ()  # the load balancer itself cannot say: that is blindness, not ruin
    return tuple(beliefs), tuple(odd)


def _among(targets: Beliefs | None, some: frozenset[TargetId]) -> Beliefs:
    """Return those of some targets against which nothing is held yet; mostly there are none."""
    return tuple(b for b in targets or () if b.target.id in some and not b.bad) if some else ()


def _assess_target(target: Target, detected: Detected, look: Look) -> TargetBelief:
    """Say what we believe of one target, in the order a person would explain it."""
    told = TOLD.get(target.state)
    if told is not None:
        return TargetBelief(target, told, serves=False)
    serves = target.state is TargetState.HEALTHY
    since = look.memory.warming.get(target.instance)
    if since is not None and look.now - since < look.policy.scaling.warm_up:
        return TargetBelief(target, Condition.WARMING, serves)
    if not serves and not is_failed(target):
        return TargetBelief(target, Condition.UNKNOWN, serves)
    return _judged(target, detected, look)


def _judged(target: Target, detected: Detected, look: Look) -> TargetBelief:
    """Weigh what was found of a target that serves, or that the load balancer has failed."""
    serves = target.state is TargetState.HEALTHY
    name, memory = target.id, look.memory
    held = _held(_fit(detected.found.get(name, ()), serves), memory.findings.get(name, ()))
    in_shadow = _fit(detected.shadowed.get(name, ()), serves)
    shadowed = _held(in_shadow, memory.shadowed.get(name, ()))
    suffices = memory.is_on_probation(name, look.policy.health.probation.lasts, look.now)
    if any(suffices or is_proof(e, look.policy.health, look.now) for e in held):
        condition = Condition.FAILING
    elif held or not serves:
        condition = Condition.SUSPECT
    else:
        condition = _after_earlier_findings(target, look)
    return TargetBelief(target, condition, serves, held, shadowed)


def _fit(found: tuple[Evidence, ...], serves: bool) -> tuple[Evidence, ...]:
    """Leave out the metrics of one that gets no requests: they are of the time before."""
    return found if serves else tuple(e for e in found if e.detector not in BY_PEERS)


def _after_earlier_findings(target: Target, look: Look) -> Condition:
    """Remain wary of a healthy target whose last close look found an outlier."""
    findings = look.memory.findings
    found = findings.get(target.id, ()) if findings else ()
    health = look.policy.health
    wary = any(f.detector in BY_METRICS and health.use_of(f.detector) is Use.ON for f in found)
    return Condition.SUSPECT if wary else Condition.TRUSTED


def _held(found: tuple[Evidence, ...], earlier: tuple[Finding, ...]) -> tuple[Evidence, ...]:
    """Date each finding back to when it was first made without a break."""
    if not found or not earlier:
        return found
    dates = {f.detector: f.since for f in earlier}
    return tuple(replace(e, since=min(e.since, dates.get(e.detector, e.since))) for e in found)


def _bad(targets: Beliefs | None, odd: Beliefs, bad: int, memory: FleetMemory) -> tuple[int, int]:
    """Count what is bad, and of how many: those registered and those we hold out.

    Blind counts nothing: what we hold out is not all there is, and no reason to panic.
    """
    if targets is None:
        return 0, 0
    here = len(targets) - sum(1 for b in odd if b.condition is Condition.LEAVING)
    if not memory.ejected:
        return bad, here
    known = {b.target.id for b in targets if b.condition is not Condition.LEAVING}
    held_out = len(memory.ejected.keys() - known)
    return bad + held_out, here + held_out


def _is_down(targets: Beliefs | None, share: float | None, policy: Policy) -> bool:
    """Tell whether nothing in the fleet can be trusted to serve. Blind is not down."""
    if targets is None:
        return False
    if not any(b.serves and b.condition is not Condition.FAILING for b in targets):
        return True
    return share is not None and share >= policy.health.signs.down_error_share
