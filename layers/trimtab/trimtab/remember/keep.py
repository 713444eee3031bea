"""Keep: what the next tick must know, written down at the end of a tick. Pure.

Sparse: a target nothing is the matter with has no entry. What was not seen is kept as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import fsum

from trimtab.model.assessment import Condition, FleetBelief
from trimtab.model.cause import Cause
from trimtab.model.change import change_key, inverse_of
from trimtab.model.detectors import Use
from trimtab.model.ids import FleetId, InstanceId, TargetId
from trimtab.model.ladder import DAY
from trimtab.model.memory import (
    Ejection,
    Finding,
    FleetMemory,
    Memory,
    Pending,
    RouteMemory,
    Standing,
    Strikes,
    Wish,
)
from trimtab.model.observation import FleetSeen, Lifecycle, LoadSignal, TargetState
from trimtab.model.policy import EjectMethod, HealthPolicy, Policy, RoutePolicy
from trimtab.model.reason import BY_METRICS, ReasonCode
from trimtab.model.situation import Situation
from trimtab.remember.dark import begun_anew, dark_after
from trimtab.remember.others import others_out
from trimtab.remember.replaced import ladder_after
from trimtab.remember.usual import population_of, usual_latency, usual_levels

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(hours=2)
"""How long a failure is held against trying again: longer than the longest back-off."""
UNDONE_FOR = timedelta(days=7)
"""How long it is known that an action was taken back; after that, the world alone tells."""
SETTLING = timedelta(minutes=3)
"""How long AWS may take to show what we did; before that, silence proves nothing."""
REFUSALS_TO_BELIEVE = 3
"""How often AWS must refuse to take a target back before its absence from the group is believed."""
WINDOW = timedelta(minutes=10)
"""How far back samples are read."""
WELL_MARGIN = 1.05
"""A fleet is well when it could carry its home share and five percent more: no ping-pong."""


def remember(
    at: Situation,
    sizes: Mapping[FleetId, int],
    pending: Sequence[Pending],
    standing: Mapping[str, Standing],
) -> Memory:
    """Return the memory this tick leaves.

    ``sizes`` is what the load alone called for, ``pending`` the intents written this tick,
    ``standing`` the verdicts and notes that still hold.
    """
    return Memory(
        version=at.memory.version,
        fleets={f: _fleet(f, at, sizes.get(f)) for f in at.policy.fleets},
        routes={r.name: _route(r, at) for r in at.policy.routes},
        pending=(*at.memory.pending, *pending),
        actions=tuple(a for a in at.memory.actions if at.now - a.at < _counted_for(at.policy)),
        standing=dict(standing),
        setbacks={k: s for k, s in at.memory.setbacks.items() if at.now - s.at < FORGOTTEN_AFTER},
        holds=at.memory.holds,
        undone={e: t for e, t in at.memory.undone.items() if at.now - t < UNDONE_FOR},
        remains={e: r for e, r in at.memory.remains.items() if at.now - r.at < UNDONE_FOR},
        unverified=at.memory.unverified,
        regretted=at.memory.regretted,
        cautions=at.memory.cautions,
        at=at.now,
    )


def _counted_for(policy: Policy) -> timedelta:
    """Return how far back actions count: an hour, or as long as the slowest pace, up to a day."""
    pace = min(policy.guard.zones.pace, policy.guard.zones.slow_pace)
    slowest = DAY if pace * DAY < MINUTE else MINUTE / pace
    return max(HOUR, slowest)


def _fleet(name: FleetId, at: Situation, size: int | None) -> FleetMemory:
    old, seen, belief = at.memory.fleet(name), at.fleet(name), at.believed(name)
    health, now = at.policy.health, at.now
    demand, ejected = belief.demand, _ejected(name, at)
    population = population_of(old, belief, now)
    wishes = old.wishes if size is None else (*old.wishes, Wish(now, size))
    oldest = now - at.policy.scaling.scale_in_after - timedelta(minutes=2)
    findings = _findings(old.findings, seen, belief, (health, Use.ON))
    dark_since = dark_after(name, at)
    is_light = old.dark_since is not None and dark_since is None
    return FleetMemory(
        findings=begun_anew(findings, now) if is_light else findings,
        shadowed=_findings(old.shadowed, seen, belief, (health, Use.SHADOW)),
        warming=_warming(old, seen, at.policy, now),
        ejected=ejected,
        strikes={
            k: s
            for k, s in {**old.strikes, **_strikes(name, old.ejected, ejected, at)}.items()
            if now - s.last < health.eject.strike_decay
        },
        wishes=tuple(w for w in wishes if w.at >= oldest),
        resized_up=old.resized_up,
        resized_down=old.resized_down,
        demand=demand.units if demand else old.demand,
        demand_at=demand.at if demand else old.demand_at,
        latency=usual_latency(old, seen, belief),
        seen_at=old.seen_at if belief.targets is None else now,
        close_until=now + health.suspicion if belief.suspicious else old.close_until,
        watched_at=now if LoadSignal.ERRORS in (seen.signals or {}) else old.watched_at,
        swept_at=now if seen.looked_closely else old.swept_at,
        usual=usual_levels(old, belief),
        population=population.count,
        population_at=population.at,
        others=others_out(name, at),
        dark_since=dark_since,
        blind_since=(old.blind_since or now) if belief.cause is Cause.BLIND else None,
        ladder=ladder_after(name, at, _newcomers(old, seen)),
    )


Kept = Mapping[TargetId, tuple[Finding, ...]]


def _findings(
    old: Kept, seen: FleetSeen, belief: FleetBelief, used: tuple[HealthPolicy, Use]
) -> Kept:
    """Date findings on; drop those a look could have repeated and did not."""
    if belief.targets is None:
        return old
    kept: dict[TargetId, tuple[Finding, ...]] = {}
    for target in belief.targets:
        evidence = target.evidence if used[1] is Use.ON else target.shadowed
        if not evidence and not old:
            continue
        name = target.target.id
        earlier = {f.detector: f for f in old.get(name, ())}
        now = [
            Finding(
                e.detector, e.since, earlier[e.detector].times + 1 if e.detector in earlier else 1
            )
            for e in evidence
        ]
        if not seen.looked_closely and target.target.state is TargetState.HEALTHY:
            now += [f for f in earlier.values() if _needs_a_look(f, *used)]
        if now:
            kept[name] = tuple(now)
    return kept


def _needs_a_look(finding: Finding, health: HealthPolicy, use: Use) -> bool:
    """Tell whether only a close look could have repeated a finding, and it still has its use."""
    return finding.detector in BY_METRICS and health.use_of(finding.detector) is use


def _warming(
    old: FleetMemory, seen: FleetSeen, policy: Policy, now: datetime
) -> Mapping[InstanceId, datetime]:
    """Keep when each newcomer was last seen launching, or in its first health checks.

    For as long as samples from its warm-up may still be among those we read. A first health check
    may pass between two ticks; launching takes longer than that. What was out and is back is no
    newcomer: it never stopped running, and is judged at once.
    """
    until_judged = policy.scaling.warm_up + WINDOW
    kept = {i: at for i, at in old.warming.items() if now - at < until_judged}
    return {**kept, **dict.fromkeys(_newcomers(old, seen), now)}


def _newcomers(old: FleetMemory, seen: FleetSeen) -> frozenset[InstanceId]:
    """Return who is launching or in its first health checks, and was never out."""
    returned = {str(target).rpartition(":")[0] for target in old.strikes}
    new = {t.instance for t in seen.targets or () if t.state is TargetState.INITIAL}
    members = seen.group.members if seen.group else ()
    new |= {m.instance for m in members if m.lifecycle is Lifecycle.PENDING}
    return frozenset(i for i in new if i not in returned)


def _ejected(name: FleetId, at: Situation) -> Mapping[TargetId, Ejection]:
    """Keep what is still out; what somebody else brought back or ended is no longer ours.

    Nor is what the policy no longer names, a target of another target group: every guard would
    refuse to bring it back, so its lease is left to the warden.
    """
    held = at.memory.fleet(name).ejected
    return {k: e for k, e in held.items() if at.names(e.eject) and not _is_over(e, name, at)}


def _strikes(
    name: FleetId,
    before: Mapping[TargetId, Ejection],
    after: Mapping[TargetId, Ejection],
    at: Situation,
) -> Mapping[TargetId, Strikes]:
    """Count the time out of a target that is back, whoever brought it."""
    if before == after:
        return {}
    here = at.belief.targets_of(name)
    return {
        k: Strikes(e.strikes, at.now) for k, e in before.items() if k not in after and k in here
    }


def _is_over(held: Ejection, name: FleetId, at: Situation) -> bool:
    if at.now - held.since < SETTLING:
        return False
    seen = at.fleet(name)
    if held.eject.method is EjectMethod.STANDBY:
        if seen.group is None:
            return False
        lifecycles = {m.instance: m.lifecycle for m in seen.group.members}
        return lifecycles.get(held.eject.instance, Lifecycle.LEAVING) not in (
            Lifecycle.STANDBY,
            Lifecycle.ENTERING_STANDBY,
        )
    if _is_no_more(held, name, at):
        return True
    present = at.belief.targets_of(name).get(held.eject.target)
    return present is not None and present.condition not in (Condition.LEAVING, Condition.IDLE)


def _is_no_more(held: Ejection, name: FleetId, at: Situation) -> bool:
    """Tell whether a deregistered target will never be back: it has left its group and AWS says no.

    A registration outlives its instance nowhere, and nothing but the refusal tells a member that
    was ended from a target that never was a member.
    """
    group = at.fleet(name).group
    if group is None or any(m.instance == held.eject.instance for m in group.members):
        return False
    refusal = at.memory.setbacks.get(change_key(inverse_of(held.eject)))
    return (
        refusal is not None
        and refusal.code is ReasonCode.AWS_ERROR
        and refusal.times >= REFUSALS_TO_BELIEVE
    )


def _route(route: RoutePolicy, at: Situation) -> RouteMemory:
    """Note since when each fleet cannot carry what it has, or could carry its home share."""
    old = at.memory.route(route.name)
    seen = at.seen.routes.get(route.name)
    units = _units(route, at)
    if seen is None or units is None:
        return old
    weights = {f: seen.weights.get(at.policy.fleets[f].target_group, 0) for f in route.split}
    total = sum(weights.values())
    short: dict[FleetId, datetime] = {}
    well: dict[FleetId, datetime] = {}
    for fleet in route.split:
        belief = at.believed(fleet)
        room = 0.0 if belief.down else belief.trusted * at.policy.guard.max_load
        share = weights[fleet] / total if total else 0.0
        if share * units > room:
            short[fleet] = old.short_since.get(fleet, at.now)
        if not belief.down and room >= route.split[fleet] * units * WELL_MARGIN:
            well[fleet] = old.well_since.get(fleet, at.now)
    return RouteMemory(short, well, moved_at=old.moved_at, seen_at=at.now)


def _units(route: RoutePolicy, at: Situation) -> float | None:
    """The route's load if all of it is freshly known and no fleet is unseen."""
    beliefs = [at.believed(f) for f in sorted(route.split)]
    if any(b.targets is None for b in beliefs):
        return None
    demands = [b.demand for b in beliefs]
    known = [d.units for d in demands if d is not None]
    return fsum(known) if len(known) == len(demands) else None
