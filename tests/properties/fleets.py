"""One fleet for Hypothesis: as it is seen, as it is remembered, and the load it truly has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import strategies as st

from tests.builders import NOON, SLOW, a_series
from tests.properties.policies import some
from tests.properties.signs import closers
from trimtab.model.change import Eject
from trimtab.model.ids import FleetId, InstanceId, Zone
from trimtab.model.ladder import Ladder
from trimtab.model.memory import (
    Ejection,
    Finding,
    FleetMemory,
    Strikes,
    Wish,
)
from trimtab.model.observation import (
    FleetSeen,
    Group,
    Lifecycle,
    LoadSignal,
    Member,
    Series,
    Target,
    TargetState,
)
from trimtab.model.policy import (
    EjectMethod,
    Policy,
)
from trimtab.model.reason import ReasonCode

STATES = {
    "ok": (TargetState.HEALTHY, ""),
    "slow": (TargetState.HEALTHY, ""),
    "warming": (TargetState.HEALTHY, ""),
    "timeout": (TargetState.UNHEALTHY, "Target.Timeout"),
    "dead": (TargetState.UNHEALTHY, "Target.FailedHealthChecks"),
    "elb": (TargetState.UNHEALTHY, "Elb.InternalError"),
    "initial": (TargetState.INITIAL, "Elb.RegistrationInProgress"),
    "draining": (TargetState.DRAINING, "Target.DeregistrationInProgress"),
    "fading": (TargetState.UNHEALTHY_DRAINING, "Target.HealthCheckFailed"),
    "unused": (TargetState.UNUSED, "Target.NotInUse"),
    "unavailable": (TargetState.UNAVAILABLE, "Target.HealthCheckDisabled"),
    "strange": (TargetState.OTHER, "Target.FromTheFuture"),
}
MOSTLY_WELL = ("ok",) * 30 + ("slow",) * 3 + ("dead",) * 3 + tuple(STATES)
ALL_WELL = ("ok",)
ALL_BAD = ("dead", "slow", "timeout", "ok")
MEMBERS = ("in",) * 18 + ("protected", "ill", "pending", "standby", "entering", "leaving", "none")
LIFECYCLES = {
    "pending": Lifecycle.PENDING,
    "standby": Lifecycle.STANDBY,
    "entering": Lifecycle.ENTERING_STANDBY,
    "leaving": Lifecycle.LEAVING,
}
SERIES = ("fresh",) * 16 + ("stale", "partial", "missing", "unread", "nothing")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@dataclass(frozen=True)
class FleetWorld:
    """One fleet as seen and as remembered, and the load it truly has."""

    seen: FleetSeen
    memory: FleetMemory


@st.composite
def fleet_worlds(draw: st.DrawFn, policy: Policy, name: FleetId) -> FleetWorld:
    count = draw(some(6, 8, 4, 12, 10, 9, 5, 3, 2, 1, 0))
    zones = draw(some(3, 2, 1))
    kinds = draw(some(*[MOSTLY_WELL] * 6, ALL_WELL, ALL_BAD))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=count, max_size=count))
    roles = draw(st.lists(st.sampled_from(MEMBERS), min_size=count, max_size=count))
    twin = draw(some(False, False, False, True))
    targets = []
    for number, kind in enumerate(chosen):
        state, reason = STATES[kind]
        # a twin is the same instance once more, on another port
        instance = number - 1 if twin and number == count - 1 and count > 1 else number
        targets.append(
            Target(
                InstanceId(f"i-{name}-{instance}"),
                8080 + (instance != number),
                Zone(f"eu-west-1{'abc'[instance % zones]}"),
                state,
                reason,
                anomalous=True if kind == "slow" else None,
                mitigating=kind == "slow" and number % 3 == 0,
            )
        )
    memory = draw(_fleet_memories(policy, name, tuple(targets), tuple(chosen)))
    members = _members(targets, roles, memory)
    signals = draw(_signals(count))
    return FleetWorld(
        FleetSeen(
            name,
            None if draw(some(*[False] * 11, True)) else tuple(targets),
            draw(_groups(policy, name, members)),
            signals,
            _metrics(targets, chosen),
            looked_closely=draw(some(True, False)),
            closer=draw(closers(tuple(targets))),
        ),
        memory,
    )


def _members(targets: list[Target], roles: list[str], memory: FleetMemory) -> tuple[Member, ...]:
    found = {}
    for target, role in zip(targets, roles, strict=True):
        if role != "none":
            found[target.instance] = Member(
                target.instance,
                target.zone,
                LIFECYCLES.get(role, Lifecycle.IN_SERVICE),
                healthy=role != "ill",
                protected=role == "protected",
            )
    for held in memory.ejected.values():
        if held.eject.method is EjectMethod.STANDBY:
            instance = held.eject.instance
            found[instance] = Member(instance, held.eject.zone, Lifecycle.STANDBY)
    return tuple(found.values())


@st.composite
def _groups(
    draw: st.DrawFn, policy: Policy, name: FleetId, members: tuple[Member, ...]
) -> Group | None:
    if policy.fleets[name].group is None or draw(some(*[False] * 11, True)):
        return None
    serving = sum(1 for m in members if m.lifecycle in (Lifecycle.IN_SERVICE, Lifecycle.PENDING))
    desired = max(0, serving + draw(some(0, 0, 0, 1, -1, -2)))
    low = min(draw(some(1, 2, 0, 4)), desired)
    return Group(
        name=f"{name}-asg",
        min_size=low,
        max_size=desired + draw(some(6, 1, 0)),
        desired=desired,
        members=members,
        suspended=draw(some(*[frozenset[str]()] * 9, *(frozenset({p}) for p in PROCESSES))),
        launch_failure=draw(some("", "", "", "", "no capacity in eu-west-1a")),
    )


PROCESSES = ("Launch", "Terminate", "AddToLoadBalancer")


@st.composite
def _signals(draw: st.DrawFn, count: int) -> dict[LoadSignal, Series]:
    def series(kind: str, value: float) -> Series | None:
        match kind:
            case "fresh":
                return a_series(value, value, value)
            case "stale":
                return a_series(value, ago=5)
            case "partial":
                return a_series(value, complete=False)
            case "missing":
                return a_series()
            case "nothing":
                return a_series(0.0, 0.0)
            case _:
                return None

    share = draw(some(0.7, 0.5, 0.9, 0.3, 0.2, 1.1, 1.6, 0.0))
    units = round(share * count, 2) + draw(some(0.0, 0.35))
    errors = draw(some(0.0, 0.0, 0.0, 0.02, 0.3, 0.8))
    found = {
        LoadSignal.REQUESTS: series(draw(st.sampled_from(SERIES)), units * 900),
        LoadSignal.ERRORS: series(draw(st.sampled_from(SERIES)), units * 900 * errors),
        LoadSignal.LATENCY: series(draw(st.sampled_from(SERIES)), draw(some(0.04, 0.2))),
        LoadSignal.CPU: series(draw(st.sampled_from(SERIES)), share * 60),
    }
    return {name: one for name, one in found.items() if one is not None}


def _metrics(targets: list[Target], kinds: list[str]) -> dict[str, dict[InstanceId, Series]]:
    return {
        SLOW.metric.name: {
            t.instance: a_series(*[0.9 if kind == "slow" else 0.04 + i * 1e-4] * 3)
            for i, (t, kind) in enumerate(zip(targets, kinds, strict=True))
            if t.state is TargetState.HEALTHY
        }
    }


@st.composite
def _fleet_memories(
    draw: st.DrawFn,
    policy: Policy,
    name: FleetId,
    targets: tuple[Target, ...],
    kinds: tuple[str, ...],
) -> FleetMemory:
    since = NOON - minutes(draw(some(3, 2, 1)))
    out = [draw(_ejections(policy, name, n)) for n in range(draw(some(*[0] * 9, 1, 2, 3)))]
    need = draw(some(1, 2, 5, 12))
    window = range(18, 0, -1)
    watched = draw(some(window, window, (16,), (16, 4), (3, 2, 1), ()))
    shrunk = draw(some(None, None, 3, 30))
    known = draw(some(None, 0.5, 3.0, 9.0))
    return FleetMemory(
        findings={
            t.id: (Finding(ReasonCode.LB_UNHEALTHY, since, 2),)
            for t, kind in zip(targets, kinds, strict=True)
            if kind in ("dead", "timeout")
        },
        warming={
            t.instance: NOON - minutes(1)
            for t, kind in zip(targets, kinds, strict=True)
            if kind == "warming"
        },
        ejected={e.eject.target: e for e in out},
        strikes={
            t.id: Strikes(2, NOON - minutes(draw(some(60, 2))))
            for t in targets[: draw(some(0, 0, 1, 2))]
        },
        ladder=draw(_ladders(targets)),
        wishes=tuple(Wish(NOON - minutes(m), need) for m in watched),
        resized_down=None if shrunk is None else NOON - minutes(shrunk),
        demand=known,
        demand_at=None if known is None else NOON - minutes(draw(some(1, 10, 45))),
        latency=draw(some(None, 0.04)),
    )


@st.composite
def _ejections(draw: st.DrawFn, policy: Policy, name: FleetId, number: int) -> Ejection:
    group = policy.fleets[name].group
    standby = group is not None and draw(some(True, True, False))
    eject = Eject(
        fleet=name,
        target_group=policy.fleets[name].target_group,
        instance=InstanceId(f"i-{name}-out-{number}"),
        port=8080,
        zone=Zone(f"eu-west-1{'abc'[number % 3]}"),
        method=EjectMethod.STANDBY if standby else EjectMethod.DEREGISTER,
        group=group if standby else None,
    )
    since = draw(some(10, 4, 1))
    until = NOON + minutes(draw(some(-1, 0, 4)))
    strikes = draw(some(1, 3, 2))
    return Ejection(eject, ReasonCode.EJECT_UNHEALTHY, NOON - minutes(since), until, strikes)


@st.composite
def _ladders(draw: st.DrawFn, targets: tuple[Target, ...]) -> Ladder:
    """What became of replacements: mostly nothing yet, else some of today, or in vain."""
    ended = draw(some((), (), (30,), (30, 1500), (700, 90)))
    failed = draw(some((), (), (), (20,), (20, 200)))
    return Ladder(
        replaced={InstanceId(f"i-gone-{m}"): NOON - minutes(m) for m in ended},
        newcomers={t.instance: NOON - minutes(9) for t in targets[: draw(some(0, 0, 1))]},
        vain={InstanceId(f"i-vain-{m}"): NOON - minutes(m) for m in failed},
    )
