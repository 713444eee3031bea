"""Whole situations for Hypothesis: everything the pure loop can meet, and often enough to matter.

Most worlds are mostly well: a world in which everything is refused proves nothing.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tests.builders import NOON, SHOP
from tests.properties.effects import with_effects
from tests.properties.fleets import fleet_worlds, minutes
from tests.properties.policies import policies, some
from tests.properties.requests import holds_for, requests_for
from trimtab.model.blast import UNLIMITED, Blast
from trimtab.model.change import Change, Eject, Resize, Retire, Reweight, inverse_of
from trimtab.model.ids import Arn, EntryId, InstanceId, Zone
from trimtab.model.memory import (
    Action,
    Memory,
    Pending,
    RouteMemory,
)
from trimtab.model.observation import (
    FleetSeen,
    Gap,
    Observation,
    RouteSeen,
)
from trimtab.model.policy import (
    EjectMethod,
    FleetPolicy,
    Lever,
    Policy,
    RoutePolicy,
)
from trimtab.model.reason import Reason, ReasonCode
from trimtab.model.tick import Inputs, Pause

OTHER_ARN = Arn("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/other/1")


@st.composite
def inputs(draw: st.DrawFn) -> Inputs:
    """One whole situation: what a tick is a function of."""
    policy = draw(policies())
    worlds = {name: draw(fleet_worlds(policy, name)) for name in policy.fleets}
    routes = {}
    for route in policy.routes:
        if draw(some(*[True] * 9, False)):
            routes[route.name] = draw(_routes_seen(route, policy))
    fleets = {name: world.seen for name, world in worlds.items()}
    if draw(some(*[False] * 15, True)):
        fleets.pop(next(iter(fleets)))
    blind = tuple(
        Gap("target_health", n, Reason(ReasonCode.THROTTLED, "slow down"))
        for n, f in fleets.items()
        if f.targets is None
    )
    seen = Observation(SHOP, NOON, fleets, routes, blind)
    memory = Memory(
        version=draw(some(0, 41)),
        fleets={name: world.memory for name, world in worlds.items()},
        routes={r.name: draw(_route_memories(r)) for r in policy.routes},
        actions=tuple(
            Action(NOON - minutes(m), next(iter(policy.fleets)), Zone("eu-west-1a"), removal=True)
            for m in draw(some((), (), (30,), (70, 50, 10)))
        ),
    )
    pending = draw(_pending(seen, policy, memory))
    memory = replace(memory, pending=pending, holds=draw(holds_for(policy, fleets)))
    if draw(some(False, True)):
        done = tuple(draw(changes_of(seen, policy, memory)) for _ in range(draw(some(1, 2, 3))))
        memory = draw(with_effects(memory, policy, done))
    given_inputs = Inputs(seen, policy, memory, draw(_pauses()), blast=draw(some(*BLASTS)))
    if draw(some(True, True, False)):
        return given_inputs
    changes = tuple(draw(changes_of(seen, policy, memory)) for _ in range(draw(some(1, 2))))
    requests, cited = draw(requests_for(policy, fleets, changes))
    return replace(given_inputs, requests=requests, cited=cited)


BLASTS = (
    UNLIMITED,
    UNLIMITED,
    Blast(NOON, 0, 0, 20),
    Blast(NOON, 1, 1, 3),
    Blast(NOON, 3, 0, 3),
    Blast(NOON, None, 0, 3),
    Blast(NOON, 0, None, 3),
)


@st.composite
def _routes_seen(draw: st.DrawFn, route: RoutePolicy, policy: Policy) -> RouteSeen:
    names = list(route.split)
    home = [round(100 * route.split[f]) for f in names]
    away = [0] * (len(names) - 1) + [100]
    weights = draw(some(home, home, home, away, [1, *[50] * (len(names) - 1)], [0] * len(names)))
    groups = {policy.fleets[f].target_group: w for f, w in zip(names, weights, strict=True)}
    if draw(some(False, False, True)):
        groups[OTHER_ARN] = draw(some(0, 17))
    if draw(some(*[False] * 12, True)):
        groups.pop(policy.fleets[names[-1]].target_group)
    return RouteSeen(route.rule, groups)


@st.composite
def _route_memories(draw: st.DrawFn, route: RoutePolicy) -> RouteMemory:
    long_ago = NOON - minutes(draw(some(10, 1)))
    return RouteMemory(
        short_since=dict.fromkeys(draw(some(tuple(route.split), ())), long_ago),
        well_since=dict.fromkeys(draw(some(tuple(route.split), ())), long_ago),
        moved_at=draw(some(None, NOON - minutes(1), long_ago)),
    )


@st.composite
def _pending(
    draw: st.DrawFn, seen: Observation, policy: Policy, memory: Memory
) -> tuple[Pending, ...]:
    wanted = draw(some(0, 0, 0, 1, 2))
    changes = [draw(changes_of(seen, policy, memory)) for _ in range(wanted)]
    return tuple(
        Pending(
            EntryId(f"01EARLIER#{i:03d}"),
            change,
            ReasonCode.EJECT_UNHEALTHY,
            NOON - minutes(1),
            NOON + minutes(1),
        )
        for i, change in enumerate(changes)
    )


@st.composite
def _pauses(draw: st.DrawFn) -> tuple[Pause, ...]:
    kind = draw(some(*["none"] * 12, "all", "eject", "over"))
    if kind == "none":
        return ()
    levers = frozenset({Lever.EJECT}) if kind == "eject" else frozenset(Lever)
    until = NOON if kind == "over" else None
    return (Pause(levers, "ops", "deploying", NOON - minutes(5), until),)


@st.composite
def changes_of(draw: st.DrawFn, seen: Observation, policy: Policy, memory: Memory) -> Change:
    """Any change of what the policy names, wise or not; what it says of the world is true."""
    kind = draw(some("eject", "eject", "resize", "reweight", "restore", "retire"))
    name = draw(st.sampled_from(sorted(policy.fleets)))
    fleet = seen.fleets.get(name) or FleetSeen(name, None)
    if kind == "reweight" and seen.routes:
        return draw(_reweights(seen, policy))
    if kind == "resize" and fleet.group is not None:
        before = fleet.group.desired
        after = draw(st.integers(0, 16).filter(lambda n: n != before))
        return Resize(name, fleet.group.name, before, after)
    held = memory.fleet(name).ejected
    if kind == "restore" and held:
        return inverse_of(held[draw(st.sampled_from(sorted(held)))].eject)
    if kind == "retire" and policy.fleets[name].group is not None:
        known = [e.eject for e in held.values()] or [draw(_ejects(policy.fleets[name], fleet))]
        one = draw(st.sampled_from(known))
        place = (name, one.target_group, one.instance, one.port, one.zone)
        return Retire(*place, policy.fleets[name].group or "")
    return draw(_ejects(policy.fleets[name], fleet))


@st.composite
def _reweights(draw: st.DrawFn, seen: Observation, policy: Policy) -> Reweight:
    route = draw(st.sampled_from([r for r in policy.routes if r.name in seen.routes]))
    ours = {policy.fleets[f].target_group for f in route.split}
    before = {g: w for g, w in seen.routes[route.name].weights.items() if g in ours}
    after = {g: draw(some(0, 10, 50, 60, 100, w, 999, 1000)) for g, w in before.items()}
    return Reweight(route.name, route.rule, before, after)


@st.composite
def _ejects(draw: st.DrawFn, fleet: FleetPolicy, seen: FleetSeen) -> Eject:
    known = [(t.instance, t.port, t.zone) for t in seen.targets or ()]
    known.append((InstanceId(f"i-{fleet.name}-stranger"), 8080, Zone("eu-west-1a")))
    instance, port, zone = draw(st.sampled_from(known))
    standby = fleet.group is not None and draw(some(True, False))
    return Eject(
        fleet=fleet.name,
        target_group=fleet.target_group,
        instance=instance,
        port=port,
        zone=zone,
        method=EjectMethod.STANDBY if standby else EjectMethod.DEREGISTER,
        group=fleet.group if standby else None,
        replace=standby and draw(some(True, False)),
    )
